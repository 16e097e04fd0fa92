"""What agents did and what that cost, and the same added up."""

import sqlalchemy as sa

from trunkline.db.schema.base import index_where, table

# --- usage ----------------------------------------------------------------------------------------

usage_logs = table(
    "usage_logs",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("action_type", sa.String(16), nullable=False),  # message | speech | storage | …
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("connection", sa.String(64), nullable=False),
    sa.Column("provider", sa.String(64), nullable=False),
    sa.Column("external_id", sa.String(255)),  # the provider's, of what it bills
    sa.Column("message_id", sa.String(64)),  # none if what it was for was never stored
    sa.Column("call_id", sa.String(64)),
    sa.Column("state", sa.String(16), nullable=False),  # spent | reserved | released
    sa.Column("units", sa.BigInteger),
    sa.Column("unit", sa.String(16)),  # segment | minute | character | byte | second | …
    sa.Column("cost", sa.BigInteger),  # micro-units of currency; null if nobody tells
    sa.Column("currency", sa.String(3)),
    sa.Column("cost_final", sa.Boolean, nullable=False),  # it is the provider's own figure
    sa.Column("estimate", sa.BigInteger),  # ours, in the same currency
    sa.Column("markup_basis_points", sa.Integer, nullable=False),
    sa.Column("billed", sa.BigInteger),  # cost with the markup of that day
    sa.Column("metadata", sa.Text),  # JSON: what else the price rests on
    sa.Column("simulated", sa.Boolean, nullable=False),  # no money was spent
    sa.Index("ix_usage_logs_agent", "workspace_id", "agent_id", "id"),
    sa.Index("ix_usage_logs_message", "workspace_id", "message_id"),
    index_where("call_id IS NOT NULL", "ix_usage_logs_call", "workspace_id", "call_id"),
)


def _figures() -> tuple[sa.Column[int], ...]:
    return tuple(
        sa.Column(name, sa.BigInteger, nullable=False)
        for name in (
            "actions",
            "unknown",  # acts of which nobody knows whether they happened
            "unpriced",  # acts and parts of which nobody tells what they cost
            "rate_limit_hits",
            "cost",
            "billed",
            "reserved",  # what the unknown ones would cost
            "estimated",  # our figure of what the provider has confirmed
            "confirmed",
        )
    )


usage_changes = table(  # what is still to be added to the totals, which no act waits for
    "usage_changes",
    sa.Column("day", sa.String(10), nullable=False),  # UTC
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("connection", sa.String(64), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),  # empty: there is no money in it
    sa.Column("simulated", sa.Boolean, nullable=False),
    *_figures(),
)

usage_totals = table(
    "usage_totals",
    sa.Column("span", sa.String(8), nullable=False),  # day | week | month | all | vendor
    sa.Column("starts_on", sa.String(10), nullable=False),  # UTC
    sa.Column("agent_id", sa.String(64), nullable=False),  # empty of vendors' days: all agents
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("connection", sa.String(64), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("simulated", sa.Boolean, nullable=False),
    *_figures(),
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
