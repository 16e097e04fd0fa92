"""WhatsApp messages through one GREEN-API instance."""

import asyncio
import mimetypes
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from math import ceil
from typing import Final
from urllib.parse import unquote, urlsplit

from trunkline.sdk import (
    Account,
    Capability,
    Heard,
    Media,
    NotSetUp,
    OutboundWhatsApp,
    OutcomeUnknown,
    ProviderContext,
    Receipt,
    Rejected,
    Report,
    Unsupported,
    WhatsAppProvider,
    download,
    shown_as,
    transport_errors,
)
from trunkline_greenapi.answers import Journaled, Queued, Settings, State, Taken
from trunkline_greenapi.api import read
from trunkline_greenapi.chats import chat_of
from trunkline_greenapi.config import GreenApiConfig
from trunkline_greenapi.errors import refusal
from trunkline_greenapi.files import Link, not_given, of_message
from trunkline_greenapi.listening import Notification, heard
from trunkline_greenapi.senders import Senders
from trunkline_greenapi.states import PASSING, STATES

WARNING: Final = (
    "GREEN-API drives a linked phone without WhatsApp's leave: WhatsApp may ban the number at any "
    "time. Never use it for a number that you cannot lose, and keep it from cold messages."
)
_QUEUE_SHOWS: Final = 500
"""So many of the messages that wait are shown (GREEN-API, "ShowMessagesQueue", November 2026)."""
_FETCH_MINUTES: Final = 3 * 24 * 60
_FETCH_FRESH_S: Final = 5.0
"""The journal may be asked once a second, and a sweep asks about many messages at once."""
_MARGIN_MINUTES: Final = 10
_NO_SUCH_METHOD: Final = (403, 404)
"""
To methods that are switched off, as that for lists is, GREEN-API says 403 (November 2026).

With buttons it says nothing of the instance then, over which texts may still go.
"""


class GreenApi(Senders, WhatsAppProvider):
    """One open instance."""

    def __init__(self, config: GreenApiConfig, context: ProviderContext) -> None:
        super().__init__(config, context)
        self._asking = asyncio.Lock()
        self._journal: tuple[float, Sequence[Journaled]] | None = None

    async def send(self, message: OutboundWhatsApp) -> Receipt:
        if message.template is not None:
            raise Unsupported("templates")
        if message.sender != self._config.phone_number:
            raise NotSetUp(
                "The GREEN-API instance sends from its linked phone only: give the agent that "
                "number, or correct phone_number."
            )
        method, content = _content(message)
        body = {"chatId": chat_of(message.recipient), **content}
        with transport_errors("GREEN-API"):
            response = await self._http.post(self._url(method), json=body)
        if message.choices and response.status_code in _NO_SUCH_METHOD:
            raise Rejected(
                "GREEN-API shows no buttons on this instance: send it without choices.",
                provider_code=str(response.status_code),
            )
        return Receipt(provider_id=read(Taken, response).id_message)

    async def fetch(self, provider_id: str) -> Report | None:
        # `getMessage` wants the chat as well, and fails where a chat has one of the newer ids.
        for sent in await self._recent():
            if sent.id_message == provider_id:
                return sent.report(self._config.phone_number)
        for queued in await self._queue():
            if queued.message_id == provider_id:
                return queued.report(self._config.phone_number)
        return None

    async def find(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        # The queue first: what leaves it in between is in the journal then.
        queue = await self._queue()
        age_s = (self._clock.now() - since).total_seconds()
        journal = await self._ask_journal(max(ceil(age_s / 60), 0) + _MARGIN_MINUTES)
        found = [
            *(each.report(self._config.phone_number) for each in queue if each.is_for(recipient)),
            *(each.report(self._config.phone_number) for each in journal if each.is_for(recipient)),
        ]
        return [
            each
            for each in found
            if each.sender == sender
            and (each.created_at is None or each.created_at >= since.replace(microsecond=0))
        ]

    async def verify(self) -> Account:
        state = read(State, await self._get("getStateInstance")).state
        if state in STATES:
            raise NotSetUp(STATES[state])
        settings = read(Settings, await self._get("getSettings"))
        notes = [WARNING, *settings.notes(self._config)]
        if state != "authorized":
            notes.append(PASSING.get(state) or "Its state is unknown: look at it in the console.")
        return Account(notes=tuple(notes))

    async def fetch_media(self, media: Media) -> AsyncGenerator[bytes, None]:
        place = of_message(media.url)

        async def anew() -> str:
            with transport_errors("GREEN-API"):
                response = await self._http.post(self._url("downloadFile"), json=place)
            if not response.is_success:
                raise not_given(response)
            return read(Link, response).url

        pieces = download(
            self._http,
            media.url.partition("#")[0],
            vendor="GREEN-API",
            anew=anew if place else None,
        )
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece

    async def listen(self, position: str | None) -> AsyncGenerator[Heard, None]:
        if self._config.webhook_secret is not None:
            await asyncio.Event().wait()  # GREEN-API calls, and then answers nobody who asks
        async with aclosing(heard(self._receive, self._delete, self._clock)) as all_heard:
            async for each in all_heard:
                yield each

    async def _receive(self) -> Notification | None:
        response = await self._get("receiveNotification", "?receiveTimeout=5")
        # The type checker knows no type of a union.
        return read(Notification | None, response)  # type: ignore[arg-type]

    async def _delete(self, told: Notification) -> None:
        with transport_errors("GREEN-API"):
            url = f"{self._url('deleteNotification')}/{told.receipt}"
            response = await self._http.delete(url)
        if not response.is_success:
            raise refusal(response)

    async def _recent(self) -> Sequence[Journaled]:
        async with self._asking:
            now_s = self._clock.monotonic()
            if self._journal is None or now_s - self._journal[0] > _FETCH_FRESH_S:
                self._journal = now_s, await self._ask_journal(_FETCH_MINUTES)
            return self._journal[1]

    async def _ask_journal(self, minutes: int) -> Sequence[Journaled]:
        response = await self._get("lastOutgoingMessages", f"?minutes={minutes}")
        return read(list[Journaled], response)

    async def _queue(self) -> Sequence[Queued]:
        queue = read(list[Queued], await self._get("showMessagesQueue"))
        if len(queue) >= _QUEUE_SHOWS:
            raise OutcomeUnknown("GREEN-API's queue is longer than what it shows of it.")
        return queue


@asynccontextmanager
async def open_greenapi(
    config: GreenApiConfig, context: ProviderContext
) -> AsyncIterator[GreenApi]:
    """Open one instance. GREEN-API has no log-in, so nothing needs undoing either."""
    yield GreenApi(config, context)


def _content(message: OutboundWhatsApp) -> tuple[str, dict[str, object]]:
    """Return the method that sends a message, and what it is given."""
    if message.choices:
        return "sendInteractiveButtonsReply", _buttons(message)
    quoting = {} if message.quoted_id is None else {"quotedMessageId": message.quoted_id}
    if not message.media:
        return "sendMessage", {**quoting, "message": message.body}
    if len(message.media) > 1:
        raise Rejected("GREEN-API takes one file with a message: send the others on their own.")
    (medium,) = message.media
    file = {"urlFile": medium.url, "fileName": _name_of(medium), "caption": message.body}
    return "sendFileByUrl", {**quoting, **file}


def _buttons(message: OutboundWhatsApp) -> dict[str, object]:
    """Return a text with buttons: they have no place for what it answers."""
    if message.media or shown_as(message.choices) is not Capability.WHATSAPP_BUTTONS:
        raise Rejected("GREEN-API shows up to three buttons of 20 characters, under a text alone.")
    buttons = [{"buttonId": each.id, "buttonText": each.label} for each in message.choices]
    return {"body": message.body, "buttons": buttons}


def _name_of(medium: Media) -> str:
    """Return a file's name, whose ending tells GREEN-API how to send it."""
    name = medium.name or unquote(urlsplit(medium.url).path).rpartition("/")[2] or "file"
    if "." in name:
        return name
    return f"{name}{mimetypes.guess_extension(medium.content_type or '') or '.bin'}"
