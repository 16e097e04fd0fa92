"""The webhooks of the simulated network: written by its line, verified and parsed for the hub."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter

from trunkline.sdk import (
    E164,
    BadSignature,
    CallStep,
    DeliveryStatus,
    InboundEvent,
    Media,
    Received,
    Reported,
    WebhookAdapter,
    WebhookReply,
    WebhookRequest,
    e164,
)
from trunkline_demo.call_webhooks import CallAsked, CallTold, RecordingTold, rendered
from trunkline_demo.config import DemoConfig
from trunkline_demo.hooks import Webhook
from trunkline_demo.mail_webhooks import MailReceived, MailReport
from trunkline_demo.whatsapp_webhooks import WhatsAppInbound, WhatsAppReport

SIGNATURE_HEADER: Final = "x-demo-signature"

Number = Annotated[E164, AfterValidator(e164)]

_STATUS: Final = {"delivered": DeliveryStatus.DELIVERED}


class Inbound(Webhook):
    """The JSON body that tells of a text to one of the hub's numbers."""

    type: Literal["sms.received"] = "sms.received"
    id: str
    sender: str = Field(min_length=1)
    recipient: Number
    body: str
    media_urls: tuple[str, ...] = ()

    def events(self) -> Sequence[InboundEvent]:
        return [
            Received(
                external_id=f"sms:{self.id}",
                provider_id=self.id,
                sender=self.sender,
                recipient=self.recipient,
                body=self.body,
                media=tuple(Media(url=url) for url in self.media_urls),
            )
        ]


class Report(Webhook):
    """The JSON body that tells how far a sent text got; `cost_micros` is final."""

    type: Literal["sms.status"] = "sms.status"
    id: str
    sender: Number
    status: str
    cost_micros: int
    currency: str

    def events(self) -> Sequence[InboundEvent]:
        return [
            Reported(
                external_id=f"status:{self.id}:{self.status}",
                provider_id=self.id,
                sender=self.sender,
                status=_STATUS.get(self.status),
                vendor_status=self.status,
                cost_micros=self.cost_micros,
                currency=self.currency,
            )
        ]


_Any = (
    Inbound
    | Report
    | CallAsked
    | CallTold
    | RecordingTold
    | MailReceived
    | MailReport
    | WhatsAppInbound
    | WhatsAppReport
)
_WEBHOOK: Final[TypeAdapter[_Any]] = TypeAdapter(
    Annotated[_Any, Field(discriminator="type")],
    config=ConfigDict(hide_input_in_errors=True),
)


def signature(method: str, url: str, body: bytes, config: DemoConfig) -> str:
    """Return the value of the signature header: ``v1=`` and an HMAC-SHA-256 in hexadecimal."""
    signed = f"{method}\n{url}\n".encode() + body
    key = config.signing_key.get_secret_value().encode()
    return "v1=" + hmac.new(key, signed, hashlib.sha256).hexdigest()


class DemoWebhooks(WebhookAdapter[DemoConfig]):
    """Verifies and parses what the simulated network delivers."""

    def claims(self, request: WebhookRequest) -> bool:
        return SIGNATURE_HEADER in request.headers

    def verify(self, request: WebhookRequest, config: DemoConfig) -> None:
        expected = signature(request.method, request.url, request.body, config)
        given = request.headers.get(SIGNATURE_HEADER, "")
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise BadSignature("The signature does not match the simulated network's signing key.")

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return _WEBHOOK.validate_json(request.body).events()

    def render(self, request: WebhookRequest, steps: Sequence[CallStep]) -> WebhookReply:
        return WebhookReply(status=200, content_type="application/json", body=rendered(steps))
