"""The provider: sends texts into the simulated network and owns what follows them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trunkline.sdk import (
    E164,
    AuthFailed,
    NotConfigured,
    OutboundSms,
    OutcomeUnknown,
    ProviderContext,
    ProviderError,
    Receipt,
    Rejected,
    RetryLater,
    TelephonyProvider,
)
from trunkline_demo.config import DemoConfig
from trunkline_demo.line import Line, Text
from trunkline_demo.network import MAX_BODY, Fault, Network


@asynccontextmanager
async def open_provider(
    network: Network, config: DemoConfig, context: ProviderContext
) -> AsyncIterator["DemoProvider"]:
    """Connect the hub to `network`; what is still to be delivered on leaving is dropped."""
    if network.line is not None:
        raise NotConfigured("The simulated network serves one connection; remove the second one.")
    network.line = Line(config, context)
    provider = DemoProvider(network, network.line, config, context)
    try:
        yield provider
    finally:
        network.line = None
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
        text = self._line.text(
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
    """Return the error of a send that is not taken."""
    match fault:
        case Fault.RATE_LIMITED:
            return RetryLater("The simulated network is busy.", provider_code=fault)
        case Fault.BAD_RECIPIENT:
            return Rejected("The simulated network does not know this number.", provider_code=fault)
        case Fault.BAD_CREDENTIALS:
            return AuthFailed("The simulated network does not know you.", provider_code=fault)
        case Fault.SERVER_ERROR:
            return OutcomeUnknown("The simulated network failed.", provider_code=fault)
        case Fault.DROPPED_BEFORE:
            return RetryLater("The simulated network could not be reached.", unavailable=True)
        case Fault.DROPPED_AFTER | None:
            too_long = Rejected(f"The simulated network takes up to {MAX_BODY} characters.")
            return too_long if len(sms.body) > MAX_BODY else None
