"""Heliograph's manual: what it answers and calls back with, and what that means."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from tests.unseen.heliograph import SPEC
from trunkline import sdk
from trunkline.testing import BaseTelephonyConformance, Canned

CONFIG: Final = {
    "account": "helio-0001",
    "key": "hk_live_0123456789abcdef0123456789",
    "proof_secret": "hs_0123456789abcdef0123456789abcdef",
}
HUB, PERSON = "+14155550100", "+14155550199"
SENT_AT: Final = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
URL: Final = "https://hub.example/webhooks/agent-1/sms"


def fault(status: int, tag: str, **headers: str) -> Canned:
    detail = f"{tag}: {PERSON} cannot be reached"
    return Canned(status=status, json={"fault": {"tag": tag, "detail": detail}}, headers=headers)


def proof(signed: bytes) -> str:
    return hmac.new(CONFIG["proof_secret"].encode(), signed, hashlib.sha256).hexdigest()


def batch(*events: object) -> sdk.WebhookRequest:
    body = json.dumps({"batch": events}).encode()
    stamp = str(int(SENT_AT.timestamp()))
    headers = {
        "content-type": "application/json",
        "helio-event": "batch",
        "helio-time": stamp,
        "helio-proof": proof(f"{stamp}.{URL}.".encode() + body),
    }
    return sdk.WebhookRequest(
        method="POST", url=URL, headers=headers, body=body, received_at=SENT_AT
    )


def event(number: int, kind: str, **data: object) -> dict[str, object]:
    at = SENT_AT - timedelta(seconds=number)
    return {
        "event": f"ev-{number:04}",
        "kind": kind,
        "at": int(at.timestamp() * 1000),
        "data": {"ref": f"d-{number:04}", **data},
    }


def inbound(number: int, **more: object) -> dict[str, object]:
    text = {"origin": PERSON, "destination": HUB, "text": "Grüße & mehr", **more}
    return event(number, "text.in", **text)


def staged(number: int, stage: str, **more: object) -> dict[str, object]:
    return event(number, "dispatch.stage", origin=HUB, destination=PERSON, stage=stage, **more)


CHARGE: Final = {"amount": "-0.00750", "currency": "EUR"}
MEDIA: Final = [
    {"href": "https://media.example/2.jpg", "mime": "image/jpeg"},
    {"href": "https://media.example/1.png"},
]
KEPT: Final[dict[str, Any]] = {
    "ref": "d-7f3a9c",
    "origin": HUB,
    "destination": PERSON,
    "text": " Héllo,\nwörld 👋 ",
    "attachments": [{"href": "https://media.example/a.jpg"}],
    "stage": "bounced",
    "spooled_at": 1768478400000,
    "fault": {"tag": "H-310"},
    "charge": CHARGE,
}
ACCOUNT: Final = {
    "title": "Lighthouse Ltd",
    "credit": {"amount": "12.50", "currency": "EUR"},
    "sandbox": True,
}
TEXT: Final = sdk.Received(
    external_id="ev-0001",
    provider_id="d-0001",
    sender=PERSON,
    recipient=HUB,
    body="Grüße & mehr",
    occurred_at=SENT_AT - timedelta(seconds=1),
)
ARRIVED: Final = sdk.Reported(
    external_id="ev-0002",
    provider_id="d-0002",
    sender=HUB,
    status=sdk.DeliveryStatus.DELIVERED,
    vendor_status="arrived",
    cost_micros=7_500,
    currency="EUR",
    occurred_at=SENT_AT - timedelta(seconds=2),
)
FOUND: Final = sdk.Report(
    provider_id="d-7f3a9c",
    sender=HUB,
    recipient=PERSON,
    status=sdk.DeliveryStatus.FAILED,
    vendor_status="bounced",
    created_at=SENT_AT,
    body=" Héllo,\nwörld 👋 ",
    media_count=1,
    error_code="H-310",
    cost_micros=7_500,
    currency="EUR",
)


def numbered(event: Any, number: int, **changes: Any) -> Any:
    return replace(
        event,
        external_id=f"ev-{number:04}",
        provider_id=f"d-{number:04}",
        occurred_at=SENT_AT - timedelta(seconds=number),
        **changes,
    )


class HeliographSuite(BaseTelephonyConformance):
    """The shipped suite, filled in as its page says; nothing is added to it."""

    spec = SPEC
    config = CONFIG
    answers: ClassVar = {
        "accepted": Canned(status=202, json={"dispatch": {"ref": "d-7f3a9c", "stage": "spooled"}}),
        "rate_limited": fault(429, "H-429", **{"Retry-After": "7"}),
        "bad_recipient": fault(422, "H-310"),
        "bad_credentials": fault(401, "H-401"),
        "server_error": fault(503, "H-500"),
        "stopped": fault(422, "H-410"),
        "no_credit": fault(402, "H-402"),
        "not_set_up": fault(403, "H-403"),
        "found": Canned(status=200, json={"dispatch": KEPT}),
        "found_unknown_status": Canned(
            status=200, json={"dispatch": {**KEPT, "stage": "pondering"}}
        ),
        "not_found": fault(404, "H-404"),
        "found_by_key": Canned(status=200, json={"dispatches": [KEPT]}),
        "not_found_by_key": Canned(status=200, json={"dispatches": []}),
        "account": Canned(status=200, json=ACCOUNT),
    }
    sends_as: ClassVar = {
        "origin": "sender",
        "destination": "recipient",
        "text": "body",
        "attachments": "media",
        "dedupe_id": "idempotency_key",
        "notify": "status_url",
    }
    webhooks: ClassVar = {
        "sms_received": batch(inbound(1)),
        "status_reported": batch(staged(2, "arrived", charge=CHARGE)),
        "unknown_status": batch(staged(3, "pondering")),
        "media": batch(inbound(4, text="", attachments=MEDIA)),
        "stop": batch(inbound(5, text="STOP", consent="withdrawn")),
        "bounced": batch(staged(6, "bounced", fault={"tag": "H-320"})),
        "several": batch(inbound(7), staged(8, "opened"), inbound(9, text="Two")),
        "other": batch(event(10, "weather.report")),
        "challenge": sdk.WebhookRequest(
            method="GET",
            url=f"{URL}?echo=e-12345678&proof={proof(b'e-12345678')}",
            headers={"helio-event": "challenge"},
            body=b"",
            received_at=SENT_AT,
        ),
    }
    means: ClassVar = {
        "accepted": sdk.Receipt(provider_id="d-7f3a9c"),
        "bad_recipient": sdk.Rejected("", provider_code="H-310"),
        "bad_credentials": sdk.AuthFailed("", provider_code="H-401"),
        "stopped": sdk.OptedOut("", provider_code="H-410"),
        "no_credit": sdk.OutOfCredit("", provider_code="H-402"),
        "not_set_up": sdk.NotSetUp("", provider_code="H-403"),
        "found": FOUND,
        "found_by_key": FOUND,
        "account": sdk.Account(
            name="Lighthouse Ltd",
            balance_micros=12_500_000,
            currency="EUR",
            notes=("It is a sandbox: nothing is delivered.",),
        ),
        "sms_received": [TEXT],
        "status_reported": [ARRIVED],
        "unknown_status": [
            numbered(
                ARRIVED, 3, status=None, vendor_status="pondering", cost_micros=None, currency=None
            )
        ],
        "media": [
            numbered(
                TEXT,
                4,
                body="",
                media=(
                    sdk.Media(url="https://media.example/2.jpg", content_type="image/jpeg"),
                    sdk.Media(url="https://media.example/1.png"),
                ),
            )
        ],
        "stop": [numbered(TEXT, 5, body="STOP", opt_out=sdk.OptOut.STOP)],
        "bounced": [
            numbered(
                ARRIVED,
                6,
                status=sdk.DeliveryStatus.FAILED,
                vendor_status="bounced",
                error_code="H-320",
                cost_micros=None,
                currency=None,
            )
        ],
        "several": [
            numbered(TEXT, 7),
            numbered(
                ARRIVED,
                8,
                status=sdk.DeliveryStatus.READ,
                vendor_status="opened",
                cost_micros=None,
                currency=None,
            ),
            numbered(TEXT, 9, body="Two"),
        ],
        "other": [],
        "challenge": sdk.WebhookReply(status=200, content_type="text/plain", body=b"e-12345678"),
    }
    statuses: ClassVar = {
        "spooled": sdk.DeliveryStatus.SENT,
        "handed_over": sdk.DeliveryStatus.SENT,
        "arrived": sdk.DeliveryStatus.DELIVERED,
        "opened": sdk.DeliveryStatus.READ,
        "bounced": sdk.DeliveryStatus.FAILED,
    }
    signs_url = True
    signature_tolerance_s = 120.0
