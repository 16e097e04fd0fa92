"""A stand-in for a vendor's WebSocket, on a real socket of this machine."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeAlias

from trunkline.sdk import Recognised
from trunkline.testing.fakes import FakeClock, RecordingLog
from trunkline.testing.wire import Canned

if TYPE_CHECKING:  # only suites of live adapters need it
    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response

Frame: TypeAlias = str | bytes
LONGEST_S: Final = 20.0
"""How long a test waits for what must happen at all, however busy the machine is."""
SOUND: Final = [bytes([number]) * 320 for number in range(1, 9)]
"""Pieces of sound for a vendor that is made up: which comes when can be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """
    What a vendor says on a live stream; copy the frames from its documentation or a recording.

    Attributes:
        says: Its frames as the sound comes, all after the first piece of it.
        ends: Its frames once it was told that the sound has ended.
        closes: The code with which it then closes.
        breaks_off: It closes with that code after `says`, while the sound still comes; 0 hangs up.
        reason: What it says to that.
        never_ends: It does not answer the end of the sound at all.
    """

    says: Sequence[Frame] = ()
    ends: Sequence[Frame] = ()
    closes: int = 1000
    breaks_off: int | None = None
    reason: str = ""
    never_ends: bool = False


@dataclass(slots=True)
class LiveWire:
    """
    Plays a script to whoever connects, and keeps what was asked and heard.

    Attributes:
        script: What it says, or how it answers the request to connect.
        is_sound, is_end: Tell a frame of sound, and that by which the sound has ended.
        url: Where it is, as ``http://HOST:PORT``.
        requests: The path and query, and the headers, of each request to connect.
        frames: Every frame that came, in order.
        closed: Set once a connection is over.
    """

    script: Live | Canned
    is_sound: Callable[[Frame], bool]
    is_end: Callable[[Frame], bool]
    url: str = ""
    requests: "list[Request]" = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def up(self) -> AsyncIterator["LiveWire"]:
        """Listen for as long as the block lasts."""
        from websockets.asyncio.server import serve

        async with serve(
            self._converse, "127.0.0.1", 0, process_request=self._admit, close_timeout=1
        ) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            self.url = f"http://127.0.0.1:{port}"
            yield self

    def _admit(self, connection: "ServerConnection", request: "Request") -> "Response | None":
        self.requests.append(request)
        if not isinstance(self.script, Canned):
            return None
        response = connection.respond(HTTPStatus(self.script.status), "")
        for name, value in self.script.headers.items():
            response.headers[name] = value
        told = self.script.json
        response.body = self.script.content if told is None else json.dumps(told).encode()
        del response.headers["content-length"]
        response.headers["content-length"] = str(len(response.body))
        return response

    async def _converse(self, connection: "ServerConnection") -> None:
        from websockets.exceptions import ConnectionClosed

        script = self.script
        assert isinstance(script, Live)
        has_said = False
        try:
            async for frame in connection:
                self.frames.append(frame)
                if self.is_sound(frame) and not has_said:
                    has_said = True
                    await _say(connection, script.says)
                    if script.breaks_off == 0:
                        connection.transport.abort()
                    elif script.breaks_off is not None:
                        await connection.close(script.breaks_off, script.reason)
                if self.is_end(frame) and not script.never_ends:
                    await _say(connection, script.ends)
                    await connection.close(script.closes)
        except ConnectionClosed:
            pass  # the adapter went away
        finally:
            self.closed.set()


async def _say(connection: "ServerConnection", frames: Sequence[Frame]) -> None:
    for frame in frames:
        await connection.send(frame)


async def until(condition: Callable[[], object]) -> None:
    """Return once a condition holds; TimeoutError if it does not within `LONGEST_S`."""
    async with asyncio.timeout(LONGEST_S):
        while not condition():  # noqa: ASYNC110 - of whatever there is no event for
            await asyncio.sleep(0.001)


@dataclass(slots=True)
class Source:
    """
    Sound that comes piece by piece.

    Attributes:
        before: What is waited for before a piece, or before the end, by its number.
        asked: How many pieces were asked for.
        is_over: Whether nobody reads it any more.
    """

    pieces: Sequence[bytes]
    before: "Mapping[int, Callable[[Listened], Awaitable[object]]]" = field(default_factory=dict)
    asked: int = 0
    is_over: bool = False

    async def read(self, heard: "Listened") -> AsyncGenerator[bytes, None]:
        """Yield the pieces."""
        try:
            for number, piece in enumerate([*self.pieces, b""]):
                self.asked += 1
                if number in self.before:
                    await self.before[number](heard)
                if number < len(self.pieces):
                    yield piece
        finally:
            self.is_over = True


@dataclass(slots=True)
class Listened:
    """What came of listening: what was told, how it ended, what the vendor heard."""

    wire: LiveWire
    source: Source = field(default_factory=lambda: Source(SOUND))
    clock: FakeClock = field(default_factory=FakeClock)
    log: RecordingLog = field(default_factory=RecordingLog)
    told: list[Recognised] = field(default_factory=list)
    error: Exception | None = None


Stream: TypeAlias = AsyncGenerator[Recognised, None]
Reader: TypeAlias = Callable[[Stream, Listened], Awaitable[None]]


async def read_all(stream: Stream, heard: Listened) -> None:
    """Read a stream to its end, as most readers do."""
    async for each in stream:
        heard.told.append(each)


def value_of(frame: Frame) -> object:
    """Return a frame as JSON where it is some."""
    try:
        found: object = json.loads(frame)
    except ValueError:
        return frame
    return found
