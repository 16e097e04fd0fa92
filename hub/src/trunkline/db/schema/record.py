"""The record: what was done and refused, sealed into a chain, and what was signed of it."""

import sqlalchemy as sa

from trunkline.db.schema.base import index_where, table

audit_log = table(  # a row is added, sealed once, and then for good; `created_at` is its time
    "audit_log",
    sa.Column("seq", sa.BigInteger),  # null until it is sealed
    sa.Column("event_type", sa.String(64), nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),  # a token's kid, an agent, operator or hub
    sa.Column("target", sa.String(160), nullable=False),  # an id of the hub's own
    sa.Column("details", sa.Text, nullable=False),  # JSON: ids, rules, amounts; nothing personal
    sa.Column("prev_hash", sa.LargeBinary, nullable=False),  # empty until it is sealed
    sa.Column("row_hash", sa.LargeBinary, nullable=False),  # keyed
    sa.UniqueConstraint("workspace_id", "seq"),
    index_where("seq IS NULL", "ix_audit_log_unsealed", "workspace_id", "id"),
)

audit_checkpoints = table(
    "audit_checkpoints",
    sa.Column("seq", sa.BigInteger, nullable=False),  # the record went so far
    sa.Column("row_hash", sa.LargeBinary, nullable=False),  # of that row
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),  # Ed25519
    sa.Index("ix_audit_checkpoints_created_at", "workspace_id", "created_at"),
)
