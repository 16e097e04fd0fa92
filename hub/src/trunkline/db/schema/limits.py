"""What agents may do and spend, and how much of that is used."""

import sqlalchemy as sa

from trunkline.db.schema.base import table
from trunkline.db.types import UtcTime

spending_limits = table(  # of an agent, or of `*`: of the whole workspace; null: no limit
    "spending_limits",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("max_per_minute", sa.BigInteger),
    sa.Column("max_per_hour", sa.BigInteger),
    sa.Column("max_per_day", sa.BigInteger),
    sa.Column("max_spend_per_day", sa.BigInteger),  # micro-units
    sa.Column("max_spend_per_month", sa.BigInteger),
    sa.Column("max_call_duration_minutes", sa.BigInteger),
    sa.Column("max_calls_per_day_same_number", sa.BigInteger),
    sa.Column("channels_off", sa.Text, nullable=False),  # with blanks between them
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.UniqueConstraint("workspace_id", "agent_id"),
)

rate_limits = table(  # a row for each of `spending_limits`: its counters
    "rate_limits",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("last_ms", sa.BigInteger, nullable=False),  # since 1970; never goes back
    sa.Column("actions", sa.Text, nullable=False),  # core/limits/windows.py writes and reads them
    sa.Column("spend", sa.Text, nullable=False),
    sa.Column("prefixes", sa.Text, nullable=False),
    sa.UniqueConstraint("workspace_id", "agent_id"),
)

contact_frequency = table(
    "contact_frequency",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("contact_number", sa.String(64), nullable=False),  # a pseudonym of it
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("action_date", sa.Date, nullable=False),  # of the last one, in UTC
    sa.Column("action_count", sa.Integer, nullable=False),  # within the day before it
    sa.Column("recent", sa.Text, nullable=False),
    sa.Index(
        "ux_contact_frequency_contact",
        "workspace_id",
        "agent_id",
        "contact_number",
        "channel",
        unique=True,
    ),
    sa.Index("ix_contact_frequency_date", "workspace_id", "action_date"),
)
