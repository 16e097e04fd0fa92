"""A file is copied while it is written to, and put where there is none."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from plugins.sqlite.tests.table import ids, insert
from trunkline.sdk import Database, DatabaseContext, DatabaseFailed, NotConfigured, Tx
from trunkline_sqlite.copies import back_up, restore
from trunkline_sqlite.database import open_database

URL = "sqlite:///trunkline.db"


def _mark(tx: Tx) -> None:
    tx.execute(sa.text("CREATE TABLE marked (n INTEGER)"))


def _empty(path: Path) -> Path:
    path.touch()
    return path


async def test_a_copy_made_between_writes_holds_each_of_them_whole_or_not_at_all(
    db: Database, context: DatabaseContext, tmp_path: Path
) -> None:
    copy, begun, stop = _empty(tmp_path / "copy"), asyncio.Event(), asyncio.Event()

    def pair(number: int) -> Callable[[Tx], None]:
        def insert_both(tx: Tx) -> None:
            insert(2 * number)(tx)
            insert(2 * number + 1)(tx)

        return insert_both

    async def write() -> int:
        number = 0
        while not stop.is_set():
            await db.write(pair(number))
            begun.set()
            number += 1
        return number

    writing = asyncio.create_task(write())
    await begun.wait()
    await asyncio.to_thread(back_up, URL, context, copy, _mark)
    stop.set()
    written = await writing

    with closing(sqlite3.connect(copy)) as file:
        found = [row[0] for row in file.execute("SELECT id FROM rows ORDER BY id")]
        assert file.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert file.execute("SELECT count(*) FROM marked").fetchone() == (0,)
    assert found == list(range(len(found)))
    assert 0 < len(found) <= 2 * written
    assert len(found) % 2 == 0
    assert await db.read(lambda tx: not sa.inspect(tx.connection).has_table("marked"))


async def test_a_copy_is_restored_to_where_no_database_is(
    db: Database, context: DatabaseContext, tmp_path: Path
) -> None:
    await db.write(insert(1))
    copy = _empty(tmp_path / "copy")
    back_up(URL, context, copy, _mark)
    restore("sqlite:///other.db", context, copy)

    async with open_database("sqlite:///other.db", context) as other:
        assert await other.read(ids) == [1]
    assert (tmp_path / "other.db").stat().st_mode & 0o777 == 0o600


async def test_files_are_named_from_where_the_caller_is(
    db: Database, context: DatabaseContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await db.write(insert(1))
    monkeypatch.chdir(tmp_path)
    here = replace(context, data_dir=Path())
    back_up(URL, here, _empty(Path("copy")), _mark)
    restore("sqlite:///other.db", here, Path("copy"))

    async with open_database("sqlite:///other.db", context) as other:
        assert await other.read(ids) == [1]


@pytest.mark.parametrize("in_the_way", ["other.db", "other.db-wal", "other.db-shm"])
async def test_nothing_is_restored_over_or_beside_another_database(
    db: Database, context: DatabaseContext, tmp_path: Path, in_the_way: str
) -> None:
    copy = _empty(tmp_path / "copy")
    back_up(URL, context, copy, _mark)
    (tmp_path / in_the_way).write_text("precious")

    with pytest.raises(NotConfigured, match=in_the_way):
        restore("sqlite:///other.db", context, copy)

    assert (tmp_path / in_the_way).read_text() == "precious"


async def test_what_is_no_database_is_not_restored_and_leaves_nothing(
    context: DatabaseContext, tmp_path: Path
) -> None:
    (tmp_path / "copy").write_bytes(b"no database at all" * 1000)

    with pytest.raises(DatabaseFailed, match="copy is not an SQLite database: name a file"):
        restore(URL, context, tmp_path / "copy")

    assert [file.name for file in tmp_path.iterdir()] == ["copy"]


async def test_a_damaged_copy_is_not_restored(
    db: Database, context: DatabaseContext, tmp_path: Path
) -> None:
    for number in range(2000):
        await db.write(insert(number))
    copy = _empty(tmp_path / "copy")
    back_up(URL, context, copy, _mark)
    damaged = bytearray(copy.read_bytes())
    damaged[-6000:-4200] = b"\xff" * 1800
    copy.write_bytes(damaged)

    with pytest.raises(DatabaseFailed, match="damaged"):
        restore("sqlite:///other.db", context, copy)

    assert not list(tmp_path.glob("other.db*"))


def test_where_no_database_is_there_is_nothing_to_back_up(
    context: DatabaseContext, tmp_path: Path
) -> None:
    with pytest.raises(NotConfigured, match="There is no database"):
        back_up(URL, context, _empty(tmp_path / "copy"), _mark)

    assert not (tmp_path / "trunkline.db").exists()
