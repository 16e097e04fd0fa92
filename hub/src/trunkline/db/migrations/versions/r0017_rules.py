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
