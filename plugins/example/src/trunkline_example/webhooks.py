"""What Postbird reports: texts that arrive, and what became of texts sent."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Final

from pydantic import Field, ValidationError

from trunkline.sdk import (
    BadSignature,
    InboundEvent,
    Media,
    Received,
    Reported,
    Unreadable,
    WebhookAdapter,
    WebhookReply,
    WebhookRequest,
)
from trunkline_example.config import ExampleConfig
from trunkline_example.wire import STATUS, Read, Text, Told, micros

_SIGNATURE: Final = "x-postbird-signature"
_TOLERANCE_S: Final = 300  # Postbird's manual, "Verify a webhook"


# -- start bodies --
class _Event(Read):
    event_id: str = Field(min_length=1)
    type: str


class _Received(_Event, Text):
    text: str
    media: tuple[Media, ...] = ()


class _Status(_Event, Told):
    pass


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
        told = json.loads(request.body)  # an event, or a list of several
        events = (_event(each) for each in (told if isinstance(told, list) else [told]))
        return [event for event in events if event is not None]

    # -- end parse --
    # -- start reply --
    def reply(self, request: WebhookRequest) -> WebhookReply:
        told = json.loads(request.body)
        if isinstance(told, dict) and told.get("type") == "url.check":
            challenge = str(told["challenge"]).encode()
            return WebhookReply(status=200, content_type="text/plain", body=challenge)
        return WebhookReply()

    # -- end reply --


# -- start event --
def _event(told: object) -> InboundEvent | None:
    try:
        event = _Event.model_validate(told)
        if event.type == "text.received":
            return _received(_Received.model_validate(told))
        if event.type == "text.status":
            return _reported(_Status.model_validate(told))
    except ValidationError as error:
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        fields = {".".join(map(str, each["loc"])) for each in error.errors()}
        reason = f"Not as Postbird's manual has it: {', '.join(sorted(fields))}."
        return Unreadable(external_id=digest, reason=reason)
    return None  # Postbird has more to tell than the hub has use for


def _received(text: _Received) -> Received:
    return Received(
        external_id=text.event_id,
        provider_id=text.id,
        sender=text.sender,
        recipient=text.recipient,
        body=text.text,
        media=text.media,
    )


def _reported(text: _Status) -> Reported:
    return Reported(
        external_id=text.event_id,
        provider_id=text.id,
        sender=text.sender,
        status=STATUS.get(text.status),
        vendor_status=text.status,
        error_code=text.error_code,
        cost_micros=micros(text.price),
        currency=text.currency,
    )
    # -- end event --
