"""
What was spoken, and what it cost.

Revision ID: 0015
"""

import sqlalchemy as sa
from alembic import op

from trunkline.db.types import UtcTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "speeches",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("media_id", sa.String(64), nullable=False),
        sa.Column("content_type", sa.String(128), nullable=False),
        sa.Column("duration_ms", sa.Integer, nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("expires_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_speeches"),
        sa.UniqueConstraint(
            "workspace_id",
            "agent_id",
            "digest",
            name="uq_speeches_workspace_id_agent_id_digest",
        ),
    )
    op.create_index("ix_speeches_expires", "speeches", ["workspace_id", "expires_at"])
    op.create_table(
        "costs",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("message_id", sa.String(64)),
        sa.Column("part", sa.String(16), nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("units", sa.BigInteger),
        sa.Column("cost", sa.BigInteger),
        sa.Column("currency", sa.String(3)),
        sa.PrimaryKeyConstraint("id", name="pk_costs"),
    )
    op.create_index("ix_costs_message", "costs", ["workspace_id", "message_id"])
    op.create_index("ix_costs_agent", "costs", ["workspace_id", "agent_id", "created_at"])
