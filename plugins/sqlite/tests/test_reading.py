"""Reads beside the writer: at once while they are short, in a thread when they are not."""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from plugins.sqlite.tests.table import create_rows, ids, insert
from trunkline.sdk import Database, DatabaseContext, DatabaseFailed, Tx
from trunkline_sqlite.database import open_database

LONG = sa.text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000) "
    "SELECT count(*) FROM n"
)


def long_read(threads: list[str]) -> Callable[[Tx], int]:
    """A read of 40 ms and more that notes the thread of each of its runs."""

    def count(tx: Tx) -> int:
        threads.append(threading.current_thread().name)
        number: int = tx.execute(LONG).scalar_one()
        return number

    return count


async def test_a_short_read_runs_at_once(db: Database) -> None:
    await db.write(insert(1))
    threads = []

    def read(tx: Tx) -> list[int]:
        threads.append(threading.current_thread())
        return ids(tx)

    assert await db.read(read) == [1]
    assert threads == [threading.main_thread()]


async def test_a_long_read_is_cut_off_and_run_again_in_a_thread(db: Database) -> None:
    threads: list[str] = []
    reading = asyncio.ensure_future(db.read(long_read(threads)))
    started = time.perf_counter()
    await asyncio.sleep(0)  # the attempt on the event loop takes place here
    held_s = time.perf_counter() - started
    assert await reading == 1_000_000
    assert held_s < (time.perf_counter() - started) / 2
    assert len(threads) == 2
    assert threads[0] == threading.main_thread().name
    assert threads[1].startswith("database-reader")


async def test_a_function_that_hides_the_cut_off_is_run_again_all_the_same(db: Database) -> None:
    def count(tx: Tx) -> int:
        try:
            return long_read([])(tx)
        except sa.exc.OperationalError:
            return -1

    assert await db.read(count) == 1_000_000
    assert await db.read(ids) == []


async def test_a_heavy_read_goes_to_a_thread_at_once(db: Database) -> None:
    threads: list[str] = []
    counts = [db.read(long_read(threads), heavy=True) for _ in range(5)]
    assert await asyncio.gather(*counts) == [1_000_000] * 5
    assert len(threads) == 5
    assert all(name.startswith("database-reader") for name in threads)


async def test_a_damaged_file_is_reported_as_such(context: DatabaseContext, path: Path) -> None:
    async with open_database("sqlite:///trunkline.db", context) as db:
        await db.write(create_rows)
        await db.write(insert(1))
    with path.open("r+b") as file:
        file.seek(4096)  # the page of `rows`
        file.write(b"\xff" * 4096)
    async with open_database("sqlite:///trunkline.db", context) as db:
        for heavy in (False, True):
            with pytest.raises(DatabaseFailed, match="Restore the newest backup"):
                await db.read(ids, heavy=heavy)
