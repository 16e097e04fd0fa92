"""Who hears of what, and when."""

import asyncio
from pathlib import Path

import pytest

from plugins.sqlite.tests.table import create_rows, ids, insert
from trunkline.sdk import Database, DatabaseContext, Note, Overloaded, Tx
from trunkline_sqlite.database import open_database


async def test_a_note_arrives_when_its_row_can_be_read(db: Database) -> None:
    async def listen() -> tuple[Note, list[int]]:
        async with db.listen("rows") as notes:
            entered.set()
            return await anext(notes), await db.read(ids)

    entered = asyncio.Event()
    listener = asyncio.create_task(listen())
    await entered.wait()
    await db.write(insert(1))
    assert await listener == (Note("rows", "1"), [1])


async def test_only_committed_notes_of_the_topic_arrive_and_in_order(db: Database) -> None:
    def other_topic(tx: Tx) -> None:
        tx.notify("others", "1")

    def fails(tx: Tx) -> None:
        insert(9)(tx)
        raise LookupError

    async with db.listen("rows") as notes, db.listen("rows") as twin:
        fns = [insert(1), other_topic, fails, insert(2), insert(3)]
        await asyncio.gather(*map(db.write, fns), return_exceptions=True)
        for feed in (notes, twin):
            assert [(await anext(feed)).id for _ in range(3)] == ["1", "2", "3"]


async def test_a_batch_that_fails_notifies_nobody(db: Database) -> None:
    def commits(tx: Tx) -> None:
        tx.connection.commit()

    async with db.listen("rows") as notes:
        await asyncio.gather(db.write(insert(1)), db.write(commits), return_exceptions=True)
        await db.write(insert(2))
        assert (await anext(notes)).id == "2"


async def test_a_listener_10_000_notes_behind_is_told_so_and_others_are_not(db: Database) -> None:
    def notify_often(tx: Tx) -> None:
        for number in range(10_001):
            tx.notify("many", str(number))
            if number < 10_000:
                tx.notify("just enough", str(number))

    async with db.listen("many") as late, db.listen("just enough") as in_time:
        await db.write(notify_often)
        with pytest.raises(Overloaded, match="10,000 notes behind"):
            await anext(late)
        assert [int((await anext(in_time)).id) for _ in range(10_000)] == list(range(10_000))
        await db.write(lambda tx: tx.notify("many", "later"))
        with pytest.raises(Overloaded):  # for good, not with a gap
            await anext(late)


async def test_closing_ends_every_listener_after_its_last_note(
    context: DatabaseContext, path: Path
) -> None:
    async def listen(db: Database) -> list[str]:
        async with db.listen("rows") as notes:
            entered.set()
            return [note.id async for note in notes]

    entered = asyncio.Event()
    async with open_database("sqlite:///trunkline.db", context) as db:
        await db.write(create_rows)
        listener = asyncio.create_task(listen(db))
        await entered.wait()
        waiting = asyncio.create_task(db.write(insert(1)))
        await asyncio.sleep(0)
    assert await asyncio.wait_for(listener, 5) == ["1"]
    assert await waiting == 1
