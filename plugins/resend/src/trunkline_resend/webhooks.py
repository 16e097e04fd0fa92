"""What Resend reports: mails that arrive, and what became of mails sent."""

import hmac
import re
from base64 import b64encode
from collections.abc import Sequence
from itertools import product
from typing import Final

from pydantic import Field

from trunkline.sdk import (
    BadSignature,
    InboundEvent,
    Reported,
    WebhookAdapter,
    WebhookRequest,
)
from trunkline_resend.config import ResendConfig
from trunkline_resend.failures import STATUSES, bounce_code
from trunkline_resend.received import Announced
from trunkline_resend.wire import Moment, Read, mailbox, read_id

_ID: Final = "svix-id"
_SENT_AT: Final = "svix-timestamp"
_SIGNATURES: Final = "svix-signature"
_VERSION: Final = "v1,"
_SECONDS: Final = re.compile("[0-9]{1,12}")
_TOLERANCE_S: Final = 300
"""As Svix's own packages have it, version 2.9, November 2026."""


class ResendWebhooks(WebhookAdapter[ResendConfig]):
    """Resend's requests, which Svix signs with the secret of their webhook."""

    kept_settings = frozenset({"webhook_secret"})

    def claims(self, request: WebhookRequest) -> bool:
        return _SIGNATURES in request.headers

    def verify(self, request: WebhookRequest, config: ResendConfig) -> None:
        keys = config.signing_keys()
        if not keys:
            raise BadSignature(
                "The connection has no webhook_secret to check it with: set it, or provision an "
                "address, which sets the webhook up."
            )
        identity, sent_at = request.headers.get(_ID, ""), request.headers.get(_SENT_AT, "")
        signed = f"{identity}.{sent_at}.".encode() + request.body
        expected = [b64encode(hmac.digest(key, signed, "sha256")) for key in keys]
        given = [  # several while a secret is being replaced
            each.removeprefix(_VERSION).encode()
            for each in request.headers.get(_SIGNATURES, "").split(" ")
            if each.startswith(_VERSION)
        ]
        if not any(hmac.compare_digest(*pair) for pair in product(expected, given)):
            raise BadSignature("The signature does not match.")
        if not identity or not _SECONDS.fullmatch(sent_at):
            raise BadSignature("It has no id, or does not say when it was signed.")
        if abs(request.received_at.timestamp() - int(sent_at)) > _TOLERANCE_S:
            raise BadSignature("The signature is more than five minutes off: check the clock.")

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        event_id = request.headers[_ID]  # the same whenever Resend tells of it again
        event = _Event.model_validate_json(request.body)
        channel, _, word = event.type.partition(".")
        if channel != "email":
            return []  # of domains and contacts
        if word == "received":
            return _Received.model_validate_json(request.body).data.events()
        return _reported(event_id, word, _Report.model_validate_json(request.body))


# --- bodies ---------------------------------------------------------------------------------------


class _Event(Read):
    type: str = Field(pattern=r"^[a-z_]{1,32}\.[a-z_]{1,32}$")


class _Received(_Event):
    data: Announced


class _Bounce(Read):
    type: str = Field(pattern="^[A-Za-z]{1,32}$")
    why: str = Field("", alias="subType", pattern="^[A-Za-z]{0,32}$")


class _Why(Read):
    reason: str | None = None


class _Sent(Read):
    email_id: str = Field(min_length=1)
    sender: str = Field(alias="from")
    impacted: tuple[str, ...] = Field(alias="to", min_length=1)
    message_id: str | None = None
    bounce: _Bounce | None = None
    failed: _Why | None = None
    suppressed: _Why | None = None

    def error_code(self, word: str) -> str | None:
        """Return why an event of this word failed a mail; None where it failed none."""
        if self.bounce:
            return bounce_code(self.bounce.type, self.bounce.why)
        why = self.failed or self.suppressed
        if why and why.reason:
            return why.reason
        return word if word in _FAIL else None


_FAIL: Final = ("bounced", "complained", "failed", "suppressed")


class _Report(_Event):
    created_at: Moment
    data: _Sent


def _reported(event_id: str, word: str, report: _Report) -> Sequence[Reported]:
    """Return what is told of a mail, for each of the recipients that it is told of."""
    mail = report.data
    return [
        Reported(
            external_id=f"{event_id}:{number}",
            provider_id=mail.email_id,
            sender=mailbox(mail.sender).address,
            recipient=mailbox(recipient).address,
            status=STATUSES.get(word),
            vendor_status=word,
            error_code=mail.error_code(word),
            occurred_at=report.created_at,
            message_ref=read_id(mail.message_id),
        )
        for number, recipient in enumerate(mail.impacted)
    ]
