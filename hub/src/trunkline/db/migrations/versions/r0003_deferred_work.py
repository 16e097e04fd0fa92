"""
Work for later: jobs, who does them, batches, what is forwarded, and how connections do.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

from trunkline.db.types import UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("attempts", sa.Integer, nullable=False, server_default="1"))
    op.add_column("messages", sa.Column("due_at", UtcTime))
    op.add_column("messages", sa.Column("deadline_at", UtcTime))
    op.add_column("messages", sa.Column("batch_id", sa.String(64)))
    op.add_column("messages", sa.Column("flag", sa.String(32)))
    _partial_index(
        "ix_messages_batch", "messages", ["workspace_id", "batch_id"], "batch_id IS NOT NULL"
    )
    op.drop_index("ix_inbound_events_received", "inbound_events")  # no event stays undecided
    _partial_index("ix_messages_flagged", "messages", ["workspace_id", "id"], "flag IS NOT NULL")
    _create(
        "message_batches",
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("key_hash", sa.LargeBinary),
        sa.UniqueConstraint(
            "workspace_id",
            "agent_id",
            "key_hash",
            name="uq_message_batches_workspace_id_agent_id_key_hash",
        ),
    )
    _create(
        "forwards",
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("deadline_at", UtcTime, nullable=False),
        sa.Column("finished_at", UtcTime),
        sa.UniqueConstraint(
            "workspace_id", "message_id", name="uq_forwards_workspace_id_message_id"
        ),
    )
    op.create_index("ix_forwards_state", "forwards", ["workspace_id", "state", "id"])
    _create(
        "engine_jobs",
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject_id", sa.String(64), nullable=False),
        sa.Column("due_at", UtcTime, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("executor", sa.String(64)),
        sa.UniqueConstraint(
            "workspace_id", "kind", "subject_id", name="uq_engine_jobs_workspace_id_kind_subject_id"
        ),
    )
    _partial_index("ix_engine_jobs_due", "engine_jobs", ["due_at"], "executor IS NULL")
    _create("engine_executors", sa.Column("beats", sa.BigInteger, nullable=False))
    _create(
        "engine_marks",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.UniqueConstraint("workspace_id", "name", name="uq_engine_marks_workspace_id_name"),
    )
    _create(
        "connection_states",
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("open_until", UtcTime),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.UniqueConstraint(
            "workspace_id", "connection", name="uq_connection_states_workspace_id_connection"
        ),
    )


def _create(name: str, *rest: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        *rest,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
    )


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(
        name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )
