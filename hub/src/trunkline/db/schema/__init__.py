"""
Every table of the hub, by room.

Each has an `id`, a `workspace_id` (first in every unique key and index) and a `created_at`. Money
is an integer of micro-units; times are `UtcTime`; ids sort by the time they were made.
"""

from trunkline.db.schema.accounts import connection_secrets, provider_credentials
from trunkline.db.schema.alerts import alerts
from trunkline.db.schema.approvals import approval_events, approvals
from trunkline.db.schema.base import metadata
from trunkline.db.schema.calls import call_events, calls
from trunkline.db.schema.chains import answer_chains
from trunkline.db.schema.erasures import erasures, vendor_deletions
from trunkline.db.schema.files import media
from trunkline.db.schema.letters import (
    duplicates,
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
from trunkline.db.schema.limits import contact_frequency, rate_limits, spending_limits
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
from trunkline.db.schema.provisioning import provisioning, whatsapp_pool
from trunkline.db.schema.record import audit_checkpoints, audit_log
from trunkline.db.schema.rules import consents, do_not_call
from trunkline.db.schema.speech import speeches
from trunkline.db.schema.usage import usage_changes, usage_logs, usage_totals
from trunkline.db.schema.work import (
    body_keeps,
    body_vault,
    connection_states,
    contact_keys,
    engine_executors,
    engine_jobs,
    engine_marks,
    root_keys,
)

__all__ = [
    "agent_addresses",
    "agent_channels",
    "agent_connections",
    "agent_pool",
    "agent_tokens",
    "alerts",
    "answer_chains",
    "approval_events",
    "approvals",
    "audit_checkpoints",
    "audit_log",
    "body_keeps",
    "body_vault",
    "call_events",
    "calls",
    "connection_secrets",
    "connection_states",
    "consents",
    "contact_frequency",
    "contact_keys",
    "do_not_call",
    "duplicates",
    "early_reports",
    "engine_executors",
    "engine_jobs",
    "engine_marks",
    "erasures",
    "forwards",
    "idempotency_keys",
    "inbound_events",
    "media",
    "message_attempts",
    "message_batches",
    "message_history",
    "messages",
    "metadata",
    "occurrences",
    "person_addresses",
    "provider_credentials",
    "provisioning",
    "rate_limits",
    "reply_windows",
    "root_keys",
    "speeches",
    "spending_limits",
    "subscriptions",
    "suppressions",
    "templates",
    "usage_changes",
    "usage_logs",
    "usage_totals",
    "vendor_deletions",
    "whatsapp_pool",
]
