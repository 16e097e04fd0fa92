"""All SQL of agents, tokens and the pool."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from trunkline.core.agents.models import Agent, AgentStatus, LivingToken, Pool, Token
from trunkline.core.principal import Principal, Scope
from trunkline.db.hot import Hot, Question, question
from trunkline.db.locks import hold
from trunkline.db.schema import (
    agent_addresses,
    agent_channels,
    agent_connections,
    agent_pool,
    agent_tokens,
)
from trunkline.sdk import Tx

_AGENT_COLUMNS = (
    agent_channels.c.agent_id,
    agent_channels.c.display_name,
    agent_channels.c.country,
    agent_channels.c.callback_url,
    agent_channels.c.status,
    agent_channels.c.provisioned_at,
    agent_channels.c.settle_ms,
)
_WHOLE = sa.select(
    *_AGENT_COLUMNS,
    agent_addresses.c.channel,
    agent_addresses.c.address,
    agent_connections.c.kind,
    agent_connections.c.connection,
).select_from(
    agent_channels.outerjoin(
        agent_addresses,
        sa.and_(
            agent_addresses.c.workspace_id == agent_channels.c.workspace_id,
            agent_addresses.c.agent_id == agent_channels.c.agent_id,
        ),
    ).outerjoin(
        agent_connections,
        sa.and_(
            agent_connections.c.workspace_id == agent_channels.c.workspace_id,
            agent_connections.c.agent_id == agent_channels.c.agent_id,
        ),
    )
)
_BY_ID = Hot(
    _WHOLE.where(
        agent_channels.c.workspace_id == sa.bindparam("workspace_id"),
        agent_channels.c.agent_id == sa.bindparam("agent_id"),
    )
)
_OWNER = Hot(
    sa.select(agent_addresses.c.agent_id).where(
        agent_addresses.c.workspace_id == sa.bindparam("workspace_id"),
        agent_addresses.c.channel == sa.bindparam("channel"),
        agent_addresses.c.address == sa.bindparam("address"),
    )
)
_TOKEN = Hot(
    sa.select(
        agent_tokens.c.scope,
        agent_tokens.c.agent_id,
        agent_tokens.c.token_hash,
        agent_tokens.c.workspace_id,
    ).where(agent_tokens.c.kid == sa.bindparam("kid"), agent_tokens.c.revoked_at.is_(None))
)


def _agents(rows: Iterable[Sequence[Any]]) -> list[Agent]:
    """Return the agents of rows in which each stands for each address and connection of its."""
    found: dict[str, Agent] = {}
    for row in rows:
        agent_id, name, country, callback_url, status, at, *rest = row
        settle_ms, channel, address, kind, connection = rest
        known = found.get(agent_id)
        addresses = dict(known.addresses) if known else {}
        connections = dict(known.connections) if known else {}
        if channel is not None:
            addresses[channel] = address
        if kind is not None:
            connections[kind] = connection
        found[agent_id] = Agent(
            id=agent_id,
            display_name=name,
            addresses=addresses,
            country=country,
            connections=connections,
            callback_url=callback_url,
            status=AgentStatus(status),
            provisioned_at=at,
            settle_ms=settle_ms,
        )
    return list(found.values())


def agent_of(workspace_id: str, agent_id: str) -> Question[Agent | None]:
    """Ask for an agent by its id."""
    wanted = {"workspace_id": workspace_id, "agent_id": agent_id}
    return question(_BY_ID, wanted, lambda rows: next(iter(_agents(rows)), None))


def find_agent(tx: Tx, workspace_id: str, agent_id: str) -> Agent | None:
    """Return an agent by its id."""
    return agent_of(workspace_id, agent_id).ask(tx)


def find_agent_by_address(tx: Tx, workspace_id: str, channel: str, address: str) -> Agent | None:
    """Return the agent that people write to at an address of a channel."""
    rows = _OWNER(tx, {"workspace_id": workspace_id, "channel": channel, "address": address})
    return find_agent(tx, workspace_id, rows[0][0]) if rows else None


def list_agents(tx: Tx, workspace_id: str) -> list[Agent]:
    """Return every agent, by id."""
    statement = _WHOLE.where(agent_channels.c.workspace_id == workspace_id).order_by(
        agent_channels.c.agent_id
    )
    return _agents(tuple(row) for row in tx.execute(statement))


def add_agent(tx: Tx, workspace_id: str, row_id: str, agent: Agent, now: datetime) -> None:
    """Insert an agent without addresses and connections; IntegrityError if its id is taken."""
    tx.execute(
        sa.insert(agent_channels).values(
            id=row_id,
            workspace_id=workspace_id,
            created_at=now,
            agent_id=agent.id,
            display_name=agent.display_name,
            country=agent.country,
            callback_url=agent.callback_url,
            status=agent.status.value,
            provisioned_at=agent.provisioned_at,
            settle_ms=agent.settle_ms,
            updated_at=now,
        )
    )


def change_agent(
    tx: Tx, workspace_id: str, agent_id: str, values: Mapping[str, str | int | None], now: datetime
) -> bool:
    """Set columns of an agent and tell whether it exists."""
    statement = (
        sa.update(agent_channels)
        .where(agent_channels.c.workspace_id == workspace_id, agent_channels.c.agent_id == agent_id)
        .values(**values, updated_at=now)
    )
    return tx.execute(statement).rowcount == 1


def set_address(
    tx: Tx,
    workspace_id: str,
    row_id: str,
    agent_id: str,
    channel: str,
    address: str | None,
    now: datetime,
) -> None:
    """Set or clear an agent's address of a channel; IntegrityError when it is another's."""
    key = {"workspace_id": workspace_id, "agent_id": agent_id, "channel": channel}
    tx.execute(sa.delete(agent_addresses).filter_by(**key))
    if address is not None:
        row = {"id": row_id, "created_at": now, "address": address}
        tx.execute(sa.insert(agent_addresses).values(**key, **row))


def set_connection(
    tx: Tx,
    workspace_id: str,
    row_id: str,
    agent_id: str,
    kind: str,
    connection: str | None,
    now: datetime,
) -> None:
    """Set or clear the connection that serves an agent in a kind instead of the slot's."""
    key = {"workspace_id": workspace_id, "agent_id": agent_id, "kind": kind}
    tx.execute(sa.delete(agent_connections).filter_by(**key))
    if connection is not None:
        row = {"id": row_id, "created_at": now, "connection": connection}
        tx.execute(sa.insert(agent_connections).values(**key, **row))


# --- pool -----------------------------------------------------------------------------------------


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


def resize_pool(tx: Tx, workspace_id: str, size: int) -> None:
    """Set the number of slots."""
    tx.execute(sa.update(agent_pool).where(_pool_of(workspace_id)).values(max_agents=size))


def _pool_of(workspace_id: str) -> sa.ColumnElement[bool]:
    return agent_pool.c.workspace_id == workspace_id


# --- tokens ---------------------------------------------------------------------------------------


def add_token(tx: Tx, workspace_id: str, row_id: str, token: Token, token_hash: bytes) -> None:
    """Insert a token."""
    tx.execute(
        sa.insert(agent_tokens).values(
            id=row_id,
            workspace_id=workspace_id,
            created_at=token.issued_at,
            kid=token.kid,
            scope=token.scope.value,
            agent_id=token.agent_id,
            token_hash=token_hash,
            issued_at=token.issued_at,
            created_by=token.created_by,
        )
    )


def find_living_token(tx: Tx, kid: str) -> LivingToken | None:
    """Return a token that was not revoked."""
    rows = _TOKEN(tx, {"kid": kid})
    if not rows:
        return None
    scope, agent_id, token_hash, workspace_id = rows[0]
    principal = Principal(scope=Scope(scope), agent_id=agent_id, workspace_id=workspace_id, kid=kid)
    return LivingToken(hash=bytes(token_hash), principal=principal)


def list_tokens(tx: Tx, workspace_id: str) -> list[Token]:
    """Return every token, oldest first."""
    statement = (
        sa.select(agent_tokens)
        .where(agent_tokens.c.workspace_id == workspace_id)
        .order_by(agent_tokens.c.id)
    )
    return [
        Token(
            kid=row.kid,
            scope=Scope(row.scope),
            agent_id=row.agent_id,
            issued_at=row.issued_at,
            revoked_at=row.revoked_at,
            last_used_at=row.last_used_at,
            created_by=row.created_by,
        )
        for row in tx.execute(statement)
    ]


def revoke_tokens(
    tx: Tx, workspace_id: str, now: datetime, *, kid: str | None = None, agent_id: str | None = None
) -> int:
    """
    Revoke the living tokens of one kid or one agent and return how many there were.

    Whoever is held for one of them, waiting for what comes in, is told by a note of its kid.
    """
    chosen = agent_tokens.c.kid == kid if kid else agent_tokens.c.agent_id == agent_id
    statement = (
        sa.update(agent_tokens)
        .where(
            agent_tokens.c.workspace_id == workspace_id, agent_tokens.c.revoked_at.is_(None), chosen
        )
        .values(revoked_at=now)
        .returning(agent_tokens.c.kid)
    )
    kids = tx.execute(statement).scalars().all()
    for each in kids:
        tx.notify("inbound", each)
    return len(kids)


def mark_tokens_used(tx: Tx, used: Mapping[str, datetime]) -> None:
    """Note when each kid was used last."""
    for kid, at in used.items():
        tx.execute(sa.update(agent_tokens).where(agent_tokens.c.kid == kid).values(last_used_at=at))
