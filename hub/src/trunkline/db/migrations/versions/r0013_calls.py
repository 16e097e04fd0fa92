"""
Phone calls, what was learnt of each, and what agents greet callers with.

Revision ID: 0013
"""

import sqlalchemy as sa
from alembic import op

from trunkline.db.types import UtcTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("agent_channels", sa.Column("greeting", sa.Text))
    op.add_column("agent_channels", sa.Column("greeting_media", sa.String(64)))
    op.create_table(
        "calls",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("updated_at", UtcTime, nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("external_id", sa.Text),
        sa.Column("from_address", sa.Text, nullable=False),
        sa.Column("to_address", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("answered_by", sa.String(16)),
        sa.Column("duration_s", sa.Integer),
        sa.Column("message_id", sa.String(64)),
        sa.Column("answer", sa.String(16)),
        sa.Column("answered_at", UtcTime),
        sa.Column("ended_at", UtcTime),
        sa.Column("over_by", UtcTime, nullable=False),
        sa.Column("cost", sa.BigInteger),
        sa.Column("currency", sa.String(3)),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
    )
    op.create_index("ix_calls_agent", "calls", ["workspace_id", "agent_id", "id"])
    op.create_index("ix_calls_external", "calls", ["workspace_id", "connection", "external_id"])
    op.create_index(
        "ix_calls_message",
        "calls",
        ["workspace_id", "message_id"],
        sqlite_where=sa.text("message_id IS NOT NULL"),
        postgresql_where=sa.text("message_id IS NOT NULL"),
    )
    op.create_table(
        "call_events",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("call_id", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("event_id", sa.String(64)),
        sa.Column("moved", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_call_events"),
    )
    op.create_index("ix_call_events_call", "call_events", ["workspace_id", "call_id", "id"])
