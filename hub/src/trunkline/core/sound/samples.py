"""
Samples as numbers: read from every layout, mixed to mono, resampled, written in two layouts.

Imported by the first conversion that needs it: this is where numpy and soxr come in.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import numpy as np
import soxr
from numpy.typing import NDArray

from trunkline.core.sound import mulaw
from trunkline.core.sound.layout import Coding, Layout

Block: TypeAlias = NDArray[np.float32]
"""Samples of one channel between -1 and 1."""


def _alaw_values() -> Block:
    """Return what each of the 256 codes of G.711 A-law stands for."""
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent = (code >> 4 & 7).astype(np.int32)
    size = ((code & 15).astype(np.int32) << 4) + 8
    size = np.where(exponent, size + 256 << np.maximum(exponent - 1, 0), size)
    return _scaled(np.where(code & 0x80, size, -size), 16)


def _scaled(values: NDArray[np.integer[Any]], bits: int) -> Block:
    scaled: Block = np.divide(values, 2.0 ** (bits - 1), dtype=np.float32)
    return scaled


def _of_24_bits(data: bytes) -> Block:
    wide = np.zeros((len(data) // 3, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
    return _scaled(wide.view("<i4")[:, 0], 32)


def _of_floats(data: bytes, dtype: str) -> Block:
    values: NDArray[np.float64] = np.clip(np.frombuffer(data, dtype), -1, 1)
    return np.nan_to_num(values).astype(np.float32)


_MULAW: Final = _scaled(np.array(mulaw.VALUES), 16)
_ALAW: Final = _alaw_values()
_READ: Final[Mapping[Coding, Callable[[bytes], Block]]] = {
    Coding.PCM_8: lambda data: _scaled(np.frombuffer(data, np.uint8).astype(np.int16) - 128, 8),
    Coding.PCM_16: lambda data: _scaled(np.frombuffer(data, "<i2"), 16),
    Coding.PCM_24: _of_24_bits,
    Coding.PCM_32: lambda data: _scaled(np.frombuffer(data, "<i4"), 32),
    Coding.FLOAT_32: lambda data: _of_floats(data, "<f4"),
    Coding.FLOAT_64: lambda data: _of_floats(data, "<f8"),
    Coding.ALAW: lambda data: _ALAW[np.frombuffer(data, np.uint8)],
    Coding.MULAW: lambda data: _MULAW[np.frombuffer(data, np.uint8)],
}


def read(pieces: Iterable[bytes], layout: Layout) -> Iterator[Block]:
    """Return whole frames of bytes as samples of one channel."""
    for piece in pieces:
        yield mixed(_READ[layout.coding](piece).reshape(-1, layout.channels))


def mixed(frames: NDArray[np.float32]) -> Block:
    """Return the mean of all channels."""
    return frames[:, 0] if frames.shape[1] == 1 else frames.mean(axis=1, dtype=np.float32)


def resampled(blocks: Iterable[Block], rate: int, wanted: int) -> Iterator[Block]:
    """Return the same sound at another rate; as long, to the sample."""
    if rate == wanted:
        yield from blocks
        return
    stream = soxr.ResampleStream(rate, wanted, 1, dtype="float32")
    for block in blocks:
        yield stream.resample_chunk(np.ascontiguousarray(block))
    yield stream.resample_chunk(np.empty(0, np.float32), last=True)


def written(blocks: Iterable[Block], coding: Coding) -> Iterator[bytes]:
    """Return samples as 16-bit PCM or as µ-law; what is too loud is clipped."""
    for block in blocks:
        values = np.clip(np.rint(block * 32_768), -32_768, 32_767).astype("<i2")
        yield (_mulaw(values) if coding is Coding.MULAW else values).tobytes()


def _mulaw(values: NDArray[np.int16]) -> NDArray[np.uint8]:
    """G.711 µ-law: sign, exponent and four bits, all inverted."""
    size = np.minimum(np.abs(values.astype(np.int32)), 32_635) + 132
    exponent = np.frexp(size)[1].astype(np.int32) - 8  # 132 is 2^7 and a bit: exponent 0
    code = exponent << 4 | (size >> (exponent + 3) & 15)
    return np.asarray(~(code | np.where(values < 0, 0x80, 0)) & 0xFF, np.uint8)
