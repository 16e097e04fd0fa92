"""The provider of mails: hands them to the simulated network and owns what follows them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trunkline.sdk import (
    EMAIL,
    EmailProvider,
    OutboundEmail,
    OutcomeUnknown,
    ProviderContext,
    ProviderError,
    Receipt,
    Rejected,
    refuse_line_breaks,
)
from trunkline_demo.config import DemoConfig
from trunkline_demo.domains import DemoDomains
from trunkline_demo.faults import Fault, refusal
from trunkline_demo.line import Line
from trunkline_demo.mailbox import Mailboxes
from trunkline_demo.mails import Mail, taken
from trunkline_demo.network import Network


@asynccontextmanager
async def open_mail(
    network: Network, mailboxes: Mailboxes, config: DemoConfig, context: ProviderContext
) -> AsyncIterator["DemoMail"]:
    """Connect the hub to the mailboxes; what is still to be delivered on leaving is dropped."""
    with network.joined(EMAIL.name, config, context) as line:
        provider = DemoMail(network, mailboxes, line, config, context)
        try:
            yield provider
        finally:
            await provider.close()


class DemoMail(DemoDomains, EmailProvider):
    """Takes mails to any address, after `latency_ms`, unless a fault is armed."""

    def __init__(
        self,
        network: Network,
        mailboxes: Mailboxes,
        line: Line,
        config: DemoConfig,
        context: ProviderContext,
    ) -> None:
        self._network = network
        self._mailboxes = mailboxes
        self._line = line
        self._clock = context.clock
        self._latency_s = config.latency_ms / 1000
        self._delivery_delay_s = config.delivery_delay_ms / 1000
        self._deliveries: set[asyncio.Task[None]] = set()

    async def send(self, mail: OutboundEmail) -> Receipt:
        fault = self._network.next_fault()
        await self._clock.sleep(self._latency_s)
        try:
            took = self._taken(mail, fault)
        except ProviderError:
            self._network.counts.refused += 1
            raise
        for each in took.recipients:
            if await self._line.is_agents("email", each):
                self._mailboxes.learn([each])
        self._mailboxes.take(took)
        delivery = asyncio.create_task(self._deliver(took))
        self._deliveries.add(delivery)
        delivery.add_done_callback(self._deliveries.discard)
        if fault is Fault.DROPPED_AFTER:
            raise OutcomeUnknown("The simulated network's answer was lost.")
        return Receipt(provider_id=took.id)

    async def close(self) -> None:
        """Cancel the deliveries under way and wait until they have ended."""
        deliveries = list(self._deliveries)
        for delivery in deliveries:
            delivery.cancel()
        await asyncio.gather(*deliveries, return_exceptions=True)

    async def _deliver(self, mail: Mail) -> None:
        await self._clock.sleep(self._delivery_delay_s)
        await self._mailboxes.deliver(self._line, mail)

    def _taken(self, mail: OutboundEmail, fault: Fault | None) -> Mail:
        """Return a mail as the network has it, or raise why it does not take it."""
        if (refused := refusal(fault)) is not None:
            raise refused
        refuse_line_breaks(mail)
        try:
            return taken(self._line, mail)
        except ValueError as error:  # its sentence quotes nothing of the mail
            raise Rejected(f"The simulated network does not take this mail: {error}") from None
