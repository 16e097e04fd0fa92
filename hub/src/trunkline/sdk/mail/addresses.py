"""Addresses in headers (RFC 5322 §3.4), as they are and not as the standard wants them."""

import re
from dataclasses import dataclass
from typing import Final

from trunkline.sdk.mail.charsets import drawn
from trunkline.sdk.mail.words import (
    comment_end,
    quoted_end,
    unquoted,
    without_comments,
    without_words,
)

LONGEST_ADDRESS: Final = 320
"""Most characters of an address: 64 before the @ (RFC 5321 §4.5.3.1) and 255 after it."""

MOST_ADDRESSES: Final = 1_000
_TOKEN: Final = re.compile(
    r'<(?:"(?:\\.|[^"\\]){0,320}"|[^<>"]){0,998}>|\[[^\[\]]{0,998}\]|[^",;:(<\[]+|.', re.DOTALL
)
_ROUTE: Final = re.compile(r"\A@[^:]*:")
_ADDRESS: Final = re.compile(
    r'(?:"(?:\\[^\r\n]|[^"\\\x00-\x1f\x7f])+"|[^\s"(),:;<>@\[\\\]\x00-\x1f\x7f-\x9f]+)'
    r"@(?:\[[0-9A-Za-z.:]+\]|[^\s\"(),:;<>@\[\\\]\x00-\x1f\x7f-\x9f/]+)"
)
_LONGEST_DOMAIN: Final = 253


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A bare address and the name that stands before it, empty if there is none."""

    address: str
    name: str = ""


def is_address(text: str) -> bool:
    """Tell whether `text` is a bare address, letters outside ASCII allowed (RFC 6532)."""
    return len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None


def ascii_domain(address: str) -> str:
    """
    Return an address with its domain in small ASCII letters (IDNA); what stands before @ as it is.

    Raises:
        ValueError: The domain has no such form.
    """
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return f"{local}@{domain.lower()}"
    if len(domain) > _LONGEST_DOMAIN:
        raise ValueError("The domain is too long.")
    return f"{local}@{domain.encode('idna').decode().lower()}"  # its UnicodeError is a ValueError


def address_key(address: str) -> str:
    """Return what two ways to write one address have in common: case and the domain's form go."""
    try:
        return ascii_domain(address).lower()
    except ValueError:
        return address.lower()


def mailboxes(text: str) -> tuple[Mailbox, ...]:
    """
    Return who stands in an address header, groups opened; what cannot be read is left out.

    `text` still has its encoded words: an encoded comma separates nothing. Time grows with its
    length, whatever is nested in it; at most a thousand are read.
    """
    found: list[Mailbox] = []
    one = _One()
    at, quotes = 0, True
    while at < len(text) and len(found) < MOST_ADDRESSES:
        token = _TOKEN.match(text, at)
        assert token is not None
        at = token.end()
        if token[0] in ",;":
            found += one.taken()
            one = _One()
        elif token[0] == '"' and quotes:
            end = quoted_end(text, at)
            quotes = end > 0  # without an end now there is none further on
            one.add(text[at - 1 : end] if quotes else "")
            at = end or at
        elif token[0] == ":" and not one.has_at:
            one = _One()  # what stood before is a group's name
        elif token[0] == "(":
            end = comment_end(text, at)
            one.comments.append(text[at : end - 1])
            at = end
        else:
            one.add(token[0])
    return (*found, *one.taken())[:MOST_ADDRESSES]


class _One:
    """What has been read of one mailbox so far."""

    __slots__ = ("angles", "comments", "has_at", "words")

    def __init__(self) -> None:
        self.words: list[str] = []
        self.angles: list[str] = []
        self.comments: list[str] = []
        self.has_at = False

    def add(self, token: str) -> None:
        self.has_at |= "@" in token
        if len(token) > 1 and token.startswith("<"):
            self.angles.append(token[1:-1])
        elif token not in ('"', "<"):  # of these the other half is missing
            self.words.append(token)

    def taken(self) -> list[Mailbox]:
        """Return the mailbox, if there is one."""
        words, angles, comments = self.words, self.angles, self.comments
        if not (words or angles):
            return []
        if len(angles) == 1:
            address = "".join(_ROUTE.sub("", without_comments(angles[0]), count=1).split())
            name = _name(words) or _name(comments)
        elif angles:
            return []
        else:
            address, name = _bare("".join(words))
            name = name or _name(comments)
        return [Mailbox(address, name)] if is_address(address) else []


def _bare(text: str) -> tuple[str, str]:
    """Return the one address among words without angle brackets, and the other words."""
    text = text.strip()
    if is_address(text):
        return text, ""
    words = text.split()
    with_at = [word for word in words if "@" in word.strip("@")]
    if len(with_at) != 1:
        return "", ""
    return with_at[0], _name([" ".join(word for word in words if word != with_at[0])])


def _name(tokens: list[str]) -> str:
    return drawn(without_words("".join(map(unquoted, tokens))))
