"""The WhatsApp provider: takes messages and templates of agents into the simulated network."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from trunkline.sdk import (
    WHATSAPP,
    Failure,
    FailureKind,
    OutboundWhatsApp,
    OutcomeUnknown,
    ProviderContext,
    ProviderError,
    Receipt,
    Rejected,
    Template,
    TemplateState,
    WhatsAppProvider,
    shown_as,
)
from trunkline_demo.config import DemoConfig
from trunkline_demo.faults import Fault, refusal
from trunkline_demo.line import Line
from trunkline_demo.senders import DemoSenders
from trunkline_demo.whatsapp import BLOCKED, MAX_CHARACTERS, WhatsApp
from trunkline_demo.whatsapp_chats import ChatMessage

MOST_MEDIA: Final = 1
FAILURES: Final = {
    "window_closed": Failure(
        kind=FailureKind.OUT_OF_WINDOW,
        sentence="The person has not written for 24 hours: send a template.",
    ),
    BLOCKED: Failure(
        kind=FailureKind.UNREACHABLE,
        sentence="The person's phone did not take it: they may have blocked this number.",
    ),
    "template_unknown": Failure(
        kind=FailureKind.REFUSED, sentence="The account has no template of this id."
    ),
    "template_not_approved": Failure(
        kind=FailureKind.REFUSED, sentence="This template is not approved: send another."
    ),
    "template_values": Failure(
        kind=FailureKind.REFUSED,
        sentence="The values do not fit the template: give one for each of its variables.",
    ),
}
"""What the network says against a message, by its code."""


@asynccontextmanager
async def open_whatsapp(
    whatsapp: WhatsApp, config: DemoConfig, context: ProviderContext
) -> AsyncIterator["DemoWhatsApp"]:
    """Connect the hub to the network; what is still to be delivered on leaving is dropped."""
    with whatsapp.network.joined(WHATSAPP.name, config, context) as line:
        provider = DemoWhatsApp(whatsapp, line, config, context)
        try:
            yield provider
        finally:
            await provider.close()


class DemoWhatsApp(DemoSenders, WhatsAppProvider):
    """Takes messages to anybody, after `latency_ms`, as WhatsApp's rules let it."""

    def __init__(
        self, whatsapp: WhatsApp, line: Line, config: DemoConfig, context: ProviderContext
    ) -> None:
        self._whatsapp = whatsapp
        self._network = whatsapp.network
        self._line = line
        self._config = config
        self._clock = context.clock
        self._latency_s = config.latency_ms / 1000
        self._delivery_delay_s = config.delivery_delay_ms / 1000
        self._deliveries: set[asyncio.Task[None]] = set()

    async def send(self, message: OutboundWhatsApp) -> Receipt:
        fault = self._network.next_fault()
        await self._clock.sleep(self._latency_s)
        refused = refusal(fault) or self._against(message)
        if refused is not None:
            self._network.counts.refused += 1
            raise refused
        taken = self._whatsapp.take(message)
        delivery = asyncio.create_task(self._deliver(taken))
        self._deliveries.add(delivery)
        delivery.add_done_callback(self._deliveries.discard)
        if fault is Fault.DROPPED_AFTER:
            raise OutcomeUnknown("The simulated network's answer was lost.")
        return Receipt(provider_id=taken.id)

    async def templates(self) -> list[Template]:
        await self._network.ask(self._line)
        return list(self._whatsapp.templates.values())

    async def close(self) -> None:
        """Cancel the deliveries under way and wait until they have ended."""
        deliveries = list(self._deliveries)
        for delivery in deliveries:
            delivery.cancel()
        await asyncio.gather(*deliveries, return_exceptions=True)

    async def _deliver(self, message: ChatMessage) -> None:
        await self._clock.sleep(self._delivery_delay_s)
        await self._whatsapp.deliver(self._line, message)

    def _against(self, message: OutboundWhatsApp) -> ProviderError | None:
        """Return what WhatsApp's rules have against a message."""
        if len(message.media) > MOST_MEDIA:
            return Rejected("A WhatsApp message takes one picture.")
        if len(message.body) > MAX_CHARACTERS:
            return Rejected(f"A WhatsApp message takes up to {MAX_CHARACTERS} characters.")
        if message.choices and (message.media or message.template or not message.body.strip()):
            return Rejected("Choices stand under a text, and not beside a picture or a template.")
        if shown_as(message.choices) is None:
            return Rejected("WhatsApp shows up to ten choices of 24 characters.")
        if len({each.id for each in message.choices}) < len(message.choices):
            return Rejected("The ids of the choices must differ.")
        code = None
        if message.template is not None:
            code = self._against_template(message.template, message)
        elif not self._whatsapp.is_open(message.recipient, message.sender):
            code = "window_closed"
        return None if code is None else Rejected(FAILURES[code].sentence, provider_code=code)

    def _against_template(self, name: str, message: OutboundWhatsApp) -> str | None:
        template = self._whatsapp.templates.get(name)
        if template is None or message.language not in (None, template.language):
            return "template_unknown"
        if template.state is not TemplateState.APPROVED:
            return "template_not_approved"
        return None if {*message.template_values} == {*template.variables} else "template_values"
