"""All SQL of calls and of what was learnt of each."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from trunkline.core.calls.models import Call, CallAnswer, CallEntry, CallState, moves_to
from trunkline.core.messages.models import Direction, Source
from trunkline.db.schema import call_events, calls
from trunkline.sdk import AnsweredBy, Tx

_COLUMN_OF = {
    field.name: {"cost_micros": "cost"}.get(field.name, field.name) for field in fields(Call)
}
_COLUMNS = tuple(calls.c[name] for name in _COLUMN_OF.values())
_KINDS: dict[str, Any] = {
    "direction": Direction,
    "status": CallState,
    "answered_by": AnsweredBy,
    "answer": CallAnswer,
    "simulated": bool,
}


def _call(row: Sequence[Any]) -> Call:
    return Call(
        **{
            name: _KINDS[name](value) if name in _KINDS and value is not None else value
            for name, value in zip(_COLUMN_OF, row, strict=True)
        }
    )


def _one(tx: Tx, statement: sa.Select[Any]) -> Call | None:
    row = tx.execute(statement.limit(1)).first()
    return None if row is None else _call(tuple(row))


def add_call(tx: Tx, workspace_id: str, call: Call) -> None:
    """Insert a call."""
    tx.execute(
        sa.insert(calls).values(
            workspace_id=workspace_id,
            updated_at=call.created_at,
            **{column: getattr(call, name) for name, column in _COLUMN_OF.items()},
        )
    )


def find_call(tx: Tx, workspace_id: str, call_id: str, *, hold: bool = False) -> Call | None:
    """Return a call by its id; with `hold` nobody else changes it until the transaction ends."""
    wanted = sa.select(*_COLUMNS).where(calls.c.workspace_id == workspace_id, calls.c.id == call_id)
    return _one(tx, wanted.with_for_update() if hold else wanted)


def find_of_message(tx: Tx, workspace_id: str, message_id: str) -> Call | None:
    """Return the newest call that says a message."""
    return _one(
        tx,
        sa.select(*_COLUMNS)
        .where(calls.c.workspace_id == workspace_id, calls.c.message_id == message_id)
        .order_by(calls.c.id.desc()),
    )


def find_by_external_id(
    tx: Tx, workspace_id: str, connection: str, external_id: str
) -> Call | None:
    """Return the call that a provider knows by `external_id`."""
    return _one(
        tx,
        sa.select(*_COLUMNS).where(
            calls.c.workspace_id == workspace_id,
            calls.c.connection == connection,
            calls.c.external_id == external_id,
        ),
    )


def page(
    tx: Tx, workspace_id: str, agent_id: str | None, limit: int, before: str | None
) -> list[Call]:
    """Return calls, an agent's or all, newest first: those before one, if it is given."""
    wanted = sa.select(*_COLUMNS).where(calls.c.workspace_id == workspace_id)
    if agent_id is not None:
        wanted = wanted.where(calls.c.agent_id == agent_id)
    if before is not None:
        wanted = wanted.where(calls.c.id < before)
    found = tx.execute(wanted.order_by(calls.c.id.desc()).limit(limit))
    return [_call(tuple(row)) for row in found]


def move(tx: Tx, workspace_id: str, call_id: str, to: CallState, now: datetime) -> bool:
    """Move a call to a state if it may get there from where it is; tell whether it did."""
    moved = tx.execute(
        sa.update(calls)
        .where(
            calls.c.workspace_id == workspace_id,
            calls.c.id == call_id,
            calls.c.status.in_([each.value for each in moves_to(to)]),
        )
        .values(status=to.value, updated_at=now)
    ).rowcount
    return bool(moved)


def set_values(tx: Tx, workspace_id: str, call_id: str, **values: Any) -> None:
    """Set further columns of a call, such as its duration or cost."""
    tx.execute(
        sa.update(calls)
        .where(calls.c.workspace_id == workspace_id, calls.c.id == call_id)
        .values(**values)
    )


def add_event(
    tx: Tx,
    workspace_id: str,
    row_id: str,
    call_id: str,
    status: str,
    *,
    source: Source,
    event_id: str | None,
    moved: bool,
    now: datetime,
) -> None:
    """Append to a call's history."""
    tx.execute(
        sa.insert(call_events).values(
            id=row_id,
            workspace_id=workspace_id,
            created_at=now,
            call_id=call_id,
            status=status,
            source=source.value,
            event_id=event_id,
            moved=moved,
        )
    )


def read_history(tx: Tx, workspace_id: str, call_id: str) -> list[CallEntry]:
    """Return a call's history, oldest first."""
    statement = (
        sa.select(call_events)
        .where(call_events.c.workspace_id == workspace_id, call_events.c.call_id == call_id)
        .order_by(call_events.c.id)
    )
    return [
        CallEntry(
            status=row.status,
            at=row.created_at,
            source=Source(row.source),
            event_id=row.event_id,
            moved=row.moved,
        )
        for row in tx.execute(statement)
    ]
