"""All SQL of inbound events."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from trunkline.db.hot import Hot
from trunkline.db.locks import hold
from trunkline.db.schema import early_reports, inbound_events
from trunkline.sdk import DeliveryStatus, Reported, Tx

RECORDING = "recording"
"""The kind of what was recorded in a call; one that was handled became a message."""


class EventState(StrEnum):
    """How an event ended, or that it waits. There is no other end."""

    HANDLED = "handled"
    IGNORED = "ignored"
    DEAD = "dead"
    WAITING = "waiting"
    """A report on a message that is not known yet: it is tried again, and then ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """One event as stored: where it came from, and what it is about."""

    id: str
    workspace_id: str
    connection: str
    external_id: str
    kind: str
    agent_id: str | None
    attempt_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedEvent:
    """One event and how it ended: `reason` says why, `message_id` what it was about."""

    id: str
    created_at: datetime
    connection: str
    external_id: str
    kind: str
    agent_id: str | None
    attempt_id: str | None
    state: EventState
    reason: str | None
    message_id: str | None


_FIND = Hot(
    sa.select(inbound_events.c.id).where(
        inbound_events.c.workspace_id == sa.bindparam("workspace_id"),
        inbound_events.c.connection == sa.bindparam("connection"),
        inbound_events.c.external_id == sa.bindparam("external_id"),
    )
)
_ADD = Hot(sa.insert(inbound_events))


def is_stored(tx: Tx, workspace_id: str, connection: str, external_id: str) -> bool:
    """Tell whether an event was stored before; somebody else may be about to."""
    key = {"workspace_id": workspace_id, "connection": connection, "external_id": external_id}
    return bool(_FIND(tx, key))


def is_known(tx: Tx, event: StoredEvent) -> bool:
    """Tell whether this event was stored before. Nobody else stores it meanwhile."""
    hold(tx, "event", event.workspace_id, event.connection, event.external_id)
    return bool(
        _FIND(
            tx,
            {
                "workspace_id": event.workspace_id,
                "connection": event.connection,
                "external_id": event.external_id,
            },
        )
    )


def add_event(
    tx: Tx,
    event: StoredEvent,
    state: EventState,
    now: datetime,
    *,
    reason: str | None,
    message_id: str | None,
) -> None:
    """Insert an event with its end; IntegrityError when it was stored before."""
    _ADD(
        tx,
        {
            "id": event.id,
            "workspace_id": event.workspace_id,
            "created_at": now,
            "connection": event.connection,
            "external_id": event.external_id,
            "kind": event.kind,
            "agent_id": event.agent_id,
            "attempt_id": event.attempt_id,
            "state": state.value,
            "reason": reason,
            "message_id": message_id,
            "handled_at": now,
        },
    )


def add_early_report(tx: Tx, event: StoredEvent, report: Reported, now: datetime) -> None:
    """Keep a report until its message is known."""
    tx.execute(
        sa.insert(early_reports).values(
            id=event.id,
            workspace_id=event.workspace_id,
            created_at=now,
            connection=event.connection,
            provider_id=report.provider_id,
            status=report.status.value if report.status else None,
            vendor_status=report.vendor_status,
            error_code=report.error_code,
            cost=report.cost_micros,
            currency=report.currency,
            recipient=report.recipient,
            message_ref=report.message_ref,
        )
    )


def take_early_report(tx: Tx, workspace_id: str, event_id: str) -> Reported | None:
    """Return a report that waits, and remove it."""
    its = (early_reports.c.workspace_id == workspace_id, early_reports.c.id == event_id)
    row = tx.execute(sa.select(early_reports).where(*its).with_for_update()).first()
    if row is None:
        return None
    tx.execute(sa.delete(early_reports).where(*its))
    return Reported(
        external_id=event_id,
        provider_id=row.provider_id,
        status=row.status and DeliveryStatus(row.status),
        vendor_status=row.vendor_status,
        error_code=row.error_code,
        cost_micros=row.cost,
        currency=row.currency,
        recipient=row.recipient,
        message_ref=row.message_ref,
    )


def find_event(
    tx: Tx, workspace_id: str, event_id: str, *, hold: bool = False
) -> EndedEvent | None:
    """Return an event; with `hold` nobody else changes it until the transaction ends."""
    wanted = sa.select(inbound_events).where(
        inbound_events.c.workspace_id == workspace_id, inbound_events.c.id == event_id
    )
    row = tx.execute(wanted.with_for_update() if hold else wanted).first()
    return _ended(row) if row else None


def newest(tx: Tx, workspace_id: str, state: EventState | None, limit: int) -> list[EndedEvent]:
    """Return the newest events, of one state or of all, newest first."""
    wanted = sa.select(inbound_events).where(inbound_events.c.workspace_id == workspace_id)
    if state is not None:
        wanted = wanted.where(inbound_events.c.state == state.value)
    found = tx.execute(wanted.order_by(inbound_events.c.id.desc()).limit(limit))
    return [_ended(row) for row in found]


def end_letter(
    tx: Tx,
    workspace_id: str,
    event_id: str,
    now: datetime,
    reason: str | None,
    message_id: str | None,
    state: EventState = EventState.HANDLED,
) -> None:
    """Note that a dead letter could be used after all, or how an event ended that waited."""
    tx.execute(
        sa.update(inbound_events)
        .where(inbound_events.c.workspace_id == workspace_id, inbound_events.c.id == event_id)
        .values(state=state.value, reason=reason, message_id=message_id, handled_at=now)
    )


def _ended(row: sa.Row[Any]) -> EndedEvent:
    return EndedEvent(
        id=row.id,
        created_at=row.created_at,
        connection=row.connection,
        external_id=row.external_id,
        kind=row.kind,
        agent_id=row.agent_id,
        attempt_id=row.attempt_id,
        state=EventState(row.state),
        reason=row.reason,
        message_id=row.message_id,
    )
