"""The wire between a hub and the server, in the test's hands."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from plugins.postgres.tests.server import Server

_NOTIFICATION = b"A"
_READY = b"Z\0\0\0\5"


class Wire:
    """
    Passes on what both sides say, on a port of its own.

    `deaf` drops notifications, as a pooler in transaction mode does; `cut_at` ends a connection
    once these bytes went to the server, before its answer; while `passing` is clear nothing passes.
    `answers` counts how often the server said that it is ready for the next question.
    """

    def __init__(self, server: Server) -> None:
        self.deaf = False
        self.cut_at: bytes | None = None
        self.passing = asyncio.Event()
        self.passing.set()
        self.answers = 0
        self._socket = server.home / ".s.PGSQL.5432"
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None] | None] = set()

    def url(self, url: str) -> str:
        """Return the URL that leads to a database of the server through this wire."""
        return url.partition("?")[0].replace("@/", f"@127.0.0.1:{self._port}/")

    @asynccontextmanager
    async def laid(self) -> AsyncIterator["Wire"]:
        """Listen for as long as the block lasts."""
        listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = listener.sockets[0].getsockname()[1]
        async with listener:
            yield self
            self.passing.set()
            for end in self._ends:
                end.close()
            await asyncio.gather(*(task for task in self._tasks if task))

    async def _serve(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        server, question = await asyncio.open_unix_connection(str(self._socket))
        self._ends |= {answer, question}
        telling = asyncio.create_task(self._tell(server, answer))
        with suppress(OSError):
            await self._ask(client, question, telling)
        answer.close()
        question.close()
        await asyncio.gather(telling, return_exceptions=True)

    async def _ask(
        self,
        client: asyncio.StreamReader,
        question: asyncio.StreamWriter,
        telling: asyncio.Task[None],
    ) -> None:
        while said := await client.read(65_536):
            await self.passing.wait()
            if self.cut_at is not None and self.cut_at in said:
                telling.cancel()
                question.write(said)
                await asyncio.sleep(0.05)  # the server does it
                return
            question.write(said)

    async def _tell(self, server: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        while self.deaf:
            head = await server.readexactly(5)
            body = await server.readexactly(int.from_bytes(head[1:]) - 4)
            if head[:1] != _NOTIFICATION:
                answer.write(head + body)
        while said := await server.read(65_536):
            await self.passing.wait()
            self.answers += said.count(_READY)
            answer.write(said)
        answer.close()
