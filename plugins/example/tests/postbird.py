"""Postbird as its manual describes it: what it answers, and how it signs what it sends."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Final

from trunkline.sdk import WebhookRequest
from trunkline.testing import Canned

CONFIG: Final = {"api_key": "pb_live_key-for-tests", "signing_secret": "secret-for-tests"}
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
}
# -- end answers --


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
CHECK: Final = {"event_id": "ev_5", "type": "url.check", "challenge": "c-1"}
WEBHOOKS: Final = {
    "sms_received": webhook(RECEIVED),
    "status_reported": webhook(REPORTED),
    "unknown_status": webhook({**REPORTED, "event_id": "ev_3", "status": "pondering"}),
}
# -- end webhook --
