"""When the connection that listens breaks, nobody misses anything unaware."""

import asyncio

import pytest

from plugins.postgres.tests.server import Server, query
from plugins.postgres.tests.table import ids, insert
from plugins.postgres.tests.wire import Wire
from trunkline.sdk import (
    Database,
    DatabaseContext,
    DatabaseFailed,
    NotConfigured,
)
from trunkline.testing import RecordingLog
from trunkline_postgres import listening
from trunkline_postgres.database import open_database

LISTENERS = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE 'LISTEN%'
"""


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
