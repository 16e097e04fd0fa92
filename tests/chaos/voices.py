"""Postbird as a network of phones: a call that speaks is a text there, and a status its end."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final

from trunkline.sdk import (
    CallReport,
    CallReported,
    CallStatus,
    Capability,
    DeliveryStatus,
    InboundEvent,
    OutboundCall,
    OutboundSms,
    ProviderContext,
    ProviderSpec,
    Receipt,
    Report,
    Reported,
    Sound,
    Speech,
    TelephonyProvider,
    TtsProvider,
    WebhookRequest,
)
from trunkline_example.config import ExampleConfig
from trunkline_example.sms import Postbird
from trunkline_example.webhooks import PostbirdWebhooks

SECONDS: Final = 2
_ENDS: Final = {
    DeliveryStatus.SENT: CallStatus.RINGING,
    DeliveryStatus.DELIVERED: CallStatus.COMPLETED,
    DeliveryStatus.FAILED: CallStatus.NO_ANSWER,
}


@dataclass(frozen=True)
class Phones(TelephonyProvider):
    """A Postbird account that calls."""

    texts: Postbird

    async def place_call(self, call: OutboundCall) -> Receipt:
        return await self.texts.send(
            OutboundSms(
                sender=call.sender,
                recipient=call.recipient,
                body=call.body,
                idempotency_key=call.idempotency_key,
                status_url=call.status_url,
            )
        )

    async def fetch_call(self, provider_id: str) -> CallReport | None:
        found = await self.texts.fetch(provider_id)
        return None if found is None else _call(found)

    async def find_calls(self, sender: str, recipient: str, since: datetime) -> list[CallReport]:
        return [_call(each) for each in await self.texts.find(sender, recipient, since)]


def _call(report: Report) -> CallReport:
    told: dict[str, Any] = {each.name: getattr(report, each.name) for each in fields(report)}
    return CallReport(**told, call_status=_end(report.status), duration_s=SECONDS)


def _end(status: DeliveryStatus | None) -> CallStatus | None:
    return None if status is None else _ENDS.get(status)


class Rings(PostbirdWebhooks):
    """Postbird's callbacks, as a network of phones would make them."""

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [_heard(each) for each in super().parse(request)]


def _heard(event: InboundEvent) -> InboundEvent:
    if not isinstance(event, Reported):
        return event
    told: dict[str, Any] = {each.name: getattr(event, each.name) for each in fields(event)}
    ended = event.status is DeliveryStatus.DELIVERED
    return CallReported(
        **told, call_status=_end(event.status), duration_s=SECONDS if ended else None
    )


def of_phones(
    texts: Sequence[ProviderSpec[Any, Any]], account: type[Postbird]
) -> list[ProviderSpec[Any, Any]]:
    """Return the kinds of account as networks of phones."""

    @asynccontextmanager
    async def open_it(config: ExampleConfig, context: ProviderContext) -> AsyncIterator[Phones]:
        yield Phones(account(config, context.http))

    can = frozenset({Capability.CALL_PLACE, Capability.CALL_STATUS, Capability.SMS_RECEIVE})
    asked = {Capability.CALL_LOOKUP, Capability.CALL_LOOKUP_BY_ADDRESS}
    return [
        replace(
            each,
            name=each.name.replace("_", "_voice_"),
            open=open_it,
            capabilities=can | (asked if Capability.LOOKUP_BY_ID in each.capabilities else set()),
            webhook=Rings(),
            prices=None,
        )
        for each in texts
    ]


class Voice(TtsProvider):
    """A voice that always has the same to say."""

    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        for _ in range(10):
            yield Sound(audio=b"\xff" * (800 * SECONDS))


@asynccontextmanager
async def open_voice(config: Any, context: ProviderContext) -> AsyncIterator[Voice]:
    """Open the voice."""
    yield Voice()
