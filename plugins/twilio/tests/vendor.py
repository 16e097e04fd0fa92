"""Twilio as its documentation describes it: what it answers, and how it signs what it sends."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from trunkline.sdk import (
    Account,
    DeliveryStatus,
    Media,
    OptOut,
    Receipt,
    Received,
    Rejected,
    Report,
    Reported,
    WebhookRequest,
)
from trunkline.testing import Canned, Wire

ACCOUNT: Final = f"AC{'0' * 32}"
TOKEN: Final = "0123456789abcdef-token-for-tests"
CONFIG: Final = {"account_sid": ACCOUNT, "auth_token": TOKEN}
SID: Final = f"SM{'1' * 32}"
HUB, PERSON = "+14155550100", "+14155550199"
FORM: Final = "application/x-www-form-urlencoded"
SENT_AT: Final = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
PATH: Final = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"

Parameters = Sequence[tuple[str, str]]


# --- answers --------------------------------------------------------------------------------------


def message(**changes: object) -> dict[str, Any]:
    """Return a message as Twilio's specification shows one; its `from` is given as `sender`."""
    shown: dict[str, Any] = {
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "body": "Héllo, wörld 👋",
        "date_created": "Thu, 15 Jan 2026 12:00:00 +0000",
        "date_sent": None,
        "date_updated": "Thu, 15 Jan 2026 12:00:00 +0000",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": HUB,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": None,
        "sid": SID,
        "status": "queued",
        "subresource_uris": {"media": f"{PATH}/{SID}/Media.json"},
        "to": PERSON,
        "uri": f"{PATH}/{SID}.json",
    }
    return {**shown, **changes}


def page(*messages: dict[str, Any], next_page_uri: str | None = None) -> dict[str, Any]:
    """Return a page of the list of messages."""
    return {"messages": list(messages), "next_page_uri": next_page_uri, "page": 0}


def refusal(status: int, code: int, **headers: str) -> Canned:
    """Return a refusal, whose message quotes the recipient as Twilio's do."""
    body = {
        "code": code,
        "message": f"The 'To' number {PERSON} is not a valid phone number.",
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return Canned(status=status, json=body, headers=headers)


ANSWERS: Final = {
    "accepted": Canned(status=201, json=message()),
    "rate_limited": refusal(429, 20429, **{"Retry-After": "7"}),
    "bad_recipient": refusal(400, 21211),
    "bad_credentials": refusal(401, 20003),
    "server_error": refusal(503, 20503),
    "found": Canned(status=200, json=message(status="delivered")),
    "found_unknown_status": Canned(status=200, json=message(status="pondering")),
    "not_found": refusal(404, 20404),
    "listed": Canned(status=200, json=page(message(), message(sid=f"SM{'2' * 32}"))),
    "account": Canned(
        status=200,
        json={"friendly_name": "Tests", "status": "active", "type": "Full", "sid": ACCOUNT},
    ),
    "balance": Canned(
        status=200, json={"account_sid": ACCOUNT, "balance": "12.345", "currency": "USD"}
    ),
}
PAGES: Final = (
    Canned(status=200, json=page(message(), next_page_uri=f"{PATH}.json?PageToken=1")),
    Canned(status=200, json=page(message(sid=f"SM{'2' * 32}"))),
)
"""The same list in two pages."""
SENDS_AS: Final = {
    "From": "sender",
    "To": "recipient",
    "Body": "body",
    "StatusCallback": "status_url",
    "MediaUrl": "media",
}


@dataclass(slots=True)
class Listing(Wire):
    """Twilio with several pages of messages, which it gives by the number in ``PageToken``."""

    pages: tuple[dict[str, Any], ...] = ()

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._page))

    def _page(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        number = int(request.url.params.get("PageToken", "0"))
        return httpx2.Response(200, json=self.pages[number % len(self.pages)])


def listing(*pages: dict[str, Any]) -> Listing:
    """Return a Twilio that gives these pages."""
    return Listing(answer=ANSWERS["accepted"], pages=pages)


# --- webhooks -------------------------------------------------------------------------------------


def signature(
    url: str, parameters: Parameters = (), key: str = TOKEN, algorithm: str = "sha1"
) -> str:
    """Return a request's signature as Twilio's guide "Secure webhooks" tells to compute it."""
    values: dict[str, set[str]] = {}
    for name, value in parameters:
        values.setdefault(name, set()).add(value)
    text = url
    for name in sorted(values):
        for value in sorted(values[name]):
            text += name + value
    digest = hmac.digest(key.encode(), text.encode(), getattr(hashlib, algorithm))
    return base64.b64encode(digest).decode()


def request(
    url: str, *, method: str = "POST", body: bytes = b"", signed: str, **headers: str
) -> WebhookRequest:
    """Return a request with a signature; an underscore in a header's name is a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WebhookRequest(
        method=method,
        url=url,
        headers={"x-twilio-signature": signed, **named},
        body=body,
        received_at=SENT_AT,
    )


def webhook(
    parameters: Parameters | Mapping[str, str],
    url: str = "https://hub.example/webhooks/agent-1/sms",
    key: str = TOKEN,
) -> WebhookRequest:
    """Return a form as Twilio posts it."""
    pairs = list(parameters.items()) if isinstance(parameters, Mapping) else parameters
    body = urlencode(pairs).encode()
    return request(url, body=body, signed=signature(url, pairs, key), content_type=FORM)


def json_webhook(body: bytes, url: str, claimed: bytes | None = None) -> WebhookRequest:
    """Return JSON as Twilio posts it: the query holds a digest, of `claimed` if given."""
    digest = hashlib.sha256(body if claimed is None else claimed).hexdigest()
    mark = "&" if urlsplit(url).query else "?"
    url = f"{url}{mark}bodySHA256={digest}"
    assert parse_qs(urlsplit(url).query)["bodySHA256"] == [digest]
    return request(url, body=body, signed=signature(url), content_type="application/json")


RECEIVED: Final = {
    "ToCountry": "US",
    "SmsMessageSid": f"SM{'9' * 32}",
    "NumMedia": "0",
    "FromCity": "SAN FRANCISCO",
    "SmsSid": f"SM{'9' * 32}",
    "SmsStatus": "received",
    "Body": "Grüße & more",
    "To": HUB,
    "NumSegments": "1",
    "MessageSid": f"SM{'9' * 32}",
    "AccountSid": ACCOUNT,
    "From": PERSON,
    "ApiVersion": "2010-04-01",
}
MEDIA_RECEIVED: Final = {
    **RECEIVED,
    "MessageSid": f"MM{'8' * 32}",
    "Body": "",
    "NumMedia": "2",
    "MediaUrl0": f"https://api.twilio.com{PATH}/MM1/Media/ME1",
    "MediaContentType0": "image/jpeg",
    "MediaUrl1": f"https://api.twilio.com{PATH}/MM1/Media/ME2",
    "MediaContentType1": "image/png",
}
REPORTED: Final = {
    "SmsSid": SID,
    "SmsStatus": "delivered",
    "MessageStatus": "delivered",
    "To": PERSON,
    "MessageSid": SID,
    "AccountSid": ACCOUNT,
    "From": HUB,
    "ApiVersion": "2010-04-01",
    "RawDlrDoneDate": "2601151200",
}
STATUS_URL: Final = "https://hub.example/webhooks/agent-1/message-status?attempt=att_0199c2a0"


def report(status: str, **more: str) -> WebhookRequest:
    """Return a status callback."""
    fields = {**REPORTED, "MessageStatus": status, "SmsStatus": status, **more}
    return webhook(fields, STATUS_URL)


WEBHOOKS: Final = {
    "sms_received": webhook(RECEIVED),
    "media_received": webhook(MEDIA_RECEIVED),
    "opted_out": webhook({**RECEIVED, "MessageSid": f"SM{'7' * 32}", "OptOutType": "STOP"}),
    "status_reported": report("delivered"),
    "unknown_status": report("pondering"),
    "undelivered": report("undelivered", ErrorCode="30007"),
}

# --- what they mean -------------------------------------------------------------------------------

STATUSES: Final = {
    "accepted": DeliveryStatus.SENT,
    "scheduled": DeliveryStatus.SENT,
    "queued": DeliveryStatus.SENT,
    "sending": DeliveryStatus.SENT,
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "undelivered": DeliveryStatus.FAILED,
    "failed": DeliveryStatus.FAILED,
    "canceled": DeliveryStatus.FAILED,
    "partially_delivered": None,
}
_TEXT: Final = Received(
    external_id=f"{RECEIVED['MessageSid']}:received",
    provider_id=RECEIVED["MessageSid"],
    sender=PERSON,
    recipient=HUB,
    body="Grüße & more",
)
_DELIVERED: Final = Reported(
    external_id=f"{SID}:delivered",
    provider_id=SID,
    sender=HUB,
    status=DeliveryStatus.DELIVERED,
    vendor_status="delivered",
)
_FOUND: Final = Report(
    provider_id=SID,
    sender=HUB,
    recipient=PERSON,
    status=DeliveryStatus.SENT,
    vendor_status="queued",
    created_at=SENT_AT,
    body="Héllo, wörld 👋",
    media_count=0,
)
MEANS: Final = {
    "accepted": Receipt(provider_id=SID),
    "bad_recipient": Rejected("", provider_code="21211"),
    "found": replace(_FOUND, status=DeliveryStatus.DELIVERED, vendor_status="delivered"),
    "listed": [_FOUND, replace(_FOUND, provider_id=f"SM{'2' * 32}")],
    "account": Account(name="Tests", balance_micros=12_345_000, currency="USD"),
    "sms_received": [_TEXT],
    "media_received": [
        replace(
            _TEXT,
            external_id=f"{MEDIA_RECEIVED['MessageSid']}:received",
            provider_id=MEDIA_RECEIVED["MessageSid"],
            body="",
            media=(
                Media(url=MEDIA_RECEIVED["MediaUrl0"], content_type="image/jpeg"),
                Media(url=MEDIA_RECEIVED["MediaUrl1"], content_type="image/png"),
            ),
        )
    ],
    "opted_out": [
        replace(
            _TEXT,
            external_id=f"SM{'7' * 32}:received",
            provider_id=f"SM{'7' * 32}",
            opt_out=OptOut.STOP,
        )
    ],
    "status_reported": [_DELIVERED],
    "unknown_status": [
        replace(_DELIVERED, external_id=f"{SID}:pondering", status=None, vendor_status="pondering")
    ],
    "undelivered": [
        replace(
            _DELIVERED,
            external_id=f"{SID}:undelivered",
            status=DeliveryStatus.FAILED,
            vendor_status="undelivered",
            error_code="30007",
        )
    ],
}
"""What the answers and the webhooks above tell."""
