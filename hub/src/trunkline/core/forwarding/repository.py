"""All SQL of forwards."""

from datetime import datetime

import sqlalchemy as sa

from trunkline.core.forwarding.models import Forward, ForwardState
from trunkline.core.forwarding.signing import Signing
from trunkline.core.messages.models import BodyState, Direction
from trunkline.db.hot import Hot
from trunkline.db.schema import agent_channels, forwards, messages
from trunkline.sdk import Tx

_ADD = Hot(sa.insert(forwards))
_SIGNING = Hot(
    sa.select(agent_channels.c.webhook_generation, agent_channels.c.webhook_overlap_until).where(
        agent_channels.c.workspace_id == sa.bindparam("workspace_id"),
        agent_channels.c.agent_id == sa.bindparam("agent_id"),
    )
)


def signing_of(tx: Tx, workspace_id: str, agent_id: str) -> Signing | None:
    """Return which of an agent's secrets signs; None if there is no such agent."""
    rows = _SIGNING(tx, {"workspace_id": workspace_id, "agent_id": agent_id})
    return Signing(generation=rows[0][0], overlap_until=rows[0][1]) if rows else None


def rotate_signing(
    tx: Tx, workspace_id: str, agent_id: str, now: datetime, overlap_until: datetime
) -> None:
    """Let the next of an agent's secrets sign, and the one before too for a while."""
    tx.execute(
        sa.update(agent_channels)
        .where(agent_channels.c.workspace_id == workspace_id, agent_channels.c.agent_id == agent_id)
        .values(
            webhook_generation=agent_channels.c.webhook_generation + 1,
            webhook_rotated_at=now,
            webhook_overlap_until=overlap_until,
        )
    )


def add(
    tx: Tx,
    workspace_id: str,
    row_id: str,
    agent_id: str,
    message_id: str,
    *,
    now: datetime,
    deadline_at: datetime,
) -> None:
    """Insert a forward that waits for its first try."""
    _ADD(
        tx,
        {
            "id": row_id,
            "workspace_id": workspace_id,
            "created_at": now,
            "agent_id": agent_id,
            "message_id": message_id,
            "state": ForwardState.WAITING.value,
            "tries": 0,
            "reason": None,
            "deadline_at": deadline_at,
            "finished_at": None,
        },
    )


def find(tx: Tx, workspace_id: str, message_id: str) -> Forward | None:
    """Return the forward of a message."""
    row = tx.execute(sa.select(forwards).where(_of(workspace_id, message_id))).first()
    return _forward(row) if row else None


def newest(tx: Tx, workspace_id: str, state: ForwardState | None, limit: int) -> list[Forward]:
    """Return forwards, those in one state or all, newest first."""
    wanted = [forwards.c.workspace_id == workspace_id]
    if state is not None:
        wanted.append(forwards.c.state == state.value)
    statement = sa.select(forwards).where(*wanted)
    ordered = statement.order_by(forwards.c.id.desc()).limit(limit)
    return [_forward(row) for row in tx.execute(ordered)]


def deliver(tx: Tx, workspace_id: str, message_id: str, now: datetime) -> bool:
    """Note that a forward arrived; False if that is known."""
    return _end_try(
        tx,
        workspace_id,
        message_id,
        forwards.c.state != ForwardState.DELIVERED.value,
        state=ForwardState.DELIVERED.value,
        reason=None,
        finished_at=now,
    )


def fail(
    tx: Tx, workspace_id: str, message_id: str, state: ForwardState, reason: str, now: datetime
) -> bool:
    """Note that a try did not arrive, and how the forward stands; False if it was over before."""
    return _end_try(
        tx,
        workspace_id,
        message_id,
        forwards.c.state == ForwardState.WAITING.value,
        state=state.value,
        reason=reason,
        finished_at=None if state is ForwardState.WAITING else now,
    )


def revive(tx: Tx, workspace_id: str, message_id: str, deadline_at: datetime) -> None:
    """Let a forward wait for its first try again."""
    tx.execute(
        sa.update(forwards)
        .where(_of(workspace_id, message_id))
        .values(
            state=ForwardState.WAITING.value,
            tries=0,
            reason=None,
            deadline_at=deadline_at,
            finished_at=None,
        )
    )


def replayable(tx: Tx, workspace_id: str, after: str, limit: int) -> list[str]:
    """Return the messages, `after` one, of dead forwards that are still of use, oldest first."""
    statement = (
        sa.select(forwards.c.message_id)
        .join(
            messages,
            sa.and_(
                messages.c.workspace_id == forwards.c.workspace_id,
                messages.c.id == forwards.c.message_id,
            ),
        )
        .where(
            forwards.c.workspace_id == workspace_id,
            forwards.c.state == ForwardState.DEAD.value,
            forwards.c.message_id > after,
            sa.or_(
                messages.c.direction == Direction.OUTBOUND.value,
                sa.and_(
                    messages.c.acknowledged_at.is_(None),
                    messages.c.body_state != BodyState.SHREDDED.value,
                ),
            ),
        )
        .order_by(forwards.c.message_id)
        .limit(limit)
    )
    return list(tx.execute(statement).scalars())


def _end_try(
    tx: Tx, workspace_id: str, message_id: str, standing: sa.ColumnElement[bool], **values: object
) -> bool:
    return bool(
        tx.execute(
            sa.update(forwards)
            .where(_of(workspace_id, message_id), standing)
            .values(tries=forwards.c.tries + 1, **values)
        ).rowcount
    )


def _of(workspace_id: str, message_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        forwards.c.workspace_id == workspace_id,
        forwards.c.message_id == message_id,
    )


def _forward(row: sa.Row[tuple[object, ...]]) -> Forward:
    return Forward(
        message_id=row.message_id,
        agent_id=row.agent_id,
        state=ForwardState(row.state),
        tries=row.tries,
        reason=row.reason,
        created_at=row.created_at,
        deadline_at=row.deadline_at,
        finished_at=row.finished_at,
    )
