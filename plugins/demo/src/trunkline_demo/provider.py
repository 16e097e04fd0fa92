"""The provider: sends texts and calls into the simulated network and owns what follows them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from trunkline.sdk import (
    E164,
    TELEPHONY,
    CallReport,
    Media,
    OutboundCall,
    OutboundSms,
    OutcomeUnknown,
    ProviderContext,
    ProviderError,
    Receipt,
    Rejected,
    TelephonyProvider,
    Unsupported,
)
from trunkline_demo.calls import is_recording
from trunkline_demo.config import DemoConfig
from trunkline_demo.faults import OF_CALLS, Fault, refusal
from trunkline_demo.line import Line
from trunkline_demo.network import MAX_BODY, Network
from trunkline_demo.numbers import DemoNumbers
from trunkline_demo.ringing import Exchange
from trunkline_demo.texts import Text, new_text


@asynccontextmanager
async def open_provider(
    network: Network, exchange: Exchange, config: DemoConfig, context: ProviderContext
) -> AsyncIterator["DemoProvider"]:
    """Connect the hub to `network`; what is still to be delivered on leaving is dropped."""
    with network.joined(TELEPHONY.name, config, context) as line:
        exchange.calls.begin(line)
        provider = DemoProvider(network, exchange, line, config, context)
        try:
            yield provider
        finally:
            await provider.close()


class DemoProvider(DemoNumbers, TelephonyProvider):
    """Takes texts and calls to any number, after `latency_ms`, unless a fault is armed."""

    def __init__(
        self,
        network: Network,
        exchange: Exchange,
        line: Line,
        config: DemoConfig,
        context: ProviderContext,
    ) -> None:
        self._network = network
        self._exchange = exchange
        self._line = line
        self._config = config
        self._clock = context.clock
        self._latency_s = config.latency_ms / 1000
        self._delivery_delay_s = config.delivery_delay_ms / 1000
        self._deliveries: set[asyncio.Task[None]] = set()

    async def send(self, sms: OutboundSms) -> Receipt:
        fault = self._network.next_fault()
        await self._clock.sleep(self._latency_s)
        refusal = _refusal(fault, sms)
        if refusal is not None:
            self._network.counts.refused += 1
            raise refusal
        text = new_text(
            self._line,
            sender=E164(sms.sender),
            recipient=E164(sms.recipient),
            body=sms.body,
            media_urls=tuple(each.url for each in sms.media),
        )
        self._network.take(text)
        delivery = asyncio.create_task(self._deliver(text, sms.status_url))
        self._deliveries.add(delivery)
        delivery.add_done_callback(self._deliveries.discard)
        if fault is Fault.DROPPED_AFTER:
            raise OutcomeUnknown("The simulated network's answer was lost.")
        return Receipt(provider_id=text.id)

    async def place_call(self, call: OutboundCall) -> Receipt:
        fault = self._network.next_fault(OF_CALLS)
        await self._clock.sleep(self._latency_s)
        refused = refusal(fault)
        if refused is not None:
            self._network.counts.refused += 1
            raise refused
        placed = self._exchange.place(self._line, call, fault)
        self._network.counts.accepted += 1
        if fault is Fault.DROPPED_AFTER:
            raise OutcomeUnknown("The simulated network's answer was lost.")
        return Receipt(provider_id=placed.id)

    async def fetch_call(self, provider_id: str) -> CallReport | None:
        await self._network.ask(self._line)
        call = self._exchange.calls.known(provider_id)
        return None if call is None else call.report()

    async def find_calls(self, sender: str, recipient: str, since: datetime) -> list[CallReport]:
        await self._network.ask(self._line)
        found = self._exchange.calls.between(sender, recipient, since)
        return [call.report() for call in found]

    async def hang_up(self, provider_id: str) -> None:
        await self._network.ask(self._line)
        call = self._exchange.calls.known(provider_id)
        if call is None:
            raise Rejected("The simulated network has no such call.")
        call.hang_up()

    async def fetch_media(self, media: Media) -> AsyncIterator[bytes]:
        if not is_recording(media.url):
            raise Unsupported("fetching what lies elsewhere")
        await self._network.ask(self._line)
        yield self._exchange.calls.recording(media.url).content

    async def delete_media(self, media: Media) -> None:
        await self._network.ask(self._line)
        self._exchange.calls.delete(media.url)

    async def delete_message(self, provider_id: str) -> None:
        await self._network.ask(self._line)
        self._network.delete(provider_id)

    async def close(self) -> None:
        """Cut off the calls and deliveries under way, and wait until they have ended."""
        await self._exchange.close()
        deliveries = list(self._deliveries)
        for delivery in deliveries:
            delivery.cancel()
        await asyncio.gather(*deliveries, return_exceptions=True)

    async def _deliver(self, text: Text, status_url: str | None) -> None:
        await self._clock.sleep(self._delivery_delay_s)
        await self._network.deliver(self._line, text, status_url)


def _refusal(fault: Fault | None, sms: OutboundSms) -> ProviderError | None:
    """Return the error of a text that is not taken."""
    if (refused := refusal(fault)) is None and len(sms.body) > MAX_BODY:
        return Rejected(f"The simulated network takes up to {MAX_BODY} characters.")
    return refused
