"""What the OpenAPI document shows as an example of each operation, answer and refusal."""

from collections.abc import Mapping
from typing import Any, Final

from trunkline.core import problems
from trunkline.core.problems import Problem
from trunkline.surfaces.schemas import Schema

_ANN, _HANDSET = "+12025550101", "+12025550150"
_MESSAGE, _REPLY = f"msg_{0x0199:032x}", f"msg_{0x019A:032x}"
_BATCH, _EVENT = f"bat_{0x019B:032x}", f"evt_{0x019C:032x}"
_CALL = f"call_{0x019E:032x}"
_ALERT = f"alr_{0x01A0:032x}"
_APPROVAL = f"apr_{0x019F:032x}"
_MEDIUM = f"med_{0x019E:032x}"
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
_PROVISIONED: Final = {
    "agentId": "ann",
    "displayName": "Ann",
    "country": "US",
    "capabilities": {"phone": True, "email": True},
}

ARGUMENTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "comms_send_message": {**_TEXT, "idempotencyKey": "table-7-ready"},
    "comms_send_voice_message": {
        "to": _HANDSET,
        "text": "Your table is ready.",
        "deliveryChannel": "phone_call",
    },
    "comms_send_batch": {"messages": [_TEXT], "idempotencyKey": "tables-of-today"},
    "comms_quote": {"operation": "comms_send_message", "arguments": _TEXT},
    "comms_wait_for_reply": {"from": _HANDSET, "timeoutSeconds": 30},
    "comms_get_messages": {"unread": True, "limit": 10},
    "comms_get_status": {"id": _MESSAGE},
    "comms_get_media": {"id": _MEDIUM},
    "comms_cancel": {"id": _MESSAGE},
    "comms_provision_channels": _PROVISIONED,
    "agents_provision": _PROVISIONED,
    "comms_deprovision_channels": {"agentId": "ann", "releaseNumber": True},
    "agents_deprovision": {"agentId": "ann", "releaseNumber": True},
    "comms_search_numbers": {"country": "US", "limit": 5},
    "agents_kept": {"release": _ANN},
    "carriers_register": {"kind": "brand", "facts": {"company_name": "Ann & Co."}},
    "carriers_list": {},
    "agents_numbers": {"country": "US", "limit": 5},
    "alerts_list": {"severity": "HIGH", "open": True},
    "alerts_ack": {"id": _ALERT},
    "alerts_test": {"severity": "CRITICAL"},
    "approvals_list": {"status": "pending", "limit": 10},
    "approvals_show": {"id": _APPROVAL},
    "approvals_decide": {"id": _APPROVAL, "decision": "approve"},
    "comms_get_channel_status": {},
    "agents_create": {"id": "ann", "values": {"phone": _ANN, "country": "US"}},
    "agents_set": {"id": "ann", "values": {"display_name": "Ann"}},
    "agents_show": {"id": "ann"},
    "agents_suspend": {"id": "ann"},
    "agents_resume": {"id": "ann"},
    "agents_mode": {"id": "ann", "mode": "simulated"},
    "agents_limits": {"id": "ann", "values": {"maxActionsPerMinute": "30", "sms": "off"}},
    "comms_set_agent_limits": {
        "agentId": "ann",
        "limits": {
            "maxActionsPerMinute": 30,
            "maxSpendPerDay": 2.5,
            "channels": {"whatsapp": False},
        },
    },
    "comms_register_provider": {
        "provider": "twilio",
        "credentials": {"account_sid": "AC…", "auth_token": "…"},
    },
    "providers_set": {"connection": "resend", "values": {"api_key": "re_…"}},
    "providers_remove": {"connection": "resend"},
    "agents_webhook_secret": {"id": "ann"},
    "forwards_list": {"state": "dead", "limit": 10},
    "forwards_replay": {"id": _MESSAGE},
    "subscriptions_list": {"limit": 10},
    "subscriptions_end": {"id": _SUBSCRIPTION},
    "consent_record": {"address": _HANDSET, "source": "form 7", "written": True},
    "consent_show": {"address": _HANDSET},
    "consent_revoke": {"address": _HANDSET},
    "consent_import": {"csv": f"address,givenAt,source\n{_HANDSET},{_AT},form 7\n"},
    "suppressions_list": {"limit": 10},
    "suppressions_lift": {"address": "bob@example.com"},
    "tokens_issue": {"id": "ann"},
    "tokens_rotate": {"id": "ann"},
    "tokens_revoke": {"target": "ann"},
    "pool_grow": {"size": 10},
    "pool_give_back": {"number": "+12025550123"},
    "privacy_keep": {"id": "ann", "channel": "sms", "days": 30},
    "privacy_export": {"address": "+12025550150"},
    "privacy_erase": {"address": "+12025550150"},
    "privacy_receipts": {},
    "audit_verify": {},
    "audit_export": {"after": 0, "limit": 1000},
    "audit_keys": {},
    "audit_whom": {"address": "+12025550150"},
    "messages_list": {"status": "unknown", "limit": 10},
    "messages_show": {"id": _MESSAGE},
    "messages_resolve": {"id": _MESSAGE, "sent": True},
    "messages_retry": {"id": _MESSAGE},
    "calls_list": {"limit": 10},
    "calls_show": {"id": _CALL},
    "comms_list_templates": {"channel": "whatsapp"},
    "templates_set": {
        "id": "table_ready",
        "texts": [{"language": "en", "body": "Hi {{name}}, your table is ready."}],
    },
    "templates_show": {"id": "table_ready"},
    "templates_remove": {"id": "table_ready"},
    "events_list": {"state": "dead", "limit": 10},
    "events_replay": {"id": _EVENT},
    "providers_voices": {"connection": "local-voice"},
}
"""Arguments of operations; one that is not named here takes none."""

_RESULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "comms_send_voice_message": {
        "messageId": _MESSAGE,
        "audioUrl": "https://comms.example.com/media/1800000000.c2lnbmVk",
        "durationSeconds": 2.4,
        "deliveryStatus": "sent",
        "cost": 0.0139,
        "currency": "USD",
        "replayed": False,
        "retryOwner": "none",
    },
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
    "comms_set_agent_limits": {
        "agentId": "ann",
        "limits": {
            "maxActionsPerMinute": 30,
            "maxActionsPerHour": 100,
            "maxActionsPerDay": 500,
            "maxSpendPerDay": 2.5,
            "maxSpendPerMonth": None,
            "maxCallDurationMinutes": 10,
            "maxCallsPerDayToSameNumber": 2,
            "channels": {"whatsapp": False},
        },
    },
    "comms_register_provider": {
        "provider": "twilio",
        "status": "active",
        "capabilities": ["sms.send", "sms.status"],
        "billingInfo": {"plan": None, "balance": 12.5, "currency": "USD"},
        "connection": "twilio",
        "reason": "The provider knows the account.",
    },
    "comms_quote": {
        "decision": "allow",
        "segments": 1,
        "encoding": "GSM-7",
        "provider": "demo",
        "providerReason": "It comes first for texts and calls.",
        "cost": 0.0079,
        "currency": "USD",
        "parts": [
            {
                "part": "delivery",
                "connection": "demo",
                "units": 1,
                "cost": 0.0079,
                "currency": "USD",
            }
        ],
        "approvalNeeded": False,
    },
    "comms_send_batch": {
        "batchId": _BATCH,
        "refused": 0,
        "results": [{"index": 0, "messageId": _MESSAGE, "status": "queued"}],
    },
    "comms_wait_for_reply": _INBOUND,
    "comms_get_messages": {"messages": [_INBOUND], "totalCount": 1, "nextCursor": None},
    "comms_get_media": {
        "id": _MEDIUM,
        "state": "stored",
        "name": "cat.png",
        "type": "image/png",
        "bytes": 48_213,
        "url": f"https://hub.example.com/media/{_MEDIUM}-1764234000-…",
        "image": "iVBORw0KGgo…",
        "imageType": "image/png",
        "untrusted": True,
    },
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
    problems.FetchFailed("What came with the message could not be fetched: it is over 25 MB."),
    problems.Forbidden("Metrics are for an admin token."),
    problems.Gone("medium"),
    problems.IdempotencyConflict("message", _MESSAGE),
    problems.Invalid("to", "is required."),
    problems.RateLimited(
        "This agent may act 10 times a minute, and has. Nothing was sent. Wait as long as "
        "retryAfterS says, or ask an operator for more.",
        "actions_per_minute",
        _MESSAGE,
        42.5,
    ),
    problems.SpendCap(
        "This agent would spend more than it may in a day. Nothing was sent. Wait as long as "
        "retryAfterS says, or ask an operator for more.",
        "spend_per_day",
        _MESSAGE,
        3600.0,
    ),
    problems.LimitReached("challenges", 30, "A token may have 30 in a minute. Wait.", 12.5),
    problems.MethodNotAllowed(["POST"]),
    problems.Missing("No connection serves texts. Set [slots] telephony, or install a provider."),
    problems.NotFound("message"),
    problems.NotReady("The agent's WhatsApp number may not be used yet: it is in review."),
    problems.NotSpoken("'elevenlabs': The quota is used up."),
    problems.NotThereYet("medium", 2.0),
    problems.OutOfWindow("The person has not written for 24 hours: send a template.", _MESSAGE),
    problems.Overloaded(1.0),
    problems.PoolExhausted(5),
    problems.InUse("The agents ann have it instead of a slot's: clear that first."),
    problems.ProviderSetup("The provider does not permit this country: allow it.", _MESSAGE),
    problems.RecipientOptedOut("The recipient has opted out with the provider.", _MESSAGE),
    problems.ProviderCredit("The provider's account has no money left.", _MESSAGE),
    problems.ProviderAuth("The provider refused the hub's credentials.", _MESSAGE),
    problems.ProviderRejected("The provider refused it: the number takes no texts.", _MESSAGE),
    problems.StorageTrouble("it is full."),
    problems.TooLarge(6_291_456),
    problems.TooManyAttempts(30.0),
    problems.TooLate("delivered", _MESSAGE),
    problems.Decided(_APPROVAL, "rejected"),
    problems.Changed("This is not what you looked at. Look again before you decide."),
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
    plain: Mapping[str, Any] = {
        "integer": 1,
        "number": 1.0,
        "boolean": False,
        "string": name,
        "object": {},
    }
    return None if "null" in kinds else plain[kinds[0]]
