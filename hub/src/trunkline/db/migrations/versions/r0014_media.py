"""
Media, whose bytes lie in a storage.

Revision ID: 0014
"""

import sqlalchemy as sa
from alembic import op

from trunkline.db.types import UtcTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "media",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("message_id", sa.String(64)),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("content_type", sa.String(128)),
        sa.Column("length", sa.BigInteger),
        sa.Column("duration_ms", sa.Integer),
        sa.Column("reason", sa.Text),
        sa.Column("expires_at", UtcTime, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("connection", sa.String(64)),
        sa.Column("object", sa.String(256)),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("source", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_media"),
    )
    op.create_index(
        "ix_media_message",
        "media",
        ["workspace_id", "message_id"],
        sqlite_where=sa.text("message_id IS NOT NULL"),
        postgresql_where=sa.text("message_id IS NOT NULL"),
    )
    op.create_index(
        "ix_media_expires",
        "media",
        ["expires_at"],
        sqlite_where=sa.text("state <> 'gone'"),
        postgresql_where=sa.text("state <> 'gone'"),
    )
    op.create_index("ix_media_object", "media", ["workspace_id", "object"])
