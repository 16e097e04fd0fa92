"""All SQL of the totals, to which changes are added in the background, each exactly once."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from trunkline.core.usage.models import FIGURES, Figures, Span
from trunkline.db.hot import Hot
from trunkline.db.locks import hold
from trunkline.db.schema import usage_changes, usage_totals
from trunkline.sdk import IdSource, Tx

ROWS: Final = 300
"""So many changes are added in one transaction."""

_KEY: Final = (
    "workspace_id",
    "span",
    "starts_on",
    "agent_id",
    "channel",
    "connection",
    "currency",
    "simulated",
)
_Key: TypeAlias = tuple[str | bool, ...]
_ADD = Hot(
    sa.update(usage_totals)
    .where(*(usage_totals.c[name] == sa.bindparam(f"of_{name}") for name in _KEY))
    .values({name: usage_totals.c[name] + sa.bindparam(f"more_{name}") for name in FIGURES})
)
_BEGIN = Hot(sa.insert(usage_totals))
_CHANGES = Hot(sa.select(usage_changes).order_by(usage_changes.c.id).limit(ROWS))
_SUMS = tuple(sa.func.sum(usage_totals.c[name]) for name in FIGURES)
_CHANGED = tuple(sa.func.sum(usage_changes.c[name]) for name in FIGURES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What one agent did on one channel, in one currency: the empty text where there is none."""

    agent_id: str
    channel: str
    currency: str
    simulated: bool
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorDay:
    """What all agents did over one connection on one day, in one currency."""

    day: str
    connection: str
    currency: str
    figures: Figures


def add_changes(tx: Tx, ids: IdSource) -> int:
    """Add what has changed to the totals, a batch of it, and return how much that was."""
    hold(tx, "usage_totals")  # of several hubs one adds at a time, so that each counts once
    columns = [column.name for column in usage_changes.columns]
    rows = [dict(zip(columns, row, strict=True)) for row in _CHANGES(tx, {})]
    if not rows:
        return 0
    sums: dict[_Key, Figures] = defaultdict(Figures)
    for row in rows:
        figures = Figures(**{name: row[name] for name in FIGURES})
        for key in _keys(row):
            sums[key] += figures
    now = max(row["created_at"] for row in rows)
    for key, figures in sorted(sums.items()):
        of = {f"of_{name}": part for name, part in zip(_KEY, key, strict=True)}
        more = {f"more_{name}": getattr(figures, name) for name in FIGURES}
        if not _ADD.rowcount(tx, of | more):
            own = dict(zip(_KEY, key, strict=True))
            values = {name: getattr(figures, name) for name in FIGURES}
            _BEGIN.put(tx, {"id": ids.new("row"), "created_at": now, **own, **values})
    gone = [row["id"] for row in rows]
    tx.execute(sa.delete(usage_changes).where(usage_changes.c.id.in_(gone)))
    return len(rows)


def _keys(row: dict[str, Any]) -> Iterable[_Key]:
    """Return the keys of the totals that a change belongs to."""
    day = date.fromisoformat(row["day"])
    over = row["connection"], row["currency"], bool(row["simulated"])
    for span in Span:
        place = ("", "") if span is Span.VENDOR else (row["agent_id"], row["channel"])
        yield (row["workspace_id"], span.value, span.starts_on(day), *place, *over)


def totals(
    tx: Tx, workspace_id: str, span: Span, today: date, agent_id: str | None = None
) -> list[Total]:
    """Return the totals of a span that `today` is in, of one agent or all, to the last change."""
    starts_on = span.starts_on(today)
    added = _grouped(usage_totals, workspace_id, agent_id).where(
        usage_totals.c.span == span.value, usage_totals.c.starts_on == starts_on
    )
    changed = _grouped(usage_changes, workspace_id, agent_id).where(
        usage_changes.c.day >= starts_on
    )
    return [
        Total(
            agent_id=agent,
            channel=channel,
            currency=currency,
            simulated=bool(simulated),
            figures=figures,
        )
        for (agent, channel, currency, simulated), figures in _summed(tx, 4, added, changed)
    ]


def spent(tx: Tx, workspace_id: str, agent_id: str, span: Span, today: date, currency: str) -> int:
    """Return what an agent has spent in one currency, in micro-units of it."""
    found = totals(tx, workspace_id, span, today, agent_id)
    return sum(
        each.figures.cost for each in found if each.currency == currency and not each.simulated
    )


def vendor_days(tx: Tx, workspace_id: str, since: str) -> list[VendorDay]:
    """Return what went over each connection on each day since then, to the last change."""
    added = sa.select(
        usage_totals.c.starts_on, usage_totals.c.connection, usage_totals.c.currency, *_SUMS
    ).where(
        usage_totals.c.workspace_id == workspace_id,
        usage_totals.c.span == Span.VENDOR.value,
        usage_totals.c.starts_on >= since,
        usage_totals.c.simulated.is_(False),
    )
    changed = sa.select(
        usage_changes.c.day, usage_changes.c.connection, usage_changes.c.currency, *_CHANGED
    ).where(
        usage_changes.c.workspace_id == workspace_id,
        usage_changes.c.day >= since,
        usage_changes.c.simulated.is_(False),
    )
    return [
        VendorDay(day=day, connection=connection, currency=currency, figures=figures)
        for (day, connection, currency), figures in _summed(tx, 3, added, changed)
        if replace(figures, rate_limit_hits=0)
    ]


def _grouped(table: sa.Table, workspace_id: str, agent_id: str | None) -> sa.Select[Any]:
    keys = (table.c.agent_id, table.c.channel, table.c.currency, table.c.simulated)
    sums = _SUMS if table is usage_totals else _CHANGED
    wanted = sa.select(*keys, *sums).where(table.c.workspace_id == workspace_id)
    return wanted if agent_id is None else wanted.where(table.c.agent_id == agent_id)


def _summed(
    tx: Tx, keys: int, *statements: sa.Select[Any]
) -> list[tuple[tuple[Any, ...], Figures]]:
    """Return the sums of several statements by their first `keys` columns, in their order."""
    found: dict[tuple[Any, ...], Figures] = defaultdict(Figures)
    for statement in statements:
        by = list(statement.selected_columns)[:keys]
        for row in tx.execute(statement.group_by(*by)):
            about = tuple(row)
            sums = zip(FIGURES, about[keys:], strict=True)
            found[about[:keys]] += Figures(**{name: int(each) for name, each in sums})
    return sorted((key, figures) for key, figures in found.items() if figures)
