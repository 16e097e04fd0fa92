"""Notes that other processes commit, and our own: all of them come back by one connection."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from typing import Any, Final
from uuid import uuid4

import asyncpg

from trunkline.sdk import DatabaseFailed, Listeners, NotConfigured, Note
from trunkline.sdk.specs import EventLog
from trunkline_postgres.engine import Connect, Connection

CHANNEL: Final = "trunkline"
HEARTBEAT_S: Final = 15.0
ECHO_S: Final = 5.0
"""How long a note may take to come back."""
LONGEST_PAUSE_S: Final = 5.0

Tell = Callable[[Note], Awaitable[None]]


class Ear:
    """
    The process's one connection that listens.

    When it breaks, notes may have been missed: every feed ends with an error, so that its owner
    reads the rows again. New feeds wait until it listens again.
    """

    def __init__(self, connect: Connect, tell: Tell, log: EventLog) -> None:
        self._connect = connect
        self._tell = tell
        self._log = log
        self._listeners = Listeners()
        self._listening = asyncio.Event()

    async def open(self) -> None:
        """Listen from now on. Raises what the driver raises, or what `listen` does."""
        self._connection = await self._listen()
        self._listening.set()
        self._keeper = asyncio.create_task(self._keep_listening(), context=Context())

    async def close(self) -> None:
        """End every feed after the notes that are committed, and close."""
        self._keeper.cancel()
        await asyncio.wait([self._keeper])
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await self._connection.fetchval("SELECT 1")  # behind what was committed before
            await self._connection.close()
        self._listeners.end(StopAsyncIteration())

    @asynccontextmanager
    async def feed(self, topic: str) -> AsyncIterator[AsyncIterator[Note]]:
        """Hear the notes of `topic`."""
        try:
            async with asyncio.timeout(ECHO_S):
                await self._listening.wait()
        except TimeoutError as error:
            raise DatabaseFailed(
                "The database server does not answer, so nobody can hear what changes. "
                "Start it, or see to the network in between."
            ) from error
        with self._listeners.feed(topic) as feed:
            yield feed

    async def _listen(self) -> Connection:
        connection = await self._connect()
        try:
            await _refuse_replica(connection)
            await connection.add_listener(CHANNEL, self._hear)
            await self._hear_ourselves()
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _hear_ourselves(self) -> None:
        """Prove that notes arrive: some poolers take LISTEN and pass nothing on."""
        topic = f"echo-{uuid4()}"
        with self._listeners.feed(topic) as echo:
            await self._tell(Note(topic, ""))
            try:
                async with asyncio.timeout(ECHO_S):
                    await anext(echo)
            except TimeoutError as error:
                raise NotConfigured(
                    "What one connection to the database tells, another does not hear: a pooler in "
                    "transaction mode, probably. Point [database] url to the server itself, or to "
                    "a pooler in session mode."
                ) from error

    def _hear(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        topic, _, row_id = str(payload).partition("\n")
        self._listeners.publish(Note(topic, row_id))

    async def _keep_listening(self) -> None:
        while True:
            await self._until_lost()
            self._listening.clear()
            self._listeners.end(
                DatabaseFailed("Some notes may have been missed; listen again and read the rows.")
            )
            self._log.warning("database.not_listening")
            self._connection = await self._listen_again()
            self._listening.set()
            self._log.info("database.listening_again")

    async def _until_lost(self) -> None:
        lost = asyncio.Event()
        self._connection.add_termination_listener(lambda _: lost.set())
        while not self._connection.is_closed():
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await lost.wait()
            except TimeoutError:
                await self._check()

    async def _check(self) -> None:
        """Give a connection up that does not answer; a network may have swallowed it."""
        try:
            await self._connection.fetchval("SELECT 1", timeout=ECHO_S)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._connection.terminate()

    async def _listen_again(self) -> Connection:
        pause_s = 0.05
        while True:
            try:
                return await self._listen()
            except Exception as error:  # noqa: BLE001 - whatever it is, it may pass
                self._log.warning("database.cannot_listen", error_type=type(error).__name__)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


async def _refuse_replica(connection: Connection) -> None:
    if await connection.fetchval("SHOW transaction_read_only") == "on":
        raise asyncpg.ReadOnlySQLTransactionError("the server takes no writes")
