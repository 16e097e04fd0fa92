"""The hub's suite for e-mail, with Resend's answers and webhooks and what they mean."""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, ClassVar, Final

from plugins.resend.tests.vendor import (
    CAME,
    CONFIG,
    FILE,
    FILES,
    HUB,
    ID,
    LINK,
    OF_THE_MAIL,
    PERSON,
    announced,
    bounce,
    domains,
    received,
    refusal,
    report,
    sent,
)
from trunkline.sdk import (
    Account,
    Attachment,
    AuthFailed,
    DeliveryStatus,
    Media,
    NotSetUp,
    OutboundEmail,
    OutcomeUnknown,
    OutOfCredit,
    Receipt,
    ReceivedEmail,
    Rejected,
    Report,
    Reported,
    RetryLater,
)
from trunkline.testing import BaseEmailConformance, BaseMediaConformance, Canned
from trunkline_resend.plugin import RESEND

SENDER, RECIPIENT = BaseEmailConformance.message.sender, BaseEmailConformance.message.recipient
FOUND: Final = sent(
    **{
        "from": f"Agent Öne <{SENDER}>",
        "to": [RECIPIENT],
        "text": BaseEmailConformance.message.body,
    }
)
AUTOMATIC: Final = received(
    subject="Out of office",
    text=None,
    headers={**received()["headers"], "Auto-Submitted": "auto-replied"},
)
ANSWERS: Final = {
    "accepted": Canned(status=200, json={"id": ID}),
    "rate_limited": refusal(429, "rate_limit_exceeded", **{"retry-after": "7"}),
    "bad_recipient": refusal(422, "validation_error", f"Invalid `to` field: {RECIPIENT}."),
    "bad_credentials": refusal(401, "validation_error", "API key is invalid"),
    "server_error": refusal(500, "internal_server_error"),
    "quota": refusal(429, "daily_quota_exceeded"),
    "unverified": refusal(403, "validation_error", "The acme.example domain is not verified."),
    "in_flight": refusal(409, "concurrent_idempotent_requests"),
    "found": Canned(status=200, json=FOUND),
    "found_unknown_status": Canned(status=200, json={**FOUND, "last_event": "pondering"}),
    "not_found": refusal(404, "not_found", "Email not found"),
    "account": Canned(status=200, json=domains(("acme.example", "verified"))),
    "media": (
        Canned(status=403, content=b"<Error><Code>AccessDenied</Code></Error>"),
        Canned(status=200, json={"id": FILE, "download_url": f"{LINK}-again"}),
        Canned(status=200, headers={"content-type": "application/pdf"}),
    ),
    "media_gone": (Canned(status=403), refusal(404, "not_found", "Attachment not found")),
    "completed": (Canned(status=200, json=AUTOMATIC), Canned(status=200, json=FILES)),
}
WEBHOOKS: Final = {
    "email_received": announced(),
    "status_reported": report("delivered", event="msg_1"),
    "unknown_status": report("pondering", event="msg_2"),
    "bounced": report("bounced", event="msg_3", **bounce("Permanent", "NoEmail")),
    "bounced_for_now": report("bounced", event="msg_4", **bounce("Transient", "MailboxFull")),
    "complained": report("complained", event="msg_5"),
}
STATUSES: Final = {
    "sent": DeliveryStatus.SENT,
    "scheduled": DeliveryStatus.SENT,
    "delivery_delayed": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "opened": DeliveryStatus.DELIVERED,
    "clicked": DeliveryStatus.DELIVERED,
    "complained": DeliveryStatus.DELIVERED,
    "bounced": DeliveryStatus.FAILED,
    "failed": DeliveryStatus.FAILED,
    "suppressed": DeliveryStatus.FAILED,
}
_DELIVERED: Final = Reported(
    external_id="msg_1:0",
    provider_id=ID,
    sender=HUB,
    recipient=PERSON,
    status=DeliveryStatus.DELIVERED,
    vendor_status="delivered",
    occurred_at=datetime(2026, 1, 15, 12, 0, 0, 126_000, tzinfo=UTC),
)
_BOUNCED: Final = replace(
    _DELIVERED,
    external_id="msg_3:0",
    status=DeliveryStatus.FAILED,
    vendor_status="bounced",
    error_code="Permanent.NoEmail",
)
ANNOUNCED: Final = ReceivedEmail(
    external_id=f"{CAME}:{sha256(HUB.encode()).hexdigest()[:16]}",
    provider_id=CAME,
    sender=PERSON,
    sender_name="Pat Doe",
    recipient=HUB,
    to=(HUB, "team@acme.example"),
    cc=("boss@people.example",),
    subject="Re: Your order",
    body="",
    message_id="<answer+123@people.example>",
    attachments=(Attachment(name="receipt.pdf", content_type="application/pdf"),),
    occurred_at=datetime(2026, 1, 15, 12, 0, 0, 894_719, tzinfo=UTC),
    incomplete=True,
)
MEANS: Final = {
    "accepted": Receipt(provider_id=ID),
    "rate_limited": RetryLater("", provider_code="rate_limit_exceeded"),
    "bad_recipient": Rejected("", provider_code="validation_error"),
    "bad_credentials": AuthFailed("", provider_code="validation_error"),
    "quota": OutOfCredit("", provider_code="daily_quota_exceeded"),
    "unverified": NotSetUp("", provider_code="validation_error"),
    "in_flight": OutcomeUnknown("", provider_code="concurrent_idempotent_requests"),
    "found": Report(
        provider_id=ID,
        sender=SENDER,
        recipient=RECIPIENT,
        status=DeliveryStatus.DELIVERED,
        vendor_status="delivered",
        created_at=datetime(2026, 1, 15, 12, 0, 0, 500_000, tzinfo=UTC),
        body=BaseEmailConformance.message.body,
        message_ref="<0100018f-1@email.amazonses.com>",
    ),
    "account": Account(),
    "completed": replace(
        ANNOUNCED,
        subject="Out of office",
        html="<p>Thanks</p>",
        reply_to="answers@people.example",
        in_reply_to="<msg_1@hub.example>",
        references=("<msg_0@hub.example>", "<msg_1@hub.example>"),
        attachments=(
            Attachment(
                name="receipt.pdf",
                content_type="application/pdf",
                size_bytes=2048,
                url=f"{LINK}#{OF_THE_MAIL}",
            ),
        ),
        auto=True,
        incomplete=False,
    ),
    "email_received": [ANNOUNCED],
    "status_reported": [_DELIVERED],
    "unknown_status": [
        replace(_DELIVERED, external_id="msg_2:0", status=None, vendor_status="pondering")
    ],
    "bounced": [_BOUNCED],
    "bounced_for_now": [
        replace(_BOUNCED, external_id="msg_4:0", error_code="Transient.MailboxFull")
    ],
    "complained": [
        replace(
            _DELIVERED, external_id="msg_5:0", vendor_status="complained", error_code="complained"
        )
    ],
}
"""What the answers and the webhooks above tell, by Resend's documentation."""


class ResendSuite(BaseMediaConformance, BaseEmailConformance):
    """`spec` may be an adapter with a mistake in it."""

    spec = RESEND
    config = CONFIG
    medium = Media(url=f"{LINK}#{OF_THE_MAIL}", content_type="application/pdf")
    answers = ANSWERS
    webhooks = WEBHOOKS
    means = MEANS
    statuses = STATUSES
    sends_as: ClassVar = {
        "from": "sender",
        "to": "recipient",
        "subject": "subject",
        "text": "body",
        "html": "html",
        "cc": "cc",
        "bcc": "bcc",
        "reply_to": "reply_to",
        "Message-ID": "message_id",
        "In-Reply-To": "in_reply_to",
        "References": "references",
        "Idempotency-Key": "idempotency_key",
        "path": "media",
        "filename": "media_name",
        "content_type": "media_type",
    }
    takes_status_url = False
    signs_url = False
    signature_tolerance_s = 300.0

    def _assert_in_place(self, request: Any, mail: OutboundEmail, attribute: str) -> None:
        """Overridden: the mail's own id is the last of its References, so that an answer has it."""
        if attribute == "references":
            mail = replace(mail, references=(*mail.references, mail.message_id))
        super()._assert_in_place(request, mail, attribute)
