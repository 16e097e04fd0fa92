"""All SQL of the pool of agent slots."""

from datetime import datetime

import sqlalchemy as sa

from trunkline.core.agents.models import Pool
from trunkline.db.locks import hold
from trunkline.db.schema import agent_pool
from trunkline.sdk import Tx


def ensure_pool(tx: Tx, workspace_id: str, row_id: str, size: int, now: datetime) -> None:
    """Make the pool with `size` slots unless it exists."""
    hold(tx, "pool", workspace_id)
    if tx.execute(sa.select(agent_pool.c.id).where(_pool_of(workspace_id))).first() is None:
        tx.execute(
            sa.insert(agent_pool).values(
                id=row_id,
                workspace_id=workspace_id,
                created_at=now,
                max_agents=size,
                active_agents=0,
            )
        )


def read_pool(tx: Tx, workspace_id: str) -> Pool:
    """Return the pool's state."""
    row = tx.execute(
        sa.select(agent_pool.c.max_agents, agent_pool.c.active_agents).where(_pool_of(workspace_id))
    ).one()
    return Pool(size=row.max_agents, used=row.active_agents)


def take_slot(tx: Tx, workspace_id: str) -> bool:
    """Take one slot; False when none is left."""
    free = agent_pool.c.active_agents < agent_pool.c.max_agents
    statement = (
        sa.update(agent_pool)
        .where(_pool_of(workspace_id), free)
        .values(active_agents=agent_pool.c.active_agents + 1)
    )
    return tx.execute(statement).rowcount == 1


def free_slot(tx: Tx, workspace_id: str) -> None:
    """Give one slot back."""
    tx.execute(
        sa.update(agent_pool)
        .where(_pool_of(workspace_id), agent_pool.c.active_agents > 0)
        .values(active_agents=agent_pool.c.active_agents - 1)
    )


def resize_pool(tx: Tx, workspace_id: str, size: int) -> None:
    """Set the number of slots."""
    tx.execute(sa.update(agent_pool).where(_pool_of(workspace_id)).values(max_agents=size))


def _pool_of(workspace_id: str) -> sa.ColumnElement[bool]:
    return agent_pool.c.workspace_id == workspace_id
