"""Column types that read the same on every database, and ids that sort by time."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


def earliest_id(prefix: str, at: datetime) -> str:
    """Return what sorts after every id of `prefix` made before `at`, and before all others."""
    return f"{prefix}_{int(at.timestamp() * 1000):012x}"


def utc_text(value: datetime) -> str:
    """Return an aware time as text of fixed width, which sorts by time."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class UtcTime(TypeDecorator[datetime]):
    """
    An aware UTC time.

    Where the database has a time type with a zone that is used; SQLite gets text of fixed width
    (``2026-11-21T09:00:00.000000Z``), which sorts by time and which people can read.
    """

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String(27))
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return utc_text(value) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None or isinstance(value, datetime):
            return value
        return datetime.fromisoformat(value)
