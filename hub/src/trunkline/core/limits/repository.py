"""All SQL of limits and of what is counted against them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from trunkline.core.limits.models import (
    ACTION_WINDOWS,
    DAY_MS,
    SPEND_WINDOWS,
    TOKEN,
    WORKSPACE,
    Account,
    Counters,
    Limits,
)
from trunkline.core.limits.windows import Window, packed, unpacked
from trunkline.db.hot import Hot, Question, Rows, question
from trunkline.db.schema import contact_frequency, rate_limits, spending_limits
from trunkline.sdk import Tx

_COLUMN_OF: Final[Mapping[str, sa.Column[Any]]] = {
    "actions_per_minute": spending_limits.c.max_per_minute,
    "actions_per_hour": spending_limits.c.max_per_hour,
    "actions_per_day": spending_limits.c.max_per_day,
    "spend_per_day": spending_limits.c.max_spend_per_day,
    "spend_per_month": spending_limits.c.max_spend_per_month,
    "call_minutes": spending_limits.c.max_call_duration_minutes,
    "calls_per_day_same_number": spending_limits.c.max_calls_per_day_same_number,
}
"""The column that each limit lies in."""

_ACCOUNTS = (
    sa.select(
        spending_limits.c.agent_id,
        *_COLUMN_OF.values(),
        spending_limits.c.channels_off,
        rate_limits.c.last_ms,
        rate_limits.c.actions,
        rate_limits.c.spend,
        rate_limits.c.prefixes,
    )
    .join(
        rate_limits,
        sa.and_(
            rate_limits.c.workspace_id == spending_limits.c.workspace_id,
            rate_limits.c.agent_id == spending_limits.c.agent_id,
        ),
    )
    .where(
        spending_limits.c.workspace_id == sa.bindparam("workspace_id"),
        sa.or_(
            spending_limits.c.agent_id == sa.bindparam("agent_id"),
            spending_limits.c.agent_id == WORKSPACE,
            spending_limits.c.agent_id == sa.bindparam("token"),
        ),
    )
    # Whoever holds several takes them in this order, so that no two wait for one another.
    .order_by(spending_limits.c.agent_id)
)
_LOOK = Hot(_ACCOUNTS)
_HOLD = Hot(_ACCOUNTS.with_for_update(of=rate_limits))
_COUNT = Hot(
    sa.update(rate_limits)
    .where(
        rate_limits.c.workspace_id == sa.bindparam("of_workspace"),
        rate_limits.c.agent_id == sa.bindparam("of_agent"),
    )
    .values({name: sa.bindparam(name) for name in ("last_ms", "actions", "spend", "prefixes")})
)
_CALLS = Hot(
    sa.select(contact_frequency.c.recent).where(
        contact_frequency.c.workspace_id == sa.bindparam("workspace_id"),
        contact_frequency.c.agent_id == sa.bindparam("agent_id"),
        contact_frequency.c.contact_number == sa.bindparam("contact"),
        contact_frequency.c.channel == sa.bindparam("channel"),
    )
)


def accounts_of(
    workspace_id: str, agent_id: str, token: str | None = None, *, hold: bool
) -> Question[tuple[Account, ...]]:
    """
    Ask for the limits of an agent and of its workspace, with what is counted against them.

    With the kid of a token that has caps, for those too.

    With `hold` nobody else counts until the transaction ends. Without limits nothing is counted.
    """
    key = "" if token is None else f"{TOKEN}{token}"
    wanted = {"workspace_id": workspace_id, "agent_id": agent_id, "token": key}
    return question(_HOLD if hold else _LOOK, wanted, _accounts)


def calls_to(workspace_id: str, agent_id: str, contact: str, channel: str) -> Question[Window]:
    """Ask how often an agent acted on a channel with whom a pseudonym stands for, within a day."""
    wanted = {
        "workspace_id": workspace_id,
        "agent_id": agent_id,
        "contact": contact,
        "channel": channel,
    }
    return question(_CALLS, wanted, lambda rows: unpacked(rows[0][0] if rows else "", (DAY_MS,))[0])


def limits_by_agent(tx: Tx, workspace_id: str) -> dict[str, Limits]:
    """Return the limits of every agent that has some."""
    rows = tx.execute(
        sa.select(
            spending_limits.c.agent_id, spending_limits.c.channels_off, *_COLUMN_OF.values()
        ).where(spending_limits.c.workspace_id == workspace_id)
    )
    return {
        agent_id: Limits(
            **dict(zip(_COLUMN_OF, most, strict=True)), channels_off=frozenset(off.split())
        )
        for agent_id, off, *most in map(tuple, rows)
    }


def count(tx: Tx, workspace_id: str, agent_id: str, counters: Counters) -> None:
    """Write down what is counted of whoever is held."""
    _COUNT.put(tx, {"of_workspace": workspace_id, "of_agent": agent_id, **_of_counters(counters)})


def count_call(
    tx: Tx,
    workspace_id: str,
    row_id: str,
    agent_id: str,
    contact: str,
    channel: str,
    calls: Window,
    now: datetime,
) -> None:
    """Write down how often an agent, which is held, acted on a channel with somebody."""
    values = {
        "action_date": now.date(),
        "action_count": calls.used,
        "recent": packed([calls]),
    }
    key = {
        "workspace_id": workspace_id,
        "agent_id": agent_id,
        "contact_number": contact,
        "channel": channel,
    }
    same = sa.update(contact_frequency).values(values).filter_by(**key)
    if not tx.execute(same).rowcount:
        row = {"id": row_id, "created_at": now, **key, **values}
        tx.execute(sa.insert(contact_frequency).values(row))


def set_limits(
    tx: Tx,
    workspace_id: str,
    row_ids: tuple[str, str],
    agent_id: str,
    limits: Limits,
    counters: Counters,
    now: datetime,
) -> None:
    """Store the limits of an agent, or of `WORKSPACE`, in place of those it had."""
    values = {column.name: getattr(limits, name) for name, column in _COLUMN_OF.items()}
    values |= {"channels_off": " ".join(sorted(limits.channels_off)), "updated_at": now}
    key = {"workspace_id": workspace_id, "agent_id": agent_id}
    changed = sa.update(spending_limits).values(values).filter_by(**key)
    if tx.execute(changed).rowcount:
        count(tx, workspace_id, agent_id, counters)
        return
    for table, row_id, rest in (
        (spending_limits, row_ids[0], values),
        (rate_limits, row_ids[1], _of_counters(counters)),
    ):
        tx.execute(sa.insert(table).values(id=row_id, created_at=now, **key, **rest))


def forget_calls(tx: Tx, before: datetime) -> int:
    """Forget how often numbers were called that were not since then; return how many."""
    old = contact_frequency.c.action_date < before.date()
    return tx.execute(sa.delete(contact_frequency).where(old)).rowcount


def _accounts(rows: Rows) -> tuple[Account, ...]:
    return tuple(_account(*row) for row in rows)


def _account(agent_id: str, *rest: Any) -> Account:
    *most, off, last_ms, actions, spend, ranges = rest
    return Account(
        agent_id=agent_id,
        limits=Limits(
            **dict(zip(_COLUMN_OF, most, strict=True)), channels_off=frozenset(off.split())
        ),
        counters=Counters(
            last_ms=last_ms,
            actions=unpacked(actions, ACTION_WINDOWS),
            spend=unpacked(spend, SPEND_WINDOWS),
            prefixes=_unlisted(ranges),
        ),
    )


def _of_counters(counters: Counters) -> dict[str, Any]:
    return {
        "last_ms": counters.last_ms,
        "actions": packed(counters.actions),
        "spend": packed(counters.spend),
        "prefixes": _listed(counters.prefixes.items()),
    }


def _listed(prefixes: Iterable[tuple[str, int]]) -> str:
    return " ".join(f"{each}:{at}" for each, at in prefixes)


def _unlisted(text: str) -> dict[str, int]:
    pairs = (each.partition(":") for each in text.split())
    return {each: int(at) for each, _, at in pairs}
