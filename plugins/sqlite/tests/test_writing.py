"""What the suite does not know of `write`: operations that share a batch."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from plugins.sqlite.tests.conftest import RecordedLog
from plugins.sqlite.tests.table import ids, insert
from trunkline.sdk import Database, DatabaseFailed, Overloaded, Tx
from trunkline_sqlite.engine import GuardedConnection


async def together(db: Database, *fns: Callable[[Tx], Any]) -> list[Any]:
    """Write all of `fns` in one batch; an error stands in its place."""
    return await asyncio.gather(*map(db.write, fns), return_exceptions=True)


def then(*steps: Callable[[Tx], Any]) -> Callable[[Tx], Any]:
    """One operation made of `steps`."""

    def run_steps(tx: Tx) -> Any:
        return [step(tx) for step in steps][-1]

    return run_steps


def fails(tx: Tx) -> None:
    raise LookupError("on purpose")


async def test_writes_that_arrive_together_share_one_commit(db: Database) -> None:
    statements: list[str] = []

    def trace(tx: Tx) -> None:
        raw = tx.connection.connection.driver_connection
        assert raw is not None
        raw.set_trace_callback(statements.append)

    await db.write(trace)
    statements.clear()
    assert await together(db, *map(insert, range(50))) == list(range(50))
    assert statements.count("COMMIT") == 1


async def test_a_nested_savepoint_and_a_new_table_are_rolled_back_alone(db: Database) -> None:
    def nested(tx: Tx) -> None:
        with tx.connection.begin_nested():
            insert(2)(tx)

    def new_table(tx: Tx) -> None:
        tx.execute(sa.text("CREATE TABLE half (id INTEGER)"))

    await together(db, insert(1), then(nested, new_table, fails), then(nested, insert(3)))
    assert await db.read(ids) == [1, 2, 3]
    tables = await db.read(lambda tx: sa.inspect(tx.connection).get_table_names())
    assert tables == ["rows"]


def commits(tx: Tx) -> None:
    tx.connection.commit()


def rolls_back(tx: Tx) -> None:
    tx.connection.rollback()


def commits_by_the_driver(tx: Tx) -> None:
    tx.connection.connection.commit()


def rolls_back_by_conflict(tx: Tx) -> None:
    tx.execute(sa.text("INSERT OR ROLLBACK INTO rows VALUES (1, ''), (1, '')"))


def hides_that_it_commits(tx: Tx) -> None:
    with pytest.raises(RuntimeError):
        tx.connection.commit()


@pytest.mark.parametrize("fn", [commits, rolls_back, rolls_back_by_conflict, hides_that_it_commits])
async def test_a_function_that_ends_the_transaction_is_named_and_nothing_is_stored(
    db: Database, fn: Callable[[Tx], None]
) -> None:
    outcomes = await together(db, insert(1), fn, insert(2))
    assert [type(outcome) for outcome in outcomes[:2]] == [DatabaseFailed] * 2
    assert fn.__name__ in str(outcomes[0])
    assert outcomes[2] == 2  # it came in the next batch
    assert await db.read(ids) == [2]


async def test_a_commit_past_sqlalchemy_fails_its_caller_alone(db: Database) -> None:
    outcomes = await together(db, insert(1), then(insert(2), commits_by_the_driver), insert(3))
    assert isinstance(outcomes[1], RuntimeError)
    assert await db.read(ids) == [1, 3]


async def test_a_batch_that_fails_notifies_nobody(db: Database) -> None:
    async with db.listen("rows") as notes:
        await asyncio.gather(db.write(insert(1)), db.write(commits), return_exceptions=True)
        await db.write(insert(2))
        assert (await anext(notes)).id == "2"


async def test_a_caller_that_gives_up_before_its_turn_is_skipped(db: Database) -> None:
    first, second = (asyncio.create_task(db.write(insert(number))) for number in (1, 2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 2
    assert await db.read(ids) == [2]


async def test_an_operation_whose_caller_gives_up_after_its_turn_is_stored(db: Database) -> None:
    first = asyncio.create_task(db.write(insert(1)))
    await asyncio.sleep(0)  # it waits for its turn
    async with db.listen("rows") as notes:
        await db.write(lambda tx: first.cancel())
        assert (await anext(notes)).id == "1"
    assert first.cancelled()
    assert await db.read(ids) == [1]


async def test_beyond_1024_waiting_writes_the_next_is_refused(db: Database) -> None:
    outcomes = await together(db, *map(insert, range(1030)))
    assert outcomes[:1024] == list(range(1024))
    assert [type(outcome) for outcome in outcomes[1024:]] == [Overloaded] * 6
    assert len(await db.read(ids)) == 1024


async def test_others_get_a_turn_while_a_long_batch_runs(db: Database) -> None:
    writes = asyncio.gather(*(db.write(lambda tx: time.sleep(0.004)) for _ in range(100)))
    held_s = []
    while not writes.done():
        before = time.perf_counter()
        await asyncio.sleep(0)
        held_s.append(time.perf_counter() - before)
    assert max(held_s) < 0.2  # and not 0.4


async def test_while_the_disk_is_slow_a_commit_does_not_hold_the_event_loop(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = GuardedConnection.commit

    def slow(connection: GuardedConnection) -> None:
        commit(connection)
        time.sleep(0.2)

    monkeypatch.setattr(GuardedConnection, "commit", slow)
    await db.write(insert(1))  # which shows how slow it is
    write = asyncio.create_task(db.write(insert(2)))
    turns = 0
    while not write.done():
        turns += 1
        await asyncio.sleep(0.01)
    assert turns > 5


async def test_a_slow_function_is_logged_by_name(db: Database, log: RecordedLog) -> None:
    def dawdles(tx: Tx) -> None:
        time.sleep(0.025)

    await together(db, dawdles, insert(1))
    ((event, facts),) = log.events
    assert event == "database.slow_write"
    assert str(facts["fn"]).endswith("dawdles")
    assert isinstance(facts["duration_ms"], float)
    assert 25 <= facts["duration_ms"] < 250
