"""A text in stretches that the service speaks one at a time."""

import re
from collections.abc import Iterator
from typing import Final

LONGEST: Final = 800
"""
In characters. The service takes 4,096 bytes, by what `edge-tts` knows of it, and a character is at
most five: a ``&`` is written ``&amp;``.
"""
_ENDS: Final = tuple(re.compile(each) for each in (r"[.!?…]\s|[\u3002\uff01\uff1f]|\n", r"\s"))
"""A sentence, in Chinese and Japanese too, and a word."""


def stretches_of(text: str) -> Iterator[str]:
    """Cut a text after a sentence, else between words, else wherever it gets too long."""
    rest = text.strip()
    while len(rest) > LONGEST:
        cut = next((end for each in _ENDS if (end := _last(each, rest))), LONGEST)
        yield rest[:cut].strip()
        rest = rest[cut:].strip()
    if rest:
        yield rest


def _last(end: re.Pattern[str], text: str) -> int:
    """Return where the last match in the first `LONGEST` characters ends; 0 if there is none."""
    return max((each.end() for each in end.finditer(text, 0, LONGEST)), default=0)
