"""Conversions as the hub sees them: bytes in, bytes out, the work on a thread of its own."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import Final

from trunkline.core.sound.pipeline import converted
from trunkline.core.sound.tally import Tally
from trunkline.sdk import AudioFormat

MOST_S: Final = 1_800.0
"""Half an hour: more than any voice message; as 16-bit PCM 58 MB."""

_AHEAD: Final = 4
"""How many pieces may wait on either side of the thread."""


class Conversion:
    """
    Sound in another format, while it comes.

    MULAW_8000 and PCM_16000 come out while their input comes, Opus a second behind it; WAV and MP3
    come whole at the end, as they begin with their length. A WAV keeps plain samples of its input;
    µ-law becomes 16-bit PCM, and what not everything plays, or is compressed, that at 16 kHz.
    """

    def __init__(
        self,
        audio: AsyncIterator[bytes],
        source: AudioFormat,
        target: AudioFormat,
        *,
        most_s: float = MOST_S,
    ) -> None:
        self._audio = audio
        self._formats = source, target
        self._tally = Tally(most_s=most_s)

    @property
    def duration_s(self) -> float:
        """How long the sound is; of all of it once `pieces` has ended."""
        return self._tally.duration_s

    async def pieces(self) -> AsyncGenerator[bytes]:
        """
        Return what comes out, once, no piece of it empty: an asynchronous generator.

        Close it (`contextlib.aclosing`) if it may be left before its end. What `audio` raises is
        raised here.

        Raises:
            Truncated, Unreadable, TooLong: Of `faults`. What came out before is to be thrown away.
            Missing: The conversion needs ``trunkline[voice]``; nothing came out.
        """
        exchange = _Exchange(asyncio.get_running_loop())

        def work() -> None:
            exchange.deliver(converted(exchange.pieces(), *self._formats, self._tally))

        feeder = asyncio.create_task(exchange.feed(self._audio))
        threading.Thread(target=work, daemon=True, name="sound").start()
        try:
            async for piece in exchange.results():
                yield piece
        finally:
            exchange.stop()
            feeder.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await feeder


@contextlib.asynccontextmanager
async def _closed(audio: AsyncIterator[bytes]) -> AsyncIterator[None]:
    """Close what can be closed, so that a connection behind it does not stay open."""
    try:
        yield
    finally:
        if isinstance(audio, AsyncGenerator):
            await audio.aclose()


class _Left(Exception):
    """The reader went away: the thread ends."""


class _Exchange:
    """Hands pieces between a loop and a thread, a few at a time, and an error in their place."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._in: queue.SimpleQueue[bytes | Exception | None] = queue.SimpleQueue()
        self._in_room = asyncio.Semaphore(_AHEAD)
        self._out: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self._out_room = threading.Semaphore(_AHEAD)
        self._left = False

    async def feed(self, audio: AsyncIterator[bytes]) -> None:
        """On the loop: hand over what comes in, until it ends."""
        try:
            async with _closed(audio):
                async for piece in audio:
                    await self._in_room.acquire()
                    self._in.put(piece)
        except Exception as error:  # noqa: BLE001 - raised by the iteration, through the thread
            self._in.put(error)
        else:
            self._in.put(None)

    async def results(self) -> AsyncIterator[bytes]:
        """On the loop: return what comes out."""
        while (piece := await self._out.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            self._out_room.release()
            yield piece

    def stop(self) -> None:
        """On the loop: end the thread, wherever it is."""
        self._left = True
        self._in.put(_Left())
        self._out_room.release()

    def pieces(self) -> Iterator[bytes]:
        """On the thread: return what came in."""
        while (piece := self._in.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            self._tell(self._in_room.release)
            yield piece

    def deliver(self, pieces: Iterator[bytes]) -> None:
        """On the thread: hand over what comes out, and why it ended."""
        end = None
        try:
            for piece in pieces:
                self._out_room.acquire()
                if self._left:
                    return
                self._tell(self._out.put_nowait, piece)
        except Exception as error:  # noqa: BLE001 - raised by the iteration
            end = error
        self._tell(self._out.put_nowait, end)

    def _tell(self, call: Callable[..., object], *arguments: object) -> None:
        """On the thread: have something called on the loop, if that still runs."""
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError as error:  # the loop is closed
            raise _Left from error
