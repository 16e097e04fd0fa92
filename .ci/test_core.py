"""
Test the hub itself on every processor: ``python .ci/test_core.py [PYTEST ARGS]``.

Thousands of tests share the processors with one another, and a few of them wait for a real socket.
What fails in that crowd is asked once more, alone and on a machine with nothing else to do: what is
broken fails again, and what was only late is named, so that somebody makes it patient.
"""

import subprocess
import sys
from typing import Final

CROWD: Final = ["--cache-clear", "-n", "auto", "--dist", "worksteal", "--durations=20"]
TESTS: Final = ["--ignore=tests/house", "tests", "hub/tests"]
FAILED: Final = 1
"""pytest's exit status for failed tests; others say that the run itself went wrong."""
MOST_ALONE: Final = 5
"""More than these are no accident."""


def main(*pytest_arguments: str) -> int:
    """Run everything at once, then what failed of it one by one."""
    at_once = pytest(*CROWD, *TESTS, *pytest_arguments)
    if at_once != FAILED:
        return at_once
    failed = subprocess.run(
        [sys.executable, "-m", "pytest", "--cache-show", "cache/lastfailed"],
        check=False, stdout=subprocess.PIPE, text=True,
    ).stdout.count("::")  # fmt: skip
    if not 0 < failed <= MOST_ALONE:
        return at_once
    print(f"{failed} failed among all the others. Once more, alone:", flush=True)
    return pytest("-n", "0", "-v", "--last-failed", *TESTS, *pytest_arguments)


def pytest(*arguments: str) -> int:
    """Run pytest in this environment."""
    return subprocess.call([sys.executable, "-m", "pytest", *arguments])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
