"""The bad wire does each kind of harm, and none when it is told not to."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.chaos.wire import Fault, bad_wire

QUESTION = b"a question of some bytes"


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    """Serve what says everything back, and yield its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(1000):
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            pass  # the wire was cut
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def ask(port: int) -> bytes:
    """Return what comes back of a question, all of it or what there was before the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(QUESTION)
        return await reader.readexactly(len(QUESTION))
    except asyncio.IncompleteReadError as error:
        return error.partial
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_a_wire_without_harm_passes_everything_on() -> None:
    async with echo() as port, bad_wire(port, seed=1, harm=0.0) as wire:
        assert await ask(wire.port) == QUESTION
    assert not wire.done


async def test_a_wire_of_harm_does_each_kind_and_some_answers_are_whole() -> None:
    async with echo() as port, bad_wire(port, seed=1, harm=0.5) as wire:
        answers = await asyncio.gather(*(ask(wire.port) for _ in range(100)))

    kinds = Counter(
        "whole" if answer == QUESTION else "cut" if QUESTION.startswith(answer) else "garbled"
        for answer in answers
    )
    assert set(wire.done) == set(Fault)
    assert min(kinds[kind] for kind in ("whole", "cut", "garbled")) > 0
