"""Pharos's manual: what it answers and calls back with, and what that means."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from tests.unseen.pharos import SPEC
from trunkline import sdk
from trunkline.sdk import WhatsAppContent
from trunkline.testing import BaseWhatsAppConformance, Canned

CONFIG: Final = {
    "token": "pt_live_0123456789abcdef0123456789",
    "secret": "ps_0123456789abcdef0123456789abcdef",
}
HUB, PERSON = "+14155550100", "+14155550199"
SENT_AT: Final = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def refusal(status: int, code: str, **headers: str) -> Canned:
    message = f"{code}: 14155550199 cannot be written to"
    return Canned(status=status, json={"code": code, "message": message}, headers=headers)


def webhook(number: int, kind: str, /, **data: object) -> sdk.WebhookRequest:
    at = int(SENT_AT.timestamp())
    event = {"event": f"e-{number:03}", "kind": kind, "at": at, "data": data}
    body = json.dumps(event).encode()
    seal = hmac.new(CONFIG["secret"].encode(), body, hashlib.sha256).hexdigest()
    return sdk.WebhookRequest(
        method="POST",
        url="https://hub.example/webhooks/agent-1/whatsapp",
        headers={"content-type": "application/json", "pharos-seal": seal},
        body=body,
        received_at=SENT_AT,
    )


def message(number: int, kind: str, content: object, **more: object) -> sdk.WebhookRequest:
    facts = {
        "id": f"in-{number}",
        "wa_from": "tel:14155550199",
        "wa_to": "tel:14155550100",
        "name": "Ann",
        "kind": kind,
        "content": content,
    }
    return webhook(number, "message", **{**facts, **more})


def state(number: int, word: str, code: str | None = None) -> sdk.WebhookRequest:
    return webhook(number, "state", id="out-1", state=word, code=code)


def received(
    number: int, content: WhatsAppContent, vendor_kind: str, body: str, **more: Any
) -> list[sdk.InboundEvent]:
    facts = {"sender": PERSON, **more}
    return [
        sdk.ReceivedWhatsApp(
            external_id=f"e-{number:03}",
            provider_id=f"in-{number}",
            recipient=HUB,
            body=body,
            occurred_at=SENT_AT,
            sender_name="Ann",
            content=content,
            vendor_kind=vendor_kind,
            **facts,
        )
    ]


DELIVERED: Final = sdk.Reported(
    external_id="e-002",
    provider_id="out-1",
    status=sdk.DeliveryStatus.DELIVERED,
    vendor_status="on_device",
    occurred_at=SENT_AT,
)
ORDER: Final = {
    "id": "t-1",
    "name": "order",
    "lang": "en",
    "text": "Hello {{1}}, see you {{2}}.",
    "fields": ["1", "2"],
    "state": "live",
    "use": "utility",
}
ORDER_TOLD: Final = sdk.Template(
    provider_id="t-1",
    name="order",
    language="en",
    body="Hello {{1}}, see you {{2}}.",
    variables=("1", "2"),
    state=sdk.TemplateState.APPROVED,
    category="utility",
)
STATES: Final = {
    "in_review": sdk.TemplateState.PENDING,
    "refused": sdk.TemplateState.REJECTED,
    "resting": sdk.TemplateState.PAUSED,
    "pondering": sdk.TemplateState.UNKNOWN,
}
IMAGE: Final = {"link": "https://media.example/1.jpg", "mime": "image/jpeg", "caption": "Look"}


class PharosSuite(BaseWhatsAppConformance):
    """The shipped suite, filled in as its page says."""

    spec = SPEC
    config = CONFIG
    answers: ClassVar = {
        "accepted": Canned(status=202, json={"id": "out-1"}),
        "rate_limited": refusal(429, "P29", **{"Retry-After": "7"}),
        "bad_recipient": refusal(422, "P10"),
        "bad_credentials": refusal(401, "P01"),
        "server_error": refusal(503, "P50"),
        "unpaid": refusal(402, "P02"),
        "stopped": refusal(422, "P31"),
        "window_closed": refusal(422, "P24"),
        "templates": Canned(
            status=200,
            json={"templates": [ORDER, *({**ORDER, "id": each, "state": each} for each in STATES)]},
        ),
    }
    sends_as: ClassVar = {
        "from": "sender",
        "to": "recipient",
        "text": "body",
        "template": "template",
        "values": "template_values",
        "lang": "language",
        "answers": "quoted_id",
        "link": "media",
        "filename": "media_name",
        "notify": "status_url",
        "pick": "choice_id",
        "says": "choice_label",
    }
    webhooks: ClassVar = {
        "whatsapp_received": message(1, "note", {"text": "Grüße & mehr"}),
        "status_reported": state(2, "on_device"),
        "unknown_status": state(3, "pondering"),
        "lost": state(4, "lost", "P10"),
        "answer": message(5, "note", {"text": "Yes"}, answers="out-1"),
        "file": message(6, "file", IMAGE),
        "reaction": message(7, "emoji", {"emoji": "👍"}, answers="out-1"),
        "reaction_taken_back": message(8, "emoji", {}, answers="out-1"),
        "choice": message(9, "pick", {"id": "yes-1", "label": "Yes, please"}, answers="out-1"),
        "place": message(10, "place", {"name": "Pier 7", "lat": 37.8, "long": -122.4}),
        "cards": message(11, "cards", {"cards": [{"name": "Bert"}, {"name": "Cora"}]}),
        "poll": message(12, "poll", {"question": "When?"}),
        "person_id": message(13, "note", {"text": "Hi"}, wa_from="id:US.9f3Kq0ZtB7"),
        "other": webhook(14, "weather.report", sun=True),
    }
    means: ClassVar = {
        "accepted": sdk.Receipt(provider_id="out-1"),
        "bad_recipient": sdk.Rejected("", provider_code="P10"),
        "unpaid": sdk.OutOfCredit("", provider_code="P02"),
        "stopped": sdk.OptedOut("", provider_code="P31"),
        "window_closed": sdk.Rejected("", provider_code="P24"),
        "templates": [
            ORDER_TOLD,
            *(replace(ORDER_TOLD, provider_id=word, state=state) for word, state in STATES.items()),
        ],
        "whatsapp_received": received(1, WhatsAppContent.TEXT, "note", "Grüße & mehr"),
        "status_reported": [DELIVERED],
        "unknown_status": [
            replace(DELIVERED, external_id="e-003", status=None, vendor_status="pondering")
        ],
        "lost": [
            replace(
                DELIVERED,
                external_id="e-004",
                status=sdk.DeliveryStatus.FAILED,
                vendor_status="lost",
                error_code="P10",
            )
        ],
        "answer": received(5, WhatsAppContent.TEXT, "note", "Yes", quoted_id="out-1"),
        "file": received(
            6,
            WhatsAppContent.MEDIA,
            "file",
            "Look",
            media=(sdk.Media(url="https://media.example/1.jpg", content_type="image/jpeg"),),
        ),
        "reaction": received(7, WhatsAppContent.REACTION, "emoji", "👍", quoted_id="out-1"),
        "reaction_taken_back": received(
            8, WhatsAppContent.REACTION, "emoji", "", quoted_id="out-1"
        ),
        "choice": received(
            9, WhatsAppContent.CHOICE, "pick", "Yes, please", choice="yes-1", quoted_id="out-1"
        ),
        "place": received(10, WhatsAppContent.LOCATION, "place", "Pier 7 (37.8, -122.4)"),
        "cards": received(11, WhatsAppContent.CONTACTS, "cards", "Bert, Cora"),
        "poll": received(12, WhatsAppContent.OTHER, "poll", ""),
        "person_id": received(13, WhatsAppContent.TEXT, "note", "Hi", sender="US.9f3Kq0ZtB7"),
        "other": [],
    }
    statuses: ClassVar = {
        "queued": sdk.DeliveryStatus.SENT,
        "on_device": sdk.DeliveryStatus.DELIVERED,
        "seen": sdk.DeliveryStatus.READ,
        "lost": sdk.DeliveryStatus.FAILED,
    }
    template_values = ("by_position", "by_name", "many", "none")
    signs_url = False
    signature_tolerance_s = None

    def written(self, address: str) -> str:
        return f"tel:{address[1:]}" if address.startswith("+") else f"id:{address}"
