"""What somebody wrote in their own words, sentence by sentence, however it is signed or quoted."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from trunkline.core.compliance import wording
from trunkline.core.compliance.folding import fold

MOST_READ: Final = 2_000
"""So many characters of a text are read; who wants to hear no more says so before that."""

STOP_SIGN, NO_ENTRY, HAND, BELL, FINGER, LAUGH = "🛑⛔✋🔕🖕😂"
_SIGNS: Final = {
    STOP_SIGN: "stop",
    **{sign: sign for sign in (HAND, BELL, FINGER)},
    **dict.fromkeys((NO_ENTRY, "🚫"), "🚫"),
    **dict.fromkeys("😂🤣😆😅😹😜😝", LAUGH),
}
"""Emoji that count as words, and as which. All others are left out."""

_ASKING: Final = "?\uff1f\u061f"
_URL: Final = re.compile(r"(?:https?://|www\.)\S+")
_END: Final = re.compile(
    r"(?<!\d)[.:]|[.:](?!\d)|[!?;\n\u2026\u3002\uff01\uff1f\uff1b\uff1a\u061f\u0964]"
)
_CLAUSE: Final = re.compile("[,\u2014\u2013()\u060c\u3001\uff0c]| - ")
_KEPT: Final = frozenset(".:!?;\u2026\u3002\uff01\uff1f\uff1b\uff1a\u061f\u0964") | frozenset(
    ",\u2014\u2013()\u060c\u3001\uff0c-$" + "".join(_SIGNS.values())
)
_DRAWN_OUT: Final = re.compile(r"([a-z])\1{2,}")  # as in "pleaseeee"
_SPELT: Final = re.compile(r"\W*[^\W\d_](?:[\s._*\u00b7,!-]+[^\W\d_]){2,}\W*")

_MARKS: Final = wording.read("marks")
_SIGNATURE, _CITED = (
    re.compile("|".join(_MARKS[name]), re.IGNORECASE) for name in ("signature", "cited")
)
_OPENS: Final = '[\u201c\u201e\u00ab"]'
_REACTION: Final = re.compile(rf"\s*(?:{'|'.join(_MARKS['reaction'])})\s*{_OPENS}", re.IGNORECASE)
_QUOTATION: Final = re.compile(
    f'{_OPENS}[^\u201c\u201d\u201e\u00ab\u00bb"]{{2,}}[\u201d\u201c\u00bb"]'
)
_QUOTED_LINE: Final = re.compile(r"\s*>")
_DASH: Final = "[-\u2013\u2014~]"
_CLOSING: Final = re.compile(
    rf"\s*(?:(?:{'|'.join(_MARKS['closing'])})\s*[,!.]*|{_DASH})\s*(?:\w+[.,]?\s*){{0,3}}",
    re.IGNORECASE,
)
_DASHED_NAME: Final = re.compile(rf"\s{_DASH}\s*[A-Z][a-z]+(?: [A-Z][a-z.]*)?\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """
    One sentence as `fold` leaves it, without whatever is no word.

    Attributes:
        text: Its words, with single blanks between them.
        clauses: The same, cut where commas and dashes are.
        is_question: It ends in a question mark.
    """

    text: str
    clauses: tuple[str, ...]
    is_question: bool


def sentences(body: str) -> tuple[Sentence, ...]:
    """Return what `body` says, without what it quotes, how it is signed, and reactions to texts."""
    own = _own_words(body[:MOST_READ])
    plain = fold(_URL.sub(" url ", "".join(map(_as_word, own))))
    if _SPELT.fullmatch(plain):  # S.T.O.P
        plain = "".join(filter(str.isalpha, plain))
    plain = _DRAWN_OUT.sub(r"\1", plain)
    plain = "".join(char if _is_kept(char) else " " for char in plain)
    found: list[Sentence] = []
    begins = 0
    for end in (*_END.finditer(plain), None):
        part = plain[begins:] if end is None else plain[begins : end.start()]
        asks = end is not None and end[0] in _ASKING
        begins = len(plain) if end is None else end.end()
        clauses = tuple(filter(None, (" ".join(clause.split()) for clause in _CLAUSE.split(part))))
        if not clauses and asks and found:  # as in "stop!?"
            clauses = found.pop().clauses
        if clauses:
            found.append(Sentence(text=" ".join(clauses), clauses=clauses, is_question=asks))
    return tuple(found)


def _own_words(body: str) -> str:
    if _REACTION.match(body):
        return ""
    lines: list[str] = []
    said = False
    for line in body.splitlines():
        if _QUOTED_LINE.match(line):
            continue
        is_over = _CITED.fullmatch(line) or _SIGNATURE.match(line)
        if is_over or (said and _CLOSING.fullmatch(line)):
            break
        lines.append(line)
        said = said or bool(line.strip())
    own = _DASHED_NAME.sub("", "\n".join(lines))
    unquoted = _QUOTATION.sub(" ", own)
    return unquoted if any(map(str.isalnum, unquoted)) else own


def _as_word(char: str) -> str:
    """Return a character, or the word that it stands for as an emoji."""
    sign = _SIGNS.get(char)
    return char if sign is None else f" {sign} "


def _is_kept(char: str) -> bool:
    return char.isalnum() or char.isspace() or char in _KEPT or unicodedata.category(char)[0] == "M"
