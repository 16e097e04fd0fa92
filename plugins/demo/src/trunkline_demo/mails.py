"""Mails as the network has them: the bytes that a server would be given, and who gets them."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from mimetypes import guess_type
from typing import Final
from urllib.parse import unquote, urlsplit

from trunkline.sdk import Attachment, Media, OutboundEmail
from trunkline.sdk.mail import (
    ReadMail,
    file_name,
    new_message_id,
    read_mail,
    reply_subject,
    written,
)
from trunkline_demo.line import Line
from trunkline_demo.mail_webhooks import File, MailReceived

_MOST_REFERENCES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """
    One mail that the network took, from either side.

    Attributes:
        raw: As it would go over the wire. Files are not in it: the network fetches nothing, and
            names them in headers of its own.
        said: What `raw` says.
        recipients: Everybody who gets it, hidden copies too.
        status_url: Where its sender wants to hear what became of it; None of a person's.
    """

    id: str
    raw: bytes = field(repr=False)
    said: ReadMail = field(repr=False)
    sender: str
    recipients: tuple[str, ...]
    files: tuple[Attachment, ...] = ()
    status_url: str | None = None
    written_at: datetime

    @property
    def hidden(self) -> tuple[str, ...]:
        """Who gets a copy that nobody else knows of."""
        shown = {each.casefold() for each in (*self.said.to, *self.said.cc)}
        return tuple(each for each in self.recipients if each.casefold() not in shown)

    @property
    def thread(self) -> str:
        """The Message-ID of the mail that its thread began with."""
        begun = (*self.said.references, self.said.in_reply_to, self.said.message_id)
        return next(filter(None, begun), self.id)

    def received(self, recipient: str) -> MailReceived:
        """Return the webhook that tells the hub of it, as delivered to one of its addresses."""
        said = self.said
        return MailReceived(
            id=self.id,
            sender=self.sender,
            sender_name=said.sender_name,
            recipient=recipient,
            addressed_to=said.to,
            cc=said.cc,
            reply_to=said.reply_to,
            subject=said.subject,
            text=said.text,
            html=said.html,
            message_id=said.message_id or "",
            in_reply_to=said.in_reply_to,
            references=said.references,
            files=tuple(
                File(
                    name=each.name,
                    content_type=each.content_type,
                    size_bytes=each.size_bytes,
                    url=each.url,
                )
                for each in self.files
            ),
            auto=said.auto,
            written_at=self.written_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """
    What a person writes.

    Attributes:
        answers, forwards: The mail that it answers or passes on, if any.
        auto: A program answers by itself: the mail says so (RFC 3834 §5).
    """

    to: str
    subject: str
    body: str
    html: str | None = None
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    answers: Mail | None = None
    forwards: Mail | None = None
    auto: bool = False


def written_by(line: Line, sender: str, draft: Draft) -> Mail:
    """Return the mail that a person wrote; see `taken`."""
    mail_id, answered, passed = line.new_id(), draft.answers, draft.forwards
    subject, body = draft.subject, draft.body
    followed: tuple[str, ...] = ()
    if answered is not None:
        subject = subject or reply_subject(answered.said.subject)
        own = (answered.said.message_id,) if answered.said.message_id else ()
        known = (*answered.said.references, *own)
        followed = (*known[:1], *known[1:][-_MOST_REFERENCES:])
    if passed is not None:
        subject = subject or f"Fwd: {passed.said.subject}"
        body = f"{body}\n\n{_passed_on(passed)}".lstrip("\n")
    mail = OutboundEmail(
        sender=sender,
        recipient=draft.to,
        body=body,
        idempotency_key=mail_id,
        status_url=None,
        subject=subject,
        message_id=new_message_id(mail_id, sender),
        html=draft.html,
        cc=draft.cc,
        bcc=draft.bcc,
        in_reply_to=followed[-1] if followed else None,
        references=followed,
        headers={"Auto-Submitted": "auto-replied"} if draft.auto else {},
    )
    made = taken(line, mail, mail_id)
    return made if passed is None else replace(made, files=passed.files)


def _passed_on(mail: Mail) -> str:
    return (
        "---------- Forwarded message ----------\n"
        f"From: {mail.sender}\nDate: {format_datetime(mail.written_at)}\n"
        f"Subject: {mail.said.subject}\nTo: {', '.join(mail.said.to)}\n\n{mail.said.text}"
    )


def taken(line: Line, mail: OutboundEmail, mail_id: str | None = None) -> Mail:
    """
    Return a mail as bytes and all, written now.

    Raises:
        ValueError: Something cannot stand in a mail; the sentence begins with the field's name.
    """
    now = line.now()
    files = tuple(map(_file, mail.media))
    headers = dict(mail.headers)
    for number, each in enumerate(files, start=1):
        headers[f"X-Demo-Attachment-{number}"] = (
            f"{each.name or 'without a name'} ({each.content_type}) {each.url}"
        )
    raw = written(replace(mail, headers=headers), date=now, smtputf8=True)
    everybody = (mail.recipient, *mail.cc, *mail.bcc)
    return Mail(
        id=mail_id or line.new_id(),
        raw=raw,
        said=read_mail(raw),
        sender=mail.sender,
        recipients=tuple({each.casefold(): each for each in everybody}.values()),
        files=files,
        status_url=mail.status_url,
        written_at=now,
    )


def _file(media: Media) -> Attachment:
    """Return a file as a mail names it: by its URL where nobody said how it is called."""
    name = media.name or file_name(unquote(urlsplit(media.url).path).rpartition("/")[2])
    guessed = guess_type(name or "")[0] or "application/octet-stream"
    return Attachment(name=name, content_type=media.content_type or guessed, url=media.url)
