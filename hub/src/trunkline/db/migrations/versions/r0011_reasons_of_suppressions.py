"""
Why an address is closed: who bounced has not opted out.

Revision ID: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("suppressions") as table:
        table.add_column(
            sa.Column("reason", sa.String(16), nullable=False, server_default="opted_out")
        )
