"""Reading what people write: whom they mean, whether they opt out, and what can be seen of it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.core.compliance.optout import OptWord, opt_word
from trunkline.core.inbound.text import visible
from trunkline.core.messages.recipient import parse_number

# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+14155552671", None, "+14155552671"),
        ("+1 (415) 555-2671", None, "+14155552671"),
        ("415.555.2671", "US", "+14155552671"),
        ("1-415-555-2671", "US", "+14155552671"),
        ("011 44 20 7183 8750", "US", "+442071838750"),
        ("020 7183 8750", "GB", "+442071838750"),
        ("0044 20 7183 8750", "DE", "+442071838750"),
        ("+12025550150", None, "+12025550150"),
    ],
)
def test_a_number_is_read_as_it_is_dialled(text: str, country: str | None, number: str) -> None:
    assert parse_number(text, country) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "911",
        "415-555-2671",  # national, and nobody said of which nation
        "+1415555267",
        "+141555526711",
        "+999123456789",
        "agent4155552671",
        "bot-4155552671",
        "+14155552671 ext 5",
        "+14155552671;ext=5",
        "+14155552671 or +14155552672",
        "tel:+14155552671",
        "1-800-FLOWERS",
        "call +14155552671",
        "+14155552671\0",
        "+" + "1" * 300,
    ],
)
def test_what_is_more_or_less_than_a_number_is_none(text: str) -> None:
    assert parse_number(text, None) is None


@pytest.mark.parametrize("text", ["agent4155552671", "4155552671 ext 5", "4155552671/x4155552672"])
def test_a_number_inside_other_text_is_none_in_any_country(text: str) -> None:
    assert parse_number(text, "US") is None


@given(st.text(max_size=40), st.sampled_from([None, "US", "GB", "DE"]))
def test_reading_a_number_never_breaks(text: str, country: str | None) -> None:
    number = parse_number(text, country)

    assert number is None or (number.startswith("+") and number[1:].isdigit())


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
