"""The tables of usage, and in them what was done and paid for before there were any."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from trunkline.db.types import UtcTime

_ACTS: Final = """
INSERT INTO usage_logs (
 id, workspace_id, created_at, agent_id, action_type, channel, connection, provider, external_id,
 message_id, state, units, unit, cost, currency, cost_final, markup_basis_points, billed, simulated)
SELECT 'use_' || substr(id, 5), workspace_id, created_at, agent_id, 'message', channel, connection,
 provider, external_id, id, CASE status WHEN 'unknown' THEN 'reserved' ELSE 'spent' END, segments,
 CASE channel WHEN 'sms' THEN 'segment' END, cost, currency, cost_final, 0, cost, FALSE
FROM messages WHERE direction = 'outbound' AND (
 status IN ('sent', 'delivered', 'read', 'unknown')
 OR (status = 'failed' AND external_id IS NOT NULL))
"""
_PARTS: Final = """
INSERT INTO usage_logs (
 id, workspace_id, created_at, agent_id, action_type, channel, connection, provider, message_id,
 state, units, cost, currency, cost_final, markup_basis_points, billed, simulated)
SELECT 'use_' || substr(id, 5), workspace_id, created_at, agent_id, part, channel, connection,
 connection, message_id, 'spent', units, cost, currency, FALSE, 0, cost, FALSE
FROM costs
"""
_SUMS: Final = """
SELECT workspace_id, {day} AS day, agent_id, channel, connection,
 coalesce(currency, '') AS currency,
 sum(CASE WHEN action_type = 'message' AND state = 'spent' THEN 1 ELSE 0 END) AS actions,
 sum(CASE WHEN state = 'reserved' THEN 1 ELSE 0 END) AS unknown,
 sum(CASE WHEN cost IS NULL THEN 1 ELSE 0 END) AS unpriced,
 0 AS rate_limit_hits,
 sum(CASE WHEN state = 'spent' THEN coalesce(cost, 0) ELSE 0 END) AS cost,
 sum(CASE WHEN state = 'spent' THEN coalesce(billed, 0) ELSE 0 END) AS billed,
 sum(CASE WHEN state = 'reserved' THEN coalesce(cost, 0) ELSE 0 END) AS reserved,
 0 AS estimated,
 sum(CASE WHEN state = 'spent' AND cost_final THEN coalesce(cost, 0) ELSE 0 END) AS confirmed
FROM usage_logs GROUP BY workspace_id, {day}, agent_id, channel, connection, coalesce(currency, '')
"""


def lay_usage() -> None:
    """Make the tables of usage, and fill them with what was done before there were any."""
    op.create_table(
        "usage_logs",
        *_own(),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("action_type", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("external_id", sa.String(255)),
        sa.Column("message_id", sa.String(64)),
        sa.Column("call_id", sa.String(64)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("units", sa.BigInteger),
        sa.Column("unit", sa.String(16)),
        sa.Column("cost", sa.BigInteger),
        sa.Column("currency", sa.String(3)),
        sa.Column("cost_final", sa.Boolean, nullable=False),
        sa.Column("estimate", sa.BigInteger),
        sa.Column("markup_basis_points", sa.Integer, nullable=False),
        sa.Column("billed", sa.BigInteger),
        sa.Column("metadata", sa.Text),
        sa.Column("simulated", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_usage_logs"),
    )
    op.create_index("ix_usage_logs_agent", "usage_logs", ["workspace_id", "agent_id", "id"])
    op.create_index("ix_usage_logs_message", "usage_logs", ["workspace_id", "message_id"])
    op.create_index(
        "ix_usage_logs_call",
        "usage_logs",
        ["workspace_id", "call_id"],
        sqlite_where=sa.text("call_id IS NOT NULL"),
        postgresql_where=sa.text("call_id IS NOT NULL"),
    )
    changes = op.create_table(
        "usage_changes",
        *_own(),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("simulated", sa.Boolean, nullable=False),
        *_usage_figures(),
        sa.PrimaryKeyConstraint("id", name="pk_usage_changes"),
    )
    op.create_table(
        "usage_totals",
        *_own(),
        sa.Column("span", sa.String(8), nullable=False),
        sa.Column("starts_on", sa.String(10), nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("simulated", sa.Boolean, nullable=False),
        *_usage_figures(),
        sa.PrimaryKeyConstraint("id", name="pk_usage_totals"),
        sa.UniqueConstraint(
            "workspace_id",
            "span",
            "starts_on",
            "agent_id",
            "channel",
            "connection",
            "currency",
            "simulated",
            name="uq_usage_totals",
        ),
    )
    if carried := _carry_over(op.get_bind()):
        now = datetime.now(UTC)
        op.bulk_insert(changes, [{**each, "created_at": now} for each in carried])
    op.drop_table("costs")


def _own() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
    ]


def _usage_figures() -> list[sa.Column[int]]:
    return [
        sa.Column(name, sa.BigInteger, nullable=False)
        for name in (
            "actions",
            "unknown",
            "unpriced",
            "rate_limit_hits",
            "cost",
            "billed",
            "reserved",
            "estimated",
            "confirmed",
        )
    ]


def _carry_over(bind: sa.Connection) -> list[Mapping[str, Any]]:
    """Fill ``usage_logs``, and return the rows of ``usage_changes`` that add it up."""
    bind.execute(sa.text(_ACTS))
    bind.execute(sa.text(_PARTS))
    is_server = bind.dialect.name == "postgresql"
    utc = "to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
    day = utc if is_server else "substr(created_at, 1, 10)"
    return list(_changes(bind.execute(sa.text(_SUMS.format(day=day))).mappings()))


def _changes(sums: Iterable[sa.RowMapping]) -> Iterable[Mapping[str, Any]]:
    """Yield what was estimated as unknown: of what is confirmed it was not kept."""
    for each in sums:
        figures = {
            name: int(value) if not isinstance(value, str) else value
            for name, value in each.items()
        }
        figures["estimated"] = figures["confirmed"]
        yield {"id": f"row_{secrets.token_hex(16)}", **figures, "simulated": False}
