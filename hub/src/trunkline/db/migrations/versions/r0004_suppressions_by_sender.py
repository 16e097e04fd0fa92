"""
To which sender an address is closed: a provider tells that of one sender at a time.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("suppressions") as table:
        table.add_column(sa.Column("sender", sa.Text, nullable=False, server_default=""))
        table.drop_constraint("uq_suppressions_workspace_id_address_source", type_="unique")
        table.create_unique_constraint(
            "uq_suppressions_workspace_id_address_source_sender",
            ["workspace_id", "address", "source", "sender"],
        )
