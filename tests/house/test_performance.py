"""The page of figures shows every gate, and how each was kept."""

import re
from collections.abc import Iterator

import pytest

from bench.figures import Verdict
from bench.gates import GATES, REST_NAIVE
from tests.house.names import ROOT

PAGE = (ROOT / "docs/operate/performance.md").read_text("utf-8")
VERDICTS = {verdict.value for verdict in Verdict}


def missing_gates(page: str) -> Iterator[str]:
    """Complain of each gate that a page does not show with what was measured."""
    rows = {
        cells[0]: cells[1:]
        for line in page.splitlines()
        if line.startswith("| ") and len(cells := line.strip("| ").split(" | ")) == 4
    }
    for name, gate in GATES.items():
        measured, stated, verdict = rows.get(name, ("", "", ""))
        if stated != str(gate) or verdict not in VERDICTS or not re.search(r"\d", measured):
            yield name


def test_every_gate_stands_on_the_page_with_its_figure() -> None:
    assert not list(missing_gates(PAGE))


@pytest.mark.parametrize(
    ("found", "changed"), [(REST_NAIVE, "another figure"), (str(GATES[REST_NAIVE]), "≥ 1")]
)
def test_a_gate_that_is_missing_or_another_is_noticed(found: str, changed: str) -> None:
    assert list(missing_gates(PAGE.replace(found, changed))) == [REST_NAIVE]


def test_the_page_names_no_path_of_a_machine() -> None:
    assert not re.search(r"(?<![\w/])/(tmp|root|home|work)\b", PAGE)
