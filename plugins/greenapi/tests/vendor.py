"""GREEN-API as its documentation describes it: who calls whom, and what it tells."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from trunkline.sdk import OutboundWhatsApp, WebhookRequest

TOKEN: Final = "d75b3a66374942c5b3c019c698abc2067e151558acbd412345"
HUB, PERSON = "+14155550100", "+14155550199"
CHAT: Final = "14155550199@c.us"
CONFIG: Final = {
    "id_instance": "1101000001",
    "api_token": TOKEN,
    "phone_number": HUB,
    "webhook_secret": "Path-secret-of-the-tests-1",
    "webhook_token": "Header-token-of-the-tests-1",
}
ID: Final = "3EB0C767D097B7C7C030"
SENT_AT: Final = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
URL: Final = (
    f"https://hub.example/webhooks/connections/greenapi/whatsapp/{CONFIG['webhook_secret']}"
)
MESSAGE: Final = OutboundWhatsApp(
    sender=HUB,
    recipient=PERSON,
    body="Héllo, wörld 👋",
    idempotency_key="msg_0199c2a04d5b7c3e8f10a2b3c4d5e6f7",
    status_url="https://hub.example/webhooks/agent-1/message-status?attempt=att_0199c2a0",
)


def webhook(told: Mapping[str, object] | bytes, url: str = URL, **headers: str) -> WebhookRequest:
    """Return a request as GREEN-API makes it; a header of "" is left out."""
    named = {
        "authorization": f"Bearer {CONFIG['webhook_token']}",
        "content-type": "application/json",
        "user-agent": "GREEN-API",
        **headers,
    }
    return WebhookRequest(
        method="POST",
        url=url,
        headers={name: value for name, value in named.items() if value},
        body=told if isinstance(told, bytes) else json.dumps(told).encode(),
        received_at=SENT_AT,
    )


def instance(**changes: object) -> dict[str, object]:
    """Return what every notification says of the instance."""
    shown = {"idInstance": 1101000001, "wid": "14155550100@c.us", "typeInstance": "whatsapp"}
    return {**shown, **changes}


def received(data: Mapping[str, Any], **changes: object) -> dict[str, object]:
    """Return the notification of a message that came in."""
    shown: dict[str, object] = {
        "typeWebhook": "incomingMessageReceived",
        "instanceData": instance(),
        "timestamp": int(SENT_AT.timestamp()),
        "idMessage": "F7AEC1B7086ECDC7E6E45923F5EDB825",
        "senderData": {
            "chatId": CHAT,
            "sender": CHAT,
            "chatName": "Ann",
            "senderName": "Ann",
            "senderContactName": "Ann B.",
        },
        "messageData": data,
    }
    return {**shown, **changes}


def text_data(text: str = "Grüße & more") -> dict[str, object]:
    """Return the content of a text."""
    return {"typeMessage": "textMessage", "textMessageData": {"textMessage": text}}


def reported(status: str, **changes: object) -> dict[str, object]:
    """Return the notification of a status."""
    shown: dict[str, object] = {
        "typeWebhook": "outgoingMessageStatus",
        "chatId": CHAT,
        "instanceData": instance(),
        "timestamp": int(SENT_AT.timestamp()),
        "idMessage": ID,
        "status": status,
        "sendByApi": True,
    }
    return {**shown, **changes}
