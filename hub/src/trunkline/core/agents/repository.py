"""All SQL of agents and tokens."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from trunkline.core.agents.models import Agent, AgentStatus, Mode, Unready
from trunkline.db.hot import Hot, Question, question
from trunkline.db.schema import (
    agent_addresses,
    agent_channels,
    agent_connections,
)
from trunkline.sdk import MessageClass, Tx

_AGENT_COLUMNS = (
    agent_channels.c.agent_id,
    agent_channels.c.display_name,
    agent_channels.c.country,
    agent_channels.c.callback_url,
    agent_channels.c.status,
    agent_channels.c.provisioned_at,
    agent_channels.c.settle_ms,
    agent_channels.c.greeting,
    agent_channels.c.greeting_media,
    agent_channels.c.suspended_at,
    agent_channels.c.suspended_reason,
    agent_channels.c.mode,
    agent_channels.c.mode_by,
    agent_channels.c.mode_at,
    agent_channels.c.message_class,
    agent_channels.c.hold,
    agent_channels.c.sms_mirror_to,
    agent_channels.c.email_bcc_to,
)
_READY = "ready"
_WHOLE = sa.select(
    *_AGENT_COLUMNS,
    agent_addresses.c.channel,
    agent_addresses.c.address,
    agent_addresses.c.status,
    agent_addresses.c.reason,
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


def _agents(rows: Iterable[Sequence[Any]]) -> list[Agent]:
    """Return the agents of rows in which each stands for each address and connection of its."""
    found: dict[str, Agent] = {}
    for row in rows:
        agent_id, name, country, callback_url, status, at, settle_ms, *rest = row
        greeting, greeting_media, suspended_at, suspended_reason, *rest = rest
        mode, mode_by, mode_at, message_class, hold, *rest = rest
        sms_mirror_to, email_bcc_to, *rest = rest
        channel, address, readiness, reason, kind, connection = rest
        known = found.get(agent_id)
        addresses = dict(known.addresses) if known else {}
        connections = dict(known.connections) if known else {}
        unready = dict(known.unready) if known else {}
        if channel is not None:
            addresses[channel] = address
            if readiness != _READY:
                unready[channel] = Unready(readiness, reason)
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
            greeting=greeting,
            greeting_media=greeting_media,
            suspended_at=suspended_at,
            suspended_reason=suspended_reason,
            mode=None if mode is None else Mode(mode),
            mode_by=mode_by,
            mode_at=mode_at,
            unready=unready,
            message_class=None if message_class is None else MessageClass(message_class),
            hold=hold,
            sms_mirror_to=sms_mirror_to,
            email_bcc_to=email_bcc_to,
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
            greeting=agent.greeting,
            message_class=agent.message_class.value if agent.message_class else None,
            hold=agent.hold,
            sms_mirror_to=agent.sms_mirror_to,
            email_bcc_to=agent.email_bcc_to,
            updated_at=now,
        )
    )


def change_agent(
    tx: Tx,
    workspace_id: str,
    agent_id: str,
    values: Mapping[str, str | int | datetime | None],
    now: datetime,
) -> bool:
    """Set columns of an agent and tell whether it exists."""
    statement = (
        sa.update(agent_channels)
        .where(agent_channels.c.workspace_id == workspace_id, agent_channels.c.agent_id == agent_id)
        .values(**values, updated_at=now)
    )
    return tx.execute(statement).rowcount == 1


def set_suspension(
    tx: Tx, workspace_id: str, agent_id: str, reason: str | None, now: datetime
) -> bool:
    """Suspend an active agent for a reason, or resume a suspended one for None; tell if it was."""
    before, after = AgentStatus.ACTIVE, AgentStatus.SUSPENDED
    if reason is None:
        before, after = after, before
    statement = (
        sa.update(agent_channels)
        .where(
            agent_channels.c.workspace_id == workspace_id,
            agent_channels.c.agent_id == agent_id,
            agent_channels.c.status == before.value,
        )
        .values(
            status=after.value,
            suspended_at=None if reason is None else now,
            suspended_reason=reason,
            updated_at=now,
        )
    )
    return tx.execute(statement).rowcount == 1


def set_greeting(tx: Tx, workspace_id: str, agent_id: str, greeting: str, media_id: str) -> bool:
    """Note the sound of a greeting; False if the agent greets in other words by now."""
    statement = (
        sa.update(agent_channels)
        .where(
            agent_channels.c.workspace_id == workspace_id,
            agent_channels.c.agent_id == agent_id,
            agent_channels.c.greeting == greeting,
        )
        .values(greeting_media=media_id)
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


def set_readiness(
    tx: Tx,
    workspace_id: str,
    agent_id: str,
    channel: str,
    address: str,
    status: str,
    reason: str | None,
) -> None:
    """Note whether an agent's address may be used, and what to do if it may not."""
    tx.execute(
        sa.update(agent_addresses)
        .filter_by(workspace_id=workspace_id, agent_id=agent_id, channel=channel, address=address)
        .values(status=status, reason=reason)
    )


def clear_addresses(tx: Tx, workspace_id: str, agent_id: str) -> None:
    """Take all addresses from an agent."""
    tx.execute(sa.delete(agent_addresses).filter_by(workspace_id=workspace_id, agent_id=agent_id))


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
