"""What writes to the hub's server byte by byte, and what shows how that was read."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from starlette.types import Receive, Scope, Send

START: Final = b"POST /x HTTP/1.1\r\nHost: hub\r\n"
MALFORMED: Final = (400, "malformed")


class Seen:
    """An application that reads each body and answers with what it was asked."""

    def __init__(self) -> None:
        self.headers: list[list[tuple[bytes, bytes]]] = []
        self.bodies: list[bytes] = []
        self.cut = 0
        self.answer = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.cut += 1
                return
            body, more = body + message["body"], message["more_body"]
        self.headers.append(list(scope["headers"]))
        self.bodies.append(body)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": self.answer or scope["raw_path"]})


class Client:
    """A client that writes what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()
        await asyncio.sleep(0)  # the server is in this loop, too

    async def rest(self) -> bytes:
        """Return all there is until the server closes."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b"reset"

    async def refusal(self) -> tuple[int, str]:
        """Return the status and the code of a refusal, after which nothing follows."""
        head, _, body = (await self.rest()).partition(b"\r\n\r\n")
        problem: dict[str, Any] = json.loads(body)
        assert head.startswith(f"HTTP/1.1 {problem['status']} ".encode())
        assert b"\r\nconnection: close" in head
        return problem["status"], problem["code"]


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
