"""The page on security names for each threat what is done about it, and tests that there are."""

import re
from pathlib import Path

from tests.house.test_workspace import ROOT

PAGE = ROOT / "docs" / "operate" / "security.md"
TESTS = [*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("plugins/*/tests/**/test_*.py")]


def threats() -> list[list[str]]:
    """Return the rows of the page's table: threat, control, tests."""
    table = PAGE.read_text("utf-8").split("## Threats")[1].split("## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_each_threat_has_a_control_and_a_test() -> None:
    rows = threats()

    assert len(rows) >= 15
    for threat, control, tests in rows:
        assert control, threat
        assert re.fullmatch("(?:`test_[a-z0-9_]+` ?)+", tests), threat


def test_each_test_that_is_named_is_there() -> None:
    written = "".join(Path(each).read_text("utf-8") for each in TESTS)
    there = set(re.findall(r"def (test_[a-z0-9_]+)\(", written))
    named = {name for *_, tests in threats() for name in re.findall("test_[a-z0-9_]+", tests)}

    assert named - there == set()
