"""What people write to opt out, and in."""

import re
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.core.compliance.optout import opt_word
from trunkline.core.compliance.optword import OptWord
from trunkline.core.visible import visible

_ESCAPE = re.compile(r"\\(?:([nrt\\])|u([0-9a-fA-F]{4}))")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}
_VERDICTS = {"stop": OptWord.STOP, "open": None, "person": OptWord.UNCLEAR}


def _lines() -> list[tuple[str, str]]:
    """Return verdict and text of each line of the corpus."""
    found = []
    for line in Path(__file__).with_name("opt_out.tsv").read_text(encoding="utf-8").splitlines():
        if not line.startswith("# "):
            verdict, _, text = line.split("\t")
            found.append((verdict, _ESCAPE.sub(_unescaped, text)))
    return found


def _unescaped(escape: re.Match[str]) -> str:
    return _CONTROLS[escape[1]] if escape[1] else chr(int(escape[2], 16))


CORPUS = _lines()


def asked(text: str) -> OptWord | None:
    """Return what a text asks for as the hub reads it; what opens is none of this corpus's."""
    word = opt_word(visible(text))
    return None if word is OptWord.START else word


def test_the_corpus_has_hundreds_of_either_kind() -> None:
    count = Counter(verdict for verdict, _ in CORPUS)

    assert set(count) == set(_VERDICTS)
    assert count["stop"] >= 300
    assert count["open"] >= 300


@pytest.mark.parametrize("verdict", _VERDICTS)
def test_case_b4_every_line_of_the_corpus_is_understood(verdict: str) -> None:
    texts = [text for label, text in CORPUS if label == verdict]

    assert [text for text in texts if asked(text) is not _VERDICTS[verdict]] == []


@pytest.mark.parametrize(
    "word", ["stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe", "stopall"]
)
def test_case_b4_the_words_of_the_rule_suffice_in_any_dress(word: str) -> None:
    dressed = [
        *(word, word.upper(), word.title(), f"{word}.", f" {word}!! ", f'"{word}"', f"({word})"),
        *(f"please {word}", f"{word} please", f"{word}, thank you", f"Hi, {word} please. Thanks!"),
        *(f"{word}\n\nSent from my iPhone", f"\u200e{word}\u200e", f"{word} 🙏", f"{word} {word}"),
        "\u200b".join(word),
    ]

    assert [text for text in dressed if asked(text) is not OptWord.STOP] == []


@pytest.mark.parametrize(
    "body", ["Cancel", "cancel, please", "End.", "Quit. Thank you", "Alto", "Baja", "Pare", "Ret"]
)
def test_an_ordinary_word_that_carriers_demand_closes_by_text_alone(body: str) -> None:
    assert opt_word(body) is OptWord.STOP
    assert opt_word(body, is_text=False) is OptWord.UNCLEAR


@pytest.mark.parametrize("body", ["Stop", "UNSUBSCRIBE", "Remove me", "opt out", "cancel all"])
def test_what_means_nothing_else_closes_on_every_channel(body: str) -> None:
    assert opt_word(body, is_text=False) is OptWord.STOP


@pytest.mark.parametrize("body", ["start", "START", "Start!", "unstop", "UNSTOP.", "YES", "yes"])
def test_the_words_of_an_opt_in_are_known(body: str) -> None:
    assert opt_word(body) is OptWord.START


@pytest.mark.parametrize(
    "body", ["start?", "start please", "yes please", "restart", "yes!!! I do", "let's start", "sí"]
)
def test_an_opt_in_is_never_guessed(body: str) -> None:
    assert opt_word(body) is None


@pytest.mark.parametrize("body", ["", " ", "👍", ">", "> STOP", "\n\n", "?", "..."])
def test_a_text_without_words_of_its_own_asks_for_nothing(body: str) -> None:
    assert opt_word(body) is None


@given(st.text(max_size=200))
def test_reading_a_wish_never_breaks(body: str) -> None:
    opt_word(body)


@pytest.mark.parametrize(
    "piece",
    [
        *("stop all the your ", "a b ", "stop. ", "🛑", "> x\n", "s t o p ", "please ", "no more "),
        *("do not ever ", "\n", "take me off of ", "“a", "i do not want ", "送", "문자 ", "on "),
        *("sent from ", "a" * 500, "remove me from the ", "-", "?", "!", "\u0301"),
    ],
    ids=ascii,
)
def test_case_b8_reading_a_wish_takes_bounded_time(piece: str) -> None:
    text = piece * (900_000 // len(piece))
    begun = time.process_time()
    opt_word(text)

    assert time.process_time() - begun < 0.5
