"""
Every table of the hub, by room.

Each has an `id`, a `workspace_id` (first in every unique key and index) and a `created_at`. Money
is an integer of micro-units; times are `UtcTime`; ids sort by the time they were made.
"""

from trunkline.db.schema.base import metadata
from trunkline.db.schema.letters import (
    early_reports,
    forwards,
    idempotency_keys,
    inbound_events,
    message_attempts,
    message_batches,
    message_history,
    messages,
    person_addresses,
    templates,
)
from trunkline.db.schema.people import (
    agent_addresses,
    agent_channels,
    agent_connections,
    agent_pool,
    agent_tokens,
    reply_windows,
    suppressions,
)
from trunkline.db.schema.posts import (
    occurrences,
    subscriptions,
)
from trunkline.db.schema.work import (
    body_keeps,
    body_vault,
    connection_states,
    contact_keys,
    engine_executors,
    engine_jobs,
    engine_marks,
)

__all__ = [
    "agent_addresses",
    "agent_channels",
    "agent_connections",
    "agent_pool",
    "agent_tokens",
    "body_keeps",
    "body_vault",
    "connection_states",
    "contact_keys",
    "early_reports",
    "engine_executors",
    "engine_jobs",
    "engine_marks",
    "forwards",
    "idempotency_keys",
    "inbound_events",
    "message_attempts",
    "message_batches",
    "message_history",
    "messages",
    "metadata",
    "occurrences",
    "person_addresses",
    "reply_windows",
    "subscriptions",
    "suppressions",
    "templates",
]
