"""What a message says: its text, and the media that go with it."""

import json
import re
from dataclasses import dataclass
from typing import Final

import httpx2

from trunkline.egress import may_be_public

MAX_MEDIA: Final = 10
"""Most media of one message: Twilio's limit ("Message resource", 2026-11-21)."""

_LAST_PORT: Final = 65_535
_URL_CHARACTERS: Final = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")  # RFC 3986 §2


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The text of a message, and where its media can be fetched."""

    body: str
    media_urls: tuple[str, ...] = ()

    def packed(self) -> str:
        """Return all of it as one text to be encrypted: without media, the body as it is."""
        return json.dumps([self.body, *self.media_urls]) if self.media_urls else self.body


def unpacked(text: str, *, media_count: int) -> Content:
    """Return the content that was `packed` with so many media."""
    if not media_count:
        return Content(body=text)
    body, *media_urls = json.loads(text)
    return Content(body=body, media_urls=tuple(media_urls))


def media_url_fault(url: str) -> str | None:
    """Return what is wrong with a URL that a provider shall fetch, or None."""
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        parsed = httpx2.URL()
    is_whole = parsed.scheme == "https" and parsed.host and (parsed.port or 443) <= _LAST_PORT
    if not is_whole or not _URL_CHARACTERS.fullmatch(url):
        return "give an https URL, percent-encoded"
    if parsed.userinfo:
        return "give a URL without a user's name or password"
    if not may_be_public(parsed.raw_host.decode("ascii")):
        return "the provider could not fetch it: its host is not on the internet"
    return None
