"""
A database that is none: what the hub costs without one, for the bench to compare with.

It learns the answer to each text of an SQL statement (rows, row count, description) from a real
SQLite in memory, until the process gets SIGUSR1. From then on it gives the last answer it learnt,
whatever the parameters, and runs nothing; a statement that it never saw is run and learnt.

Why that is a fair "no database": the hub runs unchanged. It reaches each statement, converts each
parameter and each row, and takes every step of a send twice, as over a real database. What is left
out is what a database does: parsing and running SQL, savepoints, COMMIT, the disk, queues, threads,
the network. Before SIGUSR1 the load must have used every recipient and every operation twice, so
that the last answers are those of a hub at work: a contact known, a key not yet bound. The hub's
answers then name the wrong message, and reading anything back is meaningless.

The hub finds it as it finds any plugin: by a distribution's entry point, which the bench writes
into a directory on the hub's path.
"""

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from trunkline.sdk import Database, DatabaseContext, DatabaseSpec, Listeners, Note, Tx, hookimpl

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement came to."""

    rows: list[Any]
    rowcount: int
    description: Any


class Memory(sqlite3.Connection):
    """An SQLite in memory whose cursors stop asking it once `replays` is set."""

    replays = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.answers: dict[str, Answer] = {}

    def cursor(self, *_: Any, **__: Any) -> "Cursor":  # type: ignore[override]
        return Cursor(self)

    def learn(self, sql: str, parameters: Any, *, many: bool = False) -> Answer:
        """Run a statement and remember what it came to."""
        real = super().cursor()
        (real.executemany if many else real.execute)(sql, parameters)
        answer = Answer(real.fetchall(), real.rowcount, real.description)
        self.answers[sql] = answer
        return answer


class Cursor:
    """As much of a DB-API cursor as SQLAlchemy and the hub use."""

    arraysize = 1
    lastrowid = None

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def execute(self, sql: str, parameters: Any = ()) -> "Cursor":
        """Answer from memory, or learn the answer."""
        memory = self._memory
        answer = memory.answers.get(sql) if memory.replays else None
        self._give(answer or memory.learn(sql, parameters))
        return self

    def executemany(self, sql: str, parameters: Any) -> "Cursor":
        """Answer from memory, or learn the answer."""
        memory = self._memory
        answer = memory.answers.get(sql) if memory.replays else None
        self._give(answer or memory.learn(sql, parameters, many=True))
        return self

    def _give(self, answer: Answer) -> None:
        self._rows: Iterator[Any] = iter(answer.rows)
        self.rowcount = answer.rowcount
        self.description = answer.description

    def fetchone(self) -> Any:
        """Return the next row."""
        return next(self._rows, None)

    def fetchmany(self, size: int = 1) -> list[Any]:
        """Return the next rows."""
        return [row for _, row in zip(range(size), self._rows, strict=False)]

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return self._rows

    def close(self) -> None:
        """Do nothing."""


class NullDatabase(Database):
    """Runs functions at once, on one connection: there is nothing to wait for."""

    def __init__(self, memory: Memory, connection: sa.Connection, listeners: Listeners) -> None:
        self._memory = memory
        self._connection = connection
        self._listeners = listeners

    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        tx = Tx(self._connection)
        value = fn(tx) if self._memory.replays else self._in_transaction(fn, tx)
        for note in tx.notes:
            self._listeners.publish(note)
        return value

    async def read(self, fn: Callable[[Tx], T], *, heavy: bool = False) -> T:
        tx = Tx(self._connection)
        return fn(tx) if self._memory.replays else self._in_transaction(fn, tx)

    @asynccontextmanager
    async def listen(self, topic: str) -> AsyncIterator[AsyncIterator[Note]]:
        with self._listeners.feed(topic) as feed:
            yield feed

    def _in_transaction(self, fn: Callable[[Tx], T], tx: Tx) -> T:
        self._memory.execute("BEGIN")
        with self._connection.begin():
            return fn(tx)


@asynccontextmanager
async def open_null(url: str, context: DatabaseContext) -> AsyncIterator[NullDatabase]:
    """Open it, empty."""
    memory = sqlite3.connect(":memory:", factory=Memory, isolation_level=None)
    engine = sa.create_engine("sqlite://", creator=lambda: memory, poolclass=sa.StaticPool)
    listeners = Listeners()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, setattr, memory, "replays", True)
    with engine.connect() as connection:
        connection.rollback()
        yield NullDatabase(memory, connection, listeners)
    listeners.end(StopAsyncIteration())


@hookimpl
def trunkline_register_database() -> Sequence[DatabaseSpec]:
    """Offer it under the scheme ``null``."""
    return [DatabaseSpec(name="null", schemes=("null",), embedded=True, open=open_null)]
