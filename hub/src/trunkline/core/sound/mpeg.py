"""MP3 as a row of frames, each checked to be there, so that what is cut off or no MP3 is known."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from trunkline.core.sound.faults import Truncated, Unreadable
from trunkline.core.sound.reading import Pieces

# ISO/IEC 11172-3 and 13818-3, layer III, by the version's two bits: 2.5, reserved, 2, 1.
_KBITS: Final = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES: Final = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8_000),
}
_TAGS_BEHIND: Final = (b"TAG", b"APETAGEX", b"LYRICSBEGIN")
_MOST_TAG_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """
    One frame.

    Attributes:
        samples: How many it stands for, for each channel; 0 for the one that describes the others.
        frames: How many others that one says there are, if it says so.
    """

    data: bytes
    rate: int
    samples: int
    frames: int | None = None


def frames(source: Pieces) -> Iterator[Frame]:
    """
    Return the frames, without the tags before and behind them.

    Raises:
        Truncated: The last one is not whole, or there are fewer than the first one says.
        Unreadable: It is no MP3, or has something else between its frames.
    """
    said, count = None, 0
    while head := source.peek(10):
        if head.startswith(b"ID3"):
            _skip_tag(source, head)
            continue
        if count and _is_behind(source):
            break
        frame = _next(source)
        if frame.samples:
            count += 1
        elif said is None:
            said = frame.frames
        yield frame
    if count < max(said or 0, 1):
        raise _cut_off()


def _next(source: Pieces) -> Frame:
    head = source.peek(4)
    if len(head) < 4:
        raise _cut_off()
    word = int.from_bytes(head, "big")
    version, layer, kbits, rate = word >> 19 & 3, word >> 17 & 3, word >> 12 & 15, word >> 10 & 3
    if word >> 21 != 0x7FF or version == 1 or layer != 1 or kbits in (0, 15) or rate == 3:
        raise Unreadable("This is not an MP3, or it is damaged.")
    first = version == 3
    samples = 1152 if first else 576
    hertz = _RATES[version][rate]
    size = samples // 8 * _KBITS[3 if first else 2][kbits] * 1000 // hertz + (word >> 9 & 1)
    data = source.take(size)
    if len(data) < size:
        raise _cut_off()
    mono = word >> 6 & 3 == 3
    described, others = _description(
        data, 4 + ((17 if mono else 32) if first else (9 if mono else 17))
    )
    return Frame(data=data, rate=hertz, samples=0 if described else samples, frames=others)


def _description(data: bytes, at: int) -> tuple[bool, int | None]:
    """Tell whether this frame is Xing's or LAME's description, and how many frames that counts."""
    if data[at : at + 4] not in (b"Xing", b"Info"):
        return False, None
    has_count = len(data) >= at + 12 and data[at + 7] & 1
    return True, int.from_bytes(data[at + 8 : at + 12], "big") if has_count else None


def _skip_tag(source: Pieces, head: bytes) -> None:
    """Leave out an ID3v2 tag, whose length is four times seven bits."""
    size = 0
    for byte in head[6:10]:
        if byte > 0x7F:
            raise Unreadable("The MP3's tag is damaged.")
        size = size << 7 | byte
    if len(head) < 10 or size > _MOST_TAG_BYTES:
        raise _cut_off() if len(head) < 10 else Unreadable("The MP3's tag is too large.")
    footer = 10 if head[5] & 0x10 else 0
    if source.skip(10 + size + footer) < 10 + size + footer:
        raise _cut_off()


def _is_behind(source: Pieces) -> bool:
    """Tell whether only a tag or padding is left."""
    head = source.peek(12)
    return head.startswith(_TAGS_BEHIND) or not head.strip(b"\0")


def _cut_off() -> Truncated:
    return Truncated("The MP3 is cut off.")
