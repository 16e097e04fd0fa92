"""Who was erased: receipts, and what is still asked of providers."""

import sqlalchemy as sa

from trunkline.db.schema.base import sealed, table
from trunkline.db.types import UtcTime

erasures = table(
    "erasures",
    sa.Column("contact_hash", sa.LargeBinary, nullable=False),  # keyed: of the address asked for
    sealed("addresses"),  # JSON, until nothing of them is left here
    sa.Column("counts", sa.Text, nullable=False),  # JSON: rows by table
    sa.Column("vendors", sa.Text, nullable=False),  # JSON: by connection, what was answered
    sa.Column("erased_at", UtcTime),  # nothing of them is left here
    sa.Column("finished_at", UtcTime),  # every provider has answered, or been given up
    sa.Index("ix_erasures_contact", "workspace_id", "contact_hash"),
)

vendor_deletions = table(  # a message that a provider is still asked to delete
    "vendor_deletions",
    sa.Column("erasure_id", sa.String(64), nullable=False),
    sa.Column("connection", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("external_id", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Index("ix_vendor_deletions_erasure", "workspace_id", "erasure_id"),
)
