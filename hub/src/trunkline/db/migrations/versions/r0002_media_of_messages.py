"""
How many media go with a message; their URLs lie with its text.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "messages", sa.Column("media_count", sa.Integer, nullable=False, server_default="0")
    )
