"""What can be seen of a text, and that nothing else is left."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.core.visible import visible


@pytest.mark.parametrize(
    "text",
    [
        "plain text",
        "two\nlines\tand a tab",
        "Zoë, naïve façade, 漢字, हिन्दी, עברית, العربية",
        "👩‍👩‍👧 👍🏽 🇩🇪 ❤️ ☎︎ 1️⃣ \u2139\ufe0f",
        "\U0001fae8\U0001f6dc\U0001fadf",  # emoji that are younger than some Pythons
    ],
)
def test_what_can_be_seen_stays(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    "hidden",
    [
        *("\x00", "\x08", "\x1b", "\x7f", "\x9f", "\u00ad", "\u034f", "\u061c", "\u115f", "\u200b"),
        *("\u200e", "\u202e", "\u2066", "\u2060", "\u3164", "\ufeff", "\ufff9", "\ufe00", "\ufe0f"),
        *("\u180b", "\u180e", "\ue000", "\U000e0041", "\U000e0100", "\U000e01ef", "\ud800"),
    ],
    ids=ascii,
)
def test_what_cannot_be_seen_goes(hidden: str) -> None:
    assert visible(f"a{hidden}b") == "ab"


# --- what separates -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "separator",
    ["\r\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"],
    ids=ascii,
)
def test_case_b5_whatever_separates_lines_is_a_line_break(separator: str) -> None:
    assert visible(f"Room 12{separator}34") == "Room 12\n34"


def test_case_b5_what_separates_words_is_a_blank() -> None:
    assert visible("12\x1f34") == "12 34"


def test_lines_end_in_one_way() -> None:
    assert visible("one\r\ntwo\r\n\rthree\n") == "one\ntwo\n\nthree\n"


# --- what is drawn --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "\u06dd\u0661\u0662",  # Arabic end of ayah, around its number
        *("\u0600\u0661", "\u0601\u0661", "\u0602\u0661", "\u0603\u0661", "\u0604\u0661"),
        "\u0605\u0661",
        "\u08e2",
        "\u070f\u0710",  # Syriac abbreviation mark
        "\U000110bd\U000110a5",  # Kaithi number sign
        "\u845b\U000e0100",  # an ideograph, and which form of it
        "\u1820\u180b",  # a Mongolian letter, and which form of it
        "\u182d\u180e\u1820",
        "\u2229\ufe00",  # a mathematical sign with serifs
        "\U00013000\U00013430\U00013001",  # hieroglyphs, one above the other
    ],
    ids=ascii,
)
def test_case_b6_what_is_drawn_is_kept(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    "text", ["a\U000e0100", "\u845b\U000e0100\U000e0101", "\u200d\u180b", "👍\U000e0141\U000e0142"]
)
def test_a_selector_without_what_it_selects_goes(text: str) -> None:
    assert visible(text) in ("a", "\u845b\U000e0100", "", "👍")


# --- joiners --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "می‌\u062e\u0648\u0627\u0647\u0645",
        "\u0647\u200d",  # an Arabic letter as it is within a word
        "\u0915\u094d\u200d\u0937",  # Devanagari: a half form
        "\u0dc1\u0dca\u200d\u0dbb\u0dd3",  # Sinhala: a cluster
        "\u0d15\u0d4d\u200c\u0d37",  # Malayalam: no cluster
        "👩‍👩‍👧",
        "👩🏽‍🚀",
        "❤️‍🔥",
        "🙂‍↔️",
        "🏴‍☠️",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # England
    ],
    ids=ascii,
)
def test_case_b7_a_joiner_that_a_script_or_an_emoji_needs_is_kept(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\u200c\u200d" * 112, ""),
        ("Hello" + "\u200d\u200c" * 112 + " there", "Hello there"),
        ("\u200d".join("Hello there"), "Hello there"),
        (
            "می" + "\u200c" * 224 + "\u062e\u0648\u0627\u0647\u0645",
            "می\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        ("👍" + "\u200d" * 224 + "👍", "👍\u200d👍"),
        ("👍" + "\u200d" * 224 + "ok", "👍ok"),
        ("👍" + "\ufe0f" * 224 + "ok", "👍\ufe0fok"),
        ("ok\ufe0e\ufe0f", "ok"),
        ("1\u200d2", "12"),
        ("漢\u200d字", "漢字"),
        ("🏴\U000e0067\U000e0061\U000e0061\U000e007f", "🏴"),
    ],
    ids=range(11),
)
def test_case_b7_joiners_that_change_nothing_go(text: str, seen: str) -> None:
    assert visible(text) == seen


# --- always ---------------------------------------------------------------------------------------


@given(st.text())
def test_looking_twice_sees_the_same(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(
    st.text(alphabet="a1\u0647\u0915漢👍❤\u1820\u200c\u200d\u180b\u180e\ufe0f\U000e0100\u202e\r\n")
)
def test_looking_twice_sees_the_same_of_what_joins(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(st.text())
def test_no_control_or_direction_is_left(text: str) -> None:
    seen = visible(text)

    assert {char for char in seen if unicodedata.category(char) in ("Cc", "Cs")} <= set("\n\t")
    assert not {char for char in seen if unicodedata.bidirectional(char)[0:2] in ("LR", "RL")}


@pytest.mark.parametrize(
    "piece",
    ["a\u200d", "\u0647\u200c", "\u202e", "a\u202e", "\r", "🏴\U000e0067", "é", "\ufe0f"],
    ids=ascii,
)
def test_case_b8_looking_takes_time_in_proportion_to_the_length(piece: str) -> None:
    def taken_s(length: int) -> float:
        text = piece * (length // len(piece))
        begun = time.process_time()
        visible(text)
        return time.process_time() - begun

    taken_s(1_000)
    assert taken_s(80_000) < 0.5
