"""The page on what survives shows every promise, and that none was broken."""

import re
from collections.abc import Iterator

import pytest

from tests.chaos.crash import STEPS
from tests.house.names import ROOT

PAGE = (ROOT / "docs/operate/reliability.md").read_text("utf-8")
PROMISES = ("lost", "doubled", "false", "stuck", "inbound lost or doubled", "without an answer")


def complaints(page: str) -> Iterator[str]:
    """Complain of each promise that the page does not show as kept, and each step never reached."""
    rows = {
        cells[0].strip("*"): cells[1:]
        for line in page.splitlines()
        if line.startswith("| ") and len(cells := line.strip("| ").split(" | ")) > 1
    }
    for promise in PROMISES:
        if set(rows.get(promise, [])) != {"0"}:
            yield promise
    for step in STEPS:
        if not any(int(cell) for cell in rows.get(step, [])):
            yield step


def test_every_promise_stands_on_the_page_and_was_kept() -> None:
    assert not list(complaints(PAGE))


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_that_was_broken_once_or_is_missing_is_noticed(promise: str) -> None:
    row = re.compile(rf"(\| \*\*{promise}\*\* \| )0")

    assert list(complaints(row.sub(r"\g<1>1", PAGE))) == [promise]
    assert list(complaints(PAGE.replace(f"**{promise}**", "**something else**"))) == [promise]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_no_hub_was_killed_at_is_noticed(step: str) -> None:
    never = re.sub(rf"(?m)^\| {step} \|.*$", f"| {step} | 0 | 0 |", PAGE)

    assert list(complaints(never)) == [step]


def test_the_page_names_no_path_of_a_machine() -> None:
    assert not re.search(r"/(tmp|home|root|work)/", PAGE)
