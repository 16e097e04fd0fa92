"""What every table has."""

from typing import Final

import sqlalchemy as sa

from trunkline.db.types import UtcTime

SEALED: Final = "sealed_as"
"""In the `info` of a column: the column of the `Place` that its secrets are sealed for."""
metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def table(name: str, *rest: sa.schema.SchemaItem) -> sa.Table:
    """Return a table of the hub, with what each of them has."""
    return sa.Table(
        name,
        metadata,
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        *rest,
    )


def sealed(name: str, place: str | None = None, *, nullable: bool = True) -> sa.Column[bytes]:
    """Return a column of secrets that `Seals` has sealed, for that column or another one."""
    return sa.Column(name, sa.LargeBinary, nullable=nullable, info={SEALED: place or name})


def index_where(condition: str, name: str, *columns: str, unique: bool = False) -> sa.Index:
    """Return an index of the rows that meet a condition, which is few of them."""
    where = sa.text(condition)
    return sa.Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)
