"""RIFF WAVE files: their header, read with suspicion and written with the true length."""

import struct
from collections.abc import Iterator
from typing import Final

from trunkline.core.sound.faults import Truncated, Unreadable
from trunkline.core.sound.layout import Coding, Layout
from trunkline.core.sound.reading import Pieces

_EXTENSIBLE: Final = 0xFFFE
_MOST_CHANNELS: Final = 8
_RATES: Final = range(1_000, 384_001)
_UNKNOWN_FROM: Final = 0x7FFF_0000
"""Programs that write to a pipe don't know the length: they claim 2 GiB, 4 GiB, or about that."""


def header(layout: Layout, size_bytes: int) -> bytes:
    """Return what stands before so many bytes of samples; one more pads them to an even number."""
    bits = layout.coding.bits
    fmt = struct.pack(
        "<HHIIHH",
        layout.coding.tag,
        layout.channels,
        layout.rate,
        layout.rate * layout.frame_bytes,
        layout.frame_bytes,
        bits,
    )
    chunks = struct.pack("<4sI", b"fmt ", 16) + fmt
    if layout.coding.tag != 1:  # what is not PCM says the size of its extension and its frames
        chunks = struct.pack("<4sI", b"fmt ", 18) + fmt + struct.pack("<H", 0)
        chunks += struct.pack("<4sII", b"fact", 4, size_bytes // layout.frame_bytes)
    chunks += struct.pack("<4sI", b"data", size_bytes)
    return (
        struct.pack("<4sI4s", b"RIFF", 4 + len(chunks) + size_bytes + size_bytes % 2, b"WAVE")
        + chunks
    )


def opened(source: Pieces) -> tuple[Layout, Iterator[bytes]]:
    """
    Read a header; return how the samples lie, and them.

    Raises:
        Truncated: It ends in its header, or, while the samples are read, before their end.
        Unreadable: It is no WAV, or one of samples that are not read.
    """
    start = source.take(12)
    if start[:4] != b"RIFF"[: len(start)] or start[8:12] != b"WAVE"[: max(0, len(start) - 8)]:
        raise Unreadable("This is not a WAV.")
    layout = None
    while True:
        name, size = _chunk(source)
        if name == b"data":
            if layout is None:
                raise Unreadable("The WAV does not say what its samples are.")
            return layout, _samples(source, layout, None if size >= _UNKNOWN_FROM else size)
        if name == b"fmt ":
            layout = _layout(_whole(source, min(size, 40)))
            size -= min(size, 40)
        if source.skip(size + size % 2) < size:
            raise _cut_off()


def _chunk(source: Pieces) -> tuple[bytes, int]:
    name, size = struct.unpack("<4sI", _whole(source, 8))
    return name, size


def _whole(source: Pieces, size: int) -> bytes:
    taken = source.take(size)
    if len(taken) < size:
        raise _cut_off()
    return taken


def _layout(fmt: bytes) -> Layout:
    if len(fmt) < 16:
        raise Unreadable("The WAV's description of its samples is too short.")
    tag, channels, rate, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", fmt)
    if tag == _EXTENSIBLE and len(fmt) >= 26:
        (tag,) = struct.unpack_from("<H", fmt, 24)  # the first two bytes of the sub-format's GUID
    try:
        coding = Coding((tag, bits))
    except ValueError:
        raise Unreadable(f"WAVs with format tag {tag} and {bits} bits are not read.") from None
    layout = Layout(coding=coding, rate=rate, channels=channels)
    if not 1 <= channels <= _MOST_CHANNELS or rate not in _RATES:
        raise Unreadable(f"WAVs of {channels} channels at {rate} Hz are not read.")
    if frame_bytes != layout.frame_bytes:
        raise Unreadable("The WAV's header contradicts itself.")
    return layout


def _samples(source: Pieces, layout: Layout, size: int | None) -> Iterator[bytes]:
    """Return the bytes of samples; what stands behind them is left out."""
    got = 0
    for piece in source.rest():
        got += len(piece)
        if size is not None and got >= size:
            yield piece[: len(piece) - (got - size)]
            got = size
            break
        yield piece
    if got < (size or 0) or got % layout.frame_bytes:
        raise _cut_off()


def _cut_off() -> Truncated:
    return Truncated("The WAV is cut off.")
