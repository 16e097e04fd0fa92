"""What an agent's channels carried: from totals, and of what has none from its newest rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from trunkline.core.agents.models import Agent
from trunkline.core.messages.models import Direction, Status
from trunkline.core.usage.models import Span
from trunkline.core.usage.totals import totals
from trunkline.db.schema import calls, messages
from trunkline.db.types import earliest_id
from trunkline.sdk import Tx

NEWEST: Final = 1000
"""So many of an agent's newest messages, and calls, are looked at for rates and minutes."""
_ARRIVED: Final = (Status.DELIVERED.value, Status.READ.value)
_ENDED: Final = (*_ARRIVED, Status.FAILED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelUse:
    """
    What an agent's channels carried in this calendar month (UTC), each by its name.

    Attributes:
        monthly_messages: What providers took.
        delivered: By channel how much of what ended arrived, of the newest; nothing of none.
        call_minutes: Of this month's newest calls, each begun minute whole.
    """

    agent: Agent
    monthly_messages: Mapping[str, int]
    monthly_cost_micros: int
    delivered: Mapping[str, float]
    call_minutes: int
    actions_this_minute: int
    actions_today: int


def channel_use(
    tx: Tx, workspace_id: str, agent: Agent, now: datetime, currency: str
) -> ChannelUse:
    """Return what an agent's channels carried."""
    month = totals(tx, workspace_id, Span.MONTH, now.date(), agent.id)
    today = totals(tx, workspace_id, Span.DAY, now.date(), agent.id)
    carried: dict[str, int] = {}
    for each in month:
        carried[each.channel] = carried.get(each.channel, 0) + each.figures.actions
    return ChannelUse(
        agent=agent,
        monthly_messages=carried,
        monthly_cost_micros=sum(
            each.figures.cost for each in month if each.currency == currency and not each.simulated
        ),
        delivered=_delivered(tx, workspace_id, agent.id),
        call_minutes=_call_minutes(tx, workspace_id, agent.id, now),
        actions_this_minute=_this_minute(tx, workspace_id, agent.id, now),
        actions_today=sum(each.figures.actions for each in today),
    )


def _delivered(tx: Tx, workspace_id: str, agent_id: str) -> dict[str, float]:
    newest = (
        sa.select(messages.c.channel, messages.c.status, messages.c.direction)
        .where(messages.c.workspace_id == workspace_id, messages.c.agent_id == agent_id)
        .order_by(messages.c.id.desc())
        .limit(NEWEST)
        .subquery()
    )
    found = tx.execute(
        sa.select(
            newest.c.channel,
            sa.func.count(),
            sa.func.count().filter(newest.c.status.in_(_ARRIVED)),
        )
        .where(
            newest.c.direction == Direction.OUTBOUND.value,
            newest.c.status.in_(_ENDED),
        )
        .group_by(newest.c.channel)
    )
    return {channel: arrived / ended for channel, ended, arrived in map(tuple, found)}


def _call_minutes(tx: Tx, workspace_id: str, agent_id: str, now: datetime) -> int:
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    durations = tx.execute(
        sa.select(calls.c.duration_s)
        .where(
            calls.c.workspace_id == workspace_id,
            calls.c.agent_id == agent_id,
            calls.c.id > earliest_id("call", month),
        )
        .order_by(calls.c.id.desc())
        .limit(NEWEST)
    ).scalars()
    return sum(-(-seconds // 60) for seconds in durations if seconds)


def _this_minute(tx: Tx, workspace_id: str, agent_id: str, now: datetime) -> int:
    minute = now.replace(second=0, microsecond=0)
    found = tx.execute(
        sa.select(sa.func.count()).where(
            messages.c.workspace_id == workspace_id,
            messages.c.agent_id == agent_id,
            messages.c.direction == Direction.OUTBOUND.value,
            messages.c.id > earliest_id("msg", minute),
        )
    )
    return int(found.scalar_one())
