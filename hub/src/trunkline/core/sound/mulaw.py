"""G.711 µ-law as plain numbers, for what is done without numpy."""

from collections.abc import Iterable, Iterator
from typing import Final


def _value(code: int) -> int:
    """Return what a code stands for: sign, exponent and four bits, all inverted."""
    bits = ~code & 0xFF
    size = ((bits & 15) << 3) + 132 << (bits >> 4 & 7)
    return 132 - size if bits & 0x80 else size - 132


VALUES: Final = tuple(map(_value, range(256)))
"""The 16-bit sample of each code."""

_AS_PCM: Final = tuple(value.to_bytes(2, "little", signed=True) for value in VALUES)


def expanded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Return µ-law as 16-bit PCM."""
    for piece in pieces:
        yield b"".join(map(_AS_PCM.__getitem__, piece))
