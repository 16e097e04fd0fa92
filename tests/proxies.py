"""A load balancer in front of several hubs."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx2

EACH_ITS_OWN = httpx2.Limits(max_keepalive_connections=0)
"""For clients whose every request shall be a connection, and so the next hub's."""


@dataclass
class RoundRobin:
    """
    Gives each connection to the next of the ports, and passes over those that nobody listens on.

    `taken` counts the connections that each port took.
    """

    port: int = 0
    ports: list[int] = field(default_factory=list)
    taken: Counter[int] = field(default_factory=Counter)
    ways: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass bytes on both ways until either side has no more."""
        for _ in list(self.ports):
            port = self.ports.pop(0)
            self.ports.append(port)
            with suppress(ConnectionError):  # nobody listens there, or not any more
                there, back = await asyncio.open_connection("127.0.0.1", port)
                break
        else:
            writer.close()
            return
        self.taken[port] += 1
        ways = {asyncio.create_task(_pass(reader, back)), asyncio.create_task(_pass(there, writer))}
        self.ways |= ways
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        self.ways -= ways
        for way in ways:
            way.cancel()
        for end in (back, writer):
            end.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def round_robin() -> AsyncIterator[RoundRobin]:
    """Listen on a port, in front of whatever is put into `ports`."""
    proxy = RoundRobin()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        ways = list(proxy.ways)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        await asyncio.sleep(0)  # for those who waited for them
