"""The files that go with a mail, fetched from their URLs."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import httpx2

from trunkline.sdk import Media, Rejected, RetryLater

_WITHIN_S: Final = 10.0
"""For all files of a mail: the hub waits 30 seconds for the whole send, unless told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file as it goes into a mail; its type is a media type without parameters."""

    name: str
    content_type: str
    data: bytes


async def fetched(
    http: httpx2.AsyncClient, media: Sequence[Media], most_bytes: int
) -> tuple[File, ...]:
    """
    Fetch what goes with a mail, one after another; nothing has been sent yet.

    Raises:
        Rejected: A file cannot be had, or all together are larger than `most_bytes`.
        RetryLater: Who has a file does not answer now.
    """
    files: list[File] = []
    try:
        async with asyncio.timeout(_WITHIN_S):
            for number, each in enumerate(media, 1):
                file = await _fetch(http, each, number, most_bytes)
                most_bytes -= len(file.data)
                files.append(file)
    except TimeoutError:
        raise RetryLater("An attachment could not be fetched in time.") from None
    return tuple(files)


async def _fetch(http: httpx2.AsyncClient, media: Media, number: int, most_bytes: int) -> File:
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
                    raise Rejected("The attachments are larger than the settings allow.")
            told = response.headers.get("content-type", "")
    except httpx2.InvalidURL:
        raise Rejected(f"Attachment {number} has no URL that can be asked.") from None
    except httpx2.TransportError as error:
        raise RetryLater("An attachment could not be fetched.") from error
    content_type = (media.content_type or told).partition(";")[0].strip().lower()
    return File(
        name=media.name or media.url.partition("?")[0].rpartition("/")[2] or f"file-{number}",
        content_type=content_type if content_type.count("/") == 1 else "application/octet-stream",
        data=bytes(data),
    )
