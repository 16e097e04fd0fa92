"""Inbound text is data: what cannot be seen is taken out before anybody reads it."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_BREAK: Final = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_FLAG: Final = (  # England, Scotland, Wales: the tag sequences that emoji have (UTS #51, 17.0)
    "\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074"
    "|\U000e0077\U000e006c\U000e0073)\U000e007f"
)
# Controls, surrogates, private use, interlinear annotation, and what is
# Default_Ignorable_Code_Point (Unicode 17, DerivedCoreProperties.txt) but no joiner and no
# variation selector. The other format characters, such as the Arabic number sign, are drawn.
_TAGS: Final = re.compile(f"({_FLAG})|[\U000e0000-\U000e007f]+")
# Controls, surrogates, private use, interlinear annotation, and what is
# Default_Ignorable_Code_Point (Unicode 17, DerivedCoreProperties.txt) but no tag, no joiner and no
# variation selector. The other format characters, such as the Arabic number sign, are drawn.
_HIDDEN: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\U000f0000-\U0010ffff"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0080-\U000e00ff\U000e01f0-\U000e0fff]+"
)

_REMEMBERED: Final = 1024
_JOINERS: Final = frozenset("\u200c\u200d\u180e")
_ZWJ: Final = "\u200d"
_MONGOLIAN: Final = re.compile("[\u1800-\u18af]")
_CHOOSING: Final = re.compile("[\u200c\u200d\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
"""A run of joiners and variation selectors (Unicode 17 §23.2, §23.4)."""

# Scripts whose letters join, or form clusters, so that a joiner changes what is drawn.
_JOINING_SCRIPT: Final = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1700-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc"
    "\U00010800-\U00011fff\U0001e900-\U0001e95f]"
)
_IDEOGRAPH: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_NEW_EMOJI: Final = re.compile("[\U0001f000-\U0001faff]")
"""This Python may be older than an emoji, and know no category of it."""


def visible(text: str) -> str:
    """
    Return `text` without what nobody sees, which can hide instructions from a person.

    Whatever separates lines is a line break, and a unit separator a blank. Bidirectional
    overrides, zero-width marks and tag characters go. A joiner or variation selector stays where a
    script or an emoji needs it, one of each. Takes time in proportion to the length.
    """
    seen = _HIDDEN.sub("", _BREAK.sub("\n", text).replace("\x1f", " "))
    if seen.isascii():
        return seen
    return _CHOOSING.sub(_needed, _TAGS.sub(r"\1", seen))


def _needed(run: re.Match[str]) -> str:
    text, chosen = run.string, run[0]
    joiner = next(filter(_JOINERS.__contains__, chosen), "")
    around = text[run.start() - 1 : run.start()], text[run.end() : run.end() + 1]
    return _chosen(chosen[0], joiner, *around)


@lru_cache(_REMEMBERED)
def _chosen(first: str, joiner: str, before: str, after: str) -> str:
    """Return what is drawn with them of the first of a run and of its first joiner, if any."""
    selector = first if _takes(before, first) else ""
    return selector + (joiner if joiner and _joins(before, joiner, after) else "")


def _takes(base: str, selector: str) -> bool:
    """Tell whether a variation selector chooses how `base` is drawn."""
    if not base or selector in _JOINERS:
        return False
    if selector >= "\U000e0100":
        return bool(_IDEOGRAPH.fullmatch(base))
    if selector < "\ufe00":
        return bool(_MONGOLIAN.fullmatch(base))
    # Not letters with case, which could carry a hidden bit each; U+2139 is an emoji all the same.
    return (
        base == "\u2139"
        or _is_emoji(base)
        or unicodedata.category(base)[0] in "NP"
        or (unicodedata.category(base) == "Lo")
    )


def _joins(before: str, joiner: str, after: str) -> bool:
    """Tell whether a joiner changes how the characters around it are drawn."""
    if joiner == "\u180e":
        return bool(_MONGOLIAN.fullmatch(before) and _MONGOLIAN.fullmatch(after))
    if joiner == _ZWJ and _is_emoji(before) and _is_emoji(after):
        return True
    return any(_is_joining(char) for char in (before, after))


def _is_joining(char: str) -> bool:
    return bool(_JOINING_SCRIPT.fullmatch(char)) and unicodedata.category(char)[0] in "LM"


def _is_emoji(char: str) -> bool:
    return bool(char) and (
        unicodedata.category(char) in ("So", "Sm", "Sk") or bool(_NEW_EMOJI.fullmatch(char))
    )
