"""
Templates of every channel.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

from trunkline.db.types import UtcTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "templates",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("variables", sa.Text, nullable=False),
        sa.Column("texts", sa.Text, nullable=False),
        sa.Column("provider_templates", sa.Text, nullable=False),
        sa.Column("updated_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_templates"),
        sa.UniqueConstraint("workspace_id", "name", name="uq_templates_workspace_id_name"),
    )
