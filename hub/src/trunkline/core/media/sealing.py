"""
Bytes as ciphertext, in pieces that can be read from the middle.

The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: "Online Authenticated-Encryption and
its Nonce-Reuse Misuse-Resistance", 2015) over AES-256-GCM: each piece of 64 KiB is sealed under a
key of the object's own, with its number and whether it is the last in the nonce. A piece that is
missing, in another place or of another object does not open, and neither does a shortened object.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PIECE_BYTES: Final = 65_536
_TAG_BYTES: Final = 16
_SEALED_BYTES: Final = PIECE_BYTES + _TAG_BYTES


class Damaged(Exception):
    """Ciphertext was damaged, cut off or swapped: show nothing of it, and tell an operator."""


class Sealing:
    """
    Seals and opens the pieces of one object. A key is for one object and one writing of it.

    `bind` is what the object belongs to: its ciphertext opens there only.
    """

    def __init__(self, key: bytes, bind: bytes) -> None:
        self._cipher = AESGCM(key)
        self._bind = bind

    def seal(self, number: int, plain: bytes, *, is_last: bool) -> bytes:
        """Return a piece as ciphertext; each but the last has `PIECE_BYTES`."""
        return self._cipher.encrypt(_nonce(number, is_last=is_last), plain, self._bind)

    def open(self, number: int, sealed: bytes, *, is_last: bool) -> bytes:
        """
        Return a piece.

        Raises:
            Damaged: It is not this piece of this object.
        """
        try:
            return self._cipher.decrypt(_nonce(number, is_last=is_last), sealed, self._bind)
        except InvalidTag as error:
            raise Damaged from error


def pieces_of(length: int) -> int:
    """Return how many pieces an object of so many bytes has: one at least."""
    return max(1, -(-length // PIECE_BYTES))


def sealed_range(length: int, start: int, end: int) -> tuple[int, int]:
    """Return which bytes of the ciphertext hold an object's bytes from `start` to before `end`."""
    first, last = start // PIECE_BYTES, max(start, end - 1) // PIECE_BYTES
    whole = length + pieces_of(length) * _TAG_BYTES
    return first * _SEALED_BYTES, min(whole, (last + 1) * _SEALED_BYTES)


async def opened(
    sealing: Sealing, sealed: AsyncIterator[bytes], length: int, start: int, end: int
) -> AsyncGenerator[bytes]:
    """
    Give an object's bytes from `start` to before `end`, of what `sealed_range` names.

    Raises:
        Damaged: It is not that, or not all of it.
    """
    number, count = start // PIECE_BYTES, pieces_of(length)
    skip, left = start - number * PIECE_BYTES, end - start
    held = bytearray()
    async for part in sealed:
        held += part
        while len(held) >= _SEALED_BYTES and left > 0:
            plain = sealing.open(number, bytes(held[:_SEALED_BYTES]), is_last=number == count - 1)
            del held[:_SEALED_BYTES]
            wanted = plain[skip : skip + left]
            number, skip, left = number + 1, 0, left - len(wanted)
            if wanted:
                yield wanted
    if held and left >= 0 and number < count:
        plain = sealing.open(number, bytes(held), is_last=number == count - 1)
        wanted = plain[skip : skip + left]
        left -= len(wanted)
        if wanted:
            yield wanted
    if left > 0:
        raise Damaged


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11) + bytes([is_last])
