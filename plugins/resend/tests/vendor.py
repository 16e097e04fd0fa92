"""Resend as its documentation describes it: what it answers, and how Svix signs what it sends."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from trunkline.sdk import OutboundEmail, WebhookRequest
from trunkline.testing import Canned
from trunkline_resend.config import ResendConfig

KEY: Final = "re_0123456789abcdef_key_for_tests"
SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CONFIG: Final = {"api_key": KEY, "webhook_secret": SECRET}
CONFIGURED: Final = ResendConfig.model_validate(CONFIG)
HUB, PERSON = "support@acme.example", "pat@people.example"
SENT_AT: Final = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
ID: Final = "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"
CAME: Final = "56761188-7520-42d8-8898-ff6fc54ce618"
FILE: Final = "2a0c9ce0-3112-4728-976e-47ddcd16a318"
EVENT: Final = "msg_p5jXN8AQM9LWM0D4loKWxJek"

MAIL: Final = OutboundEmail(
    sender=HUB,
    recipient=PERSON,
    subject="Your order, grüße",
    body="Héllo, wörld 👋",
    message_id="<msg_1@hub.example>",
    idempotency_key="msg_0199c2a04d5b7c3e8f10a2b3c4d5e6f7",
    status_url=None,
)


# --- answers --------------------------------------------------------------------------------------


def sent(**changes: object) -> dict[str, Any]:
    """Return a mail as Resend shows one that it sent; its `from` is given as `sender`."""
    shown: dict[str, Any] = {
        "object": "email",
        "id": ID,
        "message_id": "<0100018f-1@email.amazonses.com>",
        "to": [PERSON],
        "from": f"Acme <{HUB}>",
        "created_at": "2026-01-15 12:00:00.5+00",
        "subject": "Your order, grüße",
        "html": None,
        "text": "Héllo, wörld 👋",
        "bcc": [],
        "cc": [],
        "reply_to": [],
        "last_event": "delivered",
        "scheduled_at": None,
    }
    return {**shown, **changes}


def received(**changes: object) -> dict[str, Any]:
    """Return a mail as Resend shows one that came in."""
    shown: dict[str, Any] = {
        "object": "email",
        "id": CAME,
        "to": [f"Support <{HUB}>", "team@acme.example"],
        "from": f"Pat Doe <{PERSON}>",
        "created_at": "2026-01-15T12:00:00.126Z",
        "subject": "Re: Your order",
        "bcc": [],
        "cc": ["Boss <boss@people.example>"],
        "reply_to": ["answers@people.example"],
        "received_for": [HUB],
        "html": "<p>Thanks</p>",
        "text": "Thanks",
        "headers": {
            "In-Reply-To": "<msg_1@hub.example>",
            "references": "<msg_0@hub.example>\r\n <msg_1@hub.example>",
            "X-Custom": "value",
        },
        "message_id": "<answer+123@people.example>",
        "attachments": [
            {
                "id": FILE,
                "filename": "receipt.pdf",
                "content_type": "application/PDF ; name=x",
                "content_disposition": "attachment",
                "content_id": "",
                "size": 2048,
            }
        ],
    }
    return {**shown, **changes}


LINK: Final = "https://inbound-cdn.resend.example/receipt?signature=sig-123"
OF_THE_MAIL: Final = f"/emails/receiving/{CAME}/attachments/{FILE}"
FILES: Final[dict[str, Any]] = {
    "object": "list",
    "has_more": False,
    "data": [
        {
            "object": "attachment",
            "id": FILE,
            "filename": "receipt.pdf",
            "content_type": "application/pdf",
            "size": 2048,
            "download_url": LINK,
            "expires_at": "2026-01-15T13:00:00.000Z",
        }
    ],
}


def domains(*named: tuple[str, str]) -> dict[str, Any]:
    """Return the list of domains with these names and states."""
    data = [{"id": ID, "name": name, "status": status} for name, status in named]
    return {"object": "list", "has_more": False, "data": data}


def refusal(status: int, name: str, message: str = "", **headers: str) -> Canned:
    """Return a refusal, whose message quotes the recipient as a vendor's may."""
    message = message or f"Invalid `to` field: {PERSON}."
    body = {"statusCode": status, "name": name, "message": message}
    return Canned(status=status, json=body, headers=headers)


# --- webhooks -------------------------------------------------------------------------------------


def signature(body: bytes, event: str, sent_at: str, secret: str = SECRET) -> str:
    """Return a signature as Svix's page "Verifying payloads manually" tells to compute it."""
    key = base64.b64decode(secret.split("_")[1])
    digest = hmac.new(key, b".".join([event.encode(), sent_at.encode(), body]), hashlib.sha256)
    return "v1," + base64.b64encode(digest.digest()).decode()


def request(
    body: bytes,
    *,
    event: str = EVENT,
    sent_at: str | None = None,
    signatures: Sequence[str] | None = None,
    received_at: datetime = SENT_AT,
) -> WebhookRequest:
    """Return a request as Svix sends it, with its own signature unless others are given."""
    moment = str(int(SENT_AT.timestamp())) if sent_at is None else sent_at
    signed = [signature(body, event, moment)] if signatures is None else signatures
    return WebhookRequest(
        method="POST",
        url="https://hub.example/webhooks/connections/resend",
        headers={
            "content-type": "application/json",
            "svix-id": event,
            "svix-timestamp": moment,
            "svix-signature": " ".join(signed),
        },
        body=body,
        received_at=received_at,
    )


def webhook(type_: str, data: dict[str, Any], **more: Any) -> WebhookRequest:
    """Return an event as Resend posts it."""
    told = {"type": type_, "created_at": "2026-01-15T12:00:00.126Z", "data": data}
    return request(json.dumps(told, ensure_ascii=False).encode(), **more)


def report(word: str, event: str = EVENT, **more: object) -> WebhookRequest:
    """Return what Resend tells of a mail that it sent."""
    data: dict[str, Any] = {
        "email_id": ID,
        "created_at": "2026-01-15T11:59:59.000Z",
        "from": f"Acme <{HUB}>",
        "to": [PERSON],
        "subject": "Your order, grüße",
        "tags": {"category": "x"},
    }
    return webhook(f"email.{word}", {**data, **more}, event=event)


def bounce(type_: str, sub_type: str) -> dict[str, Any]:
    """Return why a mail bounced, in words that quote the recipient."""
    return {
        "bounce": {
            "type": type_,
            "subType": sub_type,
            "message": f"{PERSON} does not exist.",
            "diagnosticCode": [f"smtp; 550 5.1.1 {PERSON} unknown"],
        }
    }


def announced(**changes: object) -> WebhookRequest:
    """Return what Resend tells of a mail that came in: neither its words nor its headers."""
    data: dict[str, Any] = {
        "email_id": CAME,
        "created_at": "2026-01-15T12:00:00.894719+00:00",
        "from": f"Pat Doe <{PERSON}>",
        "to": [f"Support <{HUB}>", "team@acme.example"],
        "bcc": [],
        "cc": ["Boss <boss@people.example>"],
        "received_for": [HUB],
        "message_id": "<answer+123@people.example>",
        "subject": "Re: Your order",
        "attachments": [
            {
                "id": FILE,
                "filename": "receipt.pdf",
                "content_type": "application/pdf",
                "content_disposition": "attachment",
                "content_id": "",
            }
        ],
    }
    data.update(changes)
    return webhook("email.received", data)
