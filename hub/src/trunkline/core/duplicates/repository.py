"""All SQL of duplicates."""

from datetime import datetime

import sqlalchemy as sa

from trunkline.core.duplicates.models import OPEN, Duplicate, DuplicateState, Followed, Way
from trunkline.core.messages.models import Message
from trunkline.core.messages.repository import COLUMNS, to_message
from trunkline.db.schema import duplicates, messages
from trunkline.sdk import Tx


def add(tx: Tx, workspace_id: str, duplicate: Duplicate) -> None:
    """Insert a duplicate; IntegrityError if its message has one already."""
    tx.execute(
        sa.insert(duplicates).values(
            id=duplicate.id,
            workspace_id=workspace_id,
            created_at=duplicate.created_at,
            agent_id=duplicate.agent_id,
            message_id=duplicate.message_id,
            way=duplicate.way.value,
            to_address=duplicate.to,
            state=duplicate.state.value,
            tries=duplicate.tries,
            reason=duplicate.reason,
            deadline_at=duplicate.deadline_at,
            finished_at=duplicate.finished_at,
        )
    )


def find(tx: Tx, workspace_id: str, message_id: str) -> Duplicate | None:
    """Return the duplicate of a message."""
    row = tx.execute(sa.select(duplicates).where(*_of(workspace_id, message_id))).first()
    if row is None:
        return None
    return Duplicate(
        id=row.id,
        created_at=row.created_at,
        agent_id=row.agent_id,
        message_id=row.message_id,
        way=Way(row.way),
        to=row.to_address,
        state=DuplicateState(row.state),
        tries=row.tries,
        reason=row.reason,
        deadline_at=row.deadline_at,
        finished_at=row.finished_at,
    )


def copy_of(tx: Tx, workspace_id: str, message_id: str) -> Message | None:
    """Return the message that says once more what another one says."""
    row = tx.execute(
        sa.select(*COLUMNS).where(
            messages.c.workspace_id == workspace_id, messages.c.duplicate_of == message_id
        )
    ).first()
    return None if row is None else to_message(tuple(row))


def followed(tx: Tx, workspace_id: str, message_id: str) -> tuple[Followed, ...]:
    """Return the duplicates of a message, each with what it became."""
    duplicate = find(tx, workspace_id, message_id)
    if duplicate is None:
        return ()
    return (Followed(duplicate=duplicate, message=copy_of(tx, workspace_id, message_id)),)


def move(
    tx: Tx,
    workspace_id: str,
    duplicate: Duplicate,
    to: DuplicateState,
    *,
    reason: str | None = None,
    finished_at: datetime | None = None,
) -> bool:
    """Move a duplicate from where it was found; False if it has moved meanwhile."""
    begins = to is DuplicateState.UNDER_WAY
    moved = (
        sa.update(duplicates)
        .where(
            *_of(workspace_id, duplicate.message_id), duplicates.c.state == duplicate.state.value
        )
        .values(
            state=to.value,
            reason=reason and reason[:300],
            finished_at=finished_at,
            tries=duplicates.c.tries + (1 if begins else 0),
        )
    )
    return tx.execute(moved).rowcount == 1


def distrust(tx: Tx, now: datetime, reason: str) -> None:
    """Give up what is yet to be sent, and may have been; a URL tells two posts of one from two."""
    tx.execute(
        sa.update(duplicates)
        .where(
            duplicates.c.state.in_([each.value for each in OPEN]),
            duplicates.c.way != Way.URL.value,
        )
        .values(state=DuplicateState.FAILED.value, reason=reason, finished_at=now)
    )


def _of(workspace_id: str, message_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return duplicates.c.workspace_id == workspace_id, duplicates.c.message_id == message_id
