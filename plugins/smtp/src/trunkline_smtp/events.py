"""What a mail in the mailbox is to the hub: a mail, or a report of one that it sent."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from trunkline.sdk import DeliveryStatus, InboundEvent, ReceivedEmail, Reported, Unreadable
from trunkline.sdk.mail import ReadMail, address_key, read_mail
from trunkline_smtp.failures import COMPLAINED

STATUSES: Final[Mapping[str, DeliveryStatus]] = MappingProxyType(
    {
        "failed": DeliveryStatus.FAILED,
        "delayed": DeliveryStatus.SENT,
        "relayed": DeliveryStatus.SENT,
        "expanded": DeliveryStatus.SENT,
        "delivered": DeliveryStatus.DELIVERED,
        COMPLAINED: DeliveryStatus.DELIVERED,  # who calls it unwanted has it
    }
)
"""What the actions of RFC 3464 §2.3.3 mean, and a complaint."""

_MOST_HOPS: Final = 100
"""A mail that came through more hosts goes round (RFC 5321 §6.3)."""


def events_of(
    raw: bytes,
    *,
    place: str,
    came_at: datetime | None,
    own_address: str,
    trusted_hosts: frozenset[str],
) -> Sequence[InboundEvent]:
    """
    Return what a mail tells. It may take a second: call it in a thread.

    The ids are made of what stays of a mail wherever it lies, so that they survive a mailbox that
    numbers its mails anew.

    Args:
        place: Where the mailbox has it.
        came_at: When the mailbox got it.
        own_address: Whom it is for where nothing else tells.
        trusted_hosts: Whose word on authenticity counts.
    """
    mail = read_mail(raw, trusted_hosts=trusted_hosts)
    reports = [*_bounced(mail, came_at), *_complained(mail, came_at)]
    return reports or [_received(mail, place, came_at, own_address)]


def unreadable(place: str, reason: str) -> Unreadable:
    """Return what stands for a mail that stays in the mailbox, as its place names it."""
    return Unreadable(external_id=f"unread:{place}", reason=reason)


def _received(
    mail: ReadMail, place: str, came_at: datetime | None, own_address: str
) -> ReceivedEmail:
    recipient = mail.recipient or own_address
    # One mail to two addresses of a mailbox lies in it twice, and is two.
    whose = f"{mail.fingerprint} {address_key(recipient)}".encode(errors="replace")
    return ReceivedEmail(
        external_id=hashlib.sha256(whose).hexdigest(),
        provider_id=place,
        sender=mail.sender or "",
        sender_name=mail.sender_name,
        sender_candidates=mail.sender_candidates,
        recipient=recipient,
        subject=mail.subject,
        body=mail.text,
        new_text=mail.new_text or None,
        html=mail.html,
        message_id=mail.message_id,
        in_reply_to=mail.in_reply_to,
        references=mail.references,
        reply_to=mail.reply_to,
        to=mail.to,
        cc=mail.cc,
        delivered_to=tuple(dict.fromkeys((*mail.delivered_to, *mail.to, *mail.cc, own_address))),
        attachments=tuple(
            replace(each.about, url=f"imap:{place}:{number}")
            for number, each in enumerate(mail.files)
        ),
        authentication=mail.authentication,
        auto=mail.auto or mail.hops > _MOST_HOPS,
        occurred_at=came_at or mail.date,
    )


def _bounced(mail: ReadMail, came_at: datetime | None) -> Iterator[Reported]:
    """Give the reports of a bounce that names the mail it is about; others stay mails."""
    for number, bounce in enumerate(mail.bounces):
        if bounce.message_id is None:
            continue
        status = STATUSES.get(bounce.action)
        yield Reported(
            external_id=f"{mail.fingerprint}:{number}",
            provider_id=bounce.message_id,
            recipient=bounce.recipient,
            status=status,
            vendor_status=bounce.action[:64],
            error_code=bounce.status if status is DeliveryStatus.FAILED else None,
            occurred_at=came_at or mail.date,
        )


def _complained(mail: ReadMail, came_at: datetime | None) -> Iterator[Reported]:
    complaint = mail.complaint
    if complaint is None or complaint.message_id is None or complaint.type == "not-spam":
        return
    yield Reported(
        external_id=f"{mail.fingerprint}:{COMPLAINED}",
        provider_id=complaint.message_id,
        recipient=complaint.recipient,
        status=STATUSES[COMPLAINED],
        vendor_status=COMPLAINED,
        error_code=COMPLAINED,
        occurred_at=came_at or mail.date,
    )
