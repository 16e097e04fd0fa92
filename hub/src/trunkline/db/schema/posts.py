"""What MCP hosts subscribe to, and what they are told."""

import sqlalchemy as sa

from trunkline.db.schema.base import index_where, sealed, table
from trunkline.db.types import UtcTime

subscriptions = table(
    "subscriptions",
    sa.Column("kid", sa.String(16), nullable=False),  # of the token that made it
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("event", sa.String(32), nullable=False),
    sa.Column("channel", sa.String(16)),  # null: every channel
    sa.Column("status", sa.String(16)),  # null: every status that is told
    sa.Column("url", sa.Text, nullable=False),
    sealed("secret", nullable=False),
    sealed("previous_secret", "secret"),  # signs too, until then
    sa.Column("previous_until", UtcTime),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.Index("ix_subscriptions_agent", "workspace_id", "agent_id", "event"),
    sa.Index("ix_subscriptions_kid", "workspace_id", "kid"),
)

occurrences = table(
    "occurrences",
    sa.Column("subscription_id", sa.String(64), nullable=False),
    sa.Column("event", sa.String(32), nullable=False),
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("message_id", sa.String(64), nullable=False),  # the newest of so many
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("status", sa.String(16)),  # what an outbound message came to
    sa.Column("state", sa.String(16), nullable=False),  # see OccurrenceState
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text),  # why the last try failed
    sa.Column("occurred_at", UtcTime, nullable=False),
    sa.Column("deadline_at", UtcTime, nullable=False),  # no try is made after it
    sa.Column("finished_at", UtcTime),
    sa.Column("subject", sa.String(64)),  # connection, agent or approval; null of a message
    index_where("finished_at IS NULL", "ix_occurrences_open", "workspace_id", "subscription_id"),
)
