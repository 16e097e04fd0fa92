"""The group writer: operations that arrive while one batch is being stored form the next."""

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from trunkline.sdk import DatabaseFailed, Note, Overloaded, Tx
from trunkline.sdk.specs import EventLog
from trunkline_sqlite.engine import GuardedConnection, driver_connection
from trunkline_sqlite.failures import failed, is_busy, is_failure

T = TypeVar("T")

MAX_QUEUE: Final = 1024
MAX_BATCH: Final = 256
SLICE_S: Final = 0.001
"""How long SQL may hold the event loop before others get a turn."""
FAST_COMMIT_S: Final = 0.002
"""After a commit that took longer, the next one does not hold the event loop."""
BUSY_S: Final = 30.0
"""How long a lock of another process is waited out."""
SLOW_S: Final = 0.020


@dataclass(slots=True)
class _Op:
    fn: Callable[[Tx], Any]
    future: asyncio.Future[Any]
    value: Any = None
    error: Exception | None = None
    notes: list[Note] = field(default_factory=list)

    @property
    def name(self) -> str:
        fn = getattr(self.fn, "func", self.fn)  # of a partial
        return getattr(fn, "__qualname__", type(fn).__qualname__)


class GroupWriter:
    """
    Runs operations in batches: one transaction and one fsync for many callers.

    SQL runs on the event loop, in slices; each operation lies in a savepoint of its own; a thread
    takes the COMMIT while the disk is slow, and waiting for a lock. Every outcome, a failure too,
    is told after the COMMIT, because it may rest on rows of the same batch.
    """

    def __init__(self, engine: sa.Engine, log: EventLog, publish: Callable[[Note], None]) -> None:
        self._engine = engine
        self._log = log
        self._publish = publish
        self._queue: deque[_Op] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._closed = False
        self._commit_s = 0.0
        self._thread = ThreadPoolExecutor(1, "database-writer")
        self._connect()

    async def write(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` in the next batch and return its value after the COMMIT."""
        if self._closed:
            raise DatabaseFailed("The database is closed and nothing was stored.")
        if len(self._queue) >= MAX_QUEUE:
            raise Overloaded("Too many writes wait for the database; nothing was stored.")
        loop = asyncio.get_running_loop()
        op = _Op(fn, loop.create_future())
        self._queue.append(op)
        if self._pump is None:  # in a context of its own: a batch belongs to no single request
            self._pump = loop.create_task(self._run_batches(), context=Context())
        value: T = await op.future
        return value

    async def close(self) -> None:
        """Refuse new work, finish what waits, close."""
        self._closed = True
        if self._pump is not None:
            await asyncio.wait([self._pump])
        self._thread.submit(self._disconnect).result()
        self._thread.shutdown()

    async def _run_batches(self) -> None:
        try:
            while self._queue:
                await self._run_batch()
        finally:
            self._pump = None  # nothing was awaited since the queue was seen empty

    async def _run_batch(self) -> None:
        batch: list[_Op] = []
        try:
            await self._begin()
            await self._run_ops(batch)
            await self._commit()
        except BaseException as error:
            self._fail(batch, error)
            # The thread first finishes a COMMIT that may still run there; a new connection then
            # surely holds nothing of this batch.
            self._thread.submit(self._disconnect).result()
            if not isinstance(error, Exception):
                raise
        else:
            for op in batch:
                self._tell(op)

    async def _begin(self) -> None:
        if self._connection.closed:
            await self._in_thread(self._connect)
        if not self._try_begin():
            await self._in_thread(self._begin_waiting)
        self._connection.begin()  # SQLAlchemy's bookkeeping only

    def _try_begin(self) -> bool:
        try:
            self._raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if is_busy(error):
                return False
            raise
        return True

    def _begin_waiting(self) -> None:
        end, pause_s = time.monotonic() + BUSY_S, 0.0005
        while time.monotonic() < end:
            if self._try_begin():
                return
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, 0.01)
        self._raw.execute("BEGIN IMMEDIATE")  # the last try tells what is wrong

    async def _run_ops(self, batch: list[_Op]) -> None:
        slice_end = time.perf_counter() + SLICE_S
        while self._queue and len(batch) < MAX_BATCH:
            op = self._queue.popleft()
            if op.future.done():  # its caller gave up while it waited
                continue
            batch.append(op)
            self._run_op(op)
            if time.perf_counter() > slice_end:
                await asyncio.sleep(0)
                slice_end = time.perf_counter() + SLICE_S

    def _run_op(self, op: _Op) -> None:
        raw = self._raw
        raw.execute("SAVEPOINT op")
        self._call(op)
        if not (raw.in_transaction and self._connection.in_transaction()):
            raise self._why_ended(op)
        if op.error is not None:
            raw.execute("ROLLBACK TO op")
        raw.execute("RELEASE op")

    def _call(self, op: _Op) -> None:
        tx = Tx(self._connection)
        started = time.perf_counter()
        self._raw.in_op = True
        try:
            op.value = tx.run(op.fn)
            op.notes = tx.notes
        except Exception as error:  # noqa: BLE001  its caller gets it
            op.error = failed(error) if is_failure(error) else error
        finally:
            self._raw.in_op = False
        took_s = time.perf_counter() - started
        if took_s > SLOW_S:
            self._log.info("database.slow_write", fn=op.name, duration_ms=round(took_s * 1000, 1))

    def _why_ended(self, op: _Op) -> Exception:
        if isinstance(op.error, DatabaseFailed):  # SQLite rolled back by itself
            return op.error
        ended = DatabaseFailed(
            f"A database function must not commit or roll back, but {op.name} did, "
            "and the writes beside it failed. Report this as a fault of the hub."
        )
        ended.__cause__ = op.error
        return ended

    async def _commit(self) -> None:
        """Commit where it costs least: a thread takes longer to reach than a fast disk to write."""
        if self._commit_s <= FAST_COMMIT_S:
            self._timed_commit()
        else:
            await self._in_thread(self._timed_commit)

    def _timed_commit(self) -> None:
        started = time.perf_counter()
        self._connection.commit()
        self._commit_s = time.perf_counter() - started

    def _fail(self, batch: list[_Op], error: BaseException) -> None:
        stopped = not isinstance(error, Exception)
        if stopped:
            error = DatabaseFailed("The hub stopped; whether this was stored cannot be told.")
        lost = list(batch)
        if stopped or not batch:  # nothing more will run, or all of them waited in vain
            lost += self._queue
            self._queue.clear()
        self._log.error("database.batch_failed", reason=str(failed(error)), ops=len(lost))
        for op in lost:
            if not op.future.done():
                op.future.set_exception(failed(error))

    def _tell(self, op: _Op) -> None:
        if op.error is None:
            for note in op.notes:  # also when the caller gave up: the rows are there
                self._publish(note)
        if op.future.done():
            return
        if op.error is None:
            op.future.set_result(op.value)
        else:
            op.future.set_exception(op.error)

    def _connect(self) -> None:
        self._connection = self._engine.connect()
        self._raw: GuardedConnection = driver_connection(self._connection)
        self._raw.execute("PRAGMA busy_timeout=0")  # never wait on the event loop

    def _disconnect(self) -> None:
        if not self._connection.closed:
            self._connection.invalidate()  # whatever state it is in, SQLite rolls back
            self._connection.close()

    async def _in_thread(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, work)
