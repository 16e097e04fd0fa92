"""All SQL of media."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from trunkline.core.media.models import Medium, MediumState
from trunkline.core.messages.models import Direction
from trunkline.db.schema import media, messages
from trunkline.sdk import Tx

_SWEEP_ROWS: Final = 500


def add(tx: Tx, workspace_id: str, medium: Medium) -> None:
    """Insert a medium."""
    tx.execute(
        sa.insert(media).values(
            id=medium.id,
            workspace_id=workspace_id,
            created_at=medium.created_at,
            agent_id=medium.agent_id,
            message_id=medium.message_id,
            position=medium.position,
            direction=medium.direction.value,
            state=medium.state.value,
            content_type=medium.content_type,
            length=medium.length,
            duration_ms=medium.duration_ms,
            reason=medium.reason,
            expires_at=medium.expires_at,
            tries=medium.tries,
            connection=medium.connection,
            object=medium.object_key,
            sealed=medium.sealed,
            source=medium.source,
        )
    )


def find(tx: Tx, workspace_id: str, medium_id: str) -> Medium | None:
    """Return a medium by its id; its name and hash are still sealed."""
    wanted = sa.select(media).where(media.c.workspace_id == workspace_id, media.c.id == medium_id)
    row = tx.execute(wanted).first()
    return None if row is None else _medium(row)


def of_messages(tx: Tx, workspace_id: str, message_ids: Collection[str]) -> list[Medium]:
    """Return the media of some messages, in their order; names and hashes are still sealed."""
    wanted = (
        sa.select(media)
        .where(media.c.workspace_id == workspace_id, media.c.message_id.in_(message_ids))
        .order_by(media.c.message_id, media.c.position, media.c.id)
    )
    return [_medium(row) for row in tx.execute(wanted)]


def set_values(
    tx: Tx, workspace_id: str, medium_id: str, states: Sequence[MediumState], **values: Any
) -> bool:
    """Set columns of a medium that is in one of some states; tell whether it was."""
    return bool(
        tx.execute(
            sa.update(media)
            .where(
                media.c.workspace_id == workspace_id,
                media.c.id == medium_id,
                media.c.state.in_([state.value for state in states]),
            )
            .values(**values)
        ).rowcount
    )


def prolong(tx: Tx, workspace_id: str, medium_id: str, until: datetime) -> None:
    """Let a medium be there until then at least."""
    tx.execute(
        sa.update(media)
        .where(
            media.c.workspace_id == workspace_id,
            media.c.id == medium_id,
            media.c.expires_at < until,
        )
        .values(expires_at=until)
    )


def shorten(tx: Tx, workspace_id: str, message_id: str, until: datetime) -> None:
    """Let the media of a message be there until then at most."""
    tx.execute(
        sa.update(media)
        .where(
            media.c.workspace_id == workspace_id,
            media.c.message_id == message_id,
            media.c.expires_at > until,
        )
        .values(expires_at=until)
    )


def sweep(tx: Tx, now: datetime) -> tuple[int, list[tuple[str, str]]]:
    """Destroy the keys of what is past its time; return how many, and which have an object."""
    overdue = tx.execute(
        sa.select(media.c.id, media.c.workspace_id, media.c.object)
        .where(media.c.expires_at <= now, media.c.state != MediumState.GONE.value)
        .order_by(media.c.expires_at)
        .limit(_SWEEP_ROWS)
    ).all()
    ids = [row.id for row in overdue]
    tx.execute(
        sa.update(media)
        .where(media.c.id.in_(ids))
        .values(sealed=None, source=None, state=MediumState.GONE.value)
    )
    return len(ids), [(row.workspace_id, row.id) for row in overdue if row.object is not None]


def kept_until(tx: Tx, workspace_id: str, message_id: str) -> datetime | None:
    """Return until when the text of a message is kept, if its owner keeps it."""
    kept: datetime | None = tx.execute(
        sa.select(messages.c.body_until).where(
            messages.c.workspace_id == workspace_id, messages.c.id == message_id
        )
    ).scalar()
    return kept


def has_object(tx: Tx, workspace_id: str, key: str) -> bool:
    """Tell whether an object belongs to a medium."""
    wanted = sa.select(media.c.id).where(
        media.c.workspace_id == workspace_id, media.c.object == key
    )
    return tx.execute(wanted).first() is not None


def _medium(row: Any) -> Medium:
    return Medium(
        id=row.id,
        created_at=row.created_at,
        agent_id=row.agent_id,
        message_id=row.message_id,
        direction=Direction(row.direction),
        state=MediumState(row.state),
        content_type=row.content_type,
        name=None,
        length=row.length,
        sha256=None,
        duration_ms=row.duration_ms,
        reason=row.reason,
        expires_at=row.expires_at,
        position=row.position,
        tries=row.tries,
        connection=row.connection,
        object_key=row.object,
        sealed=row.sealed,
        source=row.source,
    )
