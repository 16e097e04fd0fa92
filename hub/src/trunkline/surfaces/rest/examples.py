"""What the OpenAPI document shows as an example of each operation, answer and refusal."""

from collections.abc import Mapping
from typing import Any, Final

from trunkline.core import problems
from trunkline.core.problems import Problem
from trunkline.surfaces.schemas import Schema

_ANN, _HANDSET = "+12025550101", "+12025550150"
_MESSAGE, _REPLY = f"msg_{0x0199:032x}", f"msg_{0x019A:032x}"
_BATCH, _EVENT = f"bat_{0x019B:032x}", f"evt_{0x019C:032x}"
_SUBSCRIPTION = f"sub_{0x019D:032x}"
_AT, _LATER = "2026-11-21T09:00:00.000Z", "2026-11-21T09:00:02.150Z"
_TEXT = {"channel": "sms", "to": _HANDSET, "body": "Your table is ready."}
_INBOUND = {
    "id": _REPLY,
    "channel": "sms",
    "direction": "inbound",
    "from": _HANDSET,
    "to": _ANN,
    "body": "On my way.",
    "bodyState": "held",
    "timestamp": _LATER,
    "status": "received",
    "cost": None,
    "read": False,
    "untrusted": True,
}

ARGUMENTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "comms_send_message": {**_TEXT, "idempotencyKey": "table-7-ready"},
    "comms_send_batch": {"messages": [_TEXT], "idempotencyKey": "tables-of-today"},
    "comms_wait_for_reply": {"from": _HANDSET, "timeoutSeconds": 30},
    "comms_get_messages": {"unread": True, "limit": 10},
    "comms_get_status": {"id": _MESSAGE},
    "comms_cancel": {"id": _MESSAGE},
    "comms_get_channel_status": {},
    "agents_create": {"id": "ann", "values": {"phone": _ANN, "country": "US"}},
    "agents_set": {"id": "ann", "values": {"display_name": "Ann"}},
    "agents_show": {"id": "ann"},
    "agents_suspend": {"id": "ann"},
    "agents_resume": {"id": "ann"},
    "agents_webhook_secret": {"id": "ann"},
    "forwards_list": {"state": "dead", "limit": 10},
    "forwards_replay": {"id": _MESSAGE},
    "subscriptions_list": {"limit": 10},
    "subscriptions_end": {"id": _SUBSCRIPTION},
    "suppressions_list": {"limit": 10},
    "suppressions_lift": {"address": "bob@example.com"},
    "tokens_issue": {"id": "ann"},
    "tokens_rotate": {"id": "ann"},
    "tokens_revoke": {"target": "ann"},
    "pool_grow": {"size": 10},
    "privacy_keep": {"id": "ann", "channel": "sms", "days": 30},
    "messages_list": {"status": "unknown", "limit": 10},
    "messages_show": {"id": _MESSAGE},
    "messages_resolve": {"id": _MESSAGE, "sent": True},
    "messages_retry": {"id": _MESSAGE},
    "comms_list_templates": {"channel": "whatsapp"},
    "templates_set": {
        "id": "table_ready",
        "texts": [{"language": "en", "body": "Hi {{name}}, your table is ready."}],
    },
    "templates_show": {"id": "table_ready"},
    "templates_remove": {"id": "table_ready"},
    "events_list": {"state": "dead", "limit": 10},
    "events_replay": {"id": _EVENT},
}
"""Arguments of operations; one that is not named here takes none."""

_RESULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "comms_send_message": {
        "messageId": _MESSAGE,
        "channel": "sms",
        "status": "sent",
        "cost": 0.0079,
        "currency": "USD",
        "costFinal": False,
        "segments": 1,
        "provider": "demo",
        "timestamp": _AT,
        "rateLimitRemaining": None,
        "replayed": False,
        "retryOwner": "none",
    },
    "comms_send_batch": {
        "batchId": _BATCH,
        "refused": 0,
        "results": [{"index": 0, "messageId": _MESSAGE, "status": "queued"}],
    },
    "comms_wait_for_reply": _INBOUND,
    "comms_get_messages": {"messages": [_INBOUND], "totalCount": 1, "nextCursor": None},
    "comms_get_channel_status": {
        "agentId": "ann",
        "channels": {
            "phone": {"number": _ANN, "status": "active", "monthlyMessages": 12},
            "whatsapp": None,
            "email": {"address": "ava@agents.example", "status": "active", "monthlyMessages": 3},
            "voiceAi": None,
        },
        "monthlyCost": 0.0948,
        "rateLimits": {
            "actionsThisMinute": 1,
            "actionsToday": 12,
            "maxPerMinute": None,
            "maxPerDay": None,
        },
    },
}

_SAMPLES: Final[Mapping[str, Any]] = {
    "addresses": {"sms": "+12025550101", "email": "ava@agents.example"},
    "connections": {"email": "smtp"},
    "agentId": "ann",
    "at": _AT,
    "batchId": _BATCH,
    "begunAt": _AT,
    "bodyState": "held",
    "callbackUrl": "https://agents.example.com/inbound/ann",
    "channel": "sms",
    "connection": "demo",
    "cost": 0.0079,
    "country": "US",
    "createdAt": _AT,
    "createdBy": "local",
    "currency": "USD",
    "days": 30,
    "direction": "outbound",
    "displayName": "Ann",
    "eventId": _EVENT,
    "id": _MESSAGE,
    "issuedAt": _AT,
    "kid": "5f3a9c0d1e2b",
    "kind": "message",
    "messageId": _MESSAGE,
    "monthlyCost": 0.0079,
    "phone": _ANN,
    "provider": "demo",
    "provisionedAt": _AT,
    "scope": "agent",
    "secret": "whsec_…",
    "sentence": "The hub answers at its public URL.",
    "size": 10,
    "source": "send",
    "status": "sent",
    "subject": "public URL",
    "token": "tl_agent_5f3a9c0d1e2b_…",
    "used": 1,
}
"""What a field of an answer is shown as, by its name."""

_OF_AGENTS: Final[Mapping[str, Any]] = {**_SAMPLES, "status": "active"}

_REFUSALS: Final[tuple[Problem, ...]] = (
    problems.AgentMismatch("agentId"),
    problems.Blocked(
        "suppression", "The recipient in cc.0 reported a mail as spam.", _MESSAGE, "cc.0"
    ),
    problems.CallbackUnproven("timeout", "the challenge was not answered within 5 seconds."),
    problems.Forbidden("Metrics are for an admin token."),
    problems.IdempotencyConflict("message", _MESSAGE),
    problems.Invalid("to", "is required."),
    problems.LimitReached("challenges", 30, "A token may have 30 in a minute. Wait.", 12.5),
    problems.MethodNotAllowed(["POST"]),
    problems.Missing("No connection serves texts. Set [slots] telephony, or install a provider."),
    problems.NotFound("message"),
    problems.OutOfWindow("The person has not written for 24 hours: send a template.", _MESSAGE),
    problems.Overloaded(1.0),
    problems.PoolExhausted(5),
    problems.ProviderSetup("The provider does not permit this country: allow it.", _MESSAGE),
    problems.RecipientOptedOut("The recipient has opted out with the provider.", _MESSAGE),
    problems.ProviderCredit("The provider's account has no money left.", _MESSAGE),
    problems.ProviderAuth("The provider refused the hub's credentials.", _MESSAGE),
    problems.ProviderRejected("The provider refused it: the number takes no texts.", _MESSAGE),
    problems.TooLarge(6_291_456),
    problems.TooLate("delivered", _MESSAGE),
    problems.Unreadable("The request is not JSON in UTF-8."),
    problems.Unsupported("channel", "this hub cannot send email yet."),
)


def refusal(kind: type[Problem]) -> Problem | None:
    """Return an example of a kind of refusal; None of one that nobody has thought of."""
    for each in _REFUSALS:
        if type(each) is kind:
            return each
    try:
        return kind()  # type: ignore[call-arg]
    except TypeError:
        return None


def result(operation: str, schema: Schema) -> Any:
    """Return an example of an operation's answer, of which `schema` is the schema."""
    if operation in _RESULTS:
        return _RESULTS[operation]
    return _sample(schema, _OF_AGENTS if operation.startswith("agents_") else _SAMPLES)


def _sample(schema: Schema, samples: Mapping[str, Any], name: str = "") -> Any:
    """Return a value that fits a schema, with what must be there and no more."""
    if "anyOf" in schema:
        return _sample(schema["anyOf"][0], samples, name)
    if "enum" in schema:
        return samples[name] if samples.get(name) in schema["enum"] else schema["enum"][0]
    if "properties" in schema:
        return {
            key: _sample(schema["properties"][key], samples, key)
            for key in schema.get("required", ())
        }
    if "items" in schema:
        return [_sample(schema["items"], samples)]
    if name in samples:
        return samples[name]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    plain = {"integer": 1, "number": 1.0, "boolean": False, "string": name, "null": None}
    return None if "null" in kinds else plain[kinds[0]]
