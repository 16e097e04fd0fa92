"""A vendor that gives its answer in pieces, and may stop half-way."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol

import httpx2

from trunkline.testing.wire import AnyWire, Canned, Wire

_PIECES: Final = 8


class Ending(Enum):
    """What becomes of an answer after its first half."""

    WHOLE = "whole"
    """The rest follows."""

    HELD = "held"
    """The rest follows once it is let go on."""

    CUT = "cut"
    """The connection breaks."""


class AnyFlow(AnyWire, Protocol):
    """
    A vendor that gives its answer in pieces, whatever is spoken there.

    Attributes:
        answering: How many answers are under way: begun, not at their end, and still wanted.
    """

    answering: int

    def go_on(self) -> None:
        """Give the rest of what was held back."""


@dataclass(slots=True)
class FlowingWire(Wire):
    """Gives a `Canned` answer to every request, in pieces, with an ending."""

    ending: Ending = Ending.WHOLE
    answering: int = 0
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    def go_on(self) -> None:
        """Give the rest of what was held back."""
        self.let_go.set()

    def client(self) -> httpx2.AsyncClient:
        """Return a client whose every request comes here."""
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._flow))

    def _flow(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        assert isinstance(self.answer, Canned)
        self.answering += 1
        return httpx2.Response(
            self.answer.status, headers=self.answer.headers, stream=_Pieces(self, self.answer)
        )


class _Pieces(httpx2.AsyncByteStream):
    """A body as it comes over a connection that somebody must close."""

    def __init__(self, wire: FlowingWire, answer: Canned) -> None:
        self._wire, self._content, self._open = wire, answer.content, True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = max(1, len(self._content) // _PIECES)
        for at in range(0, len(self._content), size):
            if at >= len(self._content) // 2:
                await self._half_way()
            yield self._content[at : at + size]

    async def _half_way(self) -> None:
        if self._wire.ending is Ending.CUT:
            raise httpx2.RemoteProtocolError("peer closed connection without sending complete body")
        if self._wire.ending is Ending.HELD:
            await self._wire.let_go.wait()

    async def aclose(self) -> None:
        self._wire.answering -= self._open
        self._open = False
