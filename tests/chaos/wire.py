"""A bad wire: a TCP proxy that delays, trickles, cuts, half-closes and garbles."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import StrEnum

LONGEST_DELAY_S = 1.0


class Fault(StrEnum):
    """What happens to a piece of what goes over the wire."""

    DELAY = "delayed"
    TRICKLE = "trickled"
    RESET = "reset"
    HALF_CLOSE = "half-closed"
    GARBAGE = "garbled"


class Cut(Exception):
    """The connection is to be reset."""


class BadWire:
    """
    Passes each connection on to `target` and does each piece of it harm, with a probability.

    Only what the vendor answers is garbled: garbling what the hub asks is beyond what a provider's
    TLS lets through, and what it answers shows in any case.
    """

    def __init__(self, target: int, seed: int, harm: float) -> None:
        self.harm = harm
        self.port = 0
        self.done: Counter[Fault] = Counter()
        self._target = target
        self._random = random.Random(seed)
        self._connections: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass bytes on both ways until either side has no more."""
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        back = None
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._pass(reader, back, garbles=False))
                ways.create_task(self._pass(there, writer, garbles=True))
        except* (Cut, ConnectionError, asyncio.CancelledError):
            for end in (writer, back):
                if end is not None:
                    end.transport.abort()
        finally:
            self._connections.discard(task)
            for end in (writer, back):
                if end is not None:
                    end.close()

    async def end(self) -> None:
        """Break every connection off."""
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, garbles: bool
    ) -> None:
        while piece := await reader.read(65_536):
            fault = self._draw(garbles)
            if fault is Fault.DELAY:
                await asyncio.sleep(self._random.uniform(0.0, LONGEST_DELAY_S))
            elif fault is Fault.TRICKLE:
                for at in range(0, len(piece), 16):
                    writer.write(piece[at : at + 16])
                    await writer.drain()
                    await asyncio.sleep(0.005)
                continue
            elif fault is Fault.RESET:
                writer.write(piece[: self._random.randrange(len(piece) + 1)])
                await asyncio.sleep(0.01)  # for the bytes to be read before the reset is
                raise Cut
            elif fault is Fault.HALF_CLOSE:
                writer.write(piece[: self._random.randrange(len(piece) + 1)])
                break
            elif fault is Fault.GARBAGE:
                piece = self._random.randbytes(len(piece))
            writer.write(piece)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()

    def _draw(self, garbles: bool) -> Fault | None:
        if self._random.random() >= self.harm:
            return None
        fault = self._random.choice(
            [each for each in Fault if garbles or each is not Fault.GARBAGE]
        )
        self.done[fault] += 1
        return fault


@asynccontextmanager
async def bad_wire(target: int, seed: int, harm: float) -> AsyncIterator[BadWire]:
    """Listen on a port, in front of `target`."""
    wire = BadWire(target, seed, harm)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        await wire.end()
