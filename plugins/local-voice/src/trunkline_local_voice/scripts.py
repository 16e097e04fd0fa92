"""What a text is written in: an engine leaves out the letters that it does not know."""

import unicodedata
from collections import Counter
from typing import Final

LATIN: Final = "LATIN"
_LANGUAGES: Final = {
    LATIN: None,
    "ARABIC": "ar",
    "ARMENIAN": "hy",
    "BENGALI": "bn",
    "CJK": "cmn",
    "CYRILLIC": "ru",
    "DEVANAGARI": "hi",
    "ETHIOPIC": "am",
    "GEORGIAN": "ka",
    "GREEK": "el",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "HANGUL": "ko",
    "HEBREW": "he",
    "HIRAGANA": "ja",
    "KANNADA": "kn",
    "KATAKANA": "ja",
    "MALAYALAM": "ml",
    "MYANMAR": "my",
    "ORIYA": "or",
    "SINHALA": "si",
    "TAMIL": "ta",
    "TELUGU": "te",
    "THAI": "th",
}
"""The language that is taken for a text of a script, as Unicode names it, where none is told."""


def is_speakable(text: str) -> bool:
    """Tell whether there is a letter or a digit in a text."""
    return any(each.isalnum() for each in text)


def is_latin(text: str) -> bool:
    """Tell whether a text has no letter of another script."""
    return not any(each != LATIN for each in _scripts(text))


def language_of(text: str) -> str | None:
    """Return the language to take for a text that most is of; None where it is in Latin letters."""
    found = _scripts(text)
    if not found:
        return None
    if kana := found["HIRAGANA"] + found["KATAKANA"]:
        found["HIRAGANA"], found["CJK"] = kana + found["CJK"], 0
    return _LANGUAGES[found.most_common(1)[0][0]]


def _scripts(text: str) -> Counter[str]:
    named = (unicodedata.name(each, "").split(" ")[0] for each in text if each.isalpha())
    return Counter(each for each in named if each in _LANGUAGES)
