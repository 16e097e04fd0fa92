"""What callers are told when the server goes away, and that it works again afterwards."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest

from plugins.postgres.tests.server import Server, postgres_server, query
from plugins.postgres.tests.table import create_rows, ids, insert, run, then
from plugins.postgres.tests.wire import Wire
from trunkline.sdk import Database, DatabaseContext, DatabaseFailed, Overloaded
from trunkline_postgres import engine
from trunkline_postgres.database import open_database

DURABLE = "-c fsync=on -c synchronous_commit=on"


@pytest.fixture(scope="module")
def restless() -> Iterator[Server]:
    """A server of this module's own, to be stopped and started."""
    with postgres_server(DURABLE) as server:
        yield server


@pytest.fixture
def url(restless: Server) -> Iterator[str]:
    """The empty database of this test."""
    with restless.database() as url:
        yield url


@pytest.fixture
async def db(url: str, context: DatabaseContext) -> AsyncIterator[Database]:
    """An open database of that server."""
    async with open_database(url, context) as database:
        await database.write(create_rows)
        yield database


async def test_a_restart_between_two_writes_is_not_even_noticed(
    db: Database, restless: Server
) -> None:
    await asyncio.gather(*(db.write(run("SELECT pg_sleep(0.05)")) for _ in range(8)))
    restless.stop()
    restless.start(DURABLE)
    await asyncio.sleep(0.01)  # our end learns of it
    assert await asyncio.gather(*map(db.write, map(insert, range(20)))) == list(range(20))
    assert await db.read(ids) == list(range(20))


async def test_while_the_server_is_away_every_call_says_so(db: Database, restless: Server) -> None:
    restless.stop()
    try:
        for call in (db.write(insert(1, "+12025550123")), db.read(ids)):
            with pytest.raises(DatabaseFailed, match="Start it") as away:
                await call
            assert "nothing was stored" in str(away.value)
            assert "+12025550123" not in f"{away.value} {away.value.__cause__}"
    finally:
        restless.start(DURABLE)
    assert await db.write(insert(2)) == 2
    async with db.listen("rows") as notes:
        await db.write(insert(3))
        # A server that has only just started may deliver the note of the commit before late.
        heard = [(await anext(notes)).id]
        while heard[-1] != "3":
            heard.append((await anext(notes)).id)
    assert set(heard) <= {"2", "3"}
    assert await db.read(ids) == [2, 3]


async def test_a_database_that_takes_no_connections_is_named_as_the_reason(
    db: Database, url: str, restless: Server
) -> None:
    name = url.partition("@/")[2].partition("?")[0]
    query(restless.url(), f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    query(
        restless.url(),
        "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE datname = $1",
        name,
    )
    await asyncio.sleep(0.01)  # our end learns of it
    with pytest.raises(DatabaseFailed, match="nothing was stored"):
        await db.write(insert(1))
    query(restless.url(), f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert await db.write(insert(2)) == 2


async def test_a_connection_that_breaks_half_way_stores_nothing(db: Database) -> None:
    breaks = run("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(DatabaseFailed, match="nothing was stored"):
        await db.write(then(insert(1), breaks))
    with pytest.raises(DatabaseFailed, match="does not answer"):
        await db.read(breaks)
    assert await db.write(insert(2)) == 2
    assert await db.read(ids) == [2]


async def test_a_connection_that_breaks_in_the_commit_leaves_the_outcome_open(
    url: str, restless: Server, context: DatabaseContext
) -> None:
    async with Wire(restless).laid() as wire, open_database(wire.url(url), context) as db:
        await db.write(create_rows)
        wire.cut_at = b"COMMIT"
        with pytest.raises(DatabaseFailed, match="cannot be told"):
            await db.write(insert(1))
        wire.cut_at = None
        assert await db.read(ids) == [1]  # it was stored, this time


async def test_an_answer_that_never_comes_is_given_up(
    url: str, restless: Server, context: DatabaseContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "ANSWER_S", 0.2)
    monkeypatch.setattr(engine, "CONNECT_S", 0.5)
    async with Wire(restless).laid() as wire, open_database(wire.url(url), context) as db:
        await db.write(create_rows)
        wire.passing.clear()
        with pytest.raises(DatabaseFailed, match="does not answer"):
            await asyncio.wait_for(db.write(insert(1)), 10)
        wire.passing.set()
        assert await db.write(insert(2)) == 2
        assert await db.read(ids) == [2]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("53100", "disk of the database server is full and nothing was stored"),
        ("53200", "out of memory and nothing was stored"),
        ("53300", "no connection left and nothing was stored"),
        ("55P03", "locked and nothing was stored"),
        ("57014", "nothing was stored"),
        ("25006", "Point .database. url to the primary"),
        ("42501", "lacks a permission"),
    ],
)
async def test_what_the_server_cannot_do_is_told_in_a_sentence(
    db: Database, code: str, says: str
) -> None:
    fails = run(f"DO $$ BEGIN RAISE EXCEPTION '+12025550123' USING ERRCODE = '{code}'; END $$")
    with pytest.raises(DatabaseFailed, match=says) as failed:
        await db.write(then(insert(1), fails))
    assert "+12025550123" not in str(failed.value)
    assert await db.write(insert(2)) == 2
    assert await db.read(ids) == [2]


async def test_a_server_that_is_killed_has_everything_that_was_acknowledged(
    db: Database, restless: Server
) -> None:
    numbers = count()
    acknowledged: set[int] = set()
    refused: set[int] = set()
    open_ended: set[int] = set()
    stored_one = asyncio.Semaphore(0)

    async def acknowledge() -> None:
        for number in numbers:
            try:
                acknowledged.add(await db.write(insert(number)))
                stored_one.release()
            except (DatabaseFailed, Overloaded) as error:
                (refused if "nothing was stored" in str(error) else open_ended).add(number)
                return

    for _ in range(2):
        writers = asyncio.gather(*(acknowledge() for _ in range(24)))
        async with asyncio.timeout(10):
            for _ in range(51):
                await stored_one.acquire()
        await asyncio.to_thread(restless.stop, "immediate")
        await asyncio.wait_for(writers, 10)
        restless.start(DURABLE)
        stored = set(await db.read(ids))
        assert acknowledged - stored == set()
        assert stored - acknowledged - open_ended == set()
        assert refused & stored == set()
