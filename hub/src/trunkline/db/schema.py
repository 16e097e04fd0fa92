"""
Every table of the hub, by room.

Each has an `id`, a `workspace_id` (first in every unique key and index) and a `created_at`. Money
is an integer of micro-units; times are `UtcTime`; ids sort by the time they were made.
"""

import sqlalchemy as sa

from trunkline.db.types import UtcTime

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _table(name: str, *rest: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        *rest,
    )


# --- agents ---------------------------------------------------------------------------------------

agent_channels = _table(
    "agent_channels",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("display_name", sa.Text),
    sa.Column("country", sa.String(2)),
    sa.Column("telephony", sa.String(64)),  # connection that overrides the slot
    sa.Column("callback_url", sa.Text),
    sa.Column("status", sa.String(16), nullable=False),  # active | suspended
    sa.Column("provisioned_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("settle_ms", sa.Integer, nullable=False, server_default="0"),
    sa.UniqueConstraint("workspace_id", "agent_id"),
)

agent_addresses = _table(  # what people write to; a number is its agent's for texts and calls
    "agent_addresses",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.UniqueConstraint("workspace_id", "channel", "address"),
    sa.UniqueConstraint("workspace_id", "agent_id", "channel"),
)

agent_pool = _table(
    "agent_pool",
    sa.Column("max_agents", sa.Integer, nullable=False),
    sa.Column("active_agents", sa.Integer, nullable=False),
    sa.UniqueConstraint("workspace_id"),
)

agent_tokens = _table(
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
    sa.UniqueConstraint("workspace_id", "kid"),
)

# --- messages -------------------------------------------------------------------------------------

messages = _table(
    "messages",
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("direction", sa.String(8), nullable=False),  # inbound | outbound
    sa.Column("from_address", sa.Text, nullable=False),
    sa.Column("to_address", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary),  # ciphertext of a kept body, else null
    sa.Column("body_state", sa.String(8), nullable=False),  # held | kept | shredded
    sa.Column("body_until", UtcTime),  # a kept body goes then
    sa.Column("connection", sa.String(64), nullable=False),
    sa.Column("provider", sa.String(64), nullable=False),
    sa.Column("external_id", sa.Text),  # the provider's id
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("segments", sa.Integer),
    sa.Column("cost", sa.BigInteger),  # micro-units of currency
    sa.Column("currency", sa.String(3)),
    sa.Column("cost_final", sa.Boolean, nullable=False),
    sa.Column("error_code", sa.String(64)),  # one of the hub's codes
    sa.Column("rule", sa.String(64)),  # the rule that blocked it
    sa.Column("reason", sa.Text),  # the sentence that goes with it
    sa.Column("retry_after_s", sa.Float),
    sa.Column("reply_to", sa.String(64)),
    sa.Column("acknowledged_at", UtcTime),  # inbound only
    sa.Column("media_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="1"),
    sa.Column("due_at", UtcTime),  # of a queued one: its next attempt begins then
    sa.Column("deadline_at", UtcTime),  # outbound: no attempt begins after it
    sa.Column("batch_id", sa.String(64)),
    sa.Column("flag", sa.String(32)),  # why a person should look at it
    sa.Column("provider_code", sa.String(64)),  # the provider's code of a failure
    sa.Column("content_form", sa.Integer, nullable=False, server_default="0"),  # see Form
    sa.Column("ref", sa.Text),  # what it is called on its channel: a mail's Message-ID
    sa.Column("thread", sa.String(64)),  # the first message of its thread
    sa.Column("automatic", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("ix_messages_inbox", "workspace_id", "agent_id", "id"),
    sa.Index("ix_messages_external", "workspace_id", "connection", "external_id"),
    sa.Index(
        "ix_messages_ref",
        "workspace_id",
        "ref",
        sqlite_where=sa.text("ref IS NOT NULL"),
        postgresql_where=sa.text("ref IS NOT NULL"),
    ),
    sa.Index(
        "ix_messages_thread",
        "workspace_id",
        "thread",
        "id",
        sqlite_where=sa.text("thread IS NOT NULL"),
        postgresql_where=sa.text("thread IS NOT NULL"),
    ),
    sa.Index(
        "ix_messages_unread",
        "workspace_id",
        "agent_id",
        "id",
        sqlite_where=sa.text("direction = 'inbound' AND acknowledged_at IS NULL"),
        postgresql_where=sa.text("direction = 'inbound' AND acknowledged_at IS NULL"),
    ),
    sa.Index(
        "ix_messages_kept",
        "workspace_id",
        "body_until",
        sqlite_where=sa.text("body_until IS NOT NULL"),
        postgresql_where=sa.text("body_until IS NOT NULL"),
    ),
    sa.Index(
        "ix_messages_batch",
        "workspace_id",
        "batch_id",
        sqlite_where=sa.text("batch_id IS NOT NULL"),
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    ),
    sa.Index(
        "ix_messages_flagged",
        "workspace_id",
        "id",
        sqlite_where=sa.text("flag IS NOT NULL"),
        postgresql_where=sa.text("flag IS NOT NULL"),
    ),
)

message_batches = _table(
    "message_batches",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("key_hash", sa.LargeBinary),  # of the caller's idempotency key, if it gave one
    sa.UniqueConstraint("workspace_id", "agent_id", "key_hash"),
)

message_attempts = _table(
    "message_attempts",
    sa.Column("message_id", sa.String(64), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),  # 1, 2, …
    sa.Column("executor", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # sending | sent | failed | unknown
    sa.Column("connection", sa.String(64), nullable=False),
    sa.Column("external_id", sa.Text),
    sa.Column("provider_code", sa.Text),
    sa.Column("finished_at", UtcTime),
    sa.UniqueConstraint("workspace_id", "message_id", "number"),
    sa.Index(
        "ix_message_attempts_sending",
        "workspace_id",
        "executor",
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    ),
)

message_history = _table(
    "message_history",
    sa.Column("message_id", sa.String(64), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("source", sa.String(16), nullable=False),  # see Source
    sa.Column("event_id", sa.String(64)),
    sa.Column("vendor_status", sa.Text),
    sa.Column("moved", sa.Boolean, nullable=False),  # false: evidence that moved nothing
    sa.Index("ix_message_history_message", "workspace_id", "message_id", "id"),
)

idempotency_keys = _table(
    "idempotency_keys",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("key_hash", sa.LargeBinary, nullable=False),
    sa.Column("content_hash", sa.LargeBinary, nullable=False),
    sa.Column("message_id", sa.String(64), nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.UniqueConstraint("workspace_id", "agent_id", "key_hash"),
    sa.Index("ix_idempotency_keys_message", "workspace_id", "message_id"),
    sa.Index("ix_idempotency_keys_expires", "workspace_id", "expires_at"),
)

# --- templates ------------------------------------------------------------------------------------

templates = _table(
    "templates",
    sa.Column("name", sa.String(64), nullable=False),  # what a send names it by
    sa.Column("language", sa.String(16), nullable=False),  # where none that is wanted is there
    sa.Column("variables", sa.Text, nullable=False),  # JSON: their names
    sa.Column("texts", sa.Text, nullable=False),  # JSON: one for each language and channel
    sa.Column("provider_templates", sa.Text, nullable=False),  # JSON: what providers call it
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.UniqueConstraint("workspace_id", "name"),
)

# --- inbound --------------------------------------------------------------------------------------

inbound_events = _table(
    "inbound_events",
    sa.Column("connection", sa.String(64), nullable=False),
    sa.Column("external_id", sa.Text, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),  # sms | message-status | unreadable
    sa.Column("agent_id", sa.String(64)),
    sa.Column("attempt_id", sa.String(64)),  # from the callback URL
    sa.Column("state", sa.String(16), nullable=False),  # handled | ignored | dead | waiting
    sa.Column("reason", sa.Text),
    sa.Column("message_id", sa.String(64)),
    sa.Column("handled_at", UtcTime),
    sa.UniqueConstraint("workspace_id", "connection", "external_id"),
)

early_reports = _table(  # of messages that nobody knew when they came; the id is the event's
    "early_reports",
    sa.Column("connection", sa.String(64), nullable=False),
    sa.Column("provider_id", sa.Text, nullable=False),
    sa.Column("status", sa.String(16)),
    sa.Column("vendor_status", sa.Text, nullable=False),
    sa.Column("error_code", sa.Text),
    sa.Column("cost", sa.BigInteger),
    sa.Column("currency", sa.String(3)),
    sa.Column("recipient", sa.Text),  # whom it is about, if it says so: a copy's is not the mail's
)

person_addresses = _table(  # the addresses of people who have several; a number may move on
    "person_addresses",
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),  # the id by which the provider knows them
    sa.UniqueConstraint("workspace_id", "address"),
    sa.Index("ix_person_addresses_person", "workspace_id", "person"),
)

forwards = _table(
    "forwards",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("message_id", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # waiting | delivered | acknowledged | dead
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text),  # why the last try failed
    sa.Column("deadline_at", UtcTime, nullable=False),  # no try is made after it
    sa.Column("finished_at", UtcTime),
    sa.UniqueConstraint("workspace_id", "message_id"),
    sa.Index("ix_forwards_state", "workspace_id", "state", "id"),
)

# --- subscriptions --------------------------------------------------------------------------------

subscriptions = _table(
    "subscriptions",
    sa.Column("kid", sa.String(16), nullable=False),  # of the token that made it
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("event", sa.String(32), nullable=False),
    sa.Column("channel", sa.String(16)),  # null: every channel
    sa.Column("status", sa.String(16)),  # null: every status that is told
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("secret", sa.LargeBinary, nullable=False),  # ciphertext
    sa.Column("previous_secret", sa.LargeBinary),  # signs too, until then
    sa.Column("previous_until", UtcTime),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.Index("ix_subscriptions_agent", "workspace_id", "agent_id", "event"),
    sa.Index("ix_subscriptions_kid", "workspace_id", "kid"),
)

occurrences = _table(
    "occurrences",
    sa.Column("subscription_id", sa.String(64), nullable=False),
    sa.Column("event", sa.String(32), nullable=False),
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("message_id", sa.String(64), nullable=False),  # the newest of so many
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("status", sa.String(16)),  # what an outbound message came to
    sa.Column("state", sa.String(16), nullable=False),  # see OccurrenceState
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text),  # why the last try failed
    sa.Column("occurred_at", UtcTime, nullable=False),
    sa.Column("deadline_at", UtcTime, nullable=False),  # no try is made after it
    sa.Column("finished_at", UtcTime),
    sa.Index(
        "ix_occurrences_open",
        "workspace_id",
        "subscription_id",
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    ),
)

# --- engine ---------------------------------------------------------------------------------------

engine_jobs = _table(
    "engine_jobs",
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("subject_id", sa.String(64), nullable=False),  # the row that it is about
    sa.Column("due_at", UtcTime, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),  # how often its work has broken off
    sa.Column("executor", sa.String(64)),  # who is at work on it
    sa.UniqueConstraint("workspace_id", "kind", "subject_id"),
    sa.Index(
        "ix_engine_jobs_due",
        "due_at",
        sqlite_where=sa.text("executor IS NULL"),
        postgresql_where=sa.text("executor IS NULL"),
    ),
)

engine_executors = _table(
    "engine_executors",
    sa.Column("beats", sa.BigInteger, nullable=False),  # counts on while its process lives
)

engine_marks = _table(
    "engine_marks",
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("value", sa.Text, nullable=False),  # how far a periodic job got
    sa.UniqueConstraint("workspace_id", "name"),
)

connection_states = _table(
    "connection_states",
    sa.Column("connection", sa.String(64), nullable=False),
    sa.Column("open_until", UtcTime),  # the circuit breaker: nothing is asked of it until then
    sa.Column("failures", sa.Integer, nullable=False),  # in a row
    sa.UniqueConstraint("workspace_id", "connection"),
)

# --- compliance -----------------------------------------------------------------------------------

suppressions = _table(
    "suppressions",
    sa.Column("address", sa.Text, nullable=False),  # E.164: SMS, MMS, WhatsApp and calls alike
    sa.Column("source", sa.String(16), nullable=False),  # stop | provider: what START may lift
    sa.Column("event_id", sa.String(64)),
    sa.Column("sender", sa.Text, nullable=False, server_default=""),  # closed to; empty: to all
    sa.UniqueConstraint("workspace_id", "address", "source", "sender"),
)

reply_windows = _table(  # of channels where one may write freely only to whoever wrote lately
    "reply_windows",
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("sender", sa.Text, nullable=False),  # the hub's address
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("wrote_at", UtcTime),  # null: the provider says that it is closed
    sa.UniqueConstraint("workspace_id", "channel", "sender", "address"),
)

# --- privacy --------------------------------------------------------------------------------------

contact_keys = _table(
    "contact_keys",
    sa.Column("contact_hash", sa.LargeBinary, nullable=False),
    sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("workspace_id", "contact_hash"),
)

body_vault = _table(
    "body_vault",
    sa.Column("owner_table", sa.String(32), nullable=False),
    sa.Column("owner_id", sa.String(64), nullable=False),
    sa.Column("key_id", sa.String(64), nullable=False),
    sa.Column("ciphertext", sa.LargeBinary, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.UniqueConstraint("workspace_id", "owner_table", "owner_id"),
    sa.Index("ix_body_vault_expires", "workspace_id", "expires_at"),
)

body_keeps = _table(
    "body_keeps",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("days", sa.Integer, nullable=False),
    sa.UniqueConstraint("workspace_id", "agent_id", "channel"),
)
