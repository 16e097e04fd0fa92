"""
Of mails: who has a copy, what they follow, and what a provider calls them in our place.

Revision ID: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("vendor_ref", "follows", "copies"):
        op.add_column("messages", sa.Column(name, sa.Text))
    op.add_column("early_reports", sa.Column("message_ref", sa.Text))
    op.create_index(
        "ix_messages_vendor_ref",
        "messages",
        ["workspace_id", "vendor_ref"],
        sqlite_where=sa.text("vendor_ref IS NOT NULL"),
        postgresql_where=sa.text("vendor_ref IS NOT NULL"),
    )
