"""What the transfer encodings hide (RFC 2045 §6), piece by piece, so that no file is held twice."""

import binascii
import re
from collections.abc import Iterator
from typing import Final

_PIECE_BYTES: Final = 256 * 1024
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_OTHERS: Final = bytes(set(range(256)) - set(_ALPHABET))
_PADDING: Final = re.compile(rb"=+")
_ESCAPE: Final = re.compile(rb"=([0-9A-Fa-f]{2})")
_ADDED_ON_THE_WAY: Final = re.compile(rb"=[ \t]*+\r*+\n|(?<![ \t])[ \t]++(?=\r?\n)")
"""Soft breaks, and the blanks at the ends of lines, from their first on."""

_LAST_BREAK: Final = re.compile(rb"=[ \t]*+\r?\Z")
_MOST_RUNS: Final = 1_000
_ODD_ESCAPES: Final = re.compile(rb"==|=\r")


def decoded_pieces(raw: bytes, start: int, end: int, encoding: str) -> Iterator[bytes]:
    """Give the content of ``raw[start:end]`` in pieces; an unknown encoding is none."""
    if encoding == "base64":
        return _base64(raw, start, end)
    if encoding == "quoted-printable":
        return map(_unescaped, _unfolded(raw, start, end))
    return _slices(raw, start, end)


def decoded_size(raw: bytes, start: int, end: int, encoding: str) -> int:
    """Return how many bytes `decoded_pieces` gives in all."""
    if encoding == "quoted-printable":
        return sum(len(_ESCAPE.sub(b".", each)) for each in _unfolded(raw, start, end))
    if encoding == "base64":
        return sum(len(run) * 3 // 4 for run in _base64_runs(raw, start, end))
    return end - start


def first_bytes(raw: bytes, start: int, end: int, encoding: str, most: int) -> tuple[bytes, bool]:
    """Return at most `most` bytes of the content, and whether there is more."""
    pieces, size = [], 0
    for piece in decoded_pieces(raw, start, end, encoding):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            return b"".join(pieces)[:most], True
    return b"".join(pieces), False


def _slices(raw: bytes, start: int, end: int) -> Iterator[bytes]:
    for at in range(start, end, _PIECE_BYTES):
        yield raw[at : min(at + _PIECE_BYTES, end)]


def _base64(raw: bytes, start: int, end: int) -> Iterator[bytes]:
    for run in _base64_runs(raw, start, end):
        yield binascii.a2b_base64(run + b"=" * (-len(run) % 4))


def _base64_runs(raw: bytes, start: int, end: int) -> Iterator[bytes]:
    """
    Give what is encoded without its padding; each run can be decoded by itself.

    It reads on after padding: some senders put one encoded piece after another.
    """
    left = b""
    for piece in _slices(raw, start, end):
        text = left + piece.translate(None, _OTHERS)
        padding = text.count(b"=")
        if padding > _MOST_RUNS:  # no pieces put together, but rubbish
            text = text.translate(None, b"=")
        runs = _PADDING.split(text) if 0 < padding <= _MOST_RUNS else [text]  # it is slow
        yield from map(_whole, runs[:-1])
        whole = len(runs[-1]) // 4 * 4
        left = runs[-1][whole:]
        yield runs[-1][:whole]
    yield _whole(left)


def _whole(run: bytes) -> bytes:
    """Leave out a single character after the last group: there is no whole byte in it."""
    return run[:-1] if len(run) % 4 == 1 else run


def _unfolded(raw: bytes, start: int, end: int) -> Iterator[bytes]:
    """Give the lines of quoted-printable joined as their soft breaks say, escapes as they are."""
    at = start
    while at < end:
        stop = _good_end(raw, at, end)
        piece = _ADDED_ON_THE_WAY.sub(b"", raw[at:stop])
        yield _LAST_BREAK.sub(b"", piece) if stop == end else piece
        at = stop


def _good_end(raw: bytes, at: int, end: int) -> int:
    """Return where a piece may end: after a line, or at least not within an escape."""
    if end - at <= _PIECE_BYTES:
        return end
    line = raw.rfind(b"\n", at, at + _PIECE_BYTES)
    if line >= 0:
        return line + 1
    cut = raw.rfind(b"=", at + _PIECE_BYTES - 2, at + _PIECE_BYTES)
    return cut if cut >= 0 else at + _PIECE_BYTES


def _unescaped(piece: bytes) -> bytes:
    if _ODD_ESCAPES.search(piece):  # of these binascii loses a character, or the line
        return _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), piece)
    return binascii.a2b_qp(piece)
