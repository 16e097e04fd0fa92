"""Copies of the file: made while a hub writes to it, and put where a hub will open it."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from trunkline.sdk import DatabaseContext, DatabaseFailed, NotConfigured, Tx
from trunkline_sqlite.engine import create_file, file_of, make_engine
from trunkline_sqlite.failures import failed, is_no_database


def back_up(url: str, context: DatabaseContext, path: Path, mark: Callable[[Tx], None]) -> None:
    """Write a database to the empty file `path`, as of one moment, and run `mark` in the copy."""
    source = file_of(url, context.data_dir)
    if not source.exists():
        raise NotConfigured(f"There is no database at {source}: correct [database] url.")
    try:
        _copy(source, path)
        with closing(make_engine(path).connect()) as copy:
            copy.exec_driver_sql("BEGIN IMMEDIATE")
            mark(Tx(copy))
            copy.exec_driver_sql("COMMIT")
        _settle(path)
    except (sqlite3.Error, DBAPIError) as error:
        raise failed(error) from error


def restore(url: str, context: DatabaseContext, path: Path) -> None:
    """Put the copy at `path` where `url` says that the database is."""
    target = file_of(url, context.data_dir)
    in_the_way = [file for file in (target, *_beside(target)) if file.exists()]
    if in_the_way:
        names = ", ".join(file.name for file in in_the_way)
        raise NotConfigured(
            f"There is a database at {target} already: move {names} away first, to a safe place."
        )
    draft = target.with_name(f"{target.name}.part")
    draft.unlink(missing_ok=True)
    create_file(draft)
    try:
        _copy(path, draft)
        _settle(draft)
        draft.rename(target)
    except (sqlite3.Error, DBAPIError) as error:
        if is_no_database(error):
            raise DatabaseFailed(
                f"{path} is not an SQLite database: name a file that `trunkline backup` wrote."
            ) from error
        raise failed(error) from error
    finally:
        draft.unlink(missing_ok=True)


def _copy(source: Path, path: Path) -> None:
    """Copy in one step: what is written meanwhile is left out as a whole, and nobody waits."""
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=rw", uri=True)) as live,
        closing(sqlite3.connect(path)) as copy,
    ):
        live.backup(copy)


def _settle(path: Path) -> None:
    """See to it that a copy is sound, one file, and on the disk."""
    with closing(sqlite3.connect(path)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")
        (told,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    if told != "ok":
        raise DatabaseFailed("The database file is damaged. Restore the newest backup.")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _beside(path: Path) -> list[Path]:
    """Return where SQLite keeps what belongs to a file: read beside another it would damage it."""
    return [path.with_name(f"{path.name}{ending}") for ending in ("-wal", "-shm", "-journal")]
