"""
The connection of an agent instead of a slot's, for each kind of provider.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

from trunkline.db.types import UtcTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agent_connections",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agent_connections"),
        sa.UniqueConstraint(
            "workspace_id",
            "agent_id",
            "kind",
            name="uq_agent_connections_workspace_id_agent_id_kind",
        ),
    )
    op.execute(
        "INSERT INTO agent_connections (id, workspace_id, created_at, agent_id, kind, connection) "
        "SELECT id, workspace_id, created_at, agent_id, 'telephony', telephony "
        "FROM agent_channels WHERE telephony IS NOT NULL"
    )
    with op.batch_alter_table("agent_channels") as table:
        table.drop_column("telephony")
