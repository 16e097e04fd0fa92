"""Phone calls, and what was learnt of each."""

import sqlalchemy as sa

from trunkline.db.schema.base import index_where, table
from trunkline.db.types import UtcTime

calls = table(
    "calls",
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("direction", sa.String(8), nullable=False),  # inbound | outbound
    sa.Column("connection", sa.String(64), nullable=False),
    sa.Column("provider", sa.String(64), nullable=False),
    sa.Column("external_id", sa.Text),  # the provider's id
    sa.Column("from_address", sa.Text, nullable=False),
    sa.Column("to_address", sa.Text, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),  # see CallState
    sa.Column("answered_by", sa.String(16)),  # human | machine | fax | unknown
    sa.Column("duration_s", sa.Integer),  # from the answer to the end
    sa.Column("message_id", sa.String(64)),  # what it says, or inbound: what was left
    sa.Column("answer", sa.String(16)),  # inbound: what the caller hears, see CallAnswer
    sa.Column("answered_at", UtcTime),
    sa.Column("ended_at", UtcTime),
    sa.Column("over_by", UtcTime, nullable=False),  # it cannot last longer
    sa.Column("cost", sa.BigInteger),  # micro-units of currency
    sa.Column("currency", sa.String(3)),
    sa.Column("reason", sa.Text),  # how it ended, in a sentence
    sa.Column("simulated", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("ix_calls_agent", "workspace_id", "agent_id", "id"),
    sa.Index("ix_calls_external", "workspace_id", "connection", "external_id"),
    index_where("message_id IS NOT NULL", "ix_calls_message", "workspace_id", "message_id"),
)

call_events = table(
    "call_events",
    sa.Column("call_id", sa.String(64), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),  # a CallState, or `recorded`
    sa.Column("source", sa.String(16), nullable=False),  # see Source
    sa.Column("event_id", sa.String(64)),
    sa.Column("moved", sa.Boolean, nullable=False),  # false: evidence that moved nothing
    sa.Index("ix_call_events_call", "workspace_id", "call_id", "id"),
)
