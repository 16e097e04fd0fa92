"""Reads: one snapshot each, and nothing can be written in one."""

import asyncio

import pytest
import sqlalchemy as sa

from plugins.postgres.tests.server import query
from plugins.postgres.tests.table import ids, insert
from trunkline.sdk import Database, Tx


@pytest.mark.parametrize("heavy", [False, True])
async def test_a_read_is_one_snapshot(db: Database, url: str, heavy: bool) -> None:
    def read_twice(tx: Tx) -> tuple[list[int], list[int]]:
        before = ids(tx)
        query(url, "INSERT INTO rows VALUES (2, '')")
        return before, ids(tx)

    await db.write(insert(1))
    assert await db.read(read_twice, heavy=heavy) == ([1], [1])
    assert await db.read(ids) == [1, 2]


async def test_a_write_sees_what_others_commit_while_it_runs(db: Database, url: str) -> None:
    def read_twice(tx: Tx) -> tuple[list[int], list[int]]:
        before = ids(tx)
        query(url, "INSERT INTO rows VALUES (1, '')")
        return before, ids(tx)

    assert await db.write(read_twice) == ([], [1])


async def test_a_read_that_writes_is_refused_with_the_drivers_word(db: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="read-only transaction"):
        await db.read(insert(1))
    assert await db.read(ids) == []


async def test_a_read_that_notifies_is_refused(db: Database) -> None:
    with pytest.raises(RuntimeError, match="nothing to notify of"):
        await db.read(lambda tx: tx.notify("rows", "1"))


async def test_what_a_read_raises_reaches_its_caller_and_the_next_read_works(db: Database) -> None:
    def fails(tx: Tx) -> None:
        ids(tx)
        raise LookupError("on purpose")

    for _ in range(20):
        with pytest.raises(LookupError, match="on purpose"):
            await db.read(fails)
    assert await asyncio.gather(*(db.read(ids) for _ in range(20))) == [[]] * 20
