"""
Provisioning and authority: limits, money, tokens, registered providers.

Revision ID: 0016
"""

import sqlalchemy as sa
from alembic import op

from trunkline.db.migrations.usage import lay_usage
from trunkline.db.types import UtcTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _limits()
    _usage()
    _tokens()
    _providers()
    _provisioning()
    _people()
    _modes()
    _duplicates()


def _limits() -> None:
    """What agents may do and spend, and how much of it is used."""
    op.create_table(
        "spending_limits",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("max_per_minute", sa.BigInteger),
        sa.Column("max_per_hour", sa.BigInteger),
        sa.Column("max_per_day", sa.BigInteger),
        sa.Column("max_spend_per_day", sa.BigInteger),
        sa.Column("max_spend_per_month", sa.BigInteger),
        sa.Column("max_call_duration_minutes", sa.BigInteger),
        sa.Column("max_calls_per_day_same_number", sa.BigInteger),
        sa.Column("channels_off", sa.Text, nullable=False),
        sa.Column("updated_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_spending_limits"),
        sa.UniqueConstraint(
            "workspace_id", "agent_id", name="uq_spending_limits_workspace_id_agent_id"
        ),
    )
    op.create_table(
        "rate_limits",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("last_ms", sa.BigInteger, nullable=False),
        sa.Column("actions", sa.Text, nullable=False),
        sa.Column("spend", sa.Text, nullable=False),
        sa.Column("prefixes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rate_limits"),
        sa.UniqueConstraint(
            "workspace_id", "agent_id", name="uq_rate_limits_workspace_id_agent_id"
        ),
    )
    op.create_table(
        "contact_frequency",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("contact_number", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("action_date", sa.Date, nullable=False),
        sa.Column("action_count", sa.Integer, nullable=False),
        sa.Column("recent", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contact_frequency"),
    )
    op.create_index(
        "ux_contact_frequency_contact",
        "contact_frequency",
        ["workspace_id", "agent_id", "contact_number", "channel"],
        unique=True,
    )
    op.create_index(
        "ix_contact_frequency_date", "contact_frequency", ["workspace_id", "action_date"]
    )


def _usage() -> None:
    """What was done, and what it cost."""
    lay_usage()


def _tokens() -> None:
    """Roles and scopes of tokens, suspended agents, secrets of callbacks that are rotated."""
    op.add_column("agent_tokens", sa.Column("role", sa.String(16)))
    for name in ("channels", "operations", "networks"):
        op.add_column("agent_tokens", sa.Column(name, sa.Text))
    op.add_column(
        "agent_tokens",
        sa.Column("read_only", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    for name in ("max_spend_per_day", "max_spend_per_month"):
        op.add_column("agent_tokens", sa.Column(name, sa.BigInteger))
    op.add_column("agent_channels", sa.Column("suspended_at", UtcTime))
    op.add_column("agent_channels", sa.Column("suspended_reason", sa.Text))
    op.add_column(
        "agent_channels",
        sa.Column("webhook_generation", sa.Integer, nullable=False, server_default="0"),
    )
    op.add_column("agent_channels", sa.Column("webhook_rotated_at", UtcTime))
    op.add_column("agent_channels", sa.Column("webhook_overlap_until", UtcTime))
    due = sa.text("due_at IS NOT NULL")
    op.create_index(
        "ix_messages_due",
        "messages",
        ["workspace_id", "agent_id", "id"],
        sqlite_where=due,
        postgresql_where=due,
    )


def _providers() -> None:
    """Accounts that are registered while the hub runs."""
    op.create_table(
        "provider_credentials",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("credentials_encrypted", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("verified_at", UtcTime),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_provider_credentials"),
        sa.UniqueConstraint(
            "workspace_id", "connection", name="uq_provider_credentials_workspace_id_connection"
        ),
    )
    op.create_table(
        "connection_secrets",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("updated_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_connection_secrets"),
        sa.UniqueConstraint(
            "workspace_id",
            "connection",
            "name",
            name="uq_connection_secrets_workspace_id_connection_name",
        ),
    )
    op.add_column("connection_states", sa.Column("refused_at", UtcTime))
    op.add_column("occurrences", sa.Column("subject", sa.String(64)))


def _provisioning() -> None:
    """The steps by which an agent gets its channels."""
    op.add_column("agent_channels", sa.Column("system_prompt", sa.Text))
    op.add_column(
        "agent_addresses",
        sa.Column("status", sa.String(16), nullable=False, server_default="ready"),
    )
    op.add_column("agent_addresses", sa.Column("reason", sa.Text))
    op.create_table(
        "provisioning",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("aim", sa.String(8), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("country", sa.String(2)),
        sa.Column("address", sa.Text),
        sa.Column("provider_id", sa.String(255)),
        sa.Column("monthly_price", sa.BigInteger),
        sa.Column("currency", sa.String(3)),
        sa.Column("readiness", sa.String(16)),
        sa.Column("vendor_status", sa.Text),
        sa.Column("quality", sa.String(16)),
        sa.Column("records", sa.Text),
        sa.Column("facts_encrypted", sa.LargeBinary),
        sa.Column("reason", sa.Text),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("asked_at", UtcTime),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_provisioning"),
        sa.UniqueConstraint(
            "workspace_id",
            "agent_id",
            "channel",
            name="uq_provisioning_workspace_id_agent_id_channel",
        ),
        sa.UniqueConstraint(
            "workspace_id",
            "channel",
            "address",
            name="uq_provisioning_workspace_id_channel_address",
        ),
    )
    op.create_table(
        "whatsapp_pool",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("slot", sa.Integer),
        sa.Column("sender_row", sa.String(64), nullable=False),
        sa.Column("phone_number", sa.Text),
        sa.Column("sender_sid", sa.String(255)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("assigned_to_agent", sa.String(64)),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("updated_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_whatsapp_pool"),
        sa.UniqueConstraint("workspace_id", "slot", name="uq_whatsapp_pool_workspace_id_slot"),
        sa.UniqueConstraint(
            "workspace_id", "sender_row", name="uq_whatsapp_pool_workspace_id_sender_row"
        ),
    )


def _people() -> None:
    """Keys that are rotated, people who are erased."""
    op.create_table(
        "root_keys",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("master_mark", sa.String(16), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("seals_from", UtcTime),
        sa.Column("settled_at", UtcTime),
        sa.PrimaryKeyConstraint("id", name="pk_root_keys"),
        sa.UniqueConstraint("workspace_id", "number", name="uq_root_keys_workspace_id_number"),
    )
    for name in ("knows_root", "seals_root"):
        op.add_column("engine_executors", sa.Column(name, sa.Integer))
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("contact_hash", sa.LargeBinary, nullable=False),
        sa.Column("addresses", sa.LargeBinary),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("vendors", sa.Text, nullable=False),
        sa.Column("erased_at", UtcTime),
        sa.Column("finished_at", UtcTime),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
    )
    op.create_index("ix_erasures_contact", "erasures", ["workspace_id", "contact_hash"])
    op.create_table(
        "vendor_deletions",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("erasure_id", sa.String(64), nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vendor_deletions"),
    )
    op.create_index(
        "ix_vendor_deletions_erasure", "vendor_deletions", ["workspace_id", "erasure_id"]
    )


def _modes() -> None:
    """Agents that only simulate, and chains of answers between agents."""
    op.add_column("agent_channels", sa.Column("mode", sa.String(16)))
    op.add_column("agent_channels", sa.Column("mode_by", sa.String(64)))
    op.add_column("agent_channels", sa.Column("mode_at", UtcTime))
    for name in ("messages", "calls"):
        simulated = sa.Column("simulated", sa.Boolean, nullable=False, server_default=sa.false())
        op.add_column(name, simulated)
    hops = sa.Column("hops", sa.Integer, nullable=False, server_default="0")
    op.add_column("messages", hops)
    op.create_table(
        "answer_chains",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("heard", sa.Integer, nullable=False),
        sa.Column("heard_id", sa.String(64), nullable=False),
        sa.Column("said", sa.Integer, nullable=False),
        sa.Column("moved_at", UtcTime, nullable=False),
        sa.Column("answers", sa.Integer, nullable=False),
        sa.Column("counted_from", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_answer_chains"),
        sa.UniqueConstraint(
            "workspace_id",
            "agent_id",
            "channel",
            "address",
            name="uq_answer_chains_workspace_id_agent_id_channel_address",
        ),
    )


def _duplicates() -> None:
    """What is told once more to somebody else."""
    for name in ("sms_mirror_to", "email_bcc_to"):
        op.add_column("agent_channels", sa.Column(name, sa.Text))
    duplicated = sa.Column("duplicated", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("messages", duplicated)
    op.add_column("messages", sa.Column("duplicate_of", sa.String(64)))
    op.create_index(
        "ux_messages_duplicate_of",
        "messages",
        ["workspace_id", "duplicate_of"],
        unique=True,
        sqlite_where=sa.text("duplicate_of IS NOT NULL"),
        postgresql_where=sa.text("duplicate_of IS NOT NULL"),
    )
    op.create_table(
        "duplicates",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("way", sa.String(8), nullable=False),
        sa.Column("to_address", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("deadline_at", UtcTime, nullable=False),
        sa.Column("finished_at", UtcTime),
        sa.PrimaryKeyConstraint("id", name="pk_duplicates"),
        sa.UniqueConstraint(
            "workspace_id", "message_id", name="uq_duplicates_workspace_id_message_id"
        ),
    )
