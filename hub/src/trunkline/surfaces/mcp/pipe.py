"""Messages on stdin and stdout: every line that is none is answered as such."""

import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from io import TextIOWrapper
from typing import Any, BinaryIO, cast

import anyio
from mcp import types
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage

from trunkline.surfaces.http import MAX_BODY_BYTES
from trunkline.surfaces.mcp.envelopes import NoMessage, read_message


@asynccontextmanager
async def client_pipe(wire: BinaryIO) -> AsyncIterator[tuple[Any, Any]]:
    """
    Yield the streams of messages from and to the client, as the SDK's server wants them.

    They come on stdin and go out on `wire`, the real stdout.
    """
    output = anyio.wrap_file(TextIOWrapper(wire, encoding="utf-8"))
    with _stdin_of_our_own() as stdin:
        lines = _Lines(stdin)
        # Of a file the SDK only wants its lines; what is no message, it would drop in silence.
        file = cast("anyio.AsyncFile[str]", lines)
        async with stdio_server(stdin=file, stdout=output) as (incoming, outgoing):
            lines.answer_on(outgoing)
            yield incoming, outgoing


@contextmanager
def _stdin_of_our_own() -> Iterator[BinaryIO]:
    """Yield stdin, which nothing else in the process can read meanwhile."""
    fd = sys.stdin.fileno()
    wire, nothing = os.dup(fd), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, fd)
    os.close(nothing)
    try:
        yield os.fdopen(wire, "rb", closefd=False)  # a thread may still wait for a line
    finally:
        os.dup2(wire, fd)


class _Refusal(types.JSONRPCError):
    """An error whose id is as it was given, even if that is no id."""

    id: str | float | None  # type: ignore[assignment]


class _Lines:
    """The lines of a file that are messages; all others are answered here."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._outgoing: Any = None
        self._may_begin = anyio.Event()

    def answer_on(self, outgoing: Any) -> None:
        """Begin to read; tell `outgoing` of what is no message."""
        self._outgoing = outgoing
        self._may_begin.set()

    async def __aiter__(self) -> AsyncIterator[str]:
        await self._may_begin.wait()
        while line := await anyio.to_thread.run_sync(self._next):
            try:
                read_message(line)
            except NoMessage as refusal:
                answer = _Refusal.model_validate(refusal.answer())
                await self._outgoing.send(SessionMessage(answer))
            else:
                yield line.decode()

    def _next(self) -> bytes:
        """Return the next line, or as much of it as shows that it is too long."""
        line = rest = self._file.readline(MAX_BODY_BYTES + 2)
        while rest and not rest.endswith(b"\n"):
            rest = self._file.readline(MAX_BODY_BYTES)
        return line
