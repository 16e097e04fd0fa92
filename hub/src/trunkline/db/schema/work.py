"""Deferred work, and what is kept encrypted."""

import sqlalchemy as sa

from trunkline.db.schema.base import index_where, table
from trunkline.db.types import UtcTime

# --- engine ---------------------------------------------------------------------------------------

engine_jobs = table(
    "engine_jobs",
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("subject_id", sa.String(64), nullable=False),  # the row that it is about
    sa.Column("due_at", UtcTime, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),  # how often its work has broken off
    sa.Column("executor", sa.String(64)),  # who is at work on it
    sa.UniqueConstraint("workspace_id", "kind", "subject_id"),
    index_where("executor IS NULL", "ix_engine_jobs_due", "due_at"),
)

engine_executors = table(
    "engine_executors",
    sa.Column("beats", sa.BigInteger, nullable=False),  # counts on while its process lives
    sa.Column("knows_root", sa.Integer),  # the newest root key that it can open with
    sa.Column("seals_root", sa.Integer),  # the one that it seals with
)

engine_marks = table(
    "engine_marks",
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("value", sa.Text, nullable=False),  # how far a periodic job got
    sa.UniqueConstraint("workspace_id", "name"),
)

connection_states = table(
    "connection_states",
    sa.Column("connection", sa.String(64), nullable=False),
    sa.Column("open_until", UtcTime),  # the circuit breaker: nothing is asked of it until then
    sa.Column("failures", sa.Integer, nullable=False),  # in a row
    sa.Column("refused_at", UtcTime),  # since then its provider refuses its credentials
    sa.UniqueConstraint("workspace_id", "connection"),
)


# --- privacy --------------------------------------------------------------------------------------

root_keys = table(  # what all other keys of the hub are derived from
    "root_keys",
    sa.Column("number", sa.Integer, nullable=False),  # the first byte of what it seals
    sa.Column("master_mark", sa.String(16), nullable=False),  # tells which master key it is under
    sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
    sa.Column("seals_from", UtcTime),  # null: some hub may not know it yet
    sa.Column("settled_at", UtcTime),  # nothing is left under an older one
    sa.UniqueConstraint("workspace_id", "number"),
)

contact_keys = table(
    "contact_keys",
    sa.Column("contact_hash", sa.LargeBinary, nullable=False),
    sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("workspace_id", "contact_hash"),
)

body_vault = table(
    "body_vault",
    sa.Column("owner_table", sa.String(32), nullable=False),
    sa.Column("owner_id", sa.String(64), nullable=False),
    sa.Column("key_id", sa.String(64), nullable=False),
    sa.Column("ciphertext", sa.LargeBinary, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.UniqueConstraint("workspace_id", "owner_table", "owner_id"),
    sa.Index("ix_body_vault_expires", "workspace_id", "expires_at"),
)

body_keeps = table(
    "body_keeps",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("days", sa.Integer, nullable=False),
    sa.UniqueConstraint("workspace_id", "agent_id", "channel"),
)
