"""Inbound text is data: what cannot be seen is taken out before anybody reads it."""

import re
import unicodedata
from typing import Final

_KEPT_FORMATS: Final = frozenset("\u200c\u200d\ufe0e\ufe0f")
"""Joiners and the choice of emoji or text, which several scripts need (Unicode 17 §23.2, §23.4)."""

_IGNORABLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)
"""Default_Ignorable_Code_Point (Unicode 17, DerivedCoreProperties.txt), as far as it is not Cf."""


def visible(text: str) -> str:
    """
    Return `text` without control and format characters, which can hide instructions from a person.

    Line breaks, tabs and joiners stay; bidirectional overrides, zero-width marks, tag characters
    and variation selectors other than emoji's go.
    """
    return "".join(char for char in text.replace("\r\n", "\n") if _is_visible(char))


def _is_visible(char: str) -> bool:
    if char in "\n\t" or char in _KEPT_FORMATS:
        return True
    # Unassigned (Cn) is not invisible: this Python may be older than an emoji.
    hidden = unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co")
    return not hidden and not _IGNORABLE.fullmatch(char)
