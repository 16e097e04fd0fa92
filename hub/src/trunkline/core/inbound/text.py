"""Inbound text is data: what cannot be seen is taken out before anybody reads it."""

import unicodedata
from typing import Final

_KEPT_FORMATS: Final = frozenset("\u200c\u200d")
"""Joiners, which emoji and several scripts need (Unicode 17 §23.2)."""


def visible(text: str) -> str:
    """
    Return `text` without control and format characters, which can hide instructions from a person.

    Line breaks, tabs and joiners stay; bidirectional overrides, zero-width marks and tag characters
    go.
    """
    return "".join(char for char in text.replace("\r\n", "\n") if _is_visible(char))


def _is_visible(char: str) -> bool:
    if char in "\n\t" or char in _KEPT_FORMATS:
        return True
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")
