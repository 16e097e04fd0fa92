"""Several statements of a transaction in one round trip: what they do, and what they cost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from plugins.postgres.tests.server import Server, query
from plugins.postgres.tests.wire import Wire
from trunkline.db.hot import Hot, both, question
from trunkline.db.locks import hold
from trunkline.loading import load_plugins
from trunkline.sdk import (
    Database,
    DatabaseContext,
    DatabaseFailed,
    Note,
    Overtaken,
    SystemClock,
    Tx,
)
from trunkline.testing import RecordingLog

metadata = sa.MetaData()
things, others = (
    sa.Table(
        name, metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("word", sa.Text)
    )
    for name in ("things", "others")
)
ADD, ADD_OTHER = Hot(sa.insert(things)), Hot(sa.insert(others))
SET = Hot(
    sa.update(things).where(things.c.id == sa.bindparam("of")).values(word=sa.bindparam("new"))
)
FIND = Hot(sa.select(things.c.word).where(things.c.id == sa.bindparam("of")))
ALL_OTHERS = Hot(sa.select(others.c.id))
LOCKS = sa.text(
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
    "WHERE locktype = 'advisory' AND datname = current_database()"
)
EVERYWHERE = range(20)
"""So often that each of the pool's connections has prepared what it is asked."""

both_databases = pytest.mark.both(slow=True)


@pytest.fixture
async def made(db: Database) -> Database:
    """A database with the empty tables."""
    await db.write(lambda tx: metadata.create_all(tx.connection))
    return db


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    with postgres.database() as url:
        yield url


@pytest.fixture
async def wire(postgres: Server) -> AsyncIterator[Wire]:
    async with Wire(postgres).laid() as wire:
        yield wire


@pytest.fixture
async def far(url: str, wire: Wire, tmp_path: Path) -> AsyncIterator[Database]:
    """A server's database with the empty tables, behind a wire."""
    context = DatabaseContext(data_dir=tmp_path, clock=SystemClock(), log=RecordingLog())
    async with load_plugins().databases["postgresql"].open(wire.url(url), context) as db:
        await db.write(lambda tx: metadata.create_all(tx.connection))
        yield db


async def cost(wire: Wire, work: Awaitable[Any]) -> int:
    """Return how many round trips `work` takes."""
    before = wire.answers
    await work
    return wire.answers - before


def add(number: int, word: str = "") -> Any:
    return lambda tx: ADD.put(tx, {"id": number, "word": word})


def add_both(tx: Tx) -> None:
    ADD.put(tx, {"id": 1, "word": "one"})
    ADD_OTHER.put(tx, {"id": 1, "word": "one"})
    tx.notify("things", "1")


def add_late(tx: Tx) -> None:
    ADD.put(tx, {"id": 7, "word": ""})
    tx.notify("things", "end")


def empty(tx: Tx) -> None:
    for table in (things, others):
        tx.execute(sa.delete(table))


@both_databases
async def test_what_is_asked_sees_what_was_put_before_it(made: Database) -> None:
    def fn(tx: Tx) -> object:
        add_both(tx)
        SET.put(tx, {"of": 1, "new": "uno"})
        return FIND(tx, {"of": 1}), tx.execute(sa.select(others.c.word)).scalar()

    assert await made.write(fn) == ([("uno",)], "one")


@both_databases
async def test_a_row_that_is_changed_twice_is_as_the_last_change_left_it(made: Database) -> None:
    def fn(tx: Tx) -> None:
        add_both(tx)
        for word in ("a", "b", "c"):
            SET.put(tx, {"of": 1, "new": word})

    await made.write(fn)
    assert await made.read(lambda tx: FIND(tx, {"of": 1})) == [("c",)]


@both_databases
async def test_a_write_that_is_refused_takes_the_others_with_it(made: Database) -> None:
    await made.write(lambda tx: ADD_OTHER.put(tx, {"id": 1, "word": "before"}))
    with pytest.raises(sa.exc.IntegrityError):
        await made.write(add_both)
    assert await made.read(lambda tx: FIND(tx, {"of": 1})) == []


@both_databases
@pytest.mark.parametrize("asks_first", [False, True])
async def test_what_rests_on_a_row_is_stored_and_told_only_if_that_is_there(
    made: Database, asks_first: bool
) -> None:
    def fn(tx: Tx) -> None:
        if asks_first:
            FIND(tx, {"of": 7})
        SET.put(tx, {"of": 7, "new": "x"}, must=True)
        ADD_OTHER.put(tx, {"id": 7, "word": ""})
        tx.notify("things", "7")

    async with made.listen("things") as notes, asyncio.timeout(10):
        with pytest.raises(Overtaken):
            await made.write(fn)
        await made.write(add_late)
        assert await anext(notes) == Note("things", "end")
        assert await made.read(lambda tx: ALL_OTHERS(tx, {})) == []
        await made.write(fn)
        assert await anext(notes) == Note("things", "7")
    found = both(question(FIND, {"of": 7}, list), question(ALL_OTHERS, {}, len))
    assert await made.peek(found.ask) == ([("x",)], 1)


@both_databases
async def test_a_read_that_writes_is_refused(made: Database) -> None:
    for way in (made.read, made.peek):
        with pytest.raises((sa.exc.DBAPIError, RuntimeError)):
            await way(add_both)
    assert await made.read(lambda tx: FIND(tx, {"of": 1})) == []


@pytest.mark.slow
async def test_a_transaction_of_writes_and_notes_is_one_round_trip(
    far: Database, wire: Wire
) -> None:
    for _ in EVERYWHERE:
        await far.write(empty)
        await far.write(add_both)
    await far.write(empty)

    assert await cost(wire, far.write(add_both)) == 1


@pytest.mark.slow
async def test_questions_asked_together_are_one_round_trip(far: Database, wire: Wire) -> None:
    asked = both(question(FIND, {"of": 1}, list), question(ALL_OTHERS, {}, list))
    await far.write(add_both)
    for _ in EVERYWHERE:
        assert await far.peek(asked.ask) == ([("one",)], [(1,)])

    assert await cost(wire, far.peek(asked.ask)) == 1
    assert await cost(wire, far.read(asked.ask)) == 3  # on a snapshot


@pytest.mark.slow
async def test_a_lock_by_any_name_goes_with_the_begin(far: Database, wire: Wire) -> None:
    def fn(tx: Tx) -> Any:
        hold(tx, "it's", '\\ "ü"\n', "; --")
        return tx.execute(LOCKS).scalar()

    for _ in EVERYWHERE:
        assert await far.write(fn) == 1

    assert await cost(wire, far.write(fn)) == 3  # BEGIN, the question, COMMIT


@pytest.mark.slow
async def test_a_lock_is_the_same_before_the_first_question_and_after_it(
    far: Database, url: str
) -> None:
    def late(tx: Tx) -> None:
        tx.execute(LOCKS)
        hold(tx, "a", "Zoë")

    def early(tx: Tx) -> None:
        hold(tx, "a", "Zoë")
        ADD.put(tx, {"id": 1, "word": ""})

    holder = await asyncpg.connect(url)
    await holder.execute("SELECT pg_advisory_lock(hashtextextended('a|Zoë', 0))")
    waiting = [asyncio.create_task(far.write(fn)) for fn in (late, early)]
    done, _ = await asyncio.wait(waiting, timeout=0.3)
    assert not done
    assert await far.read(lambda tx: FIND(tx, {"of": 1})) == []
    await holder.close()
    async with asyncio.timeout(10):
        await asyncio.gather(*waiting)
    assert await far.read(lambda tx: FIND(tx, {"of": 1})) == [("",)]


@pytest.mark.slow
async def test_a_lock_that_is_refused_leaves_no_transaction_behind(far: Database, url: str) -> None:
    def fn(tx: Tx) -> Any:
        hold(tx, "a")
        return FIND(tx, {"of": 1})

    await far.write(lambda tx: tx.execute(sa.text("SET lock_timeout = '50ms'")))
    holder = await asyncpg.connect(url)
    await holder.execute("SELECT pg_advisory_lock(hashtextextended('a', 0))")
    with pytest.raises(DatabaseFailed, match="nothing was stored"):
        await far.write(fn)
    await holder.close()

    for _ in EVERYWHERE:
        assert await far.write(fn) == []
    left = query(url, "SELECT count(*) AS n FROM pg_stat_activity WHERE state LIKE 'idle in%'")
    assert left == [{"n": 0}]


@pytest.mark.slow
async def test_a_round_trip_that_is_never_answered_may_have_stored_its_writes(
    far: Database, wire: Wire
) -> None:
    await far.write(add(1))
    wire.cut_at = b"cut here"
    with pytest.raises(DatabaseFailed, match="cannot be told"):
        await far.write(add(2, "cut here"))
    wire.cut_at = None
    assert await far.read(lambda tx: FIND(tx, {"of": 2})) == [("cut here",)]
