"""
A sound that stands for a text, and can be read back from it.

Each half of a byte is one of sixteen tones of 32 ms, so a text sounds about as long as it would be
to say. Every tone is a whole number of waves, so that one flows into the next. What is read is the
loudest of the sixteen, whatever telephones and codecs did to the sound on its way.
"""

import math
import zlib
from collections.abc import Iterator, Sequence
from typing import Final

RATE: Final = 8_000
STEP: Final = 256
"""Samples in one tone."""

MOST_BYTES: Final = 8_000
"""Of a text."""

_WAVES: Final = tuple(range(16, 64, 3))
"""How many waves each tone has in one step: from 500 to 1906 Hz, which every telephone carries."""

_OPENING: Final = (0, 15, 0, 15)
_HEAD: Final = 6
_AMPLITUDE: Final = 8_000
_TONES: Final = tuple(
    tuple(round(_AMPLITUDE * math.sin(math.tau * waves * n / STEP)) for n in range(STEP))
    for waves in _WAVES
)
_COEFFICIENTS: Final = tuple(2 * math.cos(math.tau * waves * 2 / STEP) for waves in _WAVES)
_LOUD: Final = _AMPLITUDE // 8
"""A sample as loud as this may belong to a tone."""


def tones(text: str) -> Iterator[int]:
    """Return the tones of a text: an opening, how many bytes there are, their checksum, they."""
    body = text.encode()[:MOST_BYTES]
    message = len(body).to_bytes(2, "big") + zlib.crc32(body).to_bytes(4, "big") + body
    yield from _OPENING
    for byte in message:
        yield byte >> 4
        yield byte & 15


def wave(tone: int) -> Sequence[int]:
    """Return the samples of a tone, 16-bit, at `RATE`."""
    return _TONES[tone]


def read(samples: Sequence[int]) -> str:
    """Return the text that samples at `RATE` stand for; empty where they stand for none."""
    start = next((at for at, each in enumerate(samples) if abs(each) >= _LOUD), None)
    if start is None:
        return ""
    near = range(max(0, start - STEP), start + STEP, STEP // 16)
    best = max(near, key=lambda at: _opens(samples, at))
    if any(_loudest(samples, best + number * STEP) != tone for number, tone in enumerate(_OPENING)):
        return ""
    at = best + len(_OPENING) * STEP
    head = _bytes(samples, at, _HEAD)
    size, checksum = int.from_bytes(head[:2], "big"), int.from_bytes(head[2:], "big")
    body = _bytes(samples, at + _HEAD * 2 * STEP, min(size, MOST_BYTES))
    if len(head) < _HEAD or len(body) != size or zlib.crc32(body) != checksum:
        return ""
    return body.decode(errors="ignore")


def _opens(samples: Sequence[int], at: int) -> float:
    """Return how much of an opening stands there."""
    return sum(_power(samples, at + number * STEP, tone) for number, tone in enumerate(_OPENING))


def _bytes(samples: Sequence[int], at: int, size: int) -> bytes:
    size = max(0, min(size, (len(samples) - at + STEP // 2) // (2 * STEP)))  # the last may be cut
    halves = [_loudest(samples, at + number * STEP) for number in range(2 * size)]
    return bytes(high << 4 | low for high, low in zip(halves[::2], halves[1::2], strict=True))


def _loudest(samples: Sequence[int], at: int) -> int:
    return max(range(16), key=lambda tone: _power(samples, at, tone))


def _power(samples: Sequence[int], at: int, tone: int) -> float:
    """Return how loud a tone is in one step: Goertzel's algorithm on every second sample."""
    coefficient = _COEFFICIENTS[tone]
    before, last = 0.0, 0.0
    for sample in samples[at : at + STEP : 2]:
        before, last = last, sample + coefficient * last - before
    return before * before + last * last - coefficient * before * last
