"""What an answer picks, and how choices are written."""

import pytest

from trunkline.core.channels import CHANNELS
from trunkline.core.messages.choices import faults, numbered, pick
from trunkline.core.messages.content import Content, Form, unpacked
from trunkline.sdk import Capability

TWO = (("y", "Yes, please"), ("n", "No"))
BOTH = frozenset({Capability.WHATSAPP_BUTTONS, Capability.WHATSAPP_LISTS})


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("1", "y"),
        (" 2. ", "n"),
        ("#2", "n"),
        ("2)", "n"),
        ("yes, PLEASE!", "y"),
        ("  Yes,   please", "y"),
        ("2. no", "n"),
        ("No\n\nOn Monday Ann wrote:\n> 1. Yes", "n"),
        ("\n\n1\nBob", "y"),
        ("3", None),
        ("12", None),
        ("yes", None),
        ("No way", None),
        ("", None),
        ("!", None),
    ],
)
def test_a_number_or_a_label_picks_and_nothing_else(answer: str, found: str | None) -> None:
    picked = pick(TWO, answer)
    assert (picked and picked[0]) == found


def test_what_names_two_choices_picks_none() -> None:
    numbers = (("a", "2"), ("b", "1"), ("c", "3"))
    assert pick(numbers, "2") is None
    assert pick(numbers, "3") == ("c", "3")


@pytest.mark.parametrize(
    "bad",
    [
        (("a", "Yes"), ("b", " yes! ")),
        (("a", "Yes"), ("a", "No")),
        (("a", "..."),),
    ],
)
def test_choices_that_nobody_could_tell_apart_are_refused(bad: tuple[tuple[str, str], ...]) -> None:
    assert list(faults(bad))
    assert not list(faults(TWO))


def test_choices_are_numbered_lines_below_the_text() -> None:
    assert numbered("Shall I?\n", TWO) == "Shall I?\n1. Yes, please\n2. No"


def test_a_text_is_as_long_as_with_its_choices() -> None:
    sms = CHANNELS["sms"]
    content = sms.offering(Content(body="x" * 150, choices=TWO))
    assert sms.check(content).count == 2


@pytest.mark.parametrize(
    ("labels", "able", "native"),
    [
        (["x" * 20] * 3, BOTH, True),
        (["x" * 20] * 3, frozenset({Capability.WHATSAPP_LISTS}), False),
        (["x" * 21] * 3, BOTH, True),
        (["x" * 21] * 3, frozenset({Capability.WHATSAPP_BUTTONS}), False),
        (["x" * 24] * 10, BOTH, True),
        (["x" * 25] * 2, BOTH, False),
        (["x"] * 2, frozenset(), False),
    ],
)
def test_whatsapp_shows_what_its_provider_can_and_numbers_the_rest(
    labels: list[str], able: frozenset[str], native: bool
) -> None:
    choices = tuple((str(at), label) for at, label in enumerate(labels))
    sent = CHANNELS["whatsapp"].over(Content(body="Which?", choices=choices), "ticks", able)
    assert (sent.choices == choices, sent.body == "Which?") == (native, native)


def test_what_is_packed_comes_back() -> None:
    content = Content(body="Which?", choices=TWO)
    assert unpacked(content.packed(), media_count=0, form=Form.OBJECT) == content
