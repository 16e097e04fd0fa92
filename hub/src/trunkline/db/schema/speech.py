"""What was spoken."""

import sqlalchemy as sa

from trunkline.db.schema.base import table
from trunkline.db.types import UtcTime

# --- speech ---------------------------------------------------------------------------------------

speeches = table(
    "speeches",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),  # keyed: of text, voice, form, connection
    sa.Column("media_id", sa.String(64), nullable=False),
    sa.Column("content_type", sa.String(128), nullable=False),
    sa.Column("duration_ms", sa.Integer, nullable=False),
    sa.Column("connection", sa.String(64), nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),  # it is spoken anew after that
    sa.UniqueConstraint("workspace_id", "agent_id", "digest"),
    sa.Index("ix_speeches_expires", "workspace_id", "expires_at"),
)
