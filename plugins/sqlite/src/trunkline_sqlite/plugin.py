"""The entry point: what this package offers. SQLAlchemy is imported when a database is opened."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from trunkline.sdk import Database, DatabaseContext, DatabaseSpec, hookimpl


def _open(url: str, context: DatabaseContext) -> AbstractAsyncContextManager[Database]:
    from trunkline_sqlite.database import open_database

    return open_database(url, context)


@hookimpl
def trunkline_register_database() -> Sequence[DatabaseSpec]:
    """Offer SQLite: one file, one process, nothing to administer."""
    return [DatabaseSpec(name="sqlite", schemes=("sqlite",), embedded=True, open=_open)]
