"""The page on what survives shows every promise, and that none was broken."""

import re
from collections.abc import Iterator

import pytest

from tests.chaos.crash import STEPS
from tests.house.names import ROOT

PAGE = (ROOT / "docs/operate/reliability.md").read_text("utf-8")
PROMISES = ("lost", "doubled", "false", "stuck", "inbound lost or doubled", "without an answer")


def complaints(page: str) -> Iterator[str]:
    """Complain of each promise that the page does not show as kept, and each step it leaves out."""
    rows = {
        cells[0].strip("*"): cells[1:]
        for line in page.splitlines()
        if line.startswith("| ") and len(cells := line.strip("| ").split(" | ")) > 1
    }
    for promise in PROMISES:
        if set(rows.get(promise, [])) != {"0"}:
            yield promise
    for step in STEPS:
        if step not in rows:
            yield step


def test_every_promise_stands_on_the_page_and_was_kept() -> None:
    assert not list(complaints(PAGE))


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_that_was_broken_once_or_is_missing_is_noticed(promise: str) -> None:
    row = re.compile(rf"(\| \*\*{promise}\*\* \| )0")

    assert list(complaints(row.sub(r"\g<1>1", PAGE))) == [promise]
    assert list(complaints(PAGE.replace(f"**{promise}**", "**something else**"))) == [promise]


def test_the_page_names_no_path_of_a_machine() -> None:
    assert not re.search(r"/(tmp|home|root|work)/", PAGE)
