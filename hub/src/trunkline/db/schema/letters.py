"""Messages: what they are, how they were sent, what came in."""

import sqlalchemy as sa

from trunkline.db.schema.base import index_where, table
from trunkline.db.types import UtcTime

# --- messages -------------------------------------------------------------------------------------

messages = table(
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
    sa.Column("vendor_ref", sa.Text),  # what its provider called it, where not by `ref`
    sa.Column("follows", sa.Text),  # inbound: the ids of the mails it follows
    sa.Column("copies", sa.Text),  # pseudonyms of who else has it
    sa.Column("simulated", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("hops", sa.Integer, nullable=False, server_default="0"),  # of a chain of answers
    sa.Column("duplicated", sa.Boolean, nullable=False, server_default=sa.false()),  # if taken
    sa.Column("duplicate_of", sa.String(64)),  # the message that it says once more
    sa.Column("message_class", sa.String(16)),  # what it is for, if somebody said so
    sa.Index("ix_messages_inbox", "workspace_id", "agent_id", "id"),
    sa.Index("ix_messages_external", "workspace_id", "connection", "external_id"),
    index_where("ref IS NOT NULL", "ix_messages_ref", "workspace_id", "ref"),
    index_where("vendor_ref IS NOT NULL", "ix_messages_vendor_ref", "workspace_id", "vendor_ref"),
    index_where("thread IS NOT NULL", "ix_messages_thread", "workspace_id", "thread", "id"),
    index_where(
        "direction = 'inbound' AND acknowledged_at IS NULL",
        "ix_messages_unread",
        "workspace_id",
        "agent_id",
        "id",
    ),
    index_where("body_until IS NOT NULL", "ix_messages_kept", "workspace_id", "body_until"),
    index_where("batch_id IS NOT NULL", "ix_messages_batch", "workspace_id", "batch_id"),
    index_where("flag IS NOT NULL", "ix_messages_flagged", "workspace_id", "id"),
    index_where("due_at IS NOT NULL", "ix_messages_due", "workspace_id", "agent_id", "id"),
    index_where(
        "duplicate_of IS NOT NULL",
        "ux_messages_duplicate_of",
        "workspace_id",
        "duplicate_of",
        unique=True,
    ),
)

message_batches = table(
    "message_batches",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("key_hash", sa.LargeBinary),  # of the caller's idempotency key, if it gave one
    sa.UniqueConstraint("workspace_id", "agent_id", "key_hash"),
)

message_attempts = table(
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
    index_where("state = 'sending'", "ix_message_attempts_sending", "workspace_id", "executor"),
)

message_history = table(
    "message_history",
    sa.Column("message_id", sa.String(64), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("source", sa.String(16), nullable=False),  # see Source
    sa.Column("event_id", sa.String(64)),
    sa.Column("vendor_status", sa.Text),
    sa.Column("moved", sa.Boolean, nullable=False),  # false: evidence that moved nothing
    sa.Index("ix_message_history_message", "workspace_id", "message_id", "id"),
)

idempotency_keys = table(
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

templates = table(
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

inbound_events = table(
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

early_reports = table(  # of messages that nobody knew when they came; the id is the event's
    "early_reports",
    sa.Column("connection", sa.String(64), nullable=False),
    sa.Column("provider_id", sa.Text, nullable=False),
    sa.Column("status", sa.String(16)),
    sa.Column("vendor_status", sa.Text, nullable=False),
    sa.Column("error_code", sa.Text),
    sa.Column("cost", sa.BigInteger),
    sa.Column("currency", sa.String(3)),
    sa.Column("recipient", sa.Text),  # whom it is about, if it says so: a copy's is not the mail's
    sa.Column("message_ref", sa.Text),  # what the provider calls the mail on its channel
)

person_addresses = table(  # the addresses of people who have several; a number may move on
    "person_addresses",
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),  # the id by which the provider knows them
    sa.UniqueConstraint("workspace_id", "address"),
    sa.Index("ix_person_addresses_person", "workspace_id", "person"),
)

forwards = table(
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

duplicates = table(  # what is told once more to somebody else; its text waits in the vault
    "duplicates",
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("message_id", sa.String(64), nullable=False),  # what it is a duplicate of
    sa.Column("way", sa.String(8), nullable=False),  # sms | email | url
    sa.Column("to_address", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # see DuplicateState
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text),  # why the last try failed
    sa.Column("deadline_at", UtcTime, nullable=False),  # no try is made after it
    sa.Column("finished_at", UtcTime),
    sa.UniqueConstraint("workspace_id", "message_id"),
)
