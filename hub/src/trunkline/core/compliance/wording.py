"""
How people say that they want no more texts, or almost say it: one file a language in `wording/`.

Every entry is written as `fold` leaves a text. A file has some of these sections:

    names      parts of patterns, used as ``<name>``
    words      who writes one of these in a sentence of its own means it
    alone      these mean it if nothing else is said: "Cancel. I can't come" is about something else
    misspelt   the words that are meant by others
    polite     what may go with any of them: "please"
    filling    what may go with a word, but with none that stands alone: "Yes, cancel"
    closes     patterns: a sentence in which one is found asks for no more texts, unless …
    keeps      … here they would rather have them,
    partly     … here it is some texts, some hours or somebody else,
    aside      … or here the words are only spoken of
    almost     a text that is one of these should be looked at by a person
    unsure     patterns: so should one with a sentence in which one is found
    retracts   patterns: what was said before is taken back

`channels` has patterns for what is not about texts, in every language:

    calls, mail, texts   a word for calls, for mail and other messengers, for texts
    rather               a clause that would have texts, where calls or mail are named
"""

import re
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Final

from trunkline.core.compliance.folding import fold, fold_pattern

_FILES: Final = resources.files("trunkline.core.compliance") / "wording"
_SECTION: Final = re.compile(r"\[(\w+)\]")
_NAME: Final = re.compile(r"<([a-z]+)>")
_LATIN: Final = re.compile(r"[a-z]")

Wording = Mapping[str, tuple[str, ...]]
"""The entries of each section."""


def read(language: str) -> Wording:
    """Return what is said in a language, by its BCP 47 tag."""
    return _parsed((_FILES / f"{language}.txt").read_text(encoding="utf-8"))


def read_others() -> tuple[list[Wording], list[Wording]]:
    """Return what is said in every other language: in those with Latin letters, and in the rest."""
    names = sorted(file.name.removesuffix(".txt") for file in _FILES.iterdir())
    found = [read(name) for name in names if name not in ("en", "marks", "channels")]
    latin = [each for each in found if sum(map(_is_latin, each["words"])) * 2 > len(each["words"])]
    return latin, [each for each in found if each not in latin]


def words(wordings: Iterable[Wording], section: str) -> frozenset[str]:
    """Return the words of a section."""
    return frozenset(
        " ".join(fold(word).split()) for each in wordings for word in each.get(section, ())
    )


def pattern(wordings: Iterable[Wording], section: str) -> re.Pattern[str]:
    """Return the patterns of a section as one, which finds nothing if there are none."""
    parts = [part for each in wordings for part in each.get(section, ())]
    return re.compile("|".join(map(fold_pattern, parts)) or r"(?!)")


def phrases(wordings: Iterable[Wording], section: str) -> re.Pattern[str]:
    """Return the entries of a section as a pattern that finds whole words, the longest first."""
    parts = sorted((part for each in wordings for part in each.get(section, ())), key=len)
    return re.compile(rf"(?<!\S)(?:{'|'.join(map(fold_pattern, reversed(parts)))})(?!\S)")


def _is_latin(word: str) -> bool:
    return bool(_LATIN.match(word))


def _parsed(text: str) -> Wording:
    sections: dict[str, list[str]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("#"):
            continue
        begins = _SECTION.fullmatch(line)
        if begins:
            current = sections.setdefault(begins[1], [])
        else:
            current.append(line)
    names: dict[str, str] = {}

    def named(found: re.Match[str]) -> str:
        return names[found[1]]

    for line in sections.pop("names", []):
        name, _, part = line.partition(" = ")
        names[name] = _NAME.sub(named, part)
    return {
        section: tuple(_NAME.sub(named, line) for line in lines)
        for section, lines in sections.items()
    }
