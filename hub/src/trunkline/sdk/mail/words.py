"""Encoded words (RFC 2047), comments and parameters (RFC 2231), as senders write them."""

import binascii
import re
from typing import Final
from urllib.parse import unquote_to_bytes

from trunkline.sdk.mail.charsets import decoded, drawn

_WORD: Final = re.compile(r"=\?([^?\s]{1,70})\?([BbQq])\?([^?]*)\?=")
_ESCAPE: Final = re.compile(rb"=([0-9A-Fa-f]{2})")
_MARK: Final = re.compile(r'["(\\]')
_QUOTED_REST: Final = re.compile(r'(?:[^"\\]+|\\.)*+"', re.DOTALL)
_INSIDE: Final = re.compile(r"\\.|[()]", re.DOTALL)
_PARAMETER: Final = re.compile(r';\s*([^\s;=()<>@,"]+)\s*=\s*("(?:\\.|[^"\\])*"|[^;"]*)', re.DOTALL)
_PIECE: Final = re.compile(r"([^*]+)(?:\*([0-9]{1,4}))?(\*)?")
_MOST_PIECES: Final = 200
_MOST_NAME_BYTES: Final = 255
"""What file systems take of a name."""

_ENDING: Final = re.compile(r"\.[^.\s]{1,16}\Z")


def without_words(text: str) -> str:
    """
    Return `text` with its encoded words decoded, in quotation marks too, as mail programs show it.

    Neighbours of one charset are joined as bytes first: senders cut them within characters.
    """
    if "=?" not in text:
        return text
    out: list[str] = []
    run, charset, at = b"", "", 0
    for found in _WORD.finditer(text):
        between = text[at : found.start()]
        its_charset = found[1].partition("*")[0].lower()
        neighbour = bool(charset) and not between.strip()
        if not (neighbour and its_charset == charset):
            out.append(decoded(run, charset))
            out.append("" if neighbour else between)
            run, charset = b"", its_charset
        run += _word_bytes(found[2], found[3])
        at = found.end()
    return "".join((*out, decoded(run, charset), text[at:]))


def _word_bytes(encoding: str, text: str) -> bytes:
    data = text.encode()
    if encoding in "Qq":
        return _ESCAPE.sub(lambda e: bytes.fromhex(e[1].decode()), data.replace(b"_", b" "))
    padded = data.rstrip(b"=")
    try:
        return binascii.a2b_base64(padded + b"=" * (-len(padded) % 4))
    except binascii.Error:
        return data


def without_comments(text: str, *, or_quotes: bool = False) -> str:
    """
    Return `text` with each comment as a blank (RFC 5322 §3.2.2); an open one reaches the end.

    With `or_quotes` quoted strings go as well, in which anything may stand.
    """
    out: list[str] = []
    at = kept = 0
    quotes = True
    while found := _MARK.search(text, at):
        at = found.end()
        if found[0] == "(":
            at = comment_end(text, at)
        elif found[0] == '"' and quotes and (end := quoted_end(text, at)):
            at = end
            if not or_quotes:
                continue
        else:
            quotes &= found[0] != '"'  # without an end now there is none further on
            at += found[0] == "\\"
            continue
        out += (text[kept : found.start()], " ")
        kept = at
    return "".join((*out, text[kept:]))


def quoted_end(text: str, at: int) -> int:
    """Return where the quoted string ends whose first mark stands before `at`, or 0: nowhere."""
    found = _QUOTED_REST.match(text, at)
    return found.end() if found else 0


def comment_end(text: str, at: int) -> int:
    """Return where the comment ends whose bracket stands before `at`."""
    depth = 1
    for found in _INSIDE.finditer(text, at):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth:
            return found.end()
    return len(text)


def unquoted(text: str) -> str:
    """Return what a quoted string says; backslashes that escape nothing stay, as in paths."""
    inner = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    return re.sub(r'\\([\\"])', r"\1", inner)


def parameters(text: str) -> tuple[str, dict[str, str]]:
    """Return a header's value in lower case and its parameters, RFC 2231's put together."""
    text = without_comments(text)
    value, separator, rest = text.partition(";")
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    plain: dict[str, str] = {}
    for number, found in enumerate(_PARAMETER.finditer(separator + rest)):
        if number >= _MOST_PIECES:
            break
        name = _PIECE.fullmatch(found[1].lower())
        written = unquoted(found[2].strip())
        if name is None:
            continue
        if name[2] is None and name[3] is None:
            plain.setdefault(name[1], without_words(written))
        else:
            pieces.setdefault(name[1], []).append((int(name[2] or 0), bool(name[3]), written))
    return value.strip().lower(), plain | {name: _joined(each) for name, each in pieces.items()}


def _joined(pieces: list[tuple[int, bool, str]]) -> str:
    """Join the pieces of a parameter; those without a star are literal (RFC 2231 §4.1)."""
    out: list[str] = []
    charset, run = "utf-8", b""
    for position, (_, encoded, written) in enumerate(sorted(pieces, key=lambda piece: piece[0])):
        if not encoded:
            out += (decoded(run, charset), written)
            run = b""
            continue
        rest = written
        if position == 0 and written.count("'") >= 2:
            charset, _, rest = written.split("'", 2)
        run += unquote_to_bytes(rest)
    return "".join((*out, decoded(run, charset)))


def file_name(name: str | None) -> str | None:
    """
    Return a file's name without path, controls and what changes its direction, or None.

    It is at most 255 bytes long and keeps its ending; None where nothing is left.
    """
    seen = drawn(re.split(r"[/\\]", name or "")[-1]).strip(" .") if name else ""
    if not seen:
        return None
    if len(seen.encode()) <= _MOST_NAME_BYTES:
        return seen
    ending = found[0] if (found := _ENDING.search(seen)) else ""
    kept = seen.encode()[: _MOST_NAME_BYTES - len(ending.encode())]
    return kept.decode(errors="ignore").rstrip() + ending
