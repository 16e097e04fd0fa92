"""What operators are told of: words and names alone, nothing of a person."""

import sqlalchemy as sa

from trunkline.db.schema.base import index_where, table
from trunkline.db.types import UtcTime

alerts = table(
    "alerts",
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("severity", sa.String(16), nullable=False),
    sa.Column("subject", sa.String(64), nullable=False),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("last_at", UtcTime, nullable=False),
    sa.Column("due_at", UtcTime),
    sa.Column("told", sa.Integer, nullable=False),
    sa.Column("told_at", UtcTime),
    sa.Column("acknowledged_at", UtcTime),
    sa.Column("acknowledged_by", sa.String(64)),
    sa.Column("over_at", UtcTime),
    sa.Index("ix_alerts_kind", "workspace_id", "kind", "subject", "id"),
    index_where("due_at IS NOT NULL", "ix_alerts_due", "workspace_id", "due_at"),
)
