"""A mail's headers and parts, as places in its bytes: nothing is decoded or copied here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from trunkline.sdk.mail.charsets import header_text
from trunkline.sdk.mail.words import parameters

MOST_HEADER_BYTES: Final = 256 * 1024
"""Of one block; what follows is passed over. Exim and Postfix stop at about the same size."""

MOST_HEADERS: Final = 1_000
MOST_DEPTH: Final = 30
MOST_PARTS: Final = 1_000
_MOST_PADDING: Final = 200
_LONGEST_BOUNDARY: Final = 1_000  # RFC 2046 §5.1.1 allows 70
_LONGEST_PARAMETERS: Final = 64 * 1024
_FIELD: Final = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_EMPTY_LINE: Final = re.compile(rb"\n\r*\n")
_FIRST_BORDER: Final = re.compile(rb"--([^\s-][^\r\n]{0,199}|-[^\r\n]{1,199})")
_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")


class Flaw(StrEnum):
    """What of a mail was not read, or not as it stands; its source has it all."""

    HEADERS_CUT = "headers-cut"
    """There are more headers than anybody needs: the rest was passed over."""

    PARTS_CUT = "parts-cut"
    """There are more parts, or deeper ones, than any mail has: the rest stays closed."""

    TEXT_CUT = "text-cut"
    """The text or the HTML is longer than what is shown of it."""

    UNREADABLE = "unreadable"
    """Something in it cannot be read at all."""


@dataclass(frozen=True, slots=True)
class Headers:
    """The headers of a mail or of a part, in their order: names in lower case, values unfolded."""

    fields: tuple[tuple[str, bytes], ...] = ()

    def every(self, name: str) -> list[bytes]:
        """Return the values of a header, none if it does not stand there."""
        return [value for each, value in self.fields if each == name]

    def first(self, name: str) -> bytes:
        """Return a header's first value, empty if it does not stand there."""
        return next((value for each, value in self.fields if each == name), b"")

    def text(self, name: str) -> str:
        """Return a header's first value as text in which encoded words still stand."""
        return header_text(self.first(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    One part: its headers, and where its content stands in the mail's bytes.

    Attributes:
        content_type: In lower case; ``text/plain`` where there is none that can be read.
        parameters: Those of Content-Type, names in lower case.
        disposition: ``attachment``, ``inline`` or what else stands there; empty without one.
        file_name: As it was called, not made safe.
        encoding: Of the transfer, in lower case.
        parts: What is inside of a multipart.
    """

    headers: Headers
    start: int
    end: int
    content_type: str
    parameters: dict[str, str]
    disposition: str
    file_name: str | None
    encoding: str
    parts: "tuple[Part, ...]" = ()

    @property
    def is_multipart(self) -> bool:
        """Whether it was opened; one without parts is a file, or text."""
        return bool(self.parts)

    def walk(self) -> "Iterator[Part]":
        """Give the part and every part inside of it, in the order of the mail."""
        yield self
        for each in self.parts:
            yield from each.walk()


@dataclass(slots=True)
class Opening:
    """How a mail is taken apart: what was found wrong, and how many parts may still come."""

    raw: bytes
    flaws: set[Flaw] = field(default_factory=set)
    parts_left: int = MOST_PARTS

    def part(self, start: int, end: int, depth: int = 0, default: str = "text/plain") -> Part:
        """Return what stands in ``raw[start:end]`` as a part, with those inside of it."""
        self.parts_left -= 1
        headers, body = self.headers(start, end)
        declared, told = parameters(
            header_text(headers.first("content-type")[:_LONGEST_PARAMETERS])
        )
        content_type = declared if _TYPE.fullmatch(declared) else default
        disposition, more = parameters(
            header_text(headers.first("content-disposition")[:_LONGEST_PARAMETERS])
        )
        parts: tuple[Part, ...] = ()
        if content_type.startswith("multipart/"):
            inside = "message/rfc822" if content_type == "multipart/digest" else "text/plain"
            parts = self._inside(body, end, told.get("boundary", ""), depth + 1, inside)
            if not parts and depth < MOST_DEPTH and self.parts_left > 0:
                content_type = "text/plain"  # without borders it is what a person typed
        return Part(
            headers=headers,
            start=body,
            end=end,
            content_type=content_type,
            parameters=told,
            disposition=disposition,
            file_name=more.get("filename") or told.get("name") or None,
            encoding=header_text(headers.first("content-transfer-encoding")[:100]).strip().lower(),
            parts=parts,
        )

    def headers(self, start: int, end: int) -> tuple[Headers, int]:
        """Return the headers that begin at `start`, and where the content after them begins."""
        found: list[tuple[str, list[bytes]]] = []
        at, limit = start, min(end, start + MOST_HEADER_BYTES)
        while at < limit and len(found) < MOST_HEADERS:
            stop = _line_end(self.raw, at, end)
            line = self.raw[at : min(stop, limit)]
            if not line.strip(b"\r\n"):
                return _unfolded(found), stop
            if line[:1] in b" \t" and found:
                found[-1][1].append(line)
            elif name := _FIELD.match(line):
                found.append((name[1].decode().lower(), [line[name.end() :]]))
            elif not self._may_be_passed(at, line, stop, limit):
                return _unfolded(found), at
            at = stop
        if at >= end:
            return _unfolded(found), end
        self.flaws.add(Flaw.HEADERS_CUT)
        gap = _EMPTY_LINE.search(self.raw, max(start, at - 1), end)
        return _unfolded(found), gap.end() if gap else end

    def _may_be_passed(self, at: int, line: bytes, stop: int, limit: int) -> bool:
        """Tell whether a line that is no header stands among headers, or begins the content."""
        following = self.raw[stop : min(_line_end(self.raw, stop, limit), stop + 1_000)]
        if line.startswith((b"From ", b">From ")):
            return True
        return bool(_FIELD.match(following)) and not line.startswith(b"--") and at > 0

    def _inside(
        self, start: int, end: int, boundary: str, depth: int, default: str
    ) -> tuple[Part, ...]:
        if depth > MOST_DEPTH:
            self.flaws.add(Flaw.PARTS_CUT)
            return ()
        border = boundary.rstrip().encode()
        if not border or len(border) > _LONGEST_BOUNDARY:
            border = self._guessed(start, end)
        found: list[Part] = []
        for begin, stop in self._between(border, start, end) if border else ():
            if self.parts_left <= 0:
                self.flaws.add(Flaw.PARTS_CUT)
                break
            found.append(self.part(begin, stop, depth, default))
        return tuple(found)

    def _guessed(self, start: int, end: int) -> bytes:
        """Return the border that the content itself begins with, where none is named."""
        head = self.raw[start : min(end, start + 1_000)].lstrip()
        guess = _FIRST_BORDER.match(head)
        return guess[1].rstrip() if guess else b""

    def _between(self, border: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Give the places between the lines that are a border (RFC 2046 §5.1.1), and no longer."""
        raw, needle = self.raw, b"--" + border
        begin, at = -1, start
        while (at := raw.find(needle, at, end)) >= 0:
            after = at + len(needle)
            stop = _line_end(raw, after, end)
            rest = raw[after:stop].strip() if stop - after < _MOST_PADDING else b"?"
            starts_line = at == start or raw[at - 1 : at] == b"\n"
            if not starts_line or rest not in (b"", b"--"):
                at = after
                continue
            if begin >= 0:
                yield begin, max(begin, _before_line_end(raw, begin, at))
            if rest:
                return
            begin = at = stop
        if begin >= 0:
            yield begin, end


def _line_end(raw: bytes, at: int, end: int) -> int:
    found = raw.find(b"\n", at, end)
    return end if found < 0 else found + 1


def _before_line_end(raw: bytes, begin: int, at: int) -> int:
    """Return `at` without the line end before it, which belongs to the border."""
    if at > begin and raw[at - 1 : at] == b"\n":
        at -= 1
        if at > begin and raw[at - 1 : at] == b"\r":
            at -= 1
    return at


def _unfolded(found: list[tuple[str, list[bytes]]]) -> Headers:
    """Only CRLF, or LF alone, ends a line: what follows a bare CR is no header of its own."""
    return Headers(
        tuple(
            (name, b"".join(line.rstrip(b"\r\n") for line in lines).replace(b"\x00", b"").strip())
            for name, lines in found
        )
    )
