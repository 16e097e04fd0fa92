"""Reports about a mail of ours: bounces (RFC 3464, or prose), complaints (RFC 5965)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from trunkline.sdk.mail.addresses import Mailbox, is_address, mailboxes
from trunkline.sdk.mail.charsets import one_line
from trunkline.sdk.mail.structure import MOST_HEADER_BYTES, Headers, Opening, Part
from trunkline.sdk.mail.threads import ids
from trunkline.sdk.mail.transfer import first_bytes
from trunkline.sdk.mail.trust import from_daemon, null_sender
from trunkline.sdk.mail.words import without_comments

MOST_BOUNCES: Final = 100
_STATUS: Final = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_REPLY_CODE: Final = re.compile(r"(?<![\d.])5\d\d(?![\d.])")
_IN_BRACKETS: Final = re.compile(r"<([^<>\s]{3,320})>")
_COPIED_ID: Final = re.compile(
    r"^[> \t]*Message-ID:[ \t]*(<[^<>\s]{1,998}>)", re.IGNORECASE | re.MULTILINE
)
_COPIED_TO: Final = re.compile(r"^[> \t]*To:[ \t]*([^\n]{1,998})", re.IGNORECASE | re.MULTILINE)
_LONGEST_FIELD: Final = 2_000
_LONGEST_PROSE: Final = 64 * 1024
_RETURNED: Final = frozenset(
    {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"}
)
_DEAD: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
"""No such mailbox, host or address, moved, null MX (RFC 3463 §3.2, RFC 7505)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """
    What a mail host tells of one recipient of a mail. Anybody can write one: it counts only where
    `message_id` is one of ours that went to `recipient`.

    Attributes:
        recipient: As the mail was addressed, if the host tells, else where it ended.
        action: ``failed``, ``delayed``, ``delivered``, ``relayed`` or ``expanded`` (RFC 3464).
        status: Such as ``5.1.1`` (RFC 3463), if there is one.
        diagnostic: What the last host said, one line; it may hold personal data.
        message_id: Of the mail it is about, with its brackets; None where nothing of it came back.
    """

    recipient: str
    action: str
    status: str | None = None
    diagnostic: str | None = None
    message_id: str | None = None

    @property
    def address_is_dead(self) -> bool:
        """Whether nothing will ever arrive there, unlike at a full mailbox."""
        return self.action == "failed" and self.status in _DEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """
    Somebody's host tells that they marked a mail of ours (RFC 5965). Believe it like a `Bounce`.

    Attributes:
        type: ``abuse``, ``fraud``, ``virus``, ``opt-out``, ``other``; ``not-spam`` takes one back.
        recipient: Who complained, if the host tells.
        message_id: Of the mail it is about.
    """

    type: str
    recipient: str | None = None
    message_id: str | None = None


def bounces(raw: bytes, root: Part, text: str) -> tuple[Bounce, ...]:
    """Return what a mail reports of deliveries: nothing unless it is surely such a report."""
    if root.content_type == "multipart/report":
        about = _about(raw, root)
        for part in root.parts:
            if part.content_type in {"message/delivery-status", "message/global-delivery-status"}:
                return tuple(_recipients(raw, part, about))[:MOST_BOUNCES]
        return ()
    if null_sender(root.headers) and from_daemon(root.headers):
        failed = mailboxes(root.headers.text("x-failed-recipients")[:_LONGEST_FIELD])
        return tuple(_prose(text[:_LONGEST_PROSE], {each.address.lower() for each in failed}))
    return ()


def complaint(raw: bytes, root: Part) -> Complaint | None:
    """Return the complaint that a mail is, if it is one."""
    if root.content_type != "multipart/report":
        return None
    for part in root.parts:
        if part.content_type == "message/feedback-report":
            told = next(_groups(raw, part), Headers())
            recipients = mailboxes(told.text("original-rcpt-to")) or _to(raw, root)
            return Complaint(
                type=one_line(told.text("feedback-type")).lower()[:40] or "other",
                recipient=recipients[0].address if recipients else None,
                message_id=_about(raw, root),
            )
    return None


def _groups(raw: bytes, part: Part) -> Iterator[Headers]:
    """Give the blocks of fields of a report's part (RFC 3464 §2.1)."""
    data, _ = first_bytes(raw, part.start, part.end, part.encoding, MOST_HEADER_BYTES)
    opening = Opening(data)
    at = 0
    while at < len(data):
        headers, after = opening.headers(at, len(data))
        if headers.fields:
            yield headers
        at = max(after, at + 1)


def _recipients(raw: bytes, part: Part, about: str | None) -> Iterator[Bounce]:
    for told in _groups(raw, part):
        action = one_line(without_comments(told.text("action")[:_LONGEST_FIELD])).lower()
        recipient = _typed(told.text("original-recipient")) or _typed(told.text("final-recipient"))
        if not (action and recipient):
            continue
        status = _STATUS.search(told.text("status"))
        diagnostic = one_line(told.text("diagnostic-code").partition(";")[2])[:500]
        yield Bounce(
            recipient=recipient,
            action=action.split(" ")[0],
            status=status[0] if status else None,
            diagnostic=diagnostic or None,
            message_id=about,
        )


def _typed(text: str) -> str | None:
    """Return the address of ``rfc822; address``."""
    address = without_comments(text[:_LONGEST_FIELD]).rpartition(";")[2].strip().strip("<>")
    return address if is_address(address) else None


def _returned(raw: bytes, root: Part) -> Headers:
    """Return the headers of the mail that came back, whole or in part."""
    for part in root.parts:
        if part.content_type in _RETURNED:
            return next(_groups(raw, part), Headers())
    return Headers()


def _about(raw: bytes, root: Part) -> str | None:
    named = ids(_returned(raw, root).first("message-id"))
    named = named or ids(root.headers.first("in-reply-to"))
    return named[0] if named else None


def _to(raw: bytes, root: Part) -> tuple[Mailbox, ...]:
    return mailboxes(_returned(raw, root).text("to"))


def _prose(text: str, failed: set[str]) -> Iterator[Bounce]:
    """
    Read a bounce in words: it names an address and a code, and has the mail's head below.

    An address stands in brackets, or is one of `failed`, which a header of Exim's names.
    """
    copied = _COPIED_ID.search(text)
    if copied is None:
        return
    top = text.rfind("\n\n", 0, copied.start())
    said, head = text[: max(top, 0)], text[max(top, 0) :]
    to = _COPIED_TO.search(head)
    recipients = {each.address.lower() for each in mailboxes(to[1])} if to else set()
    bare = "|".join(map(re.escape, sorted(failed & recipients)))
    named = re.compile(rf"(?<![\w.+-])({bare})(?![\w.-])", re.IGNORECASE) if bare else _IN_BRACKETS
    for found in named.finditer(said):
        status = _STATUS.search(said, found.end())
        code = _REPLY_CODE.search(said, found.end())
        if found[1].lower() in recipients and (code or (status and status[0].startswith("5."))):
            yield Bounce(
                recipient=found[1],
                action="failed",
                status=status[0] if status else "5.0.0",
                diagnostic=one_line(said[found.end() :].lstrip(":"))[:500] or None,
                message_id=copied[1],
            )
            return
