"""The e-mail contract: what goes out as a mail, and what a provider tells of one that came in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from trunkline.sdk.capability import Capability
from trunkline.sdk.errors import Rejected
from trunkline.sdk.kind import Kind
from trunkline.sdk.messages import Outbound
from trunkline.sdk.provider import MessageProvider
from trunkline.sdk.provisioning import DomainOperations
from trunkline.sdk.webhooks import Received

_NO_HEADER: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
"""What no line of a header holds: it would end it, or begin another (RFC 5322 §2.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundEmail(Outbound):
    """
    One mail to one recipient, with copies.

    Attributes:
        body: The text part; never empty.
        subject: One line without line breaks.
        sender_name: What stands before the sender's address.
        html: The HTML part, if there is one.
        cc, bcc, reply_to: Addresses without names.
        message_id: What goes into Message-ID, with its angle brackets: the hub's own, so that an
            answer finds its way back. Pass it on wherever the provider takes one.
        in_reply_to, references: The same of the mails it follows (RFC 5322 §3.6.4), oldest first.
        headers: More headers that must go out, such as Auto-Submitted (RFC 3834).
    """

    subject: str
    message_id: str
    sender_name: str | None = None
    html: str | None = None
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def refuse_line_breaks(mail: OutboundEmail) -> None:
    """
    Call it before a mail goes out: whatever ends up in a header must not begin another one.

    Raises:
        Rejected: A line break or a control character stands in a field that becomes a header.
    """
    fields: dict[str, tuple[str | None, ...]] = {
        "sender": (mail.sender, mail.sender_name),
        "recipient": (mail.recipient,),
        "subject": (mail.subject,),
        "cc": mail.cc,
        "bcc": mail.bcc,
        "reply_to": (mail.reply_to,),
        "message_id": (mail.message_id,),
        "in_reply_to": (mail.in_reply_to,),
        "references": mail.references,
        "headers": (*mail.headers, *mail.headers.values()),
        "media": tuple(text for each in mail.media for text in (each.name, each.content_type)),
    }
    for name, values in fields.items():
        if any(_NO_HEADER.search(value) for value in values if value):
            raise Rejected(f"Nothing was sent: a line break or a control character is in {name}.")


class Verdict(StrEnum):
    """What a host that can be trusted found of one way to authenticate a mail (RFC 8601)."""

    PASS = "pass"
    """It holds."""

    FAIL = "fail"
    """It does not hold, or not surely."""

    NONE = "none"
    """The sender's domain does not use it."""

    UNKNOWN = "unknown"
    """Nobody who can be trusted has told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAuthentication:
    """
    Whether a mail comes from where it says, as the provider or the hub's own mail host found.

    Attributes:
        spf_domain, dkim_domain: Whose check passed, where that is not the sender's domain: then it
            proves nothing about the sender.
    """

    spf: Verdict = Verdict.UNKNOWN
    dkim: Verdict = Verdict.UNKNOWN
    dmarc: Verdict = Verdict.UNKNOWN
    spf_domain: str | None = None
    dkim_domain: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """
    A file that came with a mail.

    Attributes:
        name: As the sender called it, whatever that is; None where it has no name.
        content_type: Its media type, in lower case without parameters.
        size_bytes: Once decoded; None where nobody told.
        url: Where it can be fetched for a while, if it can.
        content_id: How the HTML refers to it, without brackets, if it can.
        inline: True for an image that the HTML shows; everything else is a file.
    """

    name: str | None
    content_type: str
    size_bytes: int | None = None
    url: str | None = None
    content_id: str | None = None
    inline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedEmail(Received):
    """
    Somebody wrote a mail to one of the hub's addresses.

    Attributes:
        provider_id: The provider's id of it, or where the mailbox has it.
        sender, recipient: Bare addresses. The sender is empty where the mail names none or several.
            The recipient is the one that the mail was delivered to, which need not stand in its
            headers.
        sender_candidates: Where the sender is empty, everybody whom the mail names as that.
        body: The text part; empty where there is only HTML, from which the hub makes the text.
        new_text: What of the text is new, without what is quoted; None where the adapter does not
            tell: then the hub finds it out.
        sender_name, subject, html: As they came, decoded.
        message_id, in_reply_to, references: Ids as they stand in the headers, with their brackets.
        reply_to: Where the sender wants answers, if not at `sender`.
        to, cc: Everybody it says that it is for.
        delivered_to: Whom else it may be for, where the mailbox is one of several addresses: what
            its host notes, best first, then `to` and `cc` where the provider watches a mailbox. The
            hub takes the first that an agent has, if none has `recipient`.
        attachments: What came with it, in its order.
        authentication: Whether it comes from where it says.
        auto: True for what a program answered or spread by itself: it is never answered so.
    """

    channel: str = "email"
    subject: str = ""
    sender_name: str | None = None
    sender_candidates: tuple[str, ...] = ()
    new_text: str | None = None
    html: str | None = None
    message_id: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    reply_to: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    delivered_to: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    authentication: MailAuthentication = MailAuthentication()
    auto: bool = False


class EmailProvider(MessageProvider[OutboundEmail], DomainOperations):
    """Base class of e-mail adapters: mails, as `MessageProvider` has messages."""


EMAIL: Final = Kind(
    name="email",
    provider=EmailProvider,
    noun="e-mail",
    does={
        Capability.EMAIL_SEND: "send",
        Capability.EMAIL_ATTACH: "send",
        Capability.EMAIL_DOMAINS: "add_domain",
        Capability.EMAIL_WEBHOOK: "set_webhook",
    },
    channels=("email",),
)
