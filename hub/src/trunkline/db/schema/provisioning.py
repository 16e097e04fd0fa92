"""What agents are given, step by step."""

import sqlalchemy as sa

from trunkline.db.schema.base import sealed, table
from trunkline.db.types import UtcTime

provisioning = table(
    "provisioning",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),  # phone | whatsapp | email | voice_ai
    sa.Column("aim", sa.String(8), nullable=False),  # have | keep | gone
    sa.Column("step", sa.String(16), nullable=False),
    sa.Column("connection", sa.String(64), nullable=False),
    sa.Column("country", sa.String(2)),
    sa.Column("address", sa.Text),
    sa.Column("provider_id", sa.String(255)),
    sa.Column("monthly_price", sa.BigInteger),  # micro-units of currency
    sa.Column("currency", sa.String(3)),
    sa.Column("readiness", sa.String(16)),
    sa.Column("vendor_status", sa.Text),
    sa.Column("quality", sa.String(16)),
    sa.Column("records", sa.Text),  # JSON: what a domain's owner has to set
    sealed("facts_encrypted"),  # of a registration, until its provider has them
    sa.Column("reason", sa.Text),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("asked_at", UtcTime),  # first, for what may cost money
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.UniqueConstraint("workspace_id", "agent_id", "channel"),
    sa.UniqueConstraint("workspace_id", "channel", "address"),
)
whatsapp_pool = table(
    "whatsapp_pool",
    sa.Column("slot", sa.Integer),  # 1 up to the pool's size; none once it is an agent's
    sa.Column("sender_row", sa.String(64), nullable=False),  # its row of `provisioning`
    sa.Column("phone_number", sa.Text),
    sa.Column("sender_sid", sa.String(255)),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("assigned_to_agent", sa.String(64)),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.UniqueConstraint("workspace_id", "slot"),
    sa.UniqueConstraint("workspace_id", "sender_row"),
)
