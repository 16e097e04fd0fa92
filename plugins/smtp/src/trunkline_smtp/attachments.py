"""The files that go with a mail, fetched from their URLs."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import Final
from urllib.parse import unquote

import httpx2

from trunkline.sdk import Media, Rejected, RetryLater
from trunkline.sdk.mail import Enclosure
from trunkline.sdk.mail.words import file_name

_TYPE: Final = re.compile(
    r"(?!multipart/|message/)[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}"
)
_TOO_LARGE: Final = "The attachments are larger than the settings allow."
_WITHIN_S: Final = 10.0
"""For all files of a mail: the hub waits 30 seconds for the whole send, unless told otherwise."""


async def fetched(
    http: httpx2.AsyncClient, media: Sequence[Media], most_bytes: int
) -> tuple[Enclosure, ...]:
    """
    Fetch what goes with a mail, one after another; nothing has been sent yet.

    Raises:
        Rejected: A file cannot be had, or all together are larger than `most_bytes`.
        RetryLater: Who has a file does not answer now.
    """
    files: list[Enclosure] = []
    try:
        async with asyncio.timeout(_WITHIN_S):
            for number, each in enumerate(media, 1):
                file = await _fetch(http, each, number, most_bytes)
                most_bytes -= len(file.content)
                files.append(file)
    except TimeoutError:
        raise RetryLater("An attachment could not be fetched in time.") from None
    return tuple(files)


async def _fetch(http: httpx2.AsyncClient, media: Media, number: int, most_bytes: int) -> Enclosure:
    if media.open is not None:
        content = await _read(media.open(), most_bytes)
        return _enclosed(media, number, content, "")
    data = bytearray()
    try:
        async with http.stream("GET", media.url) as response:
            if response.status_code >= 500 or response.status_code == 429:
                raise RetryLater("Who has an attachment cannot give it now.")
            if response.status_code != 200:
                raise Rejected(f"Attachment {number} cannot be had ({response.status_code}).")
            async for piece in response.aiter_bytes():
                data += piece
                if len(data) > most_bytes:
                    raise Rejected(_TOO_LARGE)
            told = response.headers.get("content-type", "")
    except httpx2.InvalidURL:
        raise Rejected(f"Attachment {number} has no URL that can be asked.") from None
    except httpx2.TransportError as error:
        raise RetryLater("An attachment could not be fetched.") from error
    return _enclosed(media, number, bytes(data), told)


async def _read(pieces: AsyncIterator[bytes], most_bytes: int) -> bytes:
    """Read what the hub itself has."""
    data = bytearray()
    try:
        async for piece in pieces:
            data += piece
            if len(data) > most_bytes:
                break
    except Exception as error:  # whatever it is: nothing has been sent yet
        raise RetryLater("An attachment could not be read.") from error
    if len(data) > most_bytes:
        raise Rejected(_TOO_LARGE)
    return bytes(data)


def _enclosed(media: Media, number: int, content: bytes, told: str) -> Enclosure:
    content_type = (media.content_type or told).partition(";")[0].strip().lower()
    named = media.name or unquote(media.url.partition("?")[0].rpartition("/")[2])
    return Enclosure(
        name=file_name(named) or f"file-{number}",
        content_type=content_type if _TYPE.fullmatch(content_type) else "application/octet-stream",
        content=content,
    )
