"""All SQL of what was spoken, and of what parts of a message cost."""

from datetime import datetime

import sqlalchemy as sa

from trunkline.core.speech.models import Cost, Spoken
from trunkline.core.usage.repository import parts_of
from trunkline.db.locks import hold
from trunkline.db.schema import speeches
from trunkline.sdk import Media, Tx


def find_speech(
    tx: Tx, workspace_id: str, agent_id: str, digest: bytes, now: datetime
) -> Spoken | None:
    """Return what was spoken of a text, if that is still there."""
    row = tx.execute(
        sa.select(
            speeches.c.media_id,
            speeches.c.content_type,
            speeches.c.duration_ms,
            speeches.c.connection,
        ).where(
            speeches.c.workspace_id == workspace_id,
            speeches.c.agent_id == agent_id,
            speeches.c.digest == digest,
            speeches.c.expires_at > now,
        )
    ).one_or_none()
    if row is None:
        return None
    return Spoken(
        media=Media(url=row.media_id, content_type=row.content_type),
        duration_ms=row.duration_ms,
        connection=row.connection,
    )


def put_speech(
    tx: Tx,
    workspace_id: str,
    row_id: str,
    agent_id: str,
    digest: bytes,
    spoken: Spoken,
    *,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Note what was spoken, in place of what was before."""
    hold(tx, "speeches", agent_id)  # another hub may speak the same at this moment
    tx.execute(
        sa.delete(speeches).where(
            speeches.c.workspace_id == workspace_id,
            speeches.c.agent_id == agent_id,
            speeches.c.digest == digest,
        )
    )
    tx.execute(
        sa.insert(speeches).values(
            id=row_id,
            workspace_id=workspace_id,
            created_at=now,
            agent_id=agent_id,
            digest=digest,
            media_id=spoken.media.url,
            content_type=spoken.media.content_type,
            duration_ms=spoken.duration_ms,
            connection=spoken.connection,
            expires_at=expires_at,
        )
    )


def forget_speeches(tx: Tx, workspace_id: str, now: datetime) -> None:
    """Delete the notes of what is spoken anew by now."""
    tx.execute(
        sa.delete(speeches).where(
            speeches.c.workspace_id == workspace_id, speeches.c.expires_at <= now
        )
    )


def costs_of(tx: Tx, workspace_id: str, message_id: str) -> list[Cost]:
    """Return what the parts of a message cost, in their order."""
    return [
        Cost(
            part=each.action_type,
            connection=each.connection,
            provider=each.provider,
            units=each.units,
            cost_micros=each.cost_micros,
            currency=each.currency,
            cost_final=each.cost_final,
        )
        for each in parts_of(tx, workspace_id, message_id)
    ]
