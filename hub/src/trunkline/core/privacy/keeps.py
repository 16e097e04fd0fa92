"""The owner's choice to keep the texts of an agent and channel, encrypted, for some days."""

from datetime import datetime

import sqlalchemy as sa

from trunkline.db.hot import Hot, Question, question
from trunkline.db.locks import hold
from trunkline.db.schema import body_keeps
from trunkline.sdk import Tx

_FIND = Hot(
    sa.select(body_keeps.c.days).where(
        body_keeps.c.workspace_id == sa.bindparam("workspace_id"),
        body_keeps.c.agent_id == sa.bindparam("agent_id"),
        body_keeps.c.channel == sa.bindparam("channel"),
    )
)


def keep_days(workspace_id: str, agent_id: str, channel: str) -> Question[int]:
    """Ask for how many days texts are kept: 0 unless the owner chose otherwise."""
    wanted = {"workspace_id": workspace_id, "agent_id": agent_id, "channel": channel}
    return question(_FIND, wanted, lambda rows: int(rows[0][0]) if rows else 0)


def set_keep(
    tx: Tx,
    workspace_id: str,
    row_id: str,
    agent_id: str,
    channel: str,
    days: int,
    now: datetime,
) -> None:
    """Keep texts from now on for `days`; 0 keeps none. Texts stored before stay as they are."""
    hold(tx, "keep", workspace_id, agent_id, channel)
    tx.execute(
        sa.delete(body_keeps).where(
            body_keeps.c.workspace_id == workspace_id,
            body_keeps.c.agent_id == agent_id,
            body_keeps.c.channel == channel,
        )
    )
    if days:
        tx.execute(
            sa.insert(body_keeps).values(
                id=row_id,
                workspace_id=workspace_id,
                created_at=now,
                agent_id=agent_id,
                channel=channel,
                days=days,
            )
        )
