"""
Addresses of agents by channel; what messages are called on their channels, and their threads.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op

from trunkline.db.types import UtcTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agent_addresses",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agent_addresses"),
        sa.UniqueConstraint(
            "workspace_id",
            "channel",
            "address",
            name="uq_agent_addresses_workspace_id_channel_address",
        ),
        sa.UniqueConstraint(
            "workspace_id",
            "agent_id",
            "channel",
            name="uq_agent_addresses_workspace_id_agent_id_channel",
        ),
    )
    op.execute(
        "INSERT INTO agent_addresses (id, workspace_id, created_at, agent_id, channel, address) "
        "SELECT id, workspace_id, created_at, agent_id, 'sms', phone_number FROM agent_channels "
        "WHERE phone_number IS NOT NULL"
    )
    with op.batch_alter_table("agent_channels") as table:
        table.drop_constraint("uq_agent_channels_workspace_id_phone_number", type_="unique")
        table.drop_column("phone_number")
    op.add_column(
        "messages", sa.Column("content_form", sa.Integer, nullable=False, server_default="0")
    )
    op.add_column("messages", sa.Column("ref", sa.Text))
    op.add_column("messages", sa.Column("thread", sa.String(64)))
    for name, columns in (("ref", ["ref"]), ("thread", ["thread", "id"])):
        there = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_messages_{name}",
            "messages",
            ["workspace_id", *columns],
            sqlite_where=there,
            postgresql_where=there,
        )
    op.create_table(
        "reply_windows",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("wrote_at", UtcTime),
        sa.PrimaryKeyConstraint("id", name="pk_reply_windows"),
        sa.UniqueConstraint(
            "workspace_id",
            "channel",
            "sender",
            "address",
            name="uq_reply_windows_workspace_id_channel_sender_address",
        ),
    )
