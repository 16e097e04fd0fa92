"""
Which addresses are one person's, which mails a program wrote, and whom an early report is about.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

from trunkline.db.types import UtcTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "messages",
        sa.Column("automatic", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.add_column("early_reports", sa.Column("recipient", sa.Text))
    op.create_table(
        "person_addresses",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person_addresses"),
        sa.UniqueConstraint(
            "workspace_id", "address", name="uq_person_addresses_workspace_id_address"
        ),
    )
    op.create_index("ix_person_addresses_person", "person_addresses", ["workspace_id", "person"])
