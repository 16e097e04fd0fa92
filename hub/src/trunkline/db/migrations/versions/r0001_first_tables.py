"""
The tables of the first release.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

from trunkline.db.types import UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_agents()
    _create_messages()
    _create_inbound()
    _create_compliance()
    _create_privacy()


def _create_table(name: str, *rest: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        *rest,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
    )


def _create_agents() -> None:
    _create_table(
        "agent_channels",
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("display_name", sa.Text),
        sa.Column("phone_number", sa.String(16)),
        sa.Column("country", sa.String(2)),
        sa.Column("telephony", sa.String(64)),
        sa.Column("callback_url", sa.Text),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("provisioned_at", UtcTime, nullable=False),
        sa.Column("updated_at", UtcTime, nullable=False),
        sa.UniqueConstraint(
            "workspace_id", "agent_id", name="uq_agent_channels_workspace_id_agent_id"
        ),
        sa.UniqueConstraint(
            "workspace_id", "phone_number", name="uq_agent_channels_workspace_id_phone_number"
        ),
    )
    _create_table(
        "agent_pool",
        sa.Column("max_agents", sa.Integer, nullable=False),
        sa.Column("active_agents", sa.Integer, nullable=False),
        sa.UniqueConstraint("workspace_id", name="uq_agent_pool_workspace_id"),
    )
    _create_table(
        "agent_tokens",
        sa.Column("kid", sa.String(16), nullable=False),
        sa.Column("scope", sa.String(8), nullable=False),
        sa.Column("agent_id", sa.String(64)),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("issued_at", UtcTime, nullable=False),
        sa.Column("expires_at", UtcTime),
        sa.Column("revoked_at", UtcTime),
        sa.Column("last_used_at", UtcTime),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.UniqueConstraint("workspace_id", "kid", name="uq_agent_tokens_workspace_id_kid"),
    )


def _create_messages() -> None:
    _create_table(
        "messages",
        sa.Column("updated_at", UtcTime, nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("from_address", sa.Text, nullable=False),
        sa.Column("to_address", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("body_state", sa.String(8), nullable=False),
        sa.Column("body_until", UtcTime),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("external_id", sa.Text),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("segments", sa.Integer),
        sa.Column("cost", sa.BigInteger),
        sa.Column("currency", sa.String(3)),
        sa.Column("cost_final", sa.Boolean, nullable=False),
        sa.Column("error_code", sa.String(64)),
        sa.Column("rule", sa.String(64)),
        sa.Column("reason", sa.Text),
        sa.Column("retry_after_s", sa.Float),
        sa.Column("reply_to", sa.String(64)),
        sa.Column("acknowledged_at", UtcTime),
    )
    op.create_index(
        "ix_messages_external", "messages", ["workspace_id", "connection", "external_id"]
    )
    op.create_index("ix_messages_inbox", "messages", ["workspace_id", "agent_id", "id"])
    op.create_index(
        "ix_messages_kept",
        "messages",
        ["workspace_id", "body_until"],
        sqlite_where=sa.text("body_until IS NOT NULL"),
        postgresql_where=sa.text("body_until IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_unread",
        "messages",
        ["workspace_id", "agent_id", "id"],
        sqlite_where=sa.text("direction = 'inbound' AND acknowledged_at IS NULL"),
        postgresql_where=sa.text("direction = 'inbound' AND acknowledged_at IS NULL"),
    )
    _create_table(
        "message_attempts",
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("executor", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("external_id", sa.Text),
        sa.Column("provider_code", sa.Text),
        sa.Column("finished_at", UtcTime),
        sa.UniqueConstraint(
            "workspace_id",
            "message_id",
            "number",
            name="uq_message_attempts_workspace_id_message_id_number",
        ),
    )
    op.create_index(
        "ix_message_attempts_sending",
        "message_attempts",
        ["workspace_id", "executor"],
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    )
    _create_table(
        "message_history",
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("event_id", sa.String(64)),
        sa.Column("vendor_status", sa.Text),
        sa.Column("moved", sa.Boolean, nullable=False),
    )
    op.create_index(
        "ix_message_history_message", "message_history", ["workspace_id", "message_id", "id"]
    )
    _create_table(
        "idempotency_keys",
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("key_hash", sa.LargeBinary, nullable=False),
        sa.Column("content_hash", sa.LargeBinary, nullable=False),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("expires_at", UtcTime, nullable=False),
        sa.UniqueConstraint(
            "workspace_id",
            "agent_id",
            "key_hash",
            name="uq_idempotency_keys_workspace_id_agent_id_key_hash",
        ),
    )
    op.create_index(
        "ix_idempotency_keys_expires", "idempotency_keys", ["workspace_id", "expires_at"]
    )
    op.create_index(
        "ix_idempotency_keys_message", "idempotency_keys", ["workspace_id", "message_id"]
    )


def _create_inbound() -> None:
    _create_table(
        "inbound_events",
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("agent_id", sa.String(64)),
        sa.Column("attempt_id", sa.String(64)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("message_id", sa.String(64)),
        sa.Column("handled_at", UtcTime),
        sa.UniqueConstraint(
            "workspace_id",
            "connection",
            "external_id",
            name="uq_inbound_events_workspace_id_connection_external_id",
        ),
    )
    op.create_index(
        "ix_inbound_events_received",
        "inbound_events",
        ["workspace_id", "id"],
        sqlite_where=sa.text("state = 'received'"),
        postgresql_where=sa.text("state = 'received'"),
    )


def _create_compliance() -> None:
    _create_table(
        "suppressions",
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("event_id", sa.String(64)),
        sa.UniqueConstraint(
            "workspace_id", "address", "source", name="uq_suppressions_workspace_id_address_source"
        ),
    )


def _create_privacy() -> None:
    _create_table(
        "contact_keys",
        sa.Column("contact_hash", sa.LargeBinary, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint(
            "workspace_id", "contact_hash", name="uq_contact_keys_workspace_id_contact_hash"
        ),
    )
    _create_table(
        "body_vault",
        sa.Column("owner_table", sa.String(32), nullable=False),
        sa.Column("owner_id", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", UtcTime, nullable=False),
        sa.UniqueConstraint(
            "workspace_id",
            "owner_table",
            "owner_id",
            name="uq_body_vault_workspace_id_owner_table_owner_id",
        ),
    )
    op.create_index("ix_body_vault_expires", "body_vault", ["workspace_id", "expires_at"])
    _create_table(
        "body_keeps",
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
        sa.UniqueConstraint(
            "workspace_id",
            "agent_id",
            "channel",
            name="uq_body_keeps_workspace_id_agent_id_channel",
        ),
    )
