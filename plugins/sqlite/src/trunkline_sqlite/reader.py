"""Reads: at once on the event loop while they are short, else in a thread."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

import sqlalchemy as sa

from trunkline.sdk import Tx
from trunkline_sqlite.engine import driver_connection
from trunkline_sqlite.failures import failed, is_busy, is_failure, is_read_only

T = TypeVar("T")

THREADS: Final = 2
BUDGET_S: Final = 0.002
"""How long a read may hold the event loop."""
_STEPS: Final = 2000
"""Virtual machine steps between two looks at the clock: unmeasurable, and 0.1 ms fine."""


class _CutOff(Exception):
    """The read did not end on the event loop; a thread must run it."""


class Reader:
    """
    Runs a read on the event loop; one that exceeds `BUDGET_S` is cut off and run in a thread.

    A thread costs a short read several times its own time. The budget covers SQLite's steps, not
    Python between rows; known long reads go to a thread at once.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._inline = engine.connect()
        self._spare = [engine.connect() for _ in range(THREADS)]
        self._threads = ThreadPoolExecutor(THREADS, "database-reader")
        self._deadline = 0.0
        self._cut_off = False
        raw = driver_connection(self._inline)
        raw.execute("PRAGMA busy_timeout=0")  # never wait on the event loop
        raw.set_progress_handler(self._over_budget, _STEPS)

    async def read(self, fn: Callable[[Tx], T], *, heavy: bool = False) -> T:
        """Run `fn` on one snapshot."""
        try:
            if not heavy:
                with suppress(_CutOff):
                    return self._run_inline(fn)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._run_in_thread, fn)
        except Exception as error:
            if is_failure(error) and not is_read_only(error):
                raise failed(error) from error
            raise

    async def close(self) -> None:
        """Wait for the reads in threads and close."""
        await asyncio.to_thread(self._threads.shutdown)
        for connection in (self._inline, *self._spare):
            connection.close()

    def _run_inline(self, fn: Callable[[Tx], T]) -> T:
        self._deadline = time.perf_counter() + BUDGET_S
        self._cut_off = False
        try:
            value = _on_snapshot(self._inline, fn)
        except Exception as error:
            if self._cut_off or is_busy(error):
                raise _CutOff from error
            raise
        if self._cut_off:  # `fn` swallowed the interruption
            raise _CutOff
        return value

    def _over_budget(self) -> bool:
        self._cut_off = time.perf_counter() > self._deadline
        return self._cut_off

    def _run_in_thread(self, fn: Callable[[Tx], T]) -> T:
        connection = self._spare.pop()  # there are as many as threads
        try:
            return _on_snapshot(connection, fn)
        finally:
            self._spare.append(connection)


def _on_snapshot(connection: sa.Connection, fn: Callable[[Tx], T]) -> T:
    raw = driver_connection(connection)
    raw.execute("BEGIN")
    tx = Tx(connection)
    try:
        value = tx.run(fn)
    finally:
        connection.rollback()
        if raw.in_transaction:
            raw.rollback()
    if tx.notes:
        raise RuntimeError("a read changes nothing, so there is nothing to notify of")
    return value
