"""Servers that speak raw bytes, so that each can go wrong at the byte that a test names."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx2

from trunkline.egress import open_client
from trunkline.sdk import EventLog

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Server:
    """What a server saw."""

    port: int = 0
    connections: int = 0
    called: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    """Released once for each connection."""
    requests: list[bytes] = field(default_factory=list)
    """Each with its whole body."""

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.port}"


@dataclass
class Peer:
    """The server's end of a connection."""

    server: Server
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def head(self) -> bytes:
        """Read a request's head and no more."""
        return await self.reader.readuntil(b"\r\n\r\n")

    async def request(self) -> bytes:
        """Read a request."""
        head = await self.head()
        length = head.lower().partition(b"content-length:")[2].partition(b"\r")[0]
        whole = head + await self.reader.readexactly(int(length or 0))
        if b"transfer-encoding: chunked" in head.lower():
            while (chunk := await self.chunk()) is not None:
                whole += chunk
        self.server.requests.append(whole)
        return whole

    async def chunk(self) -> bytes | None:
        """Read a piece of a body; None at its end."""
        size = int(await self.reader.readline(), 16)
        piece = await self.reader.readexactly(size + 2)
        return piece[:-2] if size else None

    async def send(self, data: bytes) -> None:
        """Write and flush."""
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """End the connection with a reset."""
        self.writer.transport.abort()


Talk = Callable[[Peer], Awaitable[None]]


async def answer(peer: Peer) -> None:
    """Answer every request."""
    while True:
        await peer.request()
        await peer.send(OK)


async def hang_up(peer: Peer) -> None:
    """Hang up on whoever calls."""


async def say_nothing(peer: Peer) -> None:
    """Take everything and answer nothing."""
    await peer.reader.read()


def saying(*parts: bytes) -> Talk:
    """Return the talk of a server that takes one request, says something and hangs up."""

    async def talk(peer: Peer) -> None:
        await peer.request()
        for part in parts:
            await peer.send(part)

    return talk


@asynccontextmanager
async def serving(talk: Talk = answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Serve on a free loopback port; a connection ends when `talk` returns."""
    server = Server()
    talking: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        server.called.release()
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await talk(Peer(server, reader, writer))
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    closed = False

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if closed:  # it was on its way
            writer.close()
        else:
            talking[asyncio.create_task(serve(reader, writer))] = writer

    listener = await asyncio.start_server(accepted, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        closed = True
        for task, writer in talking.items():
            task.cancel()
            writer.close()  # a task that was never begun does not
        await asyncio.gather(*talking, return_exceptions=True)


class Log:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, **facts: object) -> None:
        """Keep it."""
        self.lines.append((event, facts))

    warning = error = info


@asynccontextmanager
async def lent(
    *urls: str, total_s: float = 5, log: EventLog | None = None
) -> AsyncIterator[httpx2.AsyncClient]:
    """Open the client of a hub in whose configuration `urls` stand."""
    async with open_client(total_s=total_s, allow=urls, log=log or Log()) as client:
        yield client
