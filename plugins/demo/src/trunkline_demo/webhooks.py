"""The webhooks of the simulated network: written by its line, verified and parsed for the hub."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel

from trunkline.sdk import (
    E164,
    BadSignature,
    DeliveryStatus,
    InboundEvent,
    Media,
    Received,
    Reported,
    WebhookAdapter,
    WebhookRequest,
    e164,
)
from trunkline_demo.config import DemoConfig

SIGNATURE_HEADER: Final = "x-demo-signature"

Number = Annotated[E164, AfterValidator(e164)]

_STATUS: Final = {"delivered": DeliveryStatus.DELIVERED}


def _wire_name(field: str) -> str:
    return {"sender": "from", "recipient": "to"}.get(field) or to_camel(field)


class _Webhook(BaseModel):
    model_config = ConfigDict(alias_generator=_wire_name, validate_by_name=True, frozen=True)


class Inbound(_Webhook):
    """The JSON body that tells of a text to one of the hub's numbers."""

    type: Literal["sms.received"] = "sms.received"
    id: str
    sender: str = Field(min_length=1)
    recipient: Number
    body: str
    media_urls: tuple[str, ...] = ()


class Report(_Webhook):
    """The JSON body that tells how far a sent text got; `cost_micros` is final."""

    type: Literal["sms.status"] = "sms.status"
    id: str
    sender: Number
    status: str
    cost_micros: int
    currency: str


_WEBHOOK: Final[TypeAdapter[Inbound | Report]] = TypeAdapter(
    Annotated[Inbound | Report, Field(discriminator="type")],
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
        webhook = _WEBHOOK.validate_json(request.body)
        if isinstance(webhook, Inbound):
            return [
                Received(
                    external_id=f"sms:{webhook.id}",
                    provider_id=webhook.id,
                    sender=webhook.sender,
                    recipient=webhook.recipient,
                    body=webhook.body,
                    media=tuple(Media(url=url) for url in webhook.media_urls),
                )
            ]
        return [
            Reported(
                external_id=f"status:{webhook.id}:{webhook.status}",
                provider_id=webhook.id,
                sender=webhook.sender,
                status=_STATUS.get(webhook.status),
                vendor_status=webhook.status,
                cost_micros=webhook.cost_micros,
                currency=webhook.currency,
            )
        ]
