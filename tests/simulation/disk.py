"""The hubs' database: real SQLite and the hub's own schema, in memory, with trouble on demand."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import Enum
from functools import cache
from typing import Any, Final, Protocol, TypeVar

import sqlalchemy as sa

from tests.simulation.virtual import Process
from trunkline.db.migrate import upgrade
from trunkline.sdk import Database, DatabaseFailed, Listeners, Note, Tx

T = TypeVar("T")

# The order of the commits, as the database itself saw it.
_LOG: Final = """
CREATE TABLE log (n INTEGER PRIMARY KEY, what TEXT, subject TEXT, detail TEXT, at TEXT);
CREATE TRIGGER log_stop AFTER INSERT ON suppressions BEGIN
  INSERT INTO log (what, subject, detail) VALUES ('stop', new.address, new.sender); END;
CREATE TRIGGER log_start AFTER DELETE ON suppressions BEGIN
  INSERT INTO log (what, subject, detail) VALUES ('start', old.address, old.sender); END;
CREATE TRIGGER log_agent AFTER UPDATE OF status ON agent_channels BEGIN
  INSERT INTO log (what, subject, detail) VALUES ('agent', new.agent_id, new.status); END;
CREATE TRIGGER log_attempt AFTER INSERT ON message_attempts BEGIN
  INSERT INTO log (what, subject, detail, at)
  VALUES ('attempt', new.message_id, new.number, new.created_at); END;
CREATE TRIGGER log_message AFTER INSERT ON messages BEGIN
  INSERT INTO log (what, subject, detail) VALUES ('message', new.id, new.status); END;
CREATE TRIGGER log_status AFTER UPDATE OF status ON messages WHEN new.status <> old.status BEGIN
  INSERT INTO log (what, subject, detail)
  VALUES ('status', new.id, old.status || '>' || new.status); END;
"""


class Trouble(Enum):
    """What may go wrong with one operation of a database."""

    REFUSED = "refused"
    """Nothing was stored, and the caller hears so."""

    ANSWER_LOST = "answer lost"
    """It was stored, and the caller hears that this cannot be told."""

    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    """The process dies beside it: nothing was stored, or all of it was."""


AFTER: Final = {Trouble.ANSWER_LOST, Trouble.KILLED_AFTER}
"""What can only go wrong with an operation that stores something."""


class Luck(Protocol):
    """Decides how every operation of a database goes."""

    def trouble(self, process: Process, *, writes: bool) -> Trouble | None:
        """Return what goes wrong with the next operation."""

    def delay_s(self) -> float:
        """Return how long half of an operation takes."""


class Disk:
    """What survives the processes."""

    def __init__(self) -> None:
        self.raw = sqlite3.connect(":memory:", isolation_level=None, cached_statements=512)
        engine = sa.create_engine(
            "sqlite://", creator=lambda: self.raw, poolclass=sa.StaticPool, hide_parameters=True
        )
        self._connection = engine.connect()
        self.listeners = Listeners()
        self.transact(upgrade)
        self.raw.executescript(_LOG)
        self._empty = self.raw.serialize()

    def wipe(self) -> None:
        """Begin anew, with the tables and nothing in them."""
        self.raw.deserialize(self._empty)
        self.listeners = Listeners()

    def transact(self, fn: Callable[[Tx], T], *, store: bool = True) -> tuple[T, list[Note]]:
        """Run `fn` in one transaction."""
        tx = Tx(self._connection)
        self.raw.execute("BEGIN")
        self._connection.begin()
        try:
            value = tx.run(fn)
        except BaseException:
            self._connection.rollback()
            raise
        if store:
            self._connection.commit()
        else:
            self._connection.rollback()
        return value, tx.notes

    def rows(self, sql: str, *parameters: object) -> list[Any]:
        """Return what a statement finds, as rows with names."""
        cursor = self.raw.cursor()
        cursor.row_factory = sqlite3.Row
        return cursor.execute(sql, parameters).fetchall()


@cache
def the_disk() -> Disk:
    """Return this process's one disk: migrating it and compiling its statements takes a while."""
    return Disk()


class SimulatedDatabase(Database):
    """One process's connection to the disk."""

    def __init__(self, disk: Disk, process: Process, luck: Luck) -> None:
        self._disk = disk
        self._process = process
        self._luck = luck

    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        trouble = await self._arrive(writes=True)
        value, notes = self._disk.transact(fn)
        for note in notes:
            self._disk.listeners.publish(note)
        if trouble is Trouble.KILLED_AFTER:
            self._process.kill()
        await asyncio.sleep(self._luck.delay_s())
        await self._process.gate()
        if trouble is Trouble.ANSWER_LOST:
            raise DatabaseFailed("The connection broke; whether this was stored cannot be told.")
        return value

    async def read(self, fn: Callable[[Tx], T], *, heavy: bool = False) -> T:
        await self._arrive(writes=False)
        value, _ = self._disk.transact(fn, store=False)
        return value

    @asynccontextmanager
    async def listen(self, topic: str) -> AsyncIterator[AsyncIterator[Note]]:
        await self._process.gate()
        with self._disk.listeners.feed(topic) as feed:
            yield feed

    async def _arrive(self, *, writes: bool) -> Trouble | None:
        """Take the way to the disk; what goes wrong on the way is raised here."""
        await asyncio.sleep(self._luck.delay_s())
        await self._process.gate()
        trouble = self._luck.trouble(self._process, writes=writes)
        if trouble is Trouble.REFUSED:
            raise DatabaseFailed("The database is away and nothing was stored.")
        if trouble is Trouble.KILLED_BEFORE:
            self._process.kill()
            await self._process.gate()
        return trouble
