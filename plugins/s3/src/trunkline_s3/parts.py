"""A content in parts that are sent one after the other."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from trunkline.sdk import Rejected

PART: Final = 5 * 1024 * 1024
"""The least that S3 takes as a part that is not the last; the most that is held here."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some bytes, their SHA-256, and whether nothing follows them."""

    content: bytes
    sha256: str
    is_last: bool


async def in_parts(content: AsyncIterator[bytes], length: int | None) -> AsyncIterator[Part]:
    """
    Give a content in parts of which every one but the last is `PART` long, and at least one.

    Raises:
        Rejected: Other bytes came than `length` says; before the last part.
    """
    held, sha256, taken = BytesIO(), hashlib.sha256(), 0
    async for piece in content:
        taken += len(piece)
        if length is not None and taken > length:
            raise Rejected("More came than was announced.")
        rest = memoryview(piece)
        while rest:
            if held.tell() == PART:  # there is more, so it is not the last
                yield Part(held.getvalue(), sha256.hexdigest(), is_last=False)
                held, sha256 = BytesIO(), hashlib.sha256()
            some, rest = rest[: PART - held.tell()], rest[PART - held.tell() :]
            held.write(some)
            sha256.update(some)
    if length is not None and taken < length:
        raise Rejected("Less came than was announced.")
    yield Part(held.getvalue(), sha256.hexdigest(), is_last=True)
