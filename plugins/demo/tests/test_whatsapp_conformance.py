"""The hub's WhatsApp suite, run against the simulated network."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

import httpx2
from pydantic import BaseModel

from trunkline import sdk
from trunkline.testing import (
    DROP_AFTER,
    DROP_BEFORE,
    AnyWire,
    BaseWhatsAppConformance,
    FakeClock,
    RecordingLog,
    provider_context,
)
from trunkline.testing.whatsapp import PERSON_ID
from trunkline_demo.config import DemoConfig
from trunkline_demo.faults import Fault
from trunkline_demo.network import Network
from trunkline_demo.plugin import whatsapp_spec
from trunkline_demo.webhooks import signature
from trunkline_demo.whatsapp import WhatsApp
from trunkline_demo.whatsapp_chats import ChatMessage
from trunkline_demo.whatsapp_templates import template
from trunkline_demo.whatsapp_webhooks import STATUSES

CONFIG: Final = {"signing_key": "0123456789abcdef0123456789abcdef", "latency_ms": 0}
URL: Final = "https://hub.example/webhooks/connections/demo/whatsapp"
AT: Final = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
AGENT, PERSON = "+14155550100", "+14155550199"
FIRST_ID: Final = "demo-cd072cd8be6f9f62"
"""The first id of a network whose chance is the suite's."""

HX: Final = "HX0199c2a04d5b7c3e8f10a2b3c4d5e6f"
ASKED_FOR: Final = (
    template("one", "pt_BR", "{{1}}, {{2}}: {{3}}!", provider_id=f"{HX}7"),
    template("two", "en", "{{1}}; {{2}}; {{3}}", provider_id=f"{HX}8"),
    template("odd", "en", "Hm", state=sdk.TemplateState.UNKNOWN),
)


@dataclass(slots=True)
class ChatWire:
    """A network with one trouble, and what it took."""

    answer: Any
    requests: list[Any] = field(default_factory=list)


def _webhook(body: Mapping[str, object]) -> sdk.WebhookRequest:
    content = httpx2.Request("POST", URL, json=body).content
    config = DemoConfig.model_validate(CONFIG)
    return sdk.WebhookRequest(
        method="POST",
        url=URL,
        headers={"x-demo-signature": signature("POST", URL, content, config)},
        body=content,
        received_at=AT,
    )


def _came(number: int, **body: object) -> sdk.WebhookRequest:
    told = {"type": "whatsapp.received", "id": f"demo-{number}", "from": PERSON, "to": AGENT}
    return _webhook({**told, "kind": "text", "occurredAt": "2026-01-15T12:00:00Z", **body})


def _meant(number: int, **changes: Any) -> list[sdk.InboundEvent]:
    said: dict[str, Any] = {
        "external_id": f"whatsapp:demo-{number}",
        "provider_id": f"demo-{number}",
        "sender": PERSON,
        "recipient": AGENT,
        "body": "",
        "vendor_kind": "text",
        "occurred_at": AT,
    }
    return [sdk.ReceivedWhatsApp(**{**said, **changes})]


def _told(status: str, **body: object) -> sdk.WebhookRequest:
    told = {"type": "whatsapp.status", "id": FIRST_ID, "from": AGENT, "to": PERSON}
    at = "2026-01-15T12:00:00Z"
    return _webhook({**told, "status": status, "occurredAt": at, **body})


def _reported(word: str, status: sdk.DeliveryStatus | None, **changes: Any) -> Any:
    return [
        sdk.Reported(
            external_id=f"whatsapp:{FIRST_ID}:{word}",
            provider_id=FIRST_ID,
            sender=AGENT,
            recipient=PERSON,
            status=status,
            vendor_status=word,
            occurred_at=AT,
            **changes,
        )
    ]


class TestDemoWhatsApp(BaseWhatsAppConformance):
    spec = whatsapp_spec(WhatsApp(Network()))
    config: ClassVar = CONFIG
    over_http = False
    signs_url = True
    signature_tolerance_s = None
    template_values = ("by_position",)
    left_out: ClassVar = {
        "location": "its handset shares no places",
        "contacts": "its handset shares no cards",
    }
    answers: ClassVar = {
        "accepted": None,
        "rate_limited": "rate_limited",
        "bad_recipient": "bad_recipient",
        "bad_credentials": "bad_credentials",
        "server_error": "server_error",
        "window_closed": "window_closed",
        "templates": None,
    }
    webhooks: ClassVar = {
        "whatsapp_received": _came(1, body="Good morning", senderName="Robin"),
        "picture": _came(2, kind="media", body="Look", mediaUrls=["https://media.example/a.jpg"]),
        "reaction": _came(3, kind="reaction", body="👍", quotedId=FIRST_ID),
        "answer": _came(4, body="Yes", quotedId=FIRST_ID),
        "tap": _came(7, kind="choice", body="Afternoon", quotedId=FIRST_ID, choiceId="pm"),
        "poll": _came(5, kind="poll"),
        "nobodys_number": _came(6, body="Hi", **{"from": PERSON_ID}),
        "status_reported": _told("delivered", costMicros=4000, currency="USD"),
        "read": _told("read"),
        "blocked": _told("failed", errorCode="blocked", costMicros=0, currency="USD"),
        "unknown_status": _told("teleported"),
    }
    means: ClassVar = {
        "accepted": sdk.Receipt(provider_id=FIRST_ID),
        "bad_recipient": sdk.Rejected("", provider_code="bad_recipient"),
        "window_closed": sdk.Rejected("", provider_code="window_closed"),
        "templates": list(ASKED_FOR),
        "whatsapp_received": _meant(1, body="Good morning", sender_name="Robin"),
        "picture": _meant(
            2,
            body="Look",
            media=(sdk.Media(url="https://media.example/a.jpg"),),
            content=sdk.WhatsAppContent.MEDIA,
            vendor_kind="media",
        ),
        "reaction": _meant(
            3,
            body="👍",
            quoted_id=FIRST_ID,
            content=sdk.WhatsAppContent.REACTION,
            vendor_kind="reaction",
        ),
        "answer": _meant(4, body="Yes", quoted_id=FIRST_ID),
        "tap": _meant(
            7,
            body="Afternoon",
            quoted_id=FIRST_ID,
            content=sdk.WhatsAppContent.CHOICE,
            vendor_kind="choice",
            choice="pm",
        ),
        "poll": _meant(5, content=sdk.WhatsAppContent.OTHER, vendor_kind="poll"),
        "nobodys_number": _meant(6, body="Hi", sender=PERSON_ID, sender_id=PERSON_ID),
        "status_reported": _reported(
            "delivered", sdk.DeliveryStatus.DELIVERED, cost_micros=4000, currency="USD"
        ),
        "read": _reported("read", sdk.DeliveryStatus.READ),
        "blocked": _reported(
            "failed",
            sdk.DeliveryStatus.FAILED,
            error_code="blocked",
            cost_micros=0,
            currency="USD",
        ),
        "unknown_status": _reported("teleported", None),
    }
    statuses: ClassVar = STATUSES
    sends_as: ClassVar = {
        "sender": "sender",
        "recipient": "recipient",
        "body": "body",
        "media": "media",
        "template": "template",
        "values": "template_values",
        "language": "language",
        "quoted_id": "quoted_id",
        "status_url": "status_url",
        "choice_id": "choice_id",
        "choice_label": "choice_label",
    }

    def wire(self, answer: Any) -> AnyWire:
        return ChatWire(answer)

    @asynccontextmanager
    async def opened(
        self, wire: AnyWire, log: RecordingLog, config: BaseModel | None = None
    ) -> AsyncIterator[Any]:
        assert isinstance(wire, ChatWire)
        whatsapp, clock = WhatsApp(Network(), ASKED_FOR), FakeClock()
        people = (PERSON, PERSON_ID, self.other_recipient)
        if wire.answer != "window_closed":
            for person in people:
                whatsapp.chat(person, AGENT).wrote_at = clock.now()
        dropped = {DROP_BEFORE: Fault.DROPPED_BEFORE, DROP_AFTER: Fault.DROPPED_AFTER}
        fault = dropped.get(wire.answer, wire.answer)
        if fault in set(Fault):
            whatsapp.network.arm(Fault(fault), 1)

        async def deliver(request: sdk.WebhookRequest) -> sdk.WebhookReply:
            return sdk.WebhookReply()

        async with httpx2.AsyncClient() as http:
            context = provider_context(http, clock=clock, log=log, deliver=deliver)
            spec = whatsapp_spec(whatsapp)
            async with spec.open(config or self.valid_config(), context) as provider:  # type: ignore[arg-type]
                yield provider
        for person in people:
            wire.requests += whatsapp.chat(person, AGENT).messages

    def fields(self, request: Any) -> Sequence[tuple[tuple[str, ...], str | None]]:
        assert isinstance(request, ChatMessage)
        fields: list[tuple[tuple[str, ...], str | None]] = [
            (("sender",), request.sender),
            (("recipient",), request.recipient),
            (("shown" if request.template else "body",), request.body),
        ]
        fields += [(("media",), url) for url in request.media_urls]
        for each in request.choices:
            fields += [(("choice_id",), each.id), (("choice_label",), each.label)]
        fields += [(("values", name), value) for name, value in request.values.items()]
        if (made_of := request.template) is not None:
            fields += [(("template",), made_of.provider_id), (("language",), made_of.language)]
        for name in ("quoted_id", "status_url"):
            fields += [((name,), value)] if (value := getattr(request, name)) else []
        return fields
