"""All SQL of usage: its rows, and the changes that are still to be added to the totals."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from trunkline.core.usage.models import FIGURES, ActionType, Figures, Usage, UsageState, figures_of
from trunkline.db.hot import Hot
from trunkline.db.schema import usage_changes, usage_logs
from trunkline.db.types import earliest_id
from trunkline.sdk import IdSource, Tx

_COLUMN_OF: Final = {
    field.name: {
        "cost_micros": "cost",
        "estimate_micros": "estimate",
        "billed_micros": "billed",
        "details": "metadata",
    }.get(field.name, field.name)
    for field in fields(Usage)
}
_COLUMNS = tuple(usage_logs.c[name] for name in _COLUMN_OF.values())
_KINDS: Mapping[str, Callable[[Any], Any]] = {
    "state": UsageState,
    "cost_final": bool,
    "simulated": bool,
}

_ADD = Hot(sa.insert(usage_logs))
_ADD_CHANGE = Hot(sa.insert(usage_changes))
_CHANGE = Hot(
    sa.update(usage_logs)
    .where(
        usage_logs.c.workspace_id == sa.bindparam("of_workspace"),
        usage_logs.c.id == sa.bindparam("usage_id"),
    )
    .values(
        {
            column: sa.bindparam(f"new_{column}")
            for name, column in _COLUMN_OF.items()
            if name not in ("id", "created_at")
        }
    )
)


def _usage(row: Sequence[Any]) -> Usage:
    return Usage(
        **{
            name: _KINDS[name](value) if name in _KINDS else value
            for name, value in zip(_COLUMN_OF, row, strict=True)
        }
    )


def add_usage(tx: Tx, workspace_id: str, ids: IdSource, usage: Usage) -> None:
    """Insert what was done, and let it be added to the totals."""
    _ADD.put(
        tx,
        {
            "workspace_id": workspace_id,
            **{column: getattr(usage, name) for name, column in _COLUMN_OF.items()},
        },
    )
    add_figures(tx, workspace_id, ids, usage, figures_of(usage))


def change_usage(tx: Tx, workspace_id: str, ids: IdSource, before: Usage, **changes: Any) -> Usage:
    """
    Change what stands there of a usage, and the totals by the difference; return it as it is then.

    It counts for the day it counted for. The caller holds its row, or that of its message.
    """
    after = replace(before, **changes)
    if after == before:
        return before
    values = {
        f"new_{column}": getattr(after, name)
        for name, column in _COLUMN_OF.items()
        if name not in ("id", "created_at")
    }
    _CHANGE.put(tx, {"of_workspace": workspace_id, "usage_id": before.id, **values})
    if _place(before) == _place(after):
        add_figures(tx, workspace_id, ids, after, figures_of(after) + -figures_of(before))
    else:
        add_figures(tx, workspace_id, ids, before, -figures_of(before))
        add_figures(tx, workspace_id, ids, after, figures_of(after))
    return after


def remove_usage(tx: Tx, workspace_id: str, ids: IdSource, usage: Usage) -> None:
    """Delete what did not happen after all, and take it out of the totals."""
    tx.execute(
        sa.delete(usage_logs).where(
            usage_logs.c.workspace_id == workspace_id, usage_logs.c.id == usage.id
        )
    )
    add_figures(tx, workspace_id, ids, usage, -figures_of(usage))


def _place(usage: Usage) -> tuple[str, str, str | None]:
    return usage.channel, usage.connection, usage.currency


def add_figures(tx: Tx, workspace_id: str, ids: IdSource, usage: Usage, figures: Figures) -> None:
    """Let figures be added to the totals in which a usage counts."""
    if not figures:
        return
    _ADD_CHANGE.put(
        tx,
        {
            "id": ids.new("row"),
            "workspace_id": workspace_id,
            "created_at": usage.created_at,
            "day": usage.day,
            "agent_id": usage.agent_id,
            "channel": usage.channel,
            "connection": usage.connection,
            "currency": usage.currency or "",
            "simulated": usage.simulated,
            **{name: getattr(figures, name) for name in FIGURES},
        },
    )


def act_of(tx: Tx, workspace_id: str, message_id: str) -> Usage | None:
    """Return the act that a message is, if it is one; nobody else changes it until `tx` ends."""
    row = tx.execute(
        sa.select(*_COLUMNS)
        .where(
            usage_logs.c.workspace_id == workspace_id,
            usage_logs.c.message_id == message_id,
            usage_logs.c.action_type == ActionType.MESSAGE.value,
        )
        .with_for_update()
    ).first()
    return None if row is None else _usage(tuple(row))


def usage_of_call(tx: Tx, workspace_id: str, call_id: str) -> Usage | None:
    """Return what a call cost that came in, if it is noted."""
    row = tx.execute(
        sa.select(*_COLUMNS).where(
            usage_logs.c.workspace_id == workspace_id, usage_logs.c.call_id == call_id
        )
    ).first()
    return None if row is None else _usage(tuple(row))


def parts_of(tx: Tx, workspace_id: str, message_id: str) -> list[Usage]:
    """Return what was paid for a message beside what carries it, in its order."""
    rows = tx.execute(
        sa.select(*_COLUMNS)
        .where(
            usage_logs.c.workspace_id == workspace_id,
            usage_logs.c.message_id == message_id,
            usage_logs.c.action_type != ActionType.MESSAGE.value,
        )
        .order_by(usage_logs.c.id)
    )
    return [_usage(tuple(row)) for row in rows]


def bind_parts(tx: Tx, workspace_id: str, usage_ids: Collection[str], message_id: str) -> None:
    """Say of which message parts are."""
    tx.execute(
        sa.update(usage_logs)
        .where(usage_logs.c.workspace_id == workspace_id, usage_logs.c.id.in_(usage_ids))
        .values(message_id=message_id)
    )


def page(
    tx: Tx,
    workspace_id: str,
    agent_id: str | None,
    limit: int,
    *,
    before: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Usage]:
    """Return usage, an agent's or all, newest first: what is older than `before`, if given."""
    wanted = sa.select(*_COLUMNS).where(usage_logs.c.workspace_id == workspace_id)
    if agent_id is not None:
        wanted = wanted.where(usage_logs.c.agent_id == agent_id)
    if before is not None:
        wanted = wanted.where(usage_logs.c.id < before)
    if since is not None:
        wanted = wanted.where(usage_logs.c.id >= earliest_id("use", since))
    if until is not None:
        wanted = wanted.where(usage_logs.c.id < earliest_id("use", until))
    found = tx.execute(wanted.order_by(usage_logs.c.id.desc()).limit(limit))
    return [_usage(tuple(row)) for row in found]
