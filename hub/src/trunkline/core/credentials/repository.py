"""All SQL of registered accounts, and of whether their providers refuse them."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from trunkline.core.credentials.models import CredentialsStatus, Registered, Value
from trunkline.core.messages.models import Status
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.core.privacy.keys import Unreadable
from trunkline.core.privacy.sealing import Seals
from trunkline.core.privacy.vault import Place
from trunkline.db.locks import hold
from trunkline.db.schema import (
    agent_connections,
    connection_states,
    messages,
    provider_credentials,
)
from trunkline.sdk import Tx

TOPIC: Final = "connections"
"""Of the notes that tell of a change."""
_UNKNOWN: Final = (Status.SENDING.value, Status.UNKNOWN.value)
_OPEN: Final = (*_UNKNOWN, Status.QUEUED.value, Status.HELD.value)


def read_all(tx: Tx, seals: Seals) -> list[Registered]:
    """Return every registered account, the oldest first."""
    rows = tx.execute(
        sa.select(provider_credentials)
        .where(provider_credentials.c.workspace_id == DEFAULT_WORKSPACE)
        .order_by(provider_credentials.c.id)
    )
    return [_registered(row, seals) for row in rows]


def find(tx: Tx, seals: Seals, connection: str) -> Registered | None:
    """Return what was registered of a connection; nobody else changes it until the end."""
    hold(tx, "connection", connection)
    row = tx.execute(sa.select(provider_credentials).where(*_of(connection))).first()
    return _registered(row, seals) if row else None


def put(tx: Tx, seals: Seals, given: Registered, now: datetime) -> None:
    """Insert an account, or set it anew, and tell every hub."""
    secret = json.dumps(dict(given.values or {})).encode()
    values: dict[str, Any] = {
        "provider": given.provider,
        "credentials_encrypted": seals.seal(_place(given.row_id), secret),
        "status": given.status.value,
        "verified_at": given.verified_at,
        "version": given.version,
        "updated_at": now,
    }
    known = sa.update(provider_credentials).where(*_of(given.connection)).values(values)
    if not tx.execute(known).rowcount:
        row = {
            "id": given.row_id,
            "workspace_id": DEFAULT_WORKSPACE,
            "created_at": now,
            "connection": given.connection,
        }
        tx.execute(sa.insert(provider_credentials).values({**row, **values}))
    tx.notify(TOPIC, given.connection)


def remove(tx: Tx, connection: str) -> None:
    """Delete what was registered of a connection, and tell every hub."""
    tx.execute(sa.delete(provider_credentials).where(*_of(connection)))
    tx.notify(TOPIC, connection)


def set_status(tx: Tx, connection: str, status: CredentialsStatus, now: datetime) -> None:
    """Note whether the provider takes what was registered, if anything was."""
    verified = {"verified_at": now} if status is CredentialsStatus.ACTIVE else {}
    changed = sa.update(provider_credentials).where(
        *_of(connection), provider_credentials.c.status != status.value
    )
    tx.execute(changed.values(status=status.value, **verified))


# --- who needs a connection ----------------------------------------------------------------------


def agents_of(tx: Tx, connection: str) -> list[str]:
    """Return the agents that have a connection instead of a slot's, ten at most."""
    statement = (
        sa.select(agent_connections.c.agent_id)
        .distinct()
        .where(
            agent_connections.c.workspace_id == DEFAULT_WORKSPACE,
            agent_connections.c.connection == connection,
        )
        .order_by(agent_connections.c.agent_id)
        .limit(10)
    )
    return list(tx.execute(statement).scalars())


def is_under_way(tx: Tx, connection: str, *, unknown_only: bool = False) -> bool:
    """Tell whether a message over a connection is not over, or nobody knows if it was sent."""
    statement = (
        sa.select(messages.c.id)
        .where(
            messages.c.workspace_id == DEFAULT_WORKSPACE,
            messages.c.connection == connection,
            messages.c.status.in_(_UNKNOWN if unknown_only else _OPEN),
        )
        .limit(1)
    )
    return tx.execute(statement).first() is not None


# --- refused credentials --------------------------------------------------------------------------


def read_refused(tx: Tx) -> dict[str, datetime]:
    """Return the connections whose credentials are refused, and since when."""
    statement = sa.select(connection_states.c.connection, connection_states.c.refused_at).where(
        connection_states.c.workspace_id == DEFAULT_WORKSPACE,
        connection_states.c.refused_at.is_not(None),
    )
    return {row.connection: row.refused_at for row in tx.execute(statement)}


def set_refused(
    tx: Tx, row_id: str, connection: str, refused_at: datetime | None, now: datetime
) -> bool:
    """Note since when credentials are refused, or that they are not; False if it was so before."""
    hold(tx, "connection", connection)
    its = (
        connection_states.c.workspace_id == DEFAULT_WORKSPACE,
        connection_states.c.connection == connection,
    )
    before = tx.execute(sa.select(connection_states.c.refused_at).where(*its)).first()
    if (before.refused_at if before else None) is not None and refused_at is not None:
        return False
    if (before is None or before.refused_at is None) and refused_at is None:
        return False
    if before is not None:
        tx.execute(sa.update(connection_states).where(*its).values(refused_at=refused_at))
        return True
    tx.execute(
        sa.insert(connection_states).values(
            id=row_id,
            workspace_id=DEFAULT_WORKSPACE,
            created_at=now,
            connection=connection,
            failures=0,
            refused_at=refused_at,
        )
    )
    return True


def _registered(row: sa.Row[Any], seals: Seals) -> Registered:
    values: Mapping[str, Value] | None
    try:
        values = json.loads(seals.open(_place(row.id), row.credentials_encrypted))
    except Unreadable:
        values = None
    return Registered(
        row_id=row.id,
        connection=row.connection,
        provider=row.provider,
        values=values,
        status=CredentialsStatus(row.status),
        verified_at=row.verified_at,
        version=row.version,
    )


def _of(connection: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        provider_credentials.c.workspace_id == DEFAULT_WORKSPACE,
        provider_credentials.c.connection == connection,
    )


def _place(row_id: str) -> Place:
    return Place(
        workspace_id=DEFAULT_WORKSPACE,
        table=provider_credentials.name,
        row_id=row_id,
        column="credentials_encrypted",
    )
