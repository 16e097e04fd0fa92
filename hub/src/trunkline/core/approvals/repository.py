"""All SQL of approvals."""

import json
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from trunkline.core.approvals.models import Approval, ApprovalEvent, ApprovalStatus, Via
from trunkline.core.compliance.filters import Doubt
from trunkline.db.schema import approval_events, approvals
from trunkline.sdk import Tx


def add(tx: Tx, workspace_id: str, approval: Approval, contact_hash: bytes) -> None:
    """Insert an approval of an act towards a contact."""
    tx.execute(
        sa.insert(approvals).values(
            id=approval.id,
            workspace_id=workspace_id,
            created_at=approval.created_at,
            agent_id=approval.agent_id,
            message_id=approval.message_id,
            batch_id=approval.batch_id,
            contact_hash=contact_hash,
            status=approval.status.value,
            digest=approval.digest,
            doubts=json.dumps([[each.rule, each.why] for each in approval.doubts]),
            people=approval.people,
            agreed=approval.agreed,
            expires_at=approval.expires_at,
        )
    )


def find(tx: Tx, workspace_id: str, approval_id: str, *, hold: bool = False) -> Approval | None:
    """Return an approval; with `hold` nobody else changes it until the transaction ends."""
    statement = sa.select(approvals).where(
        approvals.c.workspace_id == workspace_id, approvals.c.id == approval_id
    )
    row = tx.execute(statement.with_for_update() if hold else statement).first()
    return None if row is None else _approval(row)


def of_message(tx: Tx, workspace_id: str, message_id: str) -> Approval | None:
    """Return the approval that a message waits for, or waited for."""
    row = tx.execute(
        sa.select(approvals).where(
            approvals.c.workspace_id == workspace_id, approvals.c.message_id == message_id
        )
    ).first()
    return None if row is None else _approval(row)


def newest(
    tx: Tx,
    workspace_id: str,
    *,
    status: ApprovalStatus | None,
    agent_id: str | None,
    before: str | None,
    limit: int,
) -> list[Approval]:
    """Return approvals, the newest first."""
    statement = sa.select(approvals).where(approvals.c.workspace_id == workspace_id)
    if status is not None:
        statement = statement.where(approvals.c.status == status.value)
    if agent_id is not None:
        statement = statement.where(approvals.c.agent_id == agent_id)
    if before is not None:
        statement = statement.where(approvals.c.id < before)
    return [
        _approval(row) for row in tx.execute(statement.order_by(approvals.c.id.desc()).limit(limit))
    ]


def pending_of_batch(tx: Tx, workspace_id: str, batch_id: str) -> list[str]:
    """Return the ids of what waits of a batch."""
    return list(
        tx.execute(
            sa.select(approvals.c.id)
            .where(
                approvals.c.workspace_id == workspace_id,
                approvals.c.batch_id == batch_id,
                approvals.c.status == ApprovalStatus.PENDING.value,
            )
            .order_by(approvals.c.id)
        ).scalars()
    )


def end(
    tx: Tx,
    workspace_id: str,
    approval_id: str,
    status: ApprovalStatus,
    *,
    by: str,
    via: Via | None,
    now: datetime,
) -> bool:
    """Let a pending approval end, and tell whether it was pending."""
    statement = (
        sa.update(approvals)
        .where(
            approvals.c.workspace_id == workspace_id,
            approvals.c.id == approval_id,
            approvals.c.status == ApprovalStatus.PENDING.value,
        )
        .values(
            status=status.value,
            decided_at=now,
            decided_by=by,
            decided_via=None if via is None else via.value,
        )
    )
    return tx.execute(statement).rowcount == 1


def reopen(tx: Tx, workspace_id: str, approval_id: str) -> None:
    """Let what was decided be decided otherwise, in this very transaction."""
    tx.execute(
        sa.update(approvals)
        .where(approvals.c.workspace_id == workspace_id, approvals.c.id == approval_id)
        .values(status=ApprovalStatus.PENDING.value)
    )


def agree(tx: Tx, workspace_id: str, approval_id: str, agreed: int) -> None:
    """Note how many have agreed so far."""
    tx.execute(
        sa.update(approvals)
        .where(approvals.c.workspace_id == workspace_id, approvals.c.id == approval_id)
        .values(agreed=agreed)
    )


def note(tx: Tx, workspace_id: str, row_id: str, approval_id: str, event: ApprovalEvent) -> None:
    """Append to what was done with an approval."""
    tx.execute(
        sa.insert(approval_events).values(
            id=row_id,
            workspace_id=workspace_id,
            created_at=event.at,
            approval_id=approval_id,
            what=event.what,
            by=event.by,
            via=None if event.via is None else event.via.value,
            note=event.note,
        )
    )


def events_of(tx: Tx, workspace_id: str, approval_id: str) -> Sequence[ApprovalEvent]:
    """Return what was done with an approval, oldest first."""
    rows = tx.execute(
        sa.select(approval_events)
        .where(
            approval_events.c.workspace_id == workspace_id,
            approval_events.c.approval_id == approval_id,
        )
        .order_by(approval_events.c.id)
    )
    return [
        ApprovalEvent(
            at=row.created_at,
            what=row.what,
            by=row.by,
            via=None if row.via is None else Via(row.via),
            note=row.note,
        )
        for row in rows
    ]


def _approval(row: sa.Row[tuple[object, ...]]) -> Approval:
    return Approval(
        id=row.id,
        created_at=row.created_at,
        agent_id=row.agent_id,
        message_id=row.message_id,
        batch_id=row.batch_id,
        status=ApprovalStatus(row.status),
        digest=row.digest,
        doubts=tuple(Doubt(rule=rule, why=why) for rule, why in json.loads(row.doubts)),
        people=row.people,
        agreed=row.agreed,
        expires_at=row.expires_at,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        decided_via=None if row.decided_via is None else Via(row.decided_via),
    )
