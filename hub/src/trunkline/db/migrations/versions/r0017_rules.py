"""
Rules: what an act is for, who consented to what, lists of numbers not to call.

Revision ID: 0017
"""

import sqlalchemy as sa
from alembic import op

from trunkline.db.types import UtcTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _rules()
    _approvals()
    _record()
    _alerts()


def _rules() -> None:
    """What filters judge by."""
    op.add_column("messages", sa.Column("message_class", sa.String(16)))
    op.add_column("agent_channels", sa.Column("message_class", sa.String(16)))
    op.create_table(
        "consents",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("channel", sa.String(16)),
        sa.Column("message_class", sa.String(16)),
        sa.Column("written", sa.Boolean, nullable=False),
        sa.Column("artificial_voice", sa.Boolean, nullable=False),
        sa.Column("given_at", UtcTime, nullable=False),
        sa.Column("shown", sa.Text),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("state", sa.String(2)),
        sa.Column("zone", sa.String(64)),
        sa.Column("recorded_by", sa.String(64), nullable=False),
        sa.Column("revoked_at", UtcTime),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index("ix_consents_address", "consents", ["workspace_id", "address"])
    op.create_table(
        "do_not_call",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("list", sa.String(64), nullable=False),
        sa.Column("number_hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_do_not_call"),
        sa.UniqueConstraint(
            "workspace_id",
            "number_hash",
            "list",
            name="uq_do_not_call_workspace_id_number_hash_list",
        ),
    )


def _approvals() -> None:
    """What waits for a person."""
    op.add_column("agent_channels", sa.Column("hold", sa.Text))
    op.create_table(
        "approvals",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("batch_id", sa.String(64)),
        sa.Column("contact_hash", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("doubts", sa.Text, nullable=False),
        sa.Column("people", sa.Integer, nullable=False),
        sa.Column("agreed", sa.Integer, nullable=False),
        sa.Column("expires_at", UtcTime, nullable=False),
        sa.Column("decided_at", UtcTime),
        sa.Column("decided_by", sa.String(64)),
        sa.Column("decided_via", sa.String(16)),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
        sa.UniqueConstraint(
            "workspace_id", "message_id", name="uq_approvals_workspace_id_message_id"
        ),
    )
    for name, columns, condition in (
        ("ix_approvals_pending", ["workspace_id", "id"], "status = 'pending'"),
        ("ix_approvals_batch", ["workspace_id", "batch_id"], "batch_id IS NOT NULL"),
    ):
        where = sa.text(condition)
        op.create_index(name, "approvals", columns, sqlite_where=where, postgresql_where=where)
    op.create_index("ix_approvals_contact", "approvals", ["workspace_id", "contact_hash"])
    op.create_table(
        "approval_events",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("approval_id", sa.String(64), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("via", sa.String(16)),
        sa.Column("note", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_approval_events"),
    )
    op.create_index(
        "ix_approval_events_approval", "approval_events", ["workspace_id", "approval_id", "id"]
    )


def _record() -> None:
    """What was done and refused."""
    op.create_table(
        "audit_log",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("seq", sa.BigInteger),
        sa.Column("event_type", sa.String(64), nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("target", sa.String(160), nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("prev_hash", sa.LargeBinary, nullable=False),
        sa.Column("row_hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
        sa.UniqueConstraint("workspace_id", "seq", name="uq_audit_log_workspace_id_seq"),
    )
    unsealed = sa.text("seq IS NULL")
    op.create_index(
        "ix_audit_log_unsealed",
        "audit_log",
        ["workspace_id", "id"],
        sqlite_where=unsealed,
        postgresql_where=unsealed,
    )
    op.create_table(
        "audit_checkpoints",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("row_hash", sa.LargeBinary, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_checkpoints"),
    )
    op.create_index(
        "ix_audit_checkpoints_created_at", "audit_checkpoints", ["workspace_id", "created_at"]
    )


def _alerts() -> None:
    """What operators are told of."""
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
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
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_kind", "alerts", ["workspace_id", "kind", "subject", "id"])
    where = sa.text("due_at IS NOT NULL")
    op.create_index(
        "ix_alerts_due",
        "alerts",
        ["workspace_id", "due_at"],
        sqlite_where=where,
        postgresql_where=where,
    )
