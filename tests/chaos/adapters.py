"""Postbird as it would be if it only dropped repeated references, told of texts, or neither."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import httpx2
from pydantic import BaseModel, Field, SecretStr

from tests.chaos.voices import of_phones, open_voice
from trunkline.sdk import (
    E164,
    Capability,
    DeliveryStatus,
    EmailProvider,
    Idempotency,
    InboundEvent,
    MessageProvider,
    Outbound,
    OutboundSms,
    ProviderContext,
    ProviderSpec,
    Receipt,
    Received,
    ReceivedEmail,
    ReceivedWhatsApp,
    Report,
    Reported,
    TelephonyProvider,
    TtsProvider,
    WebhookRequest,
    WhatsAppProvider,
    hookimpl,
    transport_errors,
)
from trunkline_example.config import ExampleConfig
from trunkline_example.plugin import EXAMPLE
from trunkline_example.sms import Postbird
from trunkline_example.webhooks import PostbirdWebhooks

_STATUS: Final = {
    "queued": DeliveryStatus.SENT,
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "undelivered": DeliveryStatus.FAILED,
}


class Account(ExampleConfig):
    """An account, with no variables: those that Postbird's fields name are of its own adapter."""

    api_key: SecretStr = Field(min_length=1)
    signing_secret: SecretStr = Field(min_length=1)


class Silent(BaseModel):
    """A voice needs no account."""


class AskedPostbird(Postbird):
    """A Postbird account that can be asked what it took."""

    def __init__(self, config: ExampleConfig, http: httpx2.AsyncClient) -> None:
        super().__init__(config, http)
        self._client = http
        self._texts = f"{config.base_url}/v1/texts"

    async def fetch(self, provider_id: str) -> Report | None:
        with transport_errors("Postbird"):
            answer = await self._client.get(f"{self._texts}/{provider_id}")
        return None if answer.status_code == 404 else _report(answer.json())

    async def find(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        asked = {"from": sender, "to": recipient, "since": str(since.timestamp())}
        with transport_errors("Postbird"):
            answer = await self._client.get(self._texts, params=asked)
        return [_report(item) for item in answer.json()["items"]]


def _report(item: dict[str, Any]) -> Report:
    return Report(
        provider_id=item["id"],
        sender=item["from"],
        recipient=item["to"],
        status=_STATUS.get(item["status"]),
        vendor_status=item["status"],
        body=item["text"],
        created_at=datetime.fromtimestamp(item["created_at"], UTC),
    )


@asynccontextmanager
async def open_asked(
    config: ExampleConfig, context: ProviderContext
) -> AsyncIterator[AskedPostbird]:
    """Open one account."""
    yield AskedPostbird(config, context.http)


@hookimpl
def trunkline_register_telephony() -> Sequence[ProviderSpec[TelephonyProvider, ExampleConfig]]:
    """Offer all three, as networks of phones too."""
    return [*texts(), *of_phones(texts(), AskedPostbird)]


@hookimpl
def trunkline_register_tts() -> Sequence[ProviderSpec[TtsProvider, Any]]:
    """Offer a voice."""
    return [
        ProviderSpec(
            name="chaosvoice",
            config=Silent,
            open=open_voice,
            capabilities=frozenset({Capability.TTS_MULAW_8000}),
        )
    ]


def texts() -> Sequence[ProviderSpec[TelephonyProvider, ExampleConfig]]:
    """Return all three as they carry texts."""
    none = replace(
        EXAMPLE,
        name="postbird_none",
        config=Account,
        capabilities=EXAMPLE.capabilities - {Capability.LOOKUP_BY_ID},
        idempotency=None,
    )
    return [
        none,
        replace(none, name="postbird_key", idempotency=Idempotency()),
        replace(
            none,
            name="postbird_lookup",
            open=open_asked,
            capabilities=none.capabilities
            | {Capability.LOOKUP_BY_ID, Capability.LOOKUP_BY_ADDRESS},
            accept_latency_s=2.0,  # what `vendor.py` takes late it has taken by then
        ),
    ]


# --- the same vendor as one of mails, and of WhatsApp messages ------------------------------------


@dataclass(frozen=True)
class Tongue:
    """How another channel is spoken over Postbird's texts: what an address is there, and events."""

    kind: type[MessageProvider[Any]]
    received: type[Received]
    address: Callable[[str], str]
    number: Callable[[str], str]

    def heard(self, event: InboundEvent) -> InboundEvent:
        """Return an event of Postbird's as one of the channel."""
        if isinstance(event, Received):
            return self.received(
                external_id=event.external_id,
                provider_id=event.provider_id,
                sender=self.address(event.sender),
                recipient=self.address(event.recipient),
                body=event.body,
            )
        if isinstance(event, Reported) and event.sender:
            return replace(event, sender=self.address(event.sender))
        return event

    def shown(self, report: Report) -> Report:
        """Return a report of a look-up likewise."""
        sender, recipient = self.address(report.sender or ""), self.address(report.recipient or "")
        return replace(report, sender=sender, recipient=recipient)


MAIL: Final = Tongue(
    EmailProvider,
    ReceivedEmail,
    lambda number: f"p{number[1:]}@mail.example",
    lambda address: f"+{address.partition('@')[0][1:]}",
)
CHAT: Final = Tongue(WhatsAppProvider, ReceivedWhatsApp, str, str)


class Spoken:
    """A Postbird account that carries another channel."""

    def __init__(self, texts: Postbird, tongue: Tongue) -> None:
        self._texts = texts
        self._tongue = tongue

    async def send(self, message: Outbound) -> Receipt:
        return await self._texts.send(
            OutboundSms(
                sender=E164(self._tongue.number(message.sender)),
                recipient=E164(self._tongue.number(message.recipient)),
                body=message.body,
                idempotency_key=message.idempotency_key,
                status_url=message.status_url,
            )
        )

    async def fetch(self, provider_id: str) -> Report | None:
        found = await self._texts.fetch(provider_id)
        return None if found is None else self._tongue.shown(found)

    async def find(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        number = self._tongue.number
        found = await self._texts.find(number(sender), number(recipient), since)
        return [self._tongue.shown(each) for each in found]


class Callbacks(PostbirdWebhooks):
    """Postbird's callbacks, in another tongue."""

    def __init__(self, tongue: Tongue) -> None:
        self._tongue = tongue

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [self._tongue.heard(each) for each in super().parse(request)]


def _spoken(
    tongue: Tongue, prefix: str, can: frozenset[Capability]
) -> list[ProviderSpec[Any, Any]]:
    """Return all three of another channel."""
    provider = type("Provider", (Spoken, tongue.kind), {})

    @asynccontextmanager
    async def open_it(
        config: ExampleConfig, context: ProviderContext
    ) -> AsyncIterator[MessageProvider[Any]]:
        yield provider(AskedPostbird(config, context.http), tongue)

    lookups = {Capability.LOOKUP_BY_ID, Capability.LOOKUP_BY_ADDRESS}
    accounts: Sequence[ProviderSpec[Any, Any]] = texts()
    return [
        replace(
            each,
            name=each.name.replace("_", f"_{prefix}_"),
            open=open_it,
            capabilities=can | (each.capabilities & lookups),
            webhook=Callbacks(tongue),
            prices=None,
        )
        for each in accounts
    ]


@hookimpl
def trunkline_register_email() -> Sequence[ProviderSpec[Any, Any]]:
    """Offer all three for mails."""
    can = {Capability.EMAIL_SEND, Capability.EMAIL_RECEIVE, Capability.EMAIL_STATUS}
    return _spoken(MAIL, "mail", frozenset(can))


@hookimpl
def trunkline_register_whatsapp() -> Sequence[ProviderSpec[Any, Any]]:
    """Offer all three for WhatsApp."""
    can = {Capability.WHATSAPP_SEND, Capability.WHATSAPP_RECEIVE, Capability.WHATSAPP_STATUS}
    return _spoken(CHAT, "chat", frozenset(can))
