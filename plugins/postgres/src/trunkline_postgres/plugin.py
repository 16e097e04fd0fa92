"""The entry point: what this package offers. SQLAlchemy is imported when a database is opened."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from trunkline.sdk import Database, DatabaseContext, DatabaseSpec, hookimpl


def _open(url: str, context: DatabaseContext) -> AbstractAsyncContextManager[Database]:
    from trunkline_postgres.database import open_database

    return open_database(url, context)


@hookimpl
def trunkline_register_database() -> Sequence[DatabaseSpec]:
    """Offer PostgreSQL: a database server that several hubs share."""
    schemes = ("postgresql", "postgres")
    return [DatabaseSpec(name="postgres", schemes=schemes, embedded=False, open=_open)]
