"""Messages on stdin and stdout: every line that is none is answered as such."""

import json
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from io import TextIOWrapper
from typing import Any, BinaryIO, Final, cast

import anyio
from mcp import types
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage

from trunkline.surfaces.http import MAX_BODY_BYTES
from trunkline.surfaces.mcp.envelopes import END_BYTES, Message, NoMessage, read_message

_LISTEN: Final = "subscriptions/listen"
_SETTLES_WITHIN_S: Final = 1.5
"""Clients on the TypeScript SDK give a server two seconds to end after its stdin has (1.32)."""
_LOOK_EVERY_S: Final = 0.01


@asynccontextmanager
async def client_pipe(
    stdin: BinaryIO, wire: BinaryIO, opening: Sequence[bytes] = ()
) -> AsyncIterator[tuple[Any, Any]]:
    """
    Yield the streams of messages from and to the client, as the SDK's server wants them.

    They come on `stdin` and go out on `wire`, the real stdout. Lines of an `opening` were read
    before, the last of them maybe in part; all but that were answered.
    """
    answers = _Answers(wire, answered=opening[:-1])
    lines = _Lines(stdin, answers, opening)
    # Of files the SDK only wants lines. What is no message it would drop in silence, and at the
    # end of stdin also what is not answered yet.
    files = cast("tuple[anyio.AsyncFile[str], anyio.AsyncFile[str]]", (lines, answers))
    async with stdio_server(*files) as (incoming, outgoing):
        lines.answer_on(outgoing)
        yield incoming, outgoing


class _Refusal(types.JSONRPCError):
    """An error whose id is as it was given, even if that is no id."""

    id: str | float | None  # type: ignore[assignment]


class _Answers:
    """The lines for the client, and which of its requests wait for one of them."""

    def __init__(self, file: BinaryIO, answered: Sequence[bytes]) -> None:
        self._file = anyio.wrap_file(TextIOWrapper(file, encoding="utf-8"))
        self._owed: Counter[str] = Counter()
        messages = map(read_message, answered)
        self._answered = Counter(_key(each["id"]) for each in messages if "id" in each)

    def expect(self, message: Message) -> None:
        """Note what a message asks for, or that it no longer wants to hear."""
        method = message.get("method")
        if method == "notifications/cancelled":
            self._owed.pop(_key((message.get("params") or {}).get("requestId")), None)
        elif method is not None and method != _LISTEN and "id" in message:
            self._owed[_key(message["id"])] += 1

    async def write(self, line: str) -> None:
        """Write a message, unless it answers what was answered before."""
        message = json.loads(line)
        if "method" in message:
            await self._file.write(line)
            return
        key = _key(message["id"])
        if self._answered[key]:
            self._answered[key] -= 1
        else:
            await self._file.write(line)
        self._owed[key] -= 1

    async def flush(self) -> None:
        """Let it go out."""
        await self._file.flush()

    async def settle(self) -> None:
        """Wait a little for what is owed."""
        with anyio.move_on_after(_SETTLES_WITHIN_S):
            while +self._owed:  # noqa: ASYNC110 - once, at the end, and not for long
                await anyio.sleep(_LOOK_EVERY_S)


def _key(id_: object) -> str:
    return json.dumps(id_)


class _Lines:
    """The lines of a file that are messages; all others are answered here."""

    def __init__(self, file: BinaryIO, answers: _Answers, opening: Sequence[bytes]) -> None:
        self._file = file
        self._opening = list(opening)
        self._mark = BOM_UTF8
        self._answers = answers
        self._outgoing: Any = None
        self._may_begin = anyio.Event()

    def answer_on(self, outgoing: Any) -> None:
        """Begin to read; tell `outgoing` of what is no message."""
        self._outgoing = outgoing
        self._may_begin.set()

    async def __aiter__(self) -> AsyncIterator[str]:
        await self._may_begin.wait()
        while line := await anyio.to_thread.run_sync(self._next):
            if not line.strip():  # some clients keep a pipe alive so
                continue
            try:
                self._answers.expect(read_message(line))
            except NoMessage as refusal:
                answer = _Refusal.model_validate(refusal.answer())
                await self._outgoing.send(SessionMessage(answer))
            else:
                yield line.decode()
        await self._answers.settle()

    def _next(self) -> bytes:
        """Return the next line; of one that is too long the beginning and the end."""
        line = self._opening.pop(0) if self._opening else b""
        if not line.endswith(b"\n"):
            line += self._file.readline(MAX_BODY_BYTES + 2 - len(line))
        rest, end = line, b""
        while rest and not rest.endswith(b"\n"):
            rest = self._file.readline(MAX_BODY_BYTES)
            end = (end + rest)[-END_BYTES:]
        mark, self._mark = self._mark, b""  # before the first line only
        return line.removeprefix(mark) + end
