"""The provider: sends texts into the simulated network and owns what follows them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trunkline.sdk import (
    E164,
    TELEPHONY,
    OutboundSms,
    OutcomeUnknown,
    ProviderContext,
    ProviderError,
    Receipt,
    Rejected,
    TelephonyProvider,
)
from trunkline_demo.config import DemoConfig
from trunkline_demo.faults import Fault, refusal
from trunkline_demo.line import Line
from trunkline_demo.network import MAX_BODY, Network
from trunkline_demo.texts import Text, new_text


@asynccontextmanager
async def open_provider(
    network: Network, config: DemoConfig, context: ProviderContext
) -> AsyncIterator["DemoProvider"]:
    """Connect the hub to `network`; what is still to be delivered on leaving is dropped."""
    with network.joined(TELEPHONY.name, config, context) as line:
        provider = DemoProvider(network, line, config, context)
        try:
            yield provider
        finally:
            await provider.close()


class DemoProvider(TelephonyProvider):
    """Takes texts to any number, after `latency_ms`, unless a fault is armed."""

    def __init__(
        self, network: Network, line: Line, config: DemoConfig, context: ProviderContext
    ) -> None:
        self._network = network
        self._line = line
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

    async def close(self) -> None:
        """Cancel the deliveries under way and wait until they have ended."""
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
