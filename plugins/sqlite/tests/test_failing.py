"""What callers are told when the database itself fails, and that it works again afterwards."""

import asyncio
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from plugins.sqlite.tests.conftest import RecordedLog
from plugins.sqlite.tests.table import ids, insert
from trunkline.sdk import Database, DatabaseFailed, Tx
from trunkline_sqlite import writer

BIG = "+12025550123" * 100_000


async def together(db: Database, *fns: Callable[[Tx], Any]) -> list[Any]:
    """Write all of `fns` in one batch; an error stands in its place."""
    return await asyncio.gather(*map(db.write, fns), return_exceptions=True)


def pragma(setting: str) -> Callable[[Tx], None]:
    def set_pragma(tx: Tx) -> None:
        tx.connection.exec_driver_sql(f"PRAGMA {setting}")

    return set_pragma


@contextmanager
def foreign_lock(path: Path) -> Iterator[sqlite3.Connection]:
    """Hold the write lock as another process would."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        other.close()


async def longest_wait_of_others(work: asyncio.Future[Any]) -> float:
    """Seconds that the event loop was held at most until `work` is done."""
    longest_s = 0.0
    while not work.done():
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        longest_s = max(longest_s, time.perf_counter() - before)
    return longest_s


async def test_a_foreign_lock_is_waited_out_while_others_go_on(db: Database, path: Path) -> None:
    with foreign_lock(path) as other:
        asyncio.get_running_loop().call_later(0.5, other.execute, "COMMIT")
        started = time.perf_counter()
        write = asyncio.ensure_future(db.write(insert(1)))
        held_s = await longest_wait_of_others(write)
        took_s = time.perf_counter() - started
    assert write.result() == 1
    assert 0.49 < took_s < 2
    assert held_s < 0.2


async def test_a_lock_held_too_long_fails_all_who_wait_and_the_next_write_works(
    db: Database, path: Path, log: RecordedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BUSY_S", 0.2)
    started = time.perf_counter()
    with foreign_lock(path):
        outcomes = await together(db, insert(1), insert(2))
    assert time.perf_counter() - started < 0.4  # once for both
    assert [type(outcome) for outcome in outcomes] == [DatabaseFailed] * 2
    assert "Find that process and stop it" in str(outcomes[0])
    assert isinstance(outcomes[0].__cause__, sqlite3.OperationalError)
    assert log.events == [("database.batch_failed", {"reason": str(outcomes[0]), "ops": 2})]
    assert await db.write(insert(3)) == 3
    assert await db.read(ids) == [3]


async def test_a_full_disk_stores_nothing_and_says_to_free_space(db: Database) -> None:
    await db.write(pragma("max_page_count=10"))
    outcomes = await together(db, insert(1), insert(2, BIG))
    assert {type(outcome) for outcome in outcomes} == {DatabaseFailed}
    assert "Free some space" in str(outcomes[1])
    assert "+12025550123" not in f"{outcomes[1]} {outcomes[1].__cause__}"
    assert await db.read(ids) == []
    assert await db.write(insert(3)) == 3


async def test_a_full_disk_met_by_a_long_statement_fails_its_caller_alone(db: Database) -> None:
    def fill(tx: Tx) -> None:
        tx.execute(
            sa.text(
                "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n LIMIT 100000) "
                "INSERT INTO rows SELECT i, 'long enough to fill a page soon' FROM n"
            )
        )

    await db.write(pragma("max_page_count=10"))
    outcomes = await together(db, insert(1), fill, insert(2))
    assert outcomes[::2] == [1, 2]
    assert isinstance(outcomes[1], DatabaseFailed)
    assert await db.read(ids) == [1, 2]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file sizes")
async def test_a_disk_that_fails_in_the_commit_leaves_the_outcome_open(
    db: Database, path: Path
) -> None:
    import resource

    wal_bytes = path.with_name("trunkline.db-wal").stat().st_size
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (wal_bytes + 5000, unlimited[1]))
    try:
        outcomes = await together(db, insert(1), insert(2, BIG))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert {type(outcome) for outcome in outcomes} == {DatabaseFailed}
    assert "cannot be told" in str(outcomes[0])
    assert await db.read(ids) == []
    assert await db.write(insert(3)) == 3


async def test_a_read_only_file_is_reported_as_such(db: Database) -> None:
    await db.write(pragma("query_only=ON"))
    with pytest.raises(DatabaseFailed, match="Make the file and its folder writable"):
        await db.write(insert(1))


async def test_a_refused_commit_stores_nothing(db: Database) -> None:
    def breaks_a_deferred_key(tx: Tx) -> None:
        tx.execute(
            sa.text(
                "CREATE TABLE child (parent INTEGER REFERENCES rows DEFERRABLE INITIALLY DEFERRED)"
            )
        )
        tx.execute(sa.text("INSERT INTO child VALUES (99)"))

    outcomes = await together(db, insert(1), breaks_a_deferred_key)
    assert {type(outcome) for outcome in outcomes} == {DatabaseFailed}
    assert "SQLITE_CONSTRAINT_FOREIGNKEY" in str(outcomes[0])
    assert outcomes[0] is not outcomes[1]
    assert await db.write(insert(2)) == 2
    assert await db.read(ids) == [2]


async def test_a_vanished_file_fails_every_write_until_it_is_back(
    db: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BUSY_S", 0.05)
    with foreign_lock(path):
        await together(db, insert(1))  # the next write connects anew
    away = path.rename(path.with_name("away.db"))
    for _ in range(2):
        with pytest.raises(DatabaseFailed, match="cannot be opened"):
            await db.write(insert(2))
    away.rename(path)
    assert await db.write(insert(3)) == 3


async def test_a_writer_that_is_cancelled_leaves_no_caller_waiting(db: Database) -> None:
    before = asyncio.all_tasks()
    writes = [asyncio.create_task(db.write(insert(number))) for number in range(400)]
    await asyncio.sleep(0)
    (pump,) = asyncio.all_tasks() - before - set(writes)
    await writes[0]  # the first of two batches is stored
    pump.cancel()
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {int, DatabaseFailed}
    stored = set(await db.read(ids))
    assert {outcome for outcome in outcomes if isinstance(outcome, int)} <= stored
    assert await db.write(insert(1000)) == 1000
