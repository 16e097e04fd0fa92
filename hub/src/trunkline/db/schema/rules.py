"""What compliance filters are told of people: consents, and lists of numbers not to call."""

import sqlalchemy as sa

from trunkline.db.schema.base import table
from trunkline.db.types import UtcTime

consents = table(
    "consents",
    sa.Column("address", sa.Text, nullable=False),  # as the hub spells it
    sa.Column("channel", sa.String(16)),  # null: every channel
    sa.Column("message_class", sa.String(16)),  # null: every class
    sa.Column("written", sa.Boolean, nullable=False),
    sa.Column("artificial_voice", sa.Boolean, nullable=False),
    sa.Column("given_at", UtcTime, nullable=False),
    sa.Column("shown", sa.Text),  # the words that were agreed to
    sa.Column("source", sa.Text, nullable=False),  # where: a form and its version, a call
    sa.Column("state", sa.String(2)),  # where its owner said they live
    sa.Column("zone", sa.String(64)),
    sa.Column("recorded_by", sa.String(64), nullable=False),
    sa.Column("revoked_at", UtcTime),
    sa.Index("ix_consents_address", "workspace_id", "address"),
)

do_not_call = table(
    "do_not_call",
    sa.Column("list", sa.String(64), nullable=False),
    sa.Column("number_hash", sa.LargeBinary, nullable=False),  # keyed
    sa.UniqueConstraint("workspace_id", "number_hash", "list"),
)
