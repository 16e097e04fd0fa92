"""What waits for a person, and what people did with it."""

import sqlalchemy as sa

from trunkline.db.schema.base import index_where, table
from trunkline.db.types import UtcTime

approvals = table(
    "approvals",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("message_id", sa.String(64), nullable=False),
    sa.Column("batch_id", sa.String(64)),
    sa.Column("contact_hash", sa.LargeBinary, nullable=False),  # keyed, as a contact's key has it
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),  # keyed, of what is decided about
    sa.Column("doubts", sa.Text, nullable=False),  # JSON: pairs of a rule and why
    sa.Column("people", sa.Integer, nullable=False),  # who have to agree
    sa.Column("agreed", sa.Integer, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.Column("decided_at", UtcTime),
    sa.Column("decided_by", sa.String(64)),
    sa.Column("decided_via", sa.String(16)),
    sa.UniqueConstraint("workspace_id", "message_id"),
    index_where("status = 'pending'", "ix_approvals_pending", "workspace_id", "id"),
    sa.Index("ix_approvals_contact", "workspace_id", "contact_hash"),
    index_where("batch_id IS NOT NULL", "ix_approvals_batch", "workspace_id", "batch_id"),
)

approval_events = table(
    "approval_events",
    sa.Column("approval_id", sa.String(64), nullable=False),
    sa.Column("what", sa.String(16), nullable=False),
    sa.Column("by", sa.String(64), nullable=False),
    sa.Column("via", sa.String(16)),
    sa.Column("note", sa.Text),
    sa.Index("ix_approval_events_approval", "workspace_id", "approval_id", "id"),
)
