"""HTML in pieces, as browsers cut it (WHATWG HTML §13.2.5), in time that grows with its length."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

MOST_ATTRIBUTES: Final = 100
"""Of one tag; sanitisers take quadratic time for them."""

_OPEN: Final = re.compile(r"<([a-zA-Z][^\s/>]*)")
_CLOSE: Final = re.compile(r"</([a-zA-Z][^\s/>]*)[^>]*>?")
_ATTRIBUTE: Final = re.compile(
    r"""[\s/]*(=?[^\s/>=]+)(?:\s*=\s*(?:"([^"]*)"?|'([^']*)'?|([^\s>"'][^\s>]*)?))?"""
)
_TAG_END: Final = re.compile(r"[\s/]*>?")
_COMMENT_END: Final = re.compile(r"--!?>")
_RAW: Final = frozenset(
    {"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext"}
)
VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
     "track", "wbr"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """Characters, references decoded."""

    text: str


@dataclass(frozen=True, slots=True)
class Open:
    """A start tag: its first hundred attributes, names in lower case, references decoded."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    overfull: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """An end tag."""

    name: str


Token = Text | Open | Close


def tokens(page: str) -> Iterator[Token]:
    """Give the pieces of a page; comments are left out, and so is what nothing ends."""
    at = 0
    while at < len(page):
        sign = page.find("<", at)
        if sign < 0:
            yield Text(html.unescape(page[at:]))
            return
        if sign > at:
            yield Text(html.unescape(page[at:sign]))
        if opened := _OPEN.match(page, sign):
            token, at = _start_tag(page, opened)
            yield token
            if token.name in _RAW:
                end = _raw_end(page, at, token.name)
                yield Text(page[at:end])
                at = end
        elif closed := _CLOSE.match(page, sign):
            yield Close(closed[1].lower())
            at = closed.end()
        elif page.startswith("<!--", sign):
            ended = _COMMENT_END.search(page, sign + 2)
            at = ended.end() if ended else len(page)
        elif page.startswith(("<!", "<?", "</"), sign):
            at = (page.find(">", sign) + 1) or len(page)
        else:
            yield Text("<")
            at = sign + 1


def _start_tag(page: str, opened: re.Match[str]) -> tuple[Open, int]:
    attributes: dict[str, str] = {}
    count, at = 0, opened.end()
    while found := _ATTRIBUTE.match(page, at):
        count, at = count + 1, found.end()
        if count <= MOST_ATTRIBUTES:
            value = next((each for each in found.groups()[1:] if each is not None), "")
            attributes.setdefault(found[1].lower(), html.unescape(value))
    ended = _TAG_END.match(page, at)
    assert ended is not None
    return Open(opened[1].lower(), attributes, count > MOST_ATTRIBUTES), ended.end()


def _raw_end(page: str, at: int, name: str) -> int:
    """Return where a text that no tag but its own end tag cuts ends."""
    if name == "plaintext":
        return len(page)
    ended = re.compile(rf"</{name}[\s/>]", re.IGNORECASE).search(page, at)
    return ended.start() if ended else len(page)
