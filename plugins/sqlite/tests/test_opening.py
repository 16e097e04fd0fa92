"""Where the file lies, who may read it, and what is refused."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from plugins.sqlite.tests.table import create_rows, ids, insert
from trunkline.sdk import Database, DatabaseContext, DatabaseFailed, NotConfigured
from trunkline_sqlite.database import open_database


async def test_a_relative_file_lies_in_the_data_directory(db: Database, path: Path) -> None:
    assert path.is_file()


async def test_an_absolute_file_lies_where_it_says_whatever_its_name(
    context: DatabaseContext, tmp_path: Path
) -> None:
    folder = tmp_path / "a folder? 100%#"
    folder.mkdir()
    async with open_database(f"sqlite:///{quote(str(folder))}/x.db", context) as db:
        await db.write(create_rows)
        assert await db.read(ids) == []
    assert (folder / "x.db").stat().st_size > 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes")
async def test_the_file_and_its_journals_are_its_owners_only(db: Database, path: Path) -> None:
    await db.write(insert(1))
    names = [path, path.with_name("trunkline.db-wal"), path.with_name("trunkline.db-shm")]
    assert [oct(name.stat().st_mode & 0o777) for name in names] == ["0o600"] * 3


async def test_a_closed_database_leaves_one_file_and_refuses_writes(
    context: DatabaseContext, tmp_path: Path
) -> None:
    async with open_database("sqlite:///trunkline.db", context) as db:
        await db.write(create_rows)
    assert [entry.name for entry in tmp_path.iterdir()] == ["trunkline.db"]
    with pytest.raises(DatabaseFailed, match="closed"):
        await db.write(insert(1))


async def test_commits_reach_the_disk_and_deleted_bytes_are_overwritten(db: Database) -> None:
    settings = await db.write(
        lambda tx: {
            name: tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        }
    )
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "foreign_keys": 1,
    }


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:///file::memory:?uri=true", "in memory"),
        ("sqlite:///file:x.db", "names a file and nothing else"),
        ("sqlite://data/x.db", "names a file and nothing else"),
        ("sqlite:///x.db?mode=ro&cache=shared", "remove cache, mode from"),
        ("sqlite:///no/such/folder/x.db", "create the folder"),
    ],
)
async def test_a_url_that_will_not_do_is_answered_with_what_to_do(
    url: str, says: str, context: DatabaseContext
) -> None:
    with pytest.raises(NotConfigured, match=says):
        async with open_database(url, context):
            pass


async def test_a_file_of_another_kind_is_refused_and_left_as_it_is(
    context: DatabaseContext, path: Path
) -> None:
    path.write_text("a diary, and surely no database\n" * 200)
    with pytest.raises(DatabaseFailed, match="not an SQLite database") as refused:
        async with open_database("sqlite:///trunkline.db", context):
            pass
    assert isinstance(refused.value.__cause__, Exception)
    assert path.read_text().startswith("a diary")


def test_the_entry_point_imports_nothing_heavy() -> None:
    code = (
        "import sys, trunkline_sqlite.plugin as p; p.trunkline_register_database();"
        "sys.exit('sqlalchemy' in sys.modules or 'sqlite3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_a_file_that_another_program_made_in_rollback_mode_is_taken_over(
    context: DatabaseContext, path: Path
) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, word TEXT)")
    async with open_database("sqlite:///trunkline.db", context) as db:
        assert await db.write(insert(1)) == 1
