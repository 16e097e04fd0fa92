"""Who hears of what, and when; nobody misses anything unaware."""

import asyncio

import pytest

from plugins.postgres.tests.server import Server, query
from plugins.postgres.tests.table import create_rows, ids, insert
from plugins.postgres.tests.wire import Wire
from trunkline.sdk import (
    Database,
    DatabaseContext,
    DatabaseFailed,
    NotConfigured,
    Note,
    Overloaded,
    Tx,
)
from trunkline.testing import RecordingLog
from trunkline_postgres import listening
from trunkline_postgres.database import open_database

LISTENERS = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE 'LISTEN%'
"""


async def test_a_note_arrives_when_its_row_can_be_read(db: Database) -> None:
    async with db.listen("rows") as notes:
        await db.write(insert(1))
        assert await anext(notes) == Note("rows", "1")
        assert await db.read(ids) == [1]


async def test_a_note_arrives_in_every_process(
    db: Database, url: str, context: DatabaseContext
) -> None:
    async with (
        open_database(url, context) as other,
        db.listen("rows") as here,
        other.listen("rows") as there,
    ):
        await other.write(insert(1))
        await db.write(insert(2))
        for feed in (here, there):
            assert [(await anext(feed)).id for _ in range(2)] == ["1", "2"]


async def test_only_committed_notes_of_the_topic_arrive_and_in_order(db: Database) -> None:
    def other_topic(tx: Tx) -> None:
        tx.notify("others", "1")

    def fails(tx: Tx) -> None:
        insert(9)(tx)
        raise LookupError

    async with db.listen("rows") as notes, db.listen("rows") as twin:
        for fn in (insert(1), other_topic, fails, insert(2), insert(3)):
            await asyncio.gather(db.write(fn), return_exceptions=True)
        for feed in (notes, twin):
            assert [(await anext(feed)).id for _ in range(3)] == ["1", "2", "3"]


async def test_a_listener_10_000_notes_behind_is_told_so_and_others_are_not(db: Database) -> None:
    def notify_often(tx: Tx) -> None:
        for number in range(10_001):
            tx.notify("many", str(number))
            if number < 10_000:
                tx.notify("just enough", str(number))

    async with db.listen("many") as late, db.listen("just enough") as in_time:
        await db.write(notify_often)
        assert [int((await anext(in_time)).id) for _ in range(10_000)] == list(range(10_000))
        with pytest.raises(Overloaded, match="10,000 notes behind"):
            await anext(late)


async def test_closing_ends_every_listener_after_its_last_note(
    url: str, context: DatabaseContext
) -> None:
    async def listen(db: Database) -> list[str]:
        async with db.listen("rows") as notes:
            entered.set()
            return [note.id async for note in notes]

    entered = asyncio.Event()
    async with open_database(url, context) as db:
        await db.write(create_rows)
        listener = asyncio.create_task(listen(db))
        await entered.wait()
        waiting = asyncio.create_task(db.write(insert(1)))
        await asyncio.sleep(0)
    assert await asyncio.wait_for(listener, 5) == ["1"]
    assert await waiting == 1


# --- when the connection that listens breaks ------------------------------------------------------


async def test_a_broken_connection_ends_the_feeds_and_the_next_ones_hear_again(
    db: Database, url: str, log: RecordingLog
) -> None:
    async with db.listen("rows") as notes:
        (listener,) = query(url, LISTENERS)
        query(url, "SELECT pg_terminate_backend($1)", listener["pid"])
        with pytest.raises(DatabaseFailed, match="listen again and read the rows"):
            await anext(notes)
    async with db.listen("rows") as notes:
        await db.write(insert(1))
        assert (await anext(notes)).id == "1"
    (again,) = query(url, LISTENERS)
    assert again != listener
    assert [event.event for event in log.events] == [
        "database.not_listening",
        "database.listening_again",
    ]


async def test_what_was_committed_while_nobody_heard_is_found_by_reading(
    db: Database, url: str
) -> None:
    async def wait_for_a_row() -> list[int]:
        while True:
            async with db.listen("rows") as notes:
                if found := await db.read(ids):
                    return found
                entered.set()
                try:
                    await anext(notes)
                except DatabaseFailed:
                    continue

    entered = asyncio.Event()
    waiting = asyncio.create_task(wait_for_a_row())
    await entered.wait()
    (listener,) = query(url, LISTENERS)
    # In one blow: our loop stands still meanwhile, so the note is told while nobody listens.
    query(url, "SELECT pg_terminate_backend($1, 1000)", listener["pid"])
    query(url, "INSERT INTO rows VALUES (1, '')")
    query(url, "SELECT pg_notify('trunkline', E'rows\\n1')")
    assert await asyncio.wait_for(waiting, 5) == [1]


async def test_a_connection_that_falls_silent_is_given_up(
    url: str, postgres: Server, context: DatabaseContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "HEARTBEAT_S", 0.1)
    monkeypatch.setattr(listening, "ECHO_S", 0.3)
    async with Wire(postgres).laid() as wire, open_database(wire.url(url), context) as db:
        async with db.listen("rows") as notes:
            await asyncio.sleep(0.25)  # heartbeats that are answered
            wire.passing.clear()
            with pytest.raises(DatabaseFailed, match="listen again"):
                await asyncio.wait_for(anext(notes), 5)
        with pytest.raises(DatabaseFailed, match="nobody can hear"):
            async with db.listen("rows"):
                pass
        wire.passing.set()


async def test_a_pooler_that_passes_no_notes_on_is_refused_at_the_start(
    url: str, postgres: Server, context: DatabaseContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "ECHO_S", 0.3)
    async with Wire(postgres).laid() as wire:
        wire.deaf = True
        with pytest.raises(NotConfigured, match="a pooler in session mode"):
            async with open_database(wire.url(url) + "?sslmode=disable", context):
                pass
