"""The open database: a pool with a fair queue before it, and one connection that listens."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from functools import partial
from typing import Final, TypeVar
from weakref import WeakValueDictionary

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from trunkline.sdk import Database, DatabaseContext, DatabaseFailed, Note, Overloaded, Tx
from trunkline.sdk.specs import EventLog
from trunkline_postgres.engine import IN_FUNCTION, POOL, Connect, connector, make_engine
from trunkline_postgres.failures import (
    READ_ONLY,
    cannot_open,
    failed,
    failed_in_commit,
    is_conflict,
    is_failure,
    is_lost,
    sqlstate,
)
from trunkline_postgres.listening import Ear
from trunkline_postgres.pipeline import Joined

T = TypeVar("T")

MAX_QUEUE: Final = 1024
TRIES: Final = 5
"""How often a transaction is run at most while others keep getting into its way."""


class PostgresDatabase(Database):
    """
    A database on a server, which other processes use at the same time.

    A write is a transaction of its own and sees what others commit while it runs; a read is one
    snapshot. At most eight run at once; further ones wait in a fair queue.
    """

    def __init__(self, connect: Connect, log: EventLog) -> None:
        self._writes = make_engine(connect)
        self._reads = self._writes.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._peeks = self._writes.execution_options(isolation_level="AUTOCOMMIT")
        self._ear = Ear(connect, self._echo, log)
        self._gate = asyncio.Semaphore(POOL)  # first come, first served; the pool alone is unfair
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False

    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        turn: AbstractAsyncContextManager[object] = nullcontext()
        if key is not None:
            turn = self._turns.setdefault(key, asyncio.Lock())
        return await self._run(self._writes, partial(_write, fn), turn)

    async def read(self, fn: Callable[[Tx], T], *, heavy: bool = False) -> T:
        return await self._run(self._reads, partial(_read, fn), nullcontext())

    async def peek(self, fn: Callable[[Tx], T]) -> T:
        return await self._run(self._peeks, partial(_read, fn), nullcontext())

    def listen(self, topic: str) -> AbstractAsyncContextManager[AsyncIterator[Note]]:
        return self._ear.feed(topic)

    async def open(self) -> None:
        """Connect; what the driver raises is raised."""
        await self._ear.open()

    async def close(self) -> None:
        """Refuse new work, finish what waits, close."""
        self._closed = True
        await self._idle.wait()
        await self._ear.close()
        await self._writes.dispose()

    async def _echo(self, note: Note) -> None:
        await self.write(lambda tx: tx.notes.append(note))

    async def _run(
        self,
        engine: AsyncEngine,
        work: Callable[[sa.Connection], T],
        turn: AbstractAsyncContextManager[object],
    ) -> T:
        if self._closed:
            raise DatabaseFailed("The database is closed and nothing was stored.")
        if self._under_way >= POOL + MAX_QUEUE:
            raise Overloaded("Too many transactions wait for the database; nothing was stored.")
        self._under_way += 1
        self._idle.clear()
        try:
            async with turn, self._gate:
                return await _run_until_done(engine, work)
        except Exception as error:
            refused = engine is self._reads and sqlstate(error) == READ_ONLY
            if sqlstate(error) == READ_ONLY and not refused:
                # So are the sessions that were opened meanwhile, and they stay so.
                await self._writes.dispose()
            if is_failure(error) and not refused:
                raise failed(error) from error
            raise
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()


@asynccontextmanager
async def open_database(url: str, context: DatabaseContext) -> AsyncIterator[PostgresDatabase]:
    """
    Open the database of `url`; leaving the block first stores what waits.

    Raises:
        NotConfigured: The URL will not do, or the server will not serve a hub by it.
        DatabaseFailed: The server is not there.
    """
    try:
        database = PostgresDatabase(connector(url), context.log)
        await database.open()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise cannot_open(error) from error
    try:
        yield database
    finally:
        await database.close()


async def _run_until_done(engine: AsyncEngine, work: Callable[[sa.Connection], T]) -> T:
    tries = 0
    while True:
        tries += 1
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(engine.connect())
            except Exception as error:
                raise failed(error) from error
            try:
                return await connection.run_sync(work)
            except Exception as error:
                # A late answer would be taken for another's, and a replica stays one.
                if is_lost(error) or sqlstate(error) == READ_ONLY:
                    await connection.invalidate()
                if not is_conflict(error) or tries == TRIES:
                    raise
            except BaseException:  # cancelled: nobody knows what the connection is in the middle of
                await connection.invalidate()
                raise


def _write(fn: Callable[[Tx], T], connection: sa.Connection) -> T:
    transaction = connection.begin()
    pipeline = Joined(connection)
    tx = Tx(connection, pipeline=pipeline)
    info = connection.info
    info[IN_FUNCTION] = True
    try:
        value = tx.run(fn)
    finally:
        info.pop(IN_FUNCTION, None)
    if not transaction.is_active:
        raise RuntimeError("a database function must not commit or roll back; raise instead")
    commits = pipeline.is_all  # what is left is the transaction, and commits itself
    if not commits:
        pipeline.finish(tx.notes)
    try:
        if commits:
            pipeline.finish(tx.notes)
        transaction.commit()
    except Exception as error:
        if is_lost(error):
            connection.invalidate()
            raise failed_in_commit(error) from error
        raise
    return value


def _read(fn: Callable[[Tx], T], connection: sa.Connection) -> T:
    connection.begin()  # never committed: leaving the connection rolls back
    tx = Tx(connection, pipeline=Joined(connection, reads=True))
    value = tx.run(fn)
    if tx.notes:
        raise RuntimeError("a read changes nothing, so there is nothing to notify of")
    return value
