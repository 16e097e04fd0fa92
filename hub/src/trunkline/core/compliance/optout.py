"""
Opt-out by text: what somebody asks of the suppression list, in their own words.

47 CFR 64.1200(a)(10), in force since 2025-04-11 (read 2026-11-21): consent may be revoked in any
reasonable manner; stop, quit, end, revoke, opt out, cancel and unsubscribe always suffice, other
words where a reasonable person would understand them so. START opens again, and is never guessed.
"""

from typing import Final

from trunkline.core.compliance.optword import OptWord
from trunkline.core.compliance.plain import sentences

START_WORDS: Final = frozenset({"start", "unstop", "yes"})
"""What opens again, if a text is that and nothing else (Twilio's defaults, 2026-11-30)."""

_ANSWERS: Final = frozenset({"yes"})
"""Of these, what people also answer to questions, beside texts."""

_BY_TEXT: Final = frozenset(
    {"cancel", "end", "quit", "terminate", "discontinue", "desist", "alto", "baja", "pare", "ret"}
)
"""Ordinary answers that close by text alone: the rule and carriers demand it there."""

_STOP_LABELS: Final = frozenset({"stop", "stopall", "unsubscribe", "optout"})
"""Single words that mean nothing else on a button; others, as "End", are answers."""


def opt_word_of_pick(label: str) -> OptWord | None:
    """
    Return what a picked button or line asks for by its label, which somebody else wrote.

    Only a whole phrase closes, such as "Stop promotions", and none opens: buttons stay for years.
    """
    word = opt_word(label)
    is_whole = len(label.split()) > 1 or _letters(label) in _STOP_LABELS
    return word if word is OptWord.STOP and is_whole else None


def _letters(label: str) -> str:
    return "".join(filter(str.isalpha, label.casefold()))


def opt_word(body: str, *, is_text: bool = True) -> OptWord | None:
    """
    Return what `body` asks for, if anything.

    By text alone "yes" opens and words as "cancel" close, as carriers have it: in a mail or on
    WhatsApp the one is an answer, and the others are for a person to look at.
    """
    said = sentences(body)
    if not said:
        return None
    opening = START_WORDS if is_text else START_WORDS - _ANSWERS
    if len(said) == 1 and said[0].text in opening and not said[0].is_question:
        return OptWord.START
    from trunkline.core.compliance.judging import judged, said_alone  # 0.15 s to compile

    asked = judged(said)
    is_ordinary = asked is OptWord.STOP and not is_text and said_alone(said) in _BY_TEXT
    return OptWord.UNCLEAR if is_ordinary else asked
