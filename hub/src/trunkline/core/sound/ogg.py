"""Opus in Ogg as a row of pages (RFC 3533, RFC 7845), so that what is cut off is known."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from trunkline.core.sound.faults import Truncated, Unreadable
from trunkline.core.sound.reading import Pieces

OPUS_RATE: Final = 48_000
"""What positions count in, whatever rate the sound had before."""

_LAST: Final = 4
_NO_POSITION: Final = 2**64 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """
    One page.

    Attributes:
        position: How many samples at 48 kHz there are to its end, without those that are left out
            at the start.
    """

    data: bytes
    position: int


def pages(source: Pieces) -> Iterator[Page]:
    """
    Return the pages of one stream of Opus; what stands behind it is left out.

    Raises:
        Truncated: A page is not whole, or the last one is not there.
        Unreadable: It is not Opus in Ogg, or is damaged.
    """
    skipped = position = 0
    number, last = 0, False
    while not last:
        head = source.peek(27)
        if len(head) < 27 and b"OggS".startswith(head[:4]):
            raise _cut_off()
        if head[:5] != b"OggS\0":
            raise Unreadable("This is not Ogg, or it is damaged.")
        lengths = source.peek(27 + head[26])[27:]
        size = 27 + head[26] + sum(lengths)
        data = source.take(size)
        if len(data) < size:
            raise _cut_off()
        if int.from_bytes(data[18:22], "little") != number:
            raise Unreadable("A page of the Ogg is missing.")
        if number == 0:
            skipped = _skipped(data[27 + head[26] :])
        stands_at = int.from_bytes(data[6:14], "little")
        if stands_at != _NO_POSITION:
            position = max(0, stands_at - skipped)
        number, last = number + 1, bool(data[5] & _LAST)
        yield Page(data=data, position=position)


def _skipped(head: bytes) -> int:
    """Return how many samples at the start are left out."""
    if len(head) < 19 or not head.startswith(b"OpusHead"):
        raise Unreadable("The Ogg does not hold Opus.")
    return int.from_bytes(head[10:12], "little")


def _cut_off() -> Truncated:
    return Truncated("The Ogg is cut off.")
