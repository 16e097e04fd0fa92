"""Mails through Resend's API."""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from email.utils import quote as quoted_string
from typing import Any, Final, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import Field

from trunkline.sdk import (
    Account,
    DeliveryStatus,
    EmailProvider,
    Media,
    OutboundEmail,
    OutcomeUnknown,
    ProviderContext,
    Receipt,
    Received,
    ReceivedEmail,
    Rejected,
    Report,
    RetryLater,
    download,
    refuse_line_breaks,
    transport_errors,
)
from trunkline.sdk.mail.addresses import ascii_domain
from trunkline_resend.api import MOST, is_missing, read
from trunkline_resend.config import ResendConfig
from trunkline_resend.domains import Domains
from trunkline_resend.errors import NOT_FOUND, RESTRICTED, name_of
from trunkline_resend.failures import STATUSES
from trunkline_resend.received import File, Files, Kept
from trunkline_resend.webhook_settings import WebhookSettings
from trunkline_resend.wire import Moment, Read, mailbox, read_id

_SOON: Final = timedelta(minutes=20)
"""A mail that was announced longer ago and is not there is gone."""
_SPECIAL: Final = re.compile(r'[()<>\[\]:;@\\,."]')
"""A name with one of these is written in quotes (RFC 5322 §3.2.3)."""
_OF_A_MAIL: Final = re.compile(r"/emails/receiving/[\w.%-]+/attachments/[\w.%-]+")
"""Where a file is asked for anew; the key goes nowhere else."""
_SENDS_ONLY: Final = (
    "The API key may only send: nothing can be looked up, and no mail that comes in can be read. "
    "For that, make a key with full access at resend.com/api-keys."
)
_NO_DOMAIN: Final = (
    "No domain is set up, so mail reaches the account's own address only: add one at "
    "resend.com/domains."
)


class Resend(Domains, WebhookSettings, EmailProvider):
    """One open Resend team."""

    async def send(self, message: OutboundEmail) -> Receipt:
        refuse_line_breaks(message)
        headers = {**self._headers, "Idempotency-Key": message.idempotency_key}
        with transport_errors("Resend"):
            response = await self._http.post(
                f"{self._base_url}/emails", json=_mail(message), headers=headers
            )
        return Receipt(provider_id=read(_Taken, response).id)

    async def fetch(self, provider_id: str) -> Report | None:
        response = await self._get(f"/emails/{quote(provider_id, safe='')}")
        if is_missing(response):
            return None
        return read(_Sent, response).report()

    async def complete(self, event: Received) -> Received:
        if not isinstance(event, ReceivedEmail) or not event.incomplete:
            return event
        path = f"/emails/receiving/{quote(event.provider_id, safe='')}"
        response, files = await self._get(path), None
        if is_missing(response) and self._is_new(event):
            raise RetryLater("Resend does not have the mail yet.", provider_code=NOT_FOUND)
        mail = _kept(Kept, response)
        if mail.attachments:
            files = _kept(Files, await self._get(f"{path}/attachments?limit={MOST}"))
        return mail.complete(event, files)

    async def fetch_media(self, media: Media) -> AsyncGenerator[bytes, None]:
        link, _, path = media.url.partition("#")

        async def anew() -> str:
            url = _kept(File, await self._get(path)).download_url
            if url is None:
                raise OutcomeUnknown("Resend gives no link to the file.")
            return url

        is_ours = _OF_A_MAIL.fullmatch(path) is not None
        pieces = download(self._http, link, vendor="Resend", anew=anew if is_ours else None)
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece

    async def verify(self) -> Account:
        response = await self._get(f"/domains?limit={MOST}")
        if not response.is_success and name_of(response) == RESTRICTED:
            return Account(notes=(_SENDS_ONLY,))
        domains = read(_Domains, response).data
        notes = [each.note() for each in domains if each.status != "verified"]
        return Account(notes=tuple(notes) if domains else (_NO_DOMAIN,))

    def _is_new(self, event: Received) -> bool:
        """Tell whether a mail is announced so lately that Resend may not show it yet."""
        at = event.occurred_at
        return at is not None and self._clock.now() - at < _SOON


@asynccontextmanager
async def open_resend(config: ResendConfig, context: ProviderContext) -> AsyncIterator[Resend]:
    """Open one team. Resend has no log-in, so nothing needs undoing either."""
    yield Resend(config, context)


# --- what goes out --------------------------------------------------------------------------------


def _mail(message: OutboundEmail) -> dict[str, Any]:
    """Return a mail as Resend wants it: the same for every attempt, or its key would not count."""
    headers = {**message.headers, "Message-ID": message.message_id}
    if message.in_reply_to:
        headers["In-Reply-To"] = message.in_reply_to
    # Amazon SES, by which Resend sends, puts a Message-ID of its own in the place of ours. An
    # answer repeats what it finds in References, so ours goes there too, and leads back.
    headers["References"] = " ".join([*message.references, message.message_id])
    mail = {
        "from": _from(message),
        "to": [_wire(message.recipient)],
        "subject": message.subject,
        "text": message.body,
        "html": message.html,
        "cc": [_wire(each) for each in message.cc],
        "bcc": [_wire(each) for each in message.bcc],
        "reply_to": message.reply_to and _wire(message.reply_to),
        "headers": headers,
        "attachments": [_attachment(each) for each in message.media],
    }
    return {name: value for name, value in mail.items() if value}


def _from(message: OutboundEmail) -> str:
    name = message.sender_name
    if not name:
        return _wire(message.sender)
    shown = f'"{quoted_string(name)}"' if _SPECIAL.search(name) else name
    return f"{shown} <{_wire(message.sender)}>"


def _wire(address: str) -> str:
    """Return an address as Amazon SES takes it, by which Resend sends: its domain in ASCII."""
    try:
        return ascii_domain(address)
    except ValueError as error:
        raise Rejected("The domain of an address has letters that no domain may have.") from error


def _attachment(media: Media) -> dict[str, str]:
    file = {"path": media.url, "filename": media.name, "content_type": media.content_type}
    return {name: value for name, value in file.items() if value}


# --- what comes back ------------------------------------------------------------------------------


class _Taken(Read):
    """What is read of the answer to a send."""

    id: str = Field(min_length=1, max_length=128)


class _Sent(Read):
    """What is read of a mail that was sent."""

    id: str = Field(min_length=1)
    sender: str = Field(alias="from")
    to: tuple[str, ...] = Field(min_length=1)
    text: str | None = None
    last_event: str = Field(pattern="^[a-z_]{1,32}$")
    created_at: Moment
    message_id: str | None = None

    def report(self) -> Report:
        """Return it in the hub's words."""
        status = STATUSES.get(self.last_event)
        has_code = status is DeliveryStatus.FAILED or self.last_event == "complained"
        return Report(
            provider_id=self.id,
            sender=mailbox(self.sender).address,
            recipient=mailbox(self.to[0]).address,
            status=status,
            vendor_status=self.last_event,
            created_at=self.created_at,
            body=self.text,
            error_code=self.last_event if has_code else None,
            message_ref=read_id(self.message_id),
        )


class _Domain(Read):
    name: str = Field(pattern="^[A-Za-z0-9.-]{1,253}$")
    status: str = Field(pattern="^[a-z_]{1,32}$")

    def note(self) -> str:
        """Return what an operator should know of a domain that is not verified."""
        state = self.status.replace("_", " ")
        where = "set its DNS records as resend.com/domains shows them"
        return f"The domain {self.name} is not verified ({state}): {where}."


class _Domains(Read):
    data: tuple[_Domain, ...]


A = TypeVar("A", bound=Read)


def _kept(model: type[A], response: httpx2.Response) -> A:
    """Return what Resend has of a mail that came in; it is lost by Resend's own word alone."""
    if is_missing(response):
        raise Rejected("Resend does not have it any more.", provider_code=NOT_FOUND)
    try:
        return read(model, response)
    except Rejected as error:
        raise OutcomeUnknown(str(error), provider_code=error.provider_code) from error
