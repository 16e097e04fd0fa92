"""The entry point: what this package offers. SQLAlchemy is imported when a database is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from trunkline.sdk import Database, DatabaseContext, DatabaseSpec, Tx, hookimpl


def _open(url: str, context: DatabaseContext) -> AbstractAsyncContextManager[Database]:
    from trunkline_sqlite.database import open_database

    return open_database(url, context)


def _backup(url: str, context: DatabaseContext, path: Path, mark: Callable[[Tx], None]) -> None:
    from trunkline_sqlite.copies import back_up

    back_up(url, context, path, mark)


def _restore(url: str, context: DatabaseContext, path: Path) -> None:
    from trunkline_sqlite.copies import restore

    restore(url, context, path)


@hookimpl
def trunkline_register_database() -> Sequence[DatabaseSpec]:
    """Offer SQLite: one file, one process, nothing to administer."""
    return [
        DatabaseSpec(
            name="sqlite",
            schemes=("sqlite",),
            embedded=True,
            open=_open,
            backup=_backup,
            restore=_restore,
        )
    ]
