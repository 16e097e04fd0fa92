"""Semaphore's manual: what it answers and calls back with, and what that means."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from tests.unseen.semaphore import SPEC
from trunkline import sdk
from trunkline.testing import BaseEmailConformance, Canned

CONFIG: Final = {
    "token": "st_live_0123456789abcdef0123456789",
    "secret": "ss_0123456789abcdef0123456789abcdef",
}
HUB, PERSON = "agent-1@hub.example", "ann@example.org"
SENT_AT: Final = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def refusal(status: int, code: str, **headers: str) -> Canned:
    message = f"{code}: {PERSON} cannot be written to"
    return Canned(status=status, json={"code": code, "message": message}, headers=headers)


def webhook(number: int, kind: str, **data: object) -> sdk.WebhookRequest:
    event = {"event": f"e-{number:03}", "kind": kind, "at": SENT_AT.isoformat(), "data": data}
    body = json.dumps(event).encode()
    stamp = str(int(SENT_AT.timestamp()))
    seal = hmac.new(CONFIG["secret"].encode(), f"{stamp}.".encode() + body, hashlib.sha256)
    return sdk.WebhookRequest(
        method="POST",
        url="https://hub.example/webhooks/agent-1/email",
        headers={
            "content-type": "application/json",
            "sema-time": stamp,
            "sema-seal": seal.hexdigest(),
        },
        body=body,
        received_at=SENT_AT,
    )


MAIL: Final[dict[str, object]] = {
    "mail": "in-1",
    "envelope_to": HUB,
    "from": PERSON,
    "name": "Ann Ö.",
    "to": ["sales@hub.example"],
    "cc": ["carl@example.net"],
    "reply_to": "ann.home@example.org",
    "subject": "A question",
    "text": "Grüße & mehr",
    "html": "<p>Grüße &amp; mehr</p>",
    "message_id": "<q-1@mail.example.org>",
    "checks": {"spf": "pass", "dkim": "fail", "dmarc": "none"},
}
FILE: Final = {
    "filename": "Rechnung ü.pdf",
    "mime": "Application/PDF; name=x",
    "size": 1234,
    "link": "https://files.semaphore.example/1",
}
KEPT: Final = {
    "mail": "out-1",
    "from": HUB,
    "to": [PERSON, "carl@example.net"],
    "text": "Héllo, wörld 👋",
    "state": "delivered",
    "taken_at": SENT_AT.isoformat(),
}
RECEIVED: Final = sdk.ReceivedEmail(
    external_id="e-001",
    provider_id="in-1",
    sender=PERSON,
    recipient=HUB,
    body="Grüße & mehr",
    occurred_at=SENT_AT,
    subject="A question",
    sender_name="Ann Ö.",
    html="<p>Grüße &amp; mehr</p>",
    message_id="<q-1@mail.example.org>",
    reply_to="ann.home@example.org",
    to=("sales@hub.example",),
    cc=("carl@example.net",),
    authentication=sdk.MailAuthentication(
        spf=sdk.Verdict.PASS, dkim=sdk.Verdict.FAIL, dmarc=sdk.Verdict.NONE
    ),
)
DELIVERED: Final = sdk.Reported(
    external_id="e-002",
    provider_id="out-1",
    status=sdk.DeliveryStatus.DELIVERED,
    vendor_status="delivered",
    occurred_at=SENT_AT,
)


def state(number: int, word: str, code: str | None = None) -> sdk.WebhookRequest:
    return webhook(number, "mail.state", mail="out-1", state=word, code=code)


def reported(
    number: int, word: str, status: sdk.DeliveryStatus | None, code: str | None
) -> list[sdk.InboundEvent]:
    identity: dict[str, Any] = {"external_id": f"e-{number:03}", "vendor_status": word}
    return [replace(DELIVERED, **identity, status=status, error_code=code)]


class SemaphoreSuite(BaseEmailConformance):
    """The shipped suite, filled in as its page says; nothing is added to it."""

    spec = SPEC
    config = CONFIG
    answers: ClassVar = {
        "accepted": Canned(status=202, json={"mail": "out-1"}),
        "rate_limited": refusal(429, "slow_down", **{"Retry-After": "7"}),
        "bad_recipient": refusal(422, "no_mailbox"),
        "bad_credentials": refusal(401, "token"),
        "server_error": refusal(503, "down"),
        "unpaid": refusal(402, "unpaid"),
        "domain": refusal(403, "domain"),
        "found": Canned(status=200, json=KEPT),
        "found_unknown_status": Canned(status=200, json={**KEPT, "state": "pondering"}),
        "not_found": refusal(404, "no_mail"),
    }
    sends_as: ClassVar = {
        "from": "sender",
        "from_name": "sender_name",
        "to": "recipient",
        "cc": "cc",
        "bcc": "bcc",
        "reply_to": "reply_to",
        "subject": "subject",
        "text": "body",
        "html": "html",
        "message_id": "message_id",
        "in_reply_to": "in_reply_to",
        "references": "references",
        "key": "idempotency_key",
        "notify": "status_url",
        "data": "media",
        "filename": "media_name",
        "mime": "media_type",
    }
    webhooks: ClassVar = {
        "email_received": webhook(1, "mail.in", **MAIL),
        "status_reported": state(2, "delivered"),
        "unknown_status": state(3, "pondering"),
        "answer": webhook(
            4,
            "mail.in",
            **{
                **MAIL,
                "in_reply_to": "<m-2@hub.example>",
                "references": "<m-1@hub.example> <m-2@hub.example>",
            },
        ),
        "attachments": webhook(5, "mail.in", **{**MAIL, "files": [FILE]}),
        "html_only": webhook(6, "mail.in", **{**MAIL, "text": ""}),
        "automatic": webhook(7, "mail.in", **{**MAIL, "auto": True}),
        "bounced": state(8, "bounced", "no_mailbox"),
        "bounced_for_now": state(9, "deferred", "full"),
        "complained": state(10, "complained", "spam"),
        "other": webhook(11, "weather.report", sun=True),
    }
    means: ClassVar = {
        "accepted": sdk.Receipt(provider_id="out-1"),
        "bad_recipient": sdk.Rejected("", provider_code="no_mailbox"),
        "unpaid": sdk.OutOfCredit("", provider_code="unpaid"),
        "domain": sdk.NotSetUp("", provider_code="domain"),
        "found": sdk.Report(
            provider_id="out-1",
            sender=HUB,
            recipient=PERSON,
            status=sdk.DeliveryStatus.DELIVERED,
            vendor_status="delivered",
            created_at=SENT_AT,
            body="Héllo, wörld 👋",
        ),
        "email_received": [RECEIVED],
        "status_reported": [DELIVERED],
        "unknown_status": reported(3, "pondering", None, None),
        "answer": [
            replace(
                RECEIVED,
                external_id="e-004",
                in_reply_to="<m-2@hub.example>",
                references=("<m-1@hub.example>", "<m-2@hub.example>"),
            )
        ],
        "attachments": [
            replace(
                RECEIVED,
                external_id="e-005",
                attachments=(
                    sdk.Attachment(
                        name="Rechnung ü.pdf",
                        content_type="application/pdf",
                        size_bytes=1234,
                        url="https://files.semaphore.example/1",
                    ),
                ),
            )
        ],
        "html_only": [replace(RECEIVED, external_id="e-006", body="")],
        "automatic": [replace(RECEIVED, external_id="e-007", auto=True)],
        "bounced": reported(8, "bounced", sdk.DeliveryStatus.FAILED, "no_mailbox"),
        "bounced_for_now": reported(9, "deferred", None, "full"),
        "complained": reported(10, "complained", None, "spam"),
        "other": [],
    }
    statuses: ClassVar = {
        "queued": sdk.DeliveryStatus.SENT,
        "delivered": sdk.DeliveryStatus.DELIVERED,
        "opened": sdk.DeliveryStatus.READ,
        "bounced": sdk.DeliveryStatus.FAILED,
        "deferred": None,
        "complained": None,
    }
    signs_url = False
    signature_tolerance_s = 300.0
