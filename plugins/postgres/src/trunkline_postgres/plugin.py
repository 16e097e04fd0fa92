"""The entry point: what this package offers. SQLAlchemy is imported when a database is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from trunkline.sdk import Database, DatabaseContext, DatabaseSpec, Tx, hookimpl


def _open(url: str, context: DatabaseContext) -> AbstractAsyncContextManager[Database]:
    from trunkline_postgres.database import open_database

    return open_database(url, context)


def _backup(url: str, context: DatabaseContext, path: Path, mark: Callable[[Tx], None]) -> None:
    from trunkline_postgres.copies import back_up

    back_up(url, path)


def _restore(url: str, context: DatabaseContext, path: Path) -> None:
    from trunkline_postgres.copies import restore

    restore(url, path)


@hookimpl
def trunkline_register_database() -> Sequence[DatabaseSpec]:
    """Offer PostgreSQL: a database server that several hubs share."""
    return [
        DatabaseSpec(
            name="postgres",
            schemes=("postgresql", "postgres"),
            embedded=False,
            open=_open,
            backup=_backup,
            restore=_restore,
        )
    ]
