"""Who writes and who is written to: agents, their addresses, and what people asked for."""

import sqlalchemy as sa

from trunkline.db.schema.base import table
from trunkline.db.types import UtcTime

# --- agents ---------------------------------------------------------------------------------------

agent_channels = table(
    "agent_channels",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("display_name", sa.Text),
    sa.Column("country", sa.String(2)),
    sa.Column("callback_url", sa.Text),
    sa.Column("status", sa.String(16), nullable=False),  # active | suspended
    sa.Column("provisioned_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("settle_ms", sa.Integer, nullable=False, server_default="0"),
    sa.Column("greeting", sa.Text),  # what callers hear
    sa.Column("greeting_media", sa.String(64)),  # its sound, once it was spoken
    sa.Column("suspended_at", UtcTime),
    sa.Column("suspended_reason", sa.Text),
    sa.Column("webhook_generation", sa.Integer, nullable=False, server_default="0"),
    sa.Column("webhook_rotated_at", UtcTime),
    sa.Column("webhook_overlap_until", UtcTime),  # the generation before signs too until then
    sa.Column("system_prompt", sa.Text),
    sa.Column("mode", sa.String(16)),  # live | simulated; null: as the settings have it
    sa.Column("mode_by", sa.String(64)),  # who set it
    sa.Column("mode_at", UtcTime),
    sa.Column("sms_mirror_to", sa.Text),  # a number or a URL
    sa.Column("email_bcc_to", sa.Text),
    sa.Column("message_class", sa.String(16)),  # what its acts are for, where they say nothing
    sa.Column("hold", sa.Text),  # what of it a person looks at; null: as the settings have it
    sa.UniqueConstraint("workspace_id", "agent_id"),
)

agent_addresses = table(  # what people write to; a number is its agent's for texts and calls
    "agent_addresses",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("status", sa.String(16), nullable=False, server_default="ready"),
    sa.Column("reason", sa.Text),  # what to do before it may be used
    sa.UniqueConstraint("workspace_id", "channel", "address"),
    sa.UniqueConstraint("workspace_id", "agent_id", "channel"),
)

agent_connections = table(  # instead of the slot's
    "agent_connections",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("connection", sa.String(64), nullable=False),
    sa.UniqueConstraint("workspace_id", "agent_id", "kind"),
)

agent_pool = table(
    "agent_pool",
    sa.Column("max_agents", sa.Integer, nullable=False),
    sa.Column("active_agents", sa.Integer, nullable=False),
    sa.UniqueConstraint("workspace_id"),
)

agent_tokens = table(
    "agent_tokens",
    sa.Column("kid", sa.String(16), nullable=False),
    sa.Column("scope", sa.String(8), nullable=False),  # agent | admin
    sa.Column("agent_id", sa.String(64)),  # null for an admin
    sa.Column("token_hash", sa.LargeBinary, nullable=False),
    sa.Column("issued_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime),
    sa.Column("revoked_at", UtcTime),
    sa.Column("last_used_at", UtcTime),
    sa.Column("created_by", sa.String(64), nullable=False),
    sa.Column("role", sa.String(16)),  # of an admin: admin | operator | approver | viewer
    sa.Column("channels", sa.Text),  # those it is for, with blanks between them; null: all
    sa.Column("operations", sa.Text),  # the same
    sa.Column("networks", sa.Text),  # from where it may be used; null: from anywhere
    sa.Column("read_only", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("max_spend_per_day", sa.BigInteger),  # micro-units; null: what its agent may
    sa.Column("max_spend_per_month", sa.BigInteger),
    sa.UniqueConstraint("workspace_id", "kid"),
)


# --- compliance -----------------------------------------------------------------------------------

suppressions = table(
    "suppressions",
    sa.Column("address", sa.Text, nullable=False),  # E.164: SMS, MMS, WhatsApp and calls alike
    sa.Column("source", sa.String(16), nullable=False),  # stop | provider: what START may lift
    sa.Column("event_id", sa.String(64)),
    sa.Column("sender", sa.Text, nullable=False, server_default=""),  # closed to; empty: to all
    sa.Column("reason", sa.String(16), nullable=False, server_default="opted_out"),
    sa.UniqueConstraint("workspace_id", "address", "source", "sender"),
)

reply_windows = table(  # of channels where one may write freely only to whoever wrote lately
    "reply_windows",
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("sender", sa.Text, nullable=False),  # the hub's address
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("wrote_at", UtcTime),  # null: the provider says that it is closed
    sa.UniqueConstraint("workspace_id", "channel", "sender", "address"),
)
