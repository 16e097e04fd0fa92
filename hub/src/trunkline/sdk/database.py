"""The database contract: few verbs, shaped so that nothing can be awaited inside a transaction."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from trunkline.sdk.clock import Clock
from trunkline.sdk.specs import EventLog

if TYPE_CHECKING:
    from sqlalchemy import Connection, CursorResult, Executable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Note:
    """Something changed: `id` is a row of `topic`. Told after the commit, to every listener."""

    topic: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """
    A statement whose answer nobody waits for.

    Attributes:
        sql, arguments: As the driver takes them.
        table: What it writes to.
        inserts: It adds a row; otherwise it changes or removes some.
        must: It has to match a row, else the transaction is `Overtaken`.
    """

    sql: str
    arguments: Sequence[Any]
    table: str
    inserts: bool
    must: bool = False


class Pipeline:
    """
    The way of a transaction to a server: several statements in one round trip.

    Writes wait until something is asked; they take effect as if each had been executed at once.
    """

    @property
    def guarded(self) -> bool:
        """Whether what is put next must rest on `GUARD`: a write that must match is waiting."""
        raise NotImplementedError

    def put(self, write: Write) -> None:
        """Take a write; it is sent before anything else is asked, at the latest with the commit."""
        raise NotImplementedError

    def send(self) -> None:
        """
        Send what is waiting; whoever reads or waits for an answer does so first.

        Raises:
            Overtaken: A write that had to match a row matched none.
        """
        raise NotImplementedError

    def ask(self, questions: Sequence[tuple[str, Sequence[Any]]]) -> list[list[tuple[Any, ...]]]:
        """Return the rows of each SELECT, given with its values; all see the same moment."""
        raise NotImplementedError

    def begin_with(self, sql: str) -> bool:
        """Send `sql`, a statement without values, along with the BEGIN; False if it has begun."""
        raise NotImplementedError


GUARD: Final = "guard"
"""Where a write is guarded, the table of this name has a row if the one that must match did."""


@dataclass(slots=True)
class Tx:
    """
    One transaction. `connection` is SQLAlchemy's; never commit or roll back through it.

    `pipeline` is None where a statement costs no round trip: an embedded database.
    """

    connection: Connection
    notes: list[Note] = field(default_factory=list)
    pipeline: Pipeline | None = None

    def run(self, fn: Callable[[Tx], T]) -> T:
        """Call a caller's function and return its value; one that must be awaited is refused."""
        value = fn(self)
        if inspect.iscoroutine(value):
            value.close()
        if inspect.isawaitable(value):
            raise TypeError("a database function must be a plain function, not a coroutine")
        return value

    def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Execute one SQLAlchemy Core statement."""
        if self.pipeline is not None:
            self.pipeline.send()
        return self.connection.execute(statement, parameters)

    def notify(self, topic: str, row_id: str) -> None:
        """Tell every listener of `topic` about `row_id`, if and when this transaction commits."""
        self.notes.append(Note(topic, row_id))


class Database:
    """
    Base class of database adapters.

    A function given to `write` or `read` is synchronous and short, does only SQL, returns plain
    values (never a cursor), and may run more than once. What it raises reaches the caller and its
    work is undone.
    """

    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        """
        Run `fn` in a transaction of its own and return its value once that is durable.

        `key` names what the writes of one group have in common; writes with one key keep order.

        Raises:
            Overloaded: Too many writes wait; nothing was stored.
            DatabaseFailed: Locked, full or gone; nothing was stored.
        """
        raise NotImplementedError

    async def read(self, fn: Callable[[Tx], T], *, heavy: bool = False) -> T:
        """Run `fn` on one snapshot, read only. `heavy` says that it may take over 2 ms."""
        raise NotImplementedError

    async def peek(self, fn: Callable[[Tx], T]) -> T:
        """
        Run `fn`, read only, for what one statement tells, or several that need not agree.

        Each may see what is committed when it is asked: on a server that spares two round trips.
        """
        return await self.read(fn)

    def listen(self, topic: str) -> AbstractAsyncContextManager[AsyncIterator[Note]]:
        """
        Subscribe to the notes of `topic`: ``async with db.listen("messages") as notes``.

        Every note of a commit after the block was entered arrives, until the block is left. Where
        some may be missed the iteration raises instead: listen again, then read the rows.

        Raises:
            Overloaded: The iteration fell too many notes behind.
            DatabaseFailed: The connection that hears them broke, or nobody answers on it.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseContext:
    """What the hub lends to a database: where an embedded one lives, the clock and the log."""

    data_dir: Path
    clock: Clock
    log: EventLog


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSpec:
    """
    One kind of database an adapter offers.

    Attributes:
        name: Stable id, such as ``sqlite``.
        schemes: The URL schemes it opens, such as ``("sqlite",)``.
        embedded: True when it is a file of one process: the hub then migrates it by itself and
            admits a single process per data directory.
        open: From a URL and a context, an async context manager that yields the open database.
        backup: ``backup(url, context, path, mark)`` writes the whole database, as of one moment and
            while hubs use it, to the empty file `path`. It runs `mark` in the copy if that is a
            database itself.
        restore: ``restore(url, context, path)`` fills an empty database from such a file. Both
            block; they raise `NotConfigured` or `DatabaseFailed`, and leave nothing half done.
    """

    name: str
    schemes: tuple[str, ...]
    embedded: bool
    open: Callable[[str, DatabaseContext], AbstractAsyncContextManager[Database]]
    backup: Callable[[str, DatabaseContext, Path, Callable[[Tx], None]], None] | None = None
    restore: Callable[[str, DatabaseContext, Path], None] | None = None
