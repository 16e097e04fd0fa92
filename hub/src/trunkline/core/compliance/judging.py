"""Judging what somebody wrote by the rules of every language: does it ask for no more texts?"""

import re
from collections.abc import Sequence
from typing import Final

from trunkline.core.compliance import wording
from trunkline.core.compliance.optword import OptWord
from trunkline.core.compliance.plain import LAUGH, Sentence

_ENGLISH: Final = wording.read("en")
_LATIN, _OTHER = wording.read_others()
_EVERY: Final = (_ENGLISH, *_LATIN, *_OTHER)
_WORDS: Final = wording.words(_EVERY, "words")
_ALONE: Final = wording.words(_EVERY, "alone")
_ALMOST: Final = wording.words(_EVERY, "almost") - _WORDS - _ALONE
_ENGLISH_WORDS: Final = wording.words([_ENGLISH], "words")
_MISSPELT: Final = {
    other: word
    for word, _, others in (line.partition(" = ") for line in _ENGLISH["misspelt"])
    for other in others.split(", ")
}
_POLITE: Final = wording.phrases(_EVERY, "polite")
_FILLING: Final = wording.phrases([_ENGLISH], "filling")
_KEEPS, _PARTLY, _ASIDE, _RETRACTS = (
    wording.pattern([_ENGLISH], section) for section in ("keeps", "partly", "aside", "retracts")
)
_CLOSES: Final = wording.pattern([_ENGLISH], "closes")
_UNSURE: Final = wording.pattern([_ENGLISH], "unsure")
_LATIN_CLOSES, _LATIN_UNSURE = (wording.pattern(_LATIN, name) for name in ("closes", "unsure"))
_OTHER_CLOSES, _OTHER_UNSURE = (wording.pattern(_OTHER, name) for name in ("closes", "unsure"))
_CALLS, _MAIL, _TEXTS, _RATHER = (
    wording.pattern([wording.read("channels")], name)
    for name in ("calls", "mail", "texts", "rather")
)
_DIGIT: Final = re.compile(r"\d")
_REQUEST: Final = re.compile(
    r"(?:hey |hi |hello |there |ok |so |and |but |please )*"
    r"(?:can|could|would|will|wont|cant) (?:you|u|ya|yall)\b"
    r"|.*\b(?:please|pls|plz)\b"
)
_ALIKE: Final = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0455\u0456\u0458",
    "abekmhopctyxsij",
)
"""Letters of Cyrillic that look like Latin ones."""


def judged(said: Sequence[Sentence]) -> OptWord | None:
    """Return STOP, UNCLEAR or None for all sentences of a text."""
    found = {_of_texts(sentence, alone=len(said) == 1) for sentence in said}
    spoken = " ".join(sentence.text for sentence in said)
    if OptWord.STOP not in found and len(said) > 1:
        bare = [text for sentence in said if (text := _bare(sentence.text))]
        if len(bare) == 1 and not any(sentence.is_question for sentence in said):
            found.add(_of_words(bare[0]))  # the others are polite: "Cancel. Thank you!"
    if OptWord.STOP not in found:
        return OptWord.UNCLEAR if OptWord.UNCLEAR in found else None
    if _RETRACTS.search(spoken):
        return OptWord.UNCLEAR if re.search(r"\bkeep|\bactually", spoken) else None
    if (_CALLS.search(spoken) or _MAIL.search(spoken)) and any(
        _RATHER.search(clause) for sentence in said for clause in sentence.clauses
    ):
        return OptWord.UNCLEAR
    if LAUGH in spoken or re.search(r"\bbut keep\b", spoken):
        return OptWord.UNCLEAR
    return OptWord.STOP


def said_alone(said: Sequence[Sentence]) -> str:
    """Return what is said, politeness aside, if it is all in one sentence."""
    bare = [text for sentence in said if (text := _bare(sentence.text))]
    return bare[0] if len(bare) == 1 else ""


def _of_texts(sentence: Sentence, *, alone: bool) -> OptWord | None:
    """Judge a sentence; a wish about mail or another messenger alone is no clear one."""
    asked = _of_sentence(sentence, alone=alone)
    rest = _MAIL.sub(" ", sentence.text)
    is_other = asked is OptWord.STOP and rest != sentence.text and not _TEXTS.search(rest)
    return OptWord.UNCLEAR if is_other else asked


def _of_sentence(sentence: Sentence, *, alone: bool) -> OptWord | None:
    text = sentence.text
    if text in _ALMOST:
        return OptWord.UNCLEAR if alone else None
    if _KEEPS.search(text):
        return None
    bare = _bare(text)
    exact = _of_words(bare) if alone else _of_strong_words(bare)
    if exact is None:
        exact = _of_clauses(sentence.clauses)
        if exact is not None and _RETRACTS.search(text):
            return None
    if exact is OptWord.UNCLEAR and _of_phrases(sentence) is OptWord.STOP:
        return OptWord.STOP
    if exact is not None:
        return OptWord.UNCLEAR if sentence.is_question and not _asks_you(text) else exact
    return _of_phrases(sentence)


def _of_phrases(sentence: Sentence) -> OptWord | None:
    text = sentence.text
    if _CLOSES.search(text):
        is_partly = _PARTLY.search(text) or _ASIDE.search(text)
        is_clear = not is_partly and (not sentence.is_question or _asks_you(text))
        return OptWord.STOP if is_clear else OptWord.UNCLEAR
    is_latin = text.isascii()
    if _LATIN_CLOSES.search(text) or (not is_latin and _OTHER_CLOSES.search(text)):
        is_clear = not sentence.is_question and not _DIGIT.search(text)
        return OptWord.STOP if is_clear else OptWord.UNCLEAR
    bare = _bare(text)
    unsure = _UNSURE.search(text) or _LATIN_UNSURE.search(text)
    if bare in _ALMOST or unsure or (not is_latin and _OTHER_UNSURE.search(text)):
        return OptWord.UNCLEAR
    return None


def _of_words(bare: str) -> OptWord | None:
    """Judge a text that says nothing else, politeness aside."""
    words = bare.split()
    if not words:
        return None
    once = set(words)
    if len(once) == 1:  # as in "STOP STOP STOP"
        bare = words[0]
    if bare in _ALONE or _plain_word(bare) in _ALONE:
        return OptWord.STOP
    return _of_strong_words(bare) or (OptWord.UNCLEAR if bare in _ALMOST else None)


def _of_strong_words(bare: str) -> OptWord | None:
    """Judge a sentence beside others."""
    filled = " ".join(_FILLING.sub(" ", bare).split())
    for text in (bare, filled):
        words = set(text.split())
        each = {_plain_word(word) for word in words}
        known = text in _WORDS or text.replace(" ", "") in _ENGLISH_WORDS
        if known or (each and each <= _WORDS) or _plain_word(text) in _WORDS:
            return OptWord.STOP
    return None


def _of_clauses(clauses: Sequence[str]) -> OptWord | None:
    """
    Judge what stands between commas.

    One word is not enough, as in "Stop, wrong street", unless it is asked for politely or goes
    with a near miss.
    """
    is_near = any(clause in _ALMOST or _UNSURE.search(clause) for clause in clauses)
    for clause in clauses:
        bare = _bare(clause)
        is_enough = is_near or bare != clause or " " in bare
        if is_enough and _of_strong_words(bare) is not None:
            return OptWord.STOP
    return None


def _bare(text: str) -> str:
    """Return a sentence without politeness; with it, if it is nothing else."""
    return " ".join(_POLITE.sub(" ", text).replace(LAUGH, " ").split())


def _asks_you(text: str) -> bool:
    """Tell whether a question is a request."""
    return bool(_REQUEST.match(text))


def _plain_word(word: str) -> str:
    """Return the word that a misspelt or disguised one stands for."""
    known = _MISSPELT.get(word)
    if known is not None:
        return known
    squeezed = re.sub(r"(.)\1+", r"\1", re.sub(r"^(stop+)\d$", r"\1", word))
    if squeezed in ("stop", "quit", "end", "stopal"):
        return {"stopal": "stopall"}.get(squeezed, squeezed)
    latin = word.translate(_ALIKE)
    if latin in ("stop", "end", "quit", "cancel"):
        return latin
    if word.startswith(("un", "usu", "on")) and 9 <= len(word) <= 14 and _distance(word) <= 2:
        return "unsubscribe"
    return word


def _distance(word: str, target: str = "unsubscribe") -> int:
    """Return how many letters were put in, left out or replaced."""
    row = list(range(len(target) + 1))
    for number, letter in enumerate(word, 1):
        before, row[0] = row[0], number
        for place, wanted in enumerate(target, 1):
            before, row[place] = (
                row[place],
                min(row[place] + 1, row[place - 1] + 1, before + (letter != wanted)),
            )
    return row[-1]
