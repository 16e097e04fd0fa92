"""The webhooks that tell the hub of mails: what came for it, and what became of what it sent."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field

from trunkline.sdk import (
    Attachment,
    DeliveryStatus,
    Failure,
    FailureKind,
    InboundEvent,
    MailAuthentication,
    ReceivedEmail,
    Reported,
    Verdict,
)
from trunkline_demo.hooks import Part, Webhook

Address = Annotated[str, Field(pattern="^[^@ ]+@[^@ ]+$", max_length=320)]

STATUSES: Final = {
    "delivered": DeliveryStatus.DELIVERED,
    "bounced": DeliveryStatus.FAILED,
    "complained": DeliveryStatus.DELIVERED,
}
MAIL_FAILURES: Final = {
    "no_mailbox": Failure(
        kind=FailureKind.UNREACHABLE,
        sentence="The mail bounced: there is no such mailbox. Check the address.",
    ),
    "mailbox_full": Failure(
        kind=FailureKind.TEMPORARY,
        sentence="The mail bounced: the mailbox is full. Send it again later.",
    ),
    "complaint": Failure(
        kind=FailureKind.OPTED_OUT,
        sentence="The recipient reported the mail as spam: send nothing more.",
    ),
}


class File(Part):
    """A file that came with a mail."""

    name: str | None
    content_type: str
    size_bytes: int | None = None
    url: str | None = None


class MailReceived(Webhook):
    """
    The JSON body that tells of a mail for one of the hub's addresses.

    `recipient` is the address that it was delivered to; those in its headers are `addressed_to` and
    `cc`. The network takes a mail only from whose address it is, so its authentication holds.
    """

    type: Literal["email.received"] = "email.received"
    id: str = Field(min_length=1)
    sender: Address
    sender_name: str | None = None
    recipient: Address
    addressed_to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    reply_to: str | None = None
    subject: str
    text: str
    html: str | None = None
    message_id: str
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    auto: bool = False
    written_at: AwareDatetime

    def events(self) -> Sequence[InboundEvent]:
        return [
            ReceivedEmail(
                external_id=f"email:{self.id}:{self.recipient}",
                provider_id=self.id,
                sender=self.sender,
                sender_name=self.sender_name,
                recipient=self.recipient,
                to=self.addressed_to,
                cc=self.cc,
                reply_to=self.reply_to,
                subject=self.subject,
                body=self.text,
                html=self.html,
                message_id=self.message_id,
                in_reply_to=self.in_reply_to,
                references=self.references,
                attachments=tuple(
                    Attachment(
                        name=each.name,
                        content_type=each.content_type,
                        size_bytes=each.size_bytes,
                        url=each.url,
                    )
                    for each in self.files
                ),
                authentication=MailAuthentication(
                    spf=Verdict.PASS, dkim=Verdict.PASS, dmarc=Verdict.PASS
                ),
                auto=self.auto,
                occurred_at=self.written_at,
            )
        ]


class MailReport(Webhook):
    """The JSON body that tells what became of a mail at one of its recipients."""

    type: Literal["email.status"] = "email.status"
    id: str = Field(min_length=1)
    sender: Address
    recipient: Address
    status: str = Field(min_length=1)
    code: str | None = None

    def events(self) -> Sequence[InboundEvent]:
        return [
            Reported(
                external_id=f"email-status:{self.id}:{self.recipient}:{self.status}",
                provider_id=self.id,
                sender=self.sender,
                recipient=self.recipient,
                status=STATUSES.get(self.status),
                vendor_status=self.status,
                error_code=self.code,
            )
        ]
