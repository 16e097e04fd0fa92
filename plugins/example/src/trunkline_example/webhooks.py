"""What Postbird reports: texts that arrive, and what became of texts sent."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, Field

from trunkline.sdk import (
    E164,
    BadSignature,
    DeliveryStatus,
    InboundEvent,
    Received,
    Reported,
    WebhookAdapter,
    WebhookRequest,
    e164,
)
from trunkline_example.config import ExampleConfig

_SIGNATURE: Final = "x-postbird-signature"
_TOLERANCE_S: Final = 300  # Postbird's manual, "Verify a webhook"
_STATUS: Final = {
    "queued": DeliveryStatus.SENT,
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "undelivered": DeliveryStatus.FAILED,
}


# -- start bodies --
class _Event(BaseModel):
    event_id: str = Field(min_length=1)
    type: str


class _Text(_Event):
    id: str
    sender: str = Field(alias="from", min_length=1)
    recipient: Annotated[E164, AfterValidator(e164)] = Field(alias="to")


class _Received(_Text):
    text: str


class _Status(_Text):
    status: str
    error_code: str | None = None


# -- end bodies --
class PostbirdWebhooks(WebhookAdapter[ExampleConfig]):
    """Postbird's requests, signed with the account's signing secret."""

    # -- start verify --
    def claims(self, request: WebhookRequest) -> bool:
        return _SIGNATURE in request.headers

    def verify(self, request: WebhookRequest, config: ExampleConfig) -> None:
        header = request.headers.get(_SIGNATURE, "")  # t=1767225600,v1=5257a8…
        fields = dict(field.partition("=")[::2] for field in header.split(","))
        signed_at = fields.get("t", "")
        key = config.signing_secret.get_secret_value().encode()
        expected = hmac.new(key, f"{signed_at}.".encode() + request.body, hashlib.sha256)
        # As bytes: `compare_digest` raises TypeError on text that is not ASCII.
        if not hmac.compare_digest(expected.hexdigest().encode(), fields.get("v1", "").encode()):
            raise BadSignature("The signature does not match.")
        if abs(request.received_at.timestamp() - int(signed_at)) > _TOLERANCE_S:
            raise BadSignature("The signature is more than five minutes off.")

    # -- end verify --
    # -- start parse --
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        event = _Event.model_validate_json(request.body)
        if event.type == "text.received":
            text = _Received.model_validate_json(request.body)
            return [
                Received(
                    external_id=event.event_id,
                    provider_id=text.id,
                    sender=text.sender,
                    recipient=text.recipient,
                    body=text.text,
                )
            ]
        if event.type == "text.status":
            report = _Status.model_validate_json(request.body)
            return [
                Reported(
                    external_id=event.event_id,
                    provider_id=report.id,
                    sender=report.sender,
                    status=_STATUS.get(report.status),
                    vendor_status=report.status,
                    error_code=report.error_code,
                )
            ]
        return []  # Postbird has more to tell than the hub has use for
        # -- end parse --
