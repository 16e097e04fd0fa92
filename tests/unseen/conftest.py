"""Says after a run how many mutants the suite caught."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count the mutants among the tests that passed."""
    passed = [each.nodeid for each in terminalreporter.stats.get("passed", [])]
    caught = sum("::test_case_d14_the_suite_catches" in each for each in passed)
    missed = sum("::test_case_d14_the_suite_cannot_know" in each for each in passed)
    if caught:
        terminalreporter.write_line(f"{caught} of {caught + missed} mutants caught")
