"""Where in the database somebody's addresses stand: in every column that may hold a text."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import sqlalchemy as sa

from trunkline.db.schema import metadata
from trunkline.sdk import Tx

Value = str | int | float | bool | None
Row = Mapping[str, Value]

OWNERS: Final = frozenset(
    {
        "agent_addresses",
        "agent_channels",
        "agent_connections",
        "agent_pool",
        "agent_tokens",
        "audit_checkpoints",
        "audit_log",
        "connection_secrets",
        "connection_states",
        "engine_executors",
        "engine_jobs",
        "engine_marks",
        "provider_credentials",
        "provisioning",
        "rate_limits",
        "root_keys",
        "spending_limits",
        "subscriptions",
        "templates",
    }
)
"""What its owner wrote of itself, or no person's address comes to."""
_SHORTEST: Final = 17
"""Columns of fewer characters hold words of the hub's own."""
_NEVER: Final = frozenset(
    {"id", "workspace_id", "agent_id", "message_id", "connection", "provider"}
)


@dataclass(frozen=True)
class Traces:
    """
    What finds a person's addresses: `marks` has what takes the place of each.

    A number is found without its plus too, and an e-mail address in any case of its letters.
    """

    workspace_id: str
    marks: Mapping[str, str]

    def find(self, table: sa.Table, tx: Tx) -> list[str]:
        """Return the ids of the rows of a table in which one of them stands, oldest first."""
        columns = texts(table)
        if not columns:
            return []
        might = sa.or_(
            *(
                sa.func.lower(column).contains(_bare(each), autoescape=True)
                for column in columns
                for each in self.marks
            )
        )
        rows: sa.CursorResult[Any] = tx.execute(
            sa.select(table.c.id, *columns)
            .where(table.c.workspace_id == self.workspace_id, might)
            .order_by(table.c.id)
        )
        return [row[0] for row in rows if any(map(self._holds, row[1:]))]

    def cleared(self, row: Mapping[str, object]) -> dict[str, str]:
        """Return those values of a row that hold an address, without it."""
        return {
            name: self._pattern.sub(self._mark, value)
            for name, value in row.items()
            if isinstance(value, str) and self._holds(value)
        }

    def _holds(self, value: str | None) -> bool:
        return value is not None and self._pattern.search(value) is not None

    def _mark(self, found: re.Match[str]) -> str:
        bare = found[0].lower().removeprefix("+")
        return next(mark for each, mark in self.marks.items() if _bare(each) == bare)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        forms = "|".join(
            re.escape(_bare(each)) for each in sorted(self.marks, key=len, reverse=True)
        )
        return re.compile(rf"(?<![0-9a-z])\+?(?:{forms})(?![0-9a-z])", re.IGNORECASE)


def searched() -> Sequence[sa.Table]:
    """Return every table in which a person's address may stand."""
    return [table for table in metadata.sorted_tables if table.name not in OWNERS]


def texts(table: sa.Table) -> list[sa.Column[str]]:
    """Return the columns of a table that may hold an address."""
    return [
        column
        for column in table.c
        if isinstance(column.type, sa.String)
        and (column.type.length or _SHORTEST) >= _SHORTEST
        and column.name not in _NEVER
    ]


def plain(row: Mapping[str, object]) -> Row:
    """Return a row as JSON may hold it, without what is encrypted or a hash."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
        if value is None or isinstance(value, str | int | float | bool | datetime)
    }


def _bare(address: str) -> str:
    return address.removeprefix("+").lower()
