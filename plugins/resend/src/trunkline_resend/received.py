"""A mail that came in: what its webhook announces, and what Resend has of it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from pydantic import Field

from trunkline.sdk import Attachment, ReceivedEmail
from trunkline_resend.wire import MESSAGE_ID, Moment, Read, mailbox, read_id

_UNTYPED: Final = "application/octet-stream"


class File(Read):
    """What is read of an attachment."""

    id: str = Field(min_length=1)
    filename: str | None = None
    content_type: str | None = None
    size: int | None = Field(None, ge=0)
    download_url: str | None = Field(None, pattern="^https?://")

    def placed(self, mail_id: str) -> str | None:
        """Return its link with what it is asked for anew by, which goes to nobody else."""
        if self.download_url is None:
            return None
        path = f"/emails/receiving/{quote(mail_id, safe='')}/attachments/{quote(self.id, safe='')}"
        return f"{self.download_url.partition('#')[0]}#{path}"

    def attachment(self, url: str | None) -> Attachment:
        media_type = (self.content_type or _UNTYPED).partition(";")[0].strip().lower()
        return Attachment(
            name=self.filename, content_type=media_type, size_bytes=self.size, url=url
        )


class Files(Read):
    """What is read of the list of a mail's attachments, which has a URL for each."""

    data: tuple[File, ...]


class _Mail(Read):
    sender: str = Field(alias="from", min_length=1)
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] | None = None
    bcc: tuple[str, ...] | None = None
    subject: str | None = None
    message_id: str | None = None
    attachments: tuple[File, ...] = ()


class Announced(_Mail):
    """What the webhook tells: who wrote to whom, of what, and never the words."""

    email_id: str = Field(pattern=r"^[A-Za-z0-9-]{1,64}$")
    received_for: tuple[str, ...] = ()
    created_at: Moment | None = None

    def events(self) -> Sequence[ReceivedEmail]:
        """Return the mail once for each address that it came to; ValueError if it names none."""
        named = [*self.to, *(self.cc or ()), *(self.bcc or ())]
        came_to = [mailbox(each).address for each in self.received_for or named]
        if not came_to:  # it must not be lost: a person may look it up
            raise ValueError("the mail does not say to whom it came")
        sender = mailbox(self.sender)
        return [
            ReceivedEmail(
                external_id=self._once(recipient),
                provider_id=self.email_id,
                sender=sender.address,
                sender_name=sender.name,
                recipient=recipient,
                to=_addresses(self.to),
                cc=_addresses(self.cc),
                subject=self.subject or "",
                body="",
                message_id=read_id(self.message_id),
                attachments=tuple(each.attachment(None) for each in self.attachments),
                occurred_at=self.created_at,
                incomplete=True,
            )
            for recipient in dict.fromkeys(came_to)
        ]

    def _once(self, recipient: str) -> str:
        """Return what is the same under whatever id Resend tells of it."""
        whose = hashlib.sha256(recipient.lower().encode(errors="replace")).hexdigest()
        return f"{self.email_id}:{whose[:16]}"


class Kept(_Mail):
    """What Resend has of a mail that came in."""

    text: str | None = None
    html: str | None = None
    reply_to: tuple[str, ...] | None = None
    headers: dict[str, object] | None = None

    def complete(self, announced: ReceivedEmail, files: Files | None) -> ReceivedEmail:
        """Return a mail that was announced with all of it; `files` say where attachments are."""
        headers = _by_name(self.headers or {})
        references = MESSAGE_ID.findall(headers.get("references", ""))
        of = announced.provider_id
        urls = {each.id: each.placed(of) for each in files.data} if files else {}
        reply_to = _addresses(self.reply_to)
        sender = mailbox(self.sender)
        return replace(
            announced,
            sender=sender.address,
            sender_name=sender.name,
            to=_addresses(self.to),
            cc=_addresses(self.cc),
            reply_to=reply_to[0] if reply_to else None,
            subject=self.subject or "",
            body=self.text or "",
            html=self.html or None,
            message_id=read_id(self.message_id),
            in_reply_to=read_id(headers.get("in-reply-to")),
            references=tuple(references),
            attachments=tuple(each.attachment(urls.get(each.id)) for each in self.attachments),
            auto=_is_automatic(headers),
            incomplete=False,
        )


def _addresses(texts: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(mailbox(each).address for each in texts or ())


def _by_name(headers: Mapping[str, object]) -> Mapping[str, str]:
    """Return headers by their names in lower case; of one that is repeated the first."""
    firsts = {
        name.lower(): value[0] if isinstance(value, list) and value else value
        for name, value in headers.items()
    }
    return {name: value if isinstance(value, str) else "" for name, value in firsts.items()}


def _is_automatic(headers: Mapping[str, str]) -> bool:
    from trunkline.sdk.mail.structure import Headers  # what reads mails is not loaded at start-up
    from trunkline.sdk.mail.trust import is_automatic

    fields = ((name, text.encode("utf-8", "replace")) for name, text in headers.items())
    return is_automatic(Headers(fields=tuple(fields)))
