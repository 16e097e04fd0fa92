"""
Reports that come before their messages are known, and the providers' codes of failures.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

from trunkline.db.types import UtcTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("provider_code", sa.String(64)))
    op.create_table(
        "early_reports",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("provider_id", sa.Text, nullable=False),
        sa.Column("status", sa.String(16)),
        sa.Column("vendor_status", sa.Text, nullable=False),
        sa.Column("error_code", sa.Text),
        sa.Column("cost", sa.BigInteger),
        sa.Column("currency", sa.String(3)),
        sa.PrimaryKeyConstraint("id", name="pk_early_reports"),
    )
