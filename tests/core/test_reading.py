"""Reading what people write: whether they opt out, and what can be seen of it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.core.compliance.optout import OptWord, opt_word
from trunkline.core.inbound.text import visible

# --- opting out -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        *("stop", "STOP", "Stop.", " stop!! ", '"STOP"', "stop 🛑", "🛑", "STOP\n", "s\u200btop"),
        *("quit", "END", "revoke", "opt out", "Opt-Out", "OPTOUT", "cancel", "unsubscribe"),
        *("STOPALL", "stop all", "stpo", "no más", "NO MAS", "arrêt", "ARRET"),
        *("no ma\u0301s", "arre\u0302t", "\uff33\uff34\uff2f\uff30", "Please stop texting me!"),
    ],
)
def test_the_words_of_an_opt_out_are_known(body: str) -> None:
    assert opt_word(visible(body)) is OptWord.STOP


@pytest.mark.parametrize("body", ["start", "START", "Start!", "unstop"])
def test_the_words_of_an_opt_in_are_known(body: str) -> None:
    assert opt_word(body) is OptWord.START


@pytest.mark.parametrize(
    "body",
    ["", "👍", "HELP", "INFO", "yes", "don't stop", "stop by at five", "the end", "restart", "no"],
)
def test_a_word_within_a_sentence_is_no_opt_out(body: str) -> None:
    assert opt_word(body) is None


# --- what can be seen -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "plain text",
        "two\nlines\tand a tab",
        "Zoë, naïve façade, 漢字, हिन्दी, עברית, العربية",
        "👩‍👩‍👧 👍🏽 🇩🇪 ❤️ ☎︎ 1️⃣",
        "\U0001fae8\U0001f6dc\U0001fadf",  # emoji that are younger than some Pythons
        "می‌خواهم",
    ],
)
def test_what_can_be_seen_stays(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    "hidden",
    [
        "\x00",
        "\x1b",
        "\x7f",
        "\x85",
        "\u00ad",
        "\u034f",
        "\u061c",
        "\u115f",
        "\u200b",
        "\u200e",
        "\u202e",
        "\u2066",
        "\u2060",
        "\u3164",
        "\ufeff",
        "\ufe00",
        "\ue000",
        "\U000e0041",
        "\U000e0100",
        "\U000e01ef",
        "\ud800",
    ],
    ids=ascii,
)
def test_what_cannot_be_seen_goes(hidden: str) -> None:
    assert visible(f"a{hidden}b") == "ab"


def test_lines_end_in_one_way() -> None:
    assert visible("one\r\ntwo\r\n") == "one\ntwo\n"


@given(st.text())
def test_looking_twice_sees_the_same(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(st.text())
def test_no_control_or_direction_is_left(text: str) -> None:
    left = {char for char in visible(text) if unicodedata.category(char) in ("Cc", "Cf", "Cs")}

    assert left <= set("\n\t\u200c\u200d")
