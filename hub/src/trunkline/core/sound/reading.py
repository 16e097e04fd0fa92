"""Bytes that come in pieces, read by the length that a format says."""

from collections.abc import Iterable, Iterator


class Pieces:
    """Reads across the borders of pieces. Fewer bytes than asked for: there are no more."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held = bytearray()

    def peek(self, size: int) -> bytes:
        """Return the next bytes, and leave them."""
        while len(self._held) < size and (piece := next(self._pieces, None)) is not None:
            self._held += piece
        return bytes(self._held[:size])

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        taken = self.peek(size)
        del self._held[: len(taken)]
        return taken

    def skip(self, size: int) -> int:
        """Leave bytes out, without holding them, and return how many there were."""
        left = size
        while left and (piece := self.take(min(left, 65_536))):
            left -= len(piece)
        return size - left

    def rest(self) -> Iterator[bytes]:
        """Return what is left, in pieces as they come."""
        if self._held:
            yield self.take(len(self._held))
        yield from self._pieces
