"""The open database: one writer, readers beside it, and those who listen."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from trunkline.sdk import Database, DatabaseContext, Listeners, Note, Tx
from trunkline_sqlite.engine import create_file, file_of, make_engine, prove_writable
from trunkline_sqlite.failures import failed
from trunkline_sqlite.holding import held
from trunkline_sqlite.reader import Reader
from trunkline_sqlite.writer import GroupWriter

T = TypeVar("T")


class SqliteDatabase(Database):
    """One SQLite file. `key` changes nothing: all writes keep the order in which they came."""

    def __init__(self, writer: GroupWriter, reader: Reader, listeners: Listeners) -> None:
        self._writer = writer
        self._reader = reader
        self._listeners = listeners

    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        return await self._writer.write(fn)

    async def read(self, fn: Callable[[Tx], T], *, heavy: bool = False) -> T:
        return await self._reader.read(fn, heavy=heavy)

    @asynccontextmanager
    async def listen(self, topic: str) -> AsyncIterator[AsyncIterator[Note]]:
        with self._listeners.feed(topic) as feed:
            yield feed


@asynccontextmanager
async def open_database(url: str, context: DatabaseContext) -> AsyncIterator[SqliteDatabase]:
    """
    Open the file of `url`, creating it if need be; leaving the block first stores what waits.

    Raises:
        NotConfigured: The URL or the place of the file will not do.
        DatabaseFailed: The file is there but cannot be used, or another process uses it.
    """
    path = file_of(url, context.data_dir)
    create_file(path)
    listeners = Listeners()
    async with AsyncExitStack() as stack:
        stack.enter_context(held(path, context.data_dir))
        stack.callback(listeners.end, StopAsyncIteration())
        try:
            prove_writable(make_engine(path))
            writer = GroupWriter(make_engine(path), context.log, listeners.publish)
            stack.push_async_callback(writer.close)
            reader = Reader(make_engine(path, read_only=True))
            stack.push_async_callback(reader.close)
        except DBAPIError as error:
            raise failed(error) from error
        yield SqliteDatabase(writer, reader, listeners)
