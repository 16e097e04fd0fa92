"""Postbird as its manual describes it: what it answers, and how it signs what it sends."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from trunkline.sdk import (
    Account,
    DeliveryStatus,
    Media,
    OptedOut,
    Receipt,
    Received,
    Rejected,
    Report,
    Reported,
    WebhookReply,
    WebhookRequest,
)
from trunkline.testing import Canned

CONFIG: Final = {
    "api_key": "pb_live_0123456789abcdef-for-tests",
    "signing_secret": "whsec_0123456789abcdef-for-tests",
}
SENT_AT: Final = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


# -- start answers --
def refusal(status: int, code: str, **headers: str) -> Canned:
    """Return a refusal, whose message quotes the recipient as Postbird's do."""
    message = f"{code}: the text to +14155550199 was refused"
    return Canned(status=status, json={"code": code, "message": message}, headers=headers)


KEPT: Final[dict[str, object]] = {
    "id": "tx_1",
    "from": "+14155550100",
    "to": "+14155550199",
    "text": "Héllo, wörld 👋",
    "media_urls": [],
    "status": "delivered",
    "price": "0.0079",
    "currency": "USD",
    "created_at": "2026-01-15T12:00:00Z",
}
ANSWERS: Final = {
    "accepted": Canned(status=201, json={"id": "tx_1", "status": "queued"}),
    "rate_limited": refusal(429, "too_many_requests", **{"Retry-After": "7"}),
    "bad_recipient": refusal(422, "invalid_to"),
    "bad_credentials": refusal(401, "unknown_key"),
    "server_error": refusal(503, "maintenance"),
    "found": Canned(status=200, json=KEPT),
    "found_unknown_status": Canned(status=200, json={**KEPT, "status": "pondering"}),
    "not_found": refusal(404, "no_such_text"),
    "stopped": refusal(422, "recipient_stopped"),
    "account": Canned(
        status=200, json={"name": "Acme Inc.", "balance": "12.50", "currency": "USD"}
    ),
}
# -- end answers --
# -- start sends --
SENDS_AS: Final = {
    "from": "sender",
    "to": "recipient",
    "text": "body",
    "media_urls": "media",
    "callback_url": "status_url",
    "reference": "idempotency_key",
}
# -- end sends --


# -- start webhook --
def webhook(event: object, *, signed_at: datetime = SENT_AT) -> WebhookRequest:
    """Return an event, or a list of several, as Postbird posts it."""
    body = json.dumps(event).encode()
    stamp = str(int(signed_at.timestamp()))
    key = CONFIG["signing_secret"].encode()
    signature = hmac.new(key, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return WebhookRequest(
        method="POST",
        url="https://hub.example/webhooks/agent-1/sms",
        headers={
            "content-type": "application/json",
            "x-postbird-signature": f"t={stamp},v1={signature}",
        },
        body=body,
        received_at=SENT_AT,
    )


RECEIVED: Final[dict[str, object]] = {
    "event_id": "ev_1",
    "type": "text.received",
    "id": "tx_9",
    "from": "+14155550199",
    "to": "+14155550100",
    "text": "Grüße",
}
REPORTED: Final[dict[str, object]] = {
    "event_id": "ev_2",
    "type": "text.status",
    "id": "tx_1",
    "from": "+14155550100",
    "to": "+14155550199",
    "status": "delivered",
    "price": "0.0079",
    "currency": "USD",
}
PICTURES: Final = {
    **RECEIVED,
    "event_id": "ev_6",
    "text": "",
    "media": [{"url": "https://media.example/c.jpg", "content_type": "image/jpeg"}],
}
LOST: Final = {**REPORTED, "event_id": "ev_4", "status": "undelivered", "error_code": "spam"}
CHECK: Final = {"event_id": "ev_5", "type": "url.check", "challenge": "c-1"}
WEBHOOKS: Final = {
    "sms_received": webhook(RECEIVED),
    "status_reported": webhook(REPORTED),
    "unknown_status": webhook({**REPORTED, "event_id": "ev_3", "status": "pondering"}),
    "media": webhook(PICTURES),
    "undelivered": webhook(LOST),
    "several": webhook([{**RECEIVED, "event_id": "ev_7"}, {**REPORTED, "event_id": "ev_8"}]),
    "challenge": webhook(CHECK),
}
# -- end webhook --
# -- start means --
STATUSES: Final = {
    "queued": DeliveryStatus.SENT,
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "undelivered": DeliveryStatus.FAILED,
}
TEXT: Final = Received(
    external_id="ev_1",
    provider_id="tx_9",
    sender="+14155550199",
    recipient="+14155550100",
    body="Grüße",
)
DELIVERED: Final = Reported(
    external_id="ev_2",
    provider_id="tx_1",
    sender="+14155550100",
    status=DeliveryStatus.DELIVERED,
    vendor_status="delivered",
    cost_micros=7_900,
    currency="USD",
)
FOUND: Final = Report(
    provider_id="tx_1",
    sender="+14155550100",
    recipient="+14155550199",
    status=DeliveryStatus.DELIVERED,
    vendor_status="delivered",
    created_at=SENT_AT,
    body="Héllo, wörld 👋",
    media_count=0,
    cost_micros=7_900,
    currency="USD",
)
PONDERING: Final = replace(DELIVERED, external_id="ev_3", status=None, vendor_status="pondering")
UNDELIVERED: Final = replace(
    DELIVERED,
    external_id="ev_4",
    status=DeliveryStatus.FAILED,
    vendor_status="undelivered",
    error_code="spam",
)
MEANS: Final = {
    "accepted": Receipt(provider_id="tx_1"),
    "bad_recipient": Rejected("", provider_code="invalid_to"),
    "stopped": OptedOut("", provider_code="recipient_stopped"),
    "found": FOUND,
    "account": Account(name="Acme Inc.", balance_micros=12_500_000, currency="USD"),
    "sms_received": [TEXT],
    "media": [
        replace(
            TEXT,
            external_id="ev_6",
            body="",
            media=(Media(url="https://media.example/c.jpg", content_type="image/jpeg"),),
        )
    ],
    "status_reported": [DELIVERED],
    "unknown_status": [PONDERING],
    "undelivered": [UNDELIVERED],
    "several": [replace(TEXT, external_id="ev_7"), replace(DELIVERED, external_id="ev_8")],
    "challenge": WebhookReply(status=200, content_type="text/plain", body=b"c-1"),
}
# -- end means --
