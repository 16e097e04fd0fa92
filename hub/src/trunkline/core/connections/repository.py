"""All SQL of how connections do, which the hubs of one database tell one another."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.db.locks import hold
from trunkline.db.schema import connection_states
from trunkline.sdk import Tx


@dataclass(frozen=True, slots=True)
class Standing:
    """How a connection does: how often in a row it failed, and until when it is left alone."""

    failures: int = 0
    open_until: datetime | None = None


def read_standings(tx: Tx) -> dict[str, Standing]:
    """Return how each connection does that somebody has written about."""
    statement = sa.select(connection_states).where(
        connection_states.c.workspace_id == DEFAULT_WORKSPACE
    )
    return {row.connection: Standing(row.failures, row.open_until) for row in tx.execute(statement)}


def write_standing(tx: Tx, row_id: str, connection: str, standing: Standing, now: datetime) -> None:
    """Write down how a connection does."""
    hold(tx, "connection", connection)
    values = {"failures": standing.failures, "open_until": standing.open_until}
    changed = sa.update(connection_states).where(*_is(connection)).values(values)
    if not tx.execute(changed).rowcount:
        row = {
            "id": row_id,
            "workspace_id": DEFAULT_WORKSPACE,
            "created_at": now,
            "connection": connection,
        }
        tx.execute(sa.insert(connection_states).values({**row, **values}))


def take_probe(tx: Tx, connection: str, seen: Standing, until: datetime) -> bool:
    """Leave a connection alone until then, if nobody has done so since it was seen."""
    statement = (
        sa.update(connection_states)
        .where(*_is(connection), connection_states.c.open_until == seen.open_until)
        .values(open_until=until)
    )
    return bool(tx.execute(statement).rowcount)


def _is(connection: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        connection_states.c.workspace_id == DEFAULT_WORKSPACE,
        connection_states.c.connection == connection,
    )
