"""What the suite does not know of `write`: the server, the queue and the conflicts."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from plugins.postgres.tests.server import query
from plugins.postgres.tests.table import ids, insert, run, then
from trunkline.sdk import Database, DatabaseFailed, Overloaded, Tx
from trunkline_postgres import database

SLEEPERS = """
SELECT count(*) FROM pg_stat_activity
WHERE query LIKE '%pg_sleep%' AND state <> 'idle' AND pid <> pg_backend_pid()
AND datname = current_database()
"""


async def together(db: Database, *fns: Callable[[Tx], Any]) -> list[Any]:
    """Write all of `fns` at once; an error stands in its place."""
    return await asyncio.gather(*map(db.write, fns), return_exceptions=True)


def fails(tx: Tx) -> None:
    raise LookupError("on purpose")


async def test_a_write_sees_what_others_commit_while_it_runs(db: Database, url: str) -> None:
    def read_twice(tx: Tx) -> tuple[list[int], list[int]]:
        before = ids(tx)
        query(url, "INSERT INTO rows VALUES (1, '')")
        return before, ids(tx)

    assert await db.write(read_twice) == ([], [1])


async def test_a_swallowed_error_is_a_fault_and_nothing_is_stored(db: Database) -> None:
    def swallows(tx: Tx) -> None:
        with pytest.raises(sa.exc.IntegrityError):
            tx.execute(sa.text("INSERT INTO rows VALUES (2, ''), (2, '')"))

    silent = sa.text("INSERT INTO rows VALUES (1, '')")
    with pytest.raises(RuntimeError, match="must not swallow"):
        await db.write(then(lambda tx: tx.execute(silent), swallows))
    assert await db.read(ids) == []
    assert await db.write(insert(3)) == 3


# --- the queue ------------------------------------------------------------------------------------


async def test_eight_run_at_once_and_the_others_in_the_order_they_came(db: Database) -> None:
    begun: list[int] = []

    def begin(number: int, tx: Tx) -> None:
        begun.append(number)
        tx.execute(sa.text("SELECT pg_sleep(0.2)"))

    started = time.perf_counter()
    await asyncio.gather(*(db.write(partial(begin, number)) for number in range(12)))
    assert begun[8:] == [8, 9, 10, 11]
    assert 0.4 < time.perf_counter() - started < 1.5


async def test_writes_with_one_key_keep_their_order_and_others_pass(db: Database) -> None:
    done: list[int] = []

    async def write(number: int, key: str | None, seconds: float) -> None:
        await db.write(run(f"SELECT pg_sleep({seconds})"), key=key)
        done.append(number)

    await asyncio.gather(
        write(1, "ann", 0.2), write(2, "ann", 0.1), write(3, "ann", 0), write(4, "ben", 0.05),
        write(5, None, 0),
    )  # fmt: skip
    assert done == [5, 4, 1, 2, 3]


async def test_beyond_1024_that_wait_the_next_is_refused(db: Database) -> None:
    outcomes = await together(db, *map(insert, range(1040)))
    assert outcomes[:1032] == list(range(1032))
    assert [type(outcome) for outcome in outcomes[1032:]] == [Overloaded] * 8
    assert len(await db.read(ids)) == 1032


# --- callers that give up -------------------------------------------------------------------------


async def test_a_caller_that_gives_up_before_its_turn_is_skipped(db: Database) -> None:
    sleeping = [asyncio.create_task(db.write(run("SELECT pg_sleep(0.2)"))) for _ in range(8)]
    await asyncio.sleep(0.05)
    waiting = asyncio.create_task(db.write(insert(1)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting, *sleeping])
    assert waiting.cancelled()
    assert await db.read(ids) == []


async def test_a_caller_that_gives_up_half_way_takes_its_transaction_along(db: Database) -> None:
    for number in range(20):  # more than there are connections
        write = asyncio.create_task(db.write(then(insert(number), run("SELECT pg_sleep(30)"))))
        await asyncio.sleep(0.02)
        write.cancel()
        with pytest.raises(asyncio.CancelledError):
            await write
    assert await together(db, *map(insert, range(16))) == list(range(16))
    assert await db.read(lambda tx: tx.execute(sa.text(SLEEPERS)).scalar_one()) == 0


async def test_whenever_a_caller_gives_up_the_next_gets_a_connection_that_is_clean(
    db: Database,
) -> None:
    def by_driver(tx: Tx) -> None:
        tx.connection.connection.cursor().execute("SELECT id FROM rows")

    for tenths_of_ms in range(60):
        calls = [asyncio.create_task(call(by_driver)) for call in (db.read, db.write)]
        await asyncio.sleep(tenths_of_ms / 10_000)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        await asyncio.gather(*(db.write(run("DELETE FROM rows")) for _ in range(8)))
        assert await db.read(ids) == []


# --- transactions that get into each other's way --------------------------------------------------


async def test_a_deadlock_is_run_again_and_its_notes_are_told_once(db: Database) -> None:
    runs: list[int] = []

    def cross(first: int, second: int, tx: Tx) -> None:
        runs.append(first)
        tx.execute(sa.text("SET LOCAL deadlock_timeout = '50ms'"))
        update = sa.text("UPDATE rows SET word = word || 'x' WHERE id = :id")
        tx.execute(update, {"id": first})
        tx.notify("crossed", f"{first} in run {len(runs)}")
        tx.execute(sa.text("SELECT pg_sleep(0.5)"))
        tx.execute(update, {"id": second})

    await together(db, insert(1), insert(2))
    async with db.listen("crossed") as notes:
        await asyncio.gather(db.write(partial(cross, 1, 2)), db.write(partial(cross, 2, 1)))
        await db.write(lambda tx: tx.notify("crossed", "end"))
        told = []
        async for note in notes:
            if note.id == "end":
                break
            told.append(note.id[0])
    assert len(runs) == 3
    assert sorted(told) == ["1", "2"]
    words = await db.read(lambda tx: tx.execute(sa.text("SELECT word FROM rows")).scalars().all())
    assert words == ["xx", "xx"]


async def test_a_conflict_that_never_ends_is_given_up_with_a_sentence(db: Database) -> None:
    runs = []

    def conflicts(tx: Tx) -> None:
        runs.append(1)
        tx.execute(sa.text("DO $$ BEGIN RAISE EXCEPTION SQLSTATE '40001'; END $$"))

    with pytest.raises(DatabaseFailed, match="into each other's way and nothing was stored"):
        await db.write(then(insert(1), conflicts))
    assert len(runs) == database.TRIES
    assert await db.read(ids) == []
