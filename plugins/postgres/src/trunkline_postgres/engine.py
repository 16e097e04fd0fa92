"""How every connection is made, and the pool of those that transactions run on."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from trunkline.sdk import NotConfigured

POOL: Final = 8
"""Transactions that run at once; further ones wait for their turn."""
CONNECT_S: Final = 10.0
ANSWER_S: Final = 60.0
"""How long the server may take for one statement; a network may swallow it without a word."""
IN_FUNCTION: Final = "trunkline.in_function"
"""Stands in the `info` of a connection while a caller's function runs on it."""

Connect: TypeAlias = Callable[[], Awaitable["Connection"]]


class Connection(asyncpg.Connection):
    """
    A connection that tells when a commit was none.

    `opening` is what the next BEGIN is sent together with, statement by statement.
    """

    opening = ""

    async def execute(self, query: str, *args: object, timeout: float | None = None) -> str:  # noqa: ASYNC109 - the driver's signature
        if self.opening and query.startswith("BEGIN"):
            return await self._begin(query, timeout)
        status = await super().execute(query, *args, timeout=timeout)
        if query == "COMMIT;" and status == "ROLLBACK":  # an error went before, and was swallowed
            raise RuntimeError("a database function must not swallow what a statement raised")
        return status

    async def _begin(self, query: str, timeout: float | None) -> str:  # noqa: ASYNC109 - as above
        query, self.opening = query + self.opening, ""
        try:
            return await super().execute(query, timeout=timeout)
        except BaseException:  # it is within a transaction that nobody here knows to be begun
            self.terminate()
            raise


def connector(url: str) -> Connect:
    """
    Return a function that connects to the server of `url`.

    Raises:
        NotConfigured: The URL asks for what the driver cannot do.
        ValueError: It cannot be read.
    """
    parts = urlsplit(url)
    if parts.netloc.count("@") > 1 or "@" in parts.path + parts.query or parts.fragment:
        raise ValueError("a part of the password would be taken for the host or the path")
    if "channel_binding" in parse_qs(parts.query):
        raise NotConfigured(
            "The driver cannot bind channels: remove channel_binding from [database] url. "
            "sslmode=verify-full with sslrootcert=FILE proves the server instead."
        )

    async def connect() -> Connection:
        connection: Connection = await asyncpg.connect(
            url,
            timeout=CONNECT_S,
            command_timeout=ANSWER_S,
            connection_class=Connection,
            server_settings={"application_name": "trunkline"},
        )
        return connection

    return connect


def make_engine(connect: Connect) -> AsyncEngine:
    """Return an engine whose pool replaces connections that the server has closed."""
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=POOL,
        max_overflow=0,
        hide_parameters=True,
    )
    sa.event.listen(engine.sync_engine, "checkout", _replace_if_closed)
    sa.event.listen(engine.sync_engine, "commit", _refuse_in_a_function)
    return engine


def _replace_if_closed(
    adapted: sa.engine.AdaptedConnection, entry: ConnectionPoolEntry, proxy: PoolProxiedConnection
) -> None:
    if adapted.driver_connection.is_closed():
        raise sa.exc.DisconnectionError


def _refuse_in_a_function(connection: sa.Connection) -> None:
    if IN_FUNCTION in connection.info:
        connection.invalidate()  # SQLAlchemy takes the transaction for ended; the server ends it
        raise RuntimeError("a database function must not commit or roll back; raise instead")
