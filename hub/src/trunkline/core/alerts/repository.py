"""All SQL of alerts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from trunkline.core.alerts.models import BY_WORD, AlertKind, KeptAlert
from trunkline.db.schema import alerts
from trunkline.sdk import Severity, Tx

_KINDS = tuple(BY_WORD)
"""What an earlier or a later hub has noted under another name is left alone."""


def newest_of(tx: Tx, workspace_id: str, kind: AlertKind, subject: str) -> KeptAlert | None:
    """Return the last alert of a kind and a subject."""
    row = tx.execute(
        sa.select(alerts)
        .where(
            alerts.c.workspace_id == workspace_id,
            alerts.c.kind == kind.word,
            alerts.c.subject == subject,
        )
        .order_by(alerts.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else _kept(row)


def count_since(tx: Tx, workspace_id: str, kind: AlertKind, since: datetime) -> int:
    """Return how many alerts of a kind began since then."""
    counted = (
        sa.select(sa.func.count())
        .select_from(alerts)
        .where(
            alerts.c.workspace_id == workspace_id,
            alerts.c.kind == kind.word,
            alerts.c.created_at >= since,
        )
    )
    count: int = tx.execute(counted).scalar_one()
    return count


def add(tx: Tx, workspace_id: str, alert: KeptAlert) -> None:
    """Insert an alert."""
    tx.execute(
        sa.insert(alerts).values(
            id=alert.id,
            workspace_id=workspace_id,
            created_at=alert.created_at,
            kind=alert.kind.word,
            severity=alert.severity.value,
            subject=alert.subject,
            times=alert.count,
            last_at=alert.last_at,
            due_at=alert.due_at,
            told=0,
        )
    )


def change(tx: Tx, workspace_id: str, alert_id: str, **values: object) -> None:
    """Set columns of an alert."""
    tx.execute(
        sa.update(alerts)
        .where(alerts.c.workspace_id == workspace_id, alerts.c.id == alert_id)
        .values(**values)
    )


def take_due(
    tx: Tx, workspace_id: str, now: datetime, until: datetime, limit: int
) -> list[KeptAlert]:
    """Take what is to be told now, which nobody else does until then."""
    due = tx.execute(
        sa.select(alerts)
        .where(
            alerts.c.workspace_id == workspace_id,
            alerts.c.due_at <= now,
            alerts.c.kind.in_(_KINDS),
        )
        .order_by(alerts.c.due_at, alerts.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    tx.execute(
        sa.update(alerts).where(alerts.c.id.in_([row.id for row in due])).values(due_at=until)
    )
    return [_kept(row) for row in due]


def next_due(tx: Tx, workspace_id: str) -> datetime | None:
    """Return when the next alert is to be told."""
    earliest = sa.func.min(alerts.c.due_at, type_=alerts.c.due_at.type)
    at: datetime | None = tx.execute(
        sa.select(earliest).where(
            alerts.c.workspace_id == workspace_id,
            alerts.c.due_at.is_not(None),
            alerts.c.kind.in_(_KINDS),
        )
    ).scalar()
    return at


def find(tx: Tx, workspace_id: str, alert_id: str, *, hold: bool = False) -> KeptAlert | None:
    """Return an alert; with `hold` nobody else changes it until the transaction ends."""
    statement = sa.select(alerts).where(
        alerts.c.workspace_id == workspace_id,
        alerts.c.id == alert_id,
        alerts.c.kind.in_(_KINDS),
    )
    row = tx.execute(statement.with_for_update() if hold else statement).first()
    return None if row is None else _kept(row)


def newest(
    tx: Tx,
    workspace_id: str,
    *,
    severities: Sequence[Severity] = tuple(Severity),
    is_open: bool | None = None,
    before: str | None = None,
    limit: int,
) -> list[KeptAlert]:
    """Return alerts, the newest first; an open one is neither acknowledged nor over."""
    statement = sa.select(alerts).where(
        alerts.c.workspace_id == workspace_id,
        alerts.c.severity.in_([each.value for each in severities]),
        alerts.c.kind.in_(_KINDS),
    )
    ended = sa.or_(alerts.c.acknowledged_at.is_not(None), alerts.c.over_at.is_not(None))
    if is_open is not None:
        statement = statement.where(sa.not_(ended) if is_open else ended)
    if before is not None:
        statement = statement.where(alerts.c.id < before)
    rows = tx.execute(statement.order_by(alerts.c.id.desc()).limit(limit))
    return [_kept(row) for row in rows]


def acknowledge(
    tx: Tx, workspace_id: str, by: str, now: datetime, alert_id: str | None
) -> list[str]:
    """Acknowledge an open alert, or all of them, and return the ids of those that were open."""
    statement = sa.update(alerts).where(
        alerts.c.workspace_id == workspace_id,
        alerts.c.acknowledged_at.is_(None),
        alerts.c.over_at.is_(None),
    )
    if alert_id is not None:
        statement = statement.where(alerts.c.id == alert_id)
    changed = statement.values(acknowledged_at=now, acknowledged_by=by, due_at=None)
    return list(tx.execute(changed.returning(alerts.c.id)).scalars())


def _kept(row: sa.Row[tuple[Any, ...]]) -> KeptAlert:
    return KeptAlert(
        id=row.id,
        created_at=row.created_at,
        kind=BY_WORD[row.kind],
        subject=row.subject,
        count=row.times,
        last_at=row.last_at,
        due_at=row.due_at,
        told=row.told,
        told_at=row.told_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        over_at=row.over_at,
    )
