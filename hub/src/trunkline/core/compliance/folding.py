"""Texts as they are compared: the same words however they are set."""

import re
import unicodedata
from typing import Final

_LETTERS: Final = str.maketrans(
    {
        "\u0131": "i",
        "\u0142": "l",
        "\u0111": "d",
        "\u00f8": "o",
        "\u00e6": "ae",
        "\u0153": "oe",
        "\u0649": "\u064a",  # Arabic: one form of yeh, one of alef, no lengthening stroke
        "\u0622": "\u0627",
        "\u0623": "\u0627",
        "\u0625": "\u0627",
        "\u0640": None,
        "\u0491": "\u0433",  # a Ukrainian g
    }
)
"""Letters that have an accent, so to say, but no form without one in Unicode."""

_ACCENTS: Final = re.compile("[\u0300-\u036f\u064b-\u0655\u0591-\u05c7]")
_APOSTROPHES: Final = re.compile("(?<=\\w)['\u2019\u2018`\u00b4\u02bc](?=\\w)")
_HYPHENS: Final = re.compile("(?<=[^\\W\\d_])[-\u2010\u2011](?=[^\\W\\d_])")


def fold(text: str) -> str:
    """Return `text` in one case and one form, without accents, apostrophes and inner hyphens."""
    seen = "".join(char for char in text if unicodedata.category(char) != "Cf")
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", seen).casefold())
    whole = unicodedata.normalize("NFC", _ACCENTS.sub("", folded).translate(_LETTERS))
    return _HYPHENS.sub("", _APOSTROPHES.sub("", whole))


def fold_pattern(pattern: str) -> str:
    """Return a pattern that finds what is folded, from one that is written without accents."""
    return unicodedata.normalize("NFKC", pattern).casefold()
