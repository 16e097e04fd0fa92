"""WhatsApp senders of the simulated network: in review for a moment, then active."""

from datetime import timedelta
from typing import Final

from trunkline.sdk import (
    E164,
    OutcomeUnknown,
    Quality,
    Readiness,
    Rejected,
    SenderOperations,
    SenderSettings,
    Standing,
    WhatsAppSender,
)
from trunkline_demo.account import HeldSender
from trunkline_demo.config import DemoConfig
from trunkline_demo.faults import OF_PURCHASES, Fault
from trunkline_demo.line import Line
from trunkline_demo.network import Network

_PASSED: Final = Standing(readiness=Readiness.READY, vendor_status="online")
_IN_REVIEW: Final = Standing(
    readiness=Readiness.PENDING,
    vendor_status="in_review",
    sentence="The simulated network looks at its name.",
)
_REFUSED: Final = Standing(
    readiness=Readiness.REJECTED,
    vendor_status="refused",
    sentence="The simulated network refused its name.",
)


class DemoSenders(SenderOperations):
    """The operations on senders; the provider of WhatsApp has them."""

    _network: Network
    _line: Line
    _config: DemoConfig

    async def senders(self) -> list[WhatsAppSender]:
        await self._network.ask(self._line)
        return [self._sender(each) for each in self._network.account.books.senders.values()]

    async def find_sender(self, number: E164) -> WhatsAppSender | None:
        await self._network.ask(self._line)
        held = self._network.account.books.senders.values()
        return next((self._sender(each) for each in held if each.number == number), None)

    async def register_sender(self, number: E164, settings: SenderSettings) -> WhatsAppSender:
        fault = await self._network.ask(self._line, of=OF_PURCHASES, takes=True)
        books = self._network.account.books
        if any(each.number == number for each in books.senders.values()):
            raise Rejected("This number is a sender already.", provider_code="sender_exists")
        held = HeldSender(
            id=self._line.new_id(),
            number=number,
            asked_at=self._line.now(),
            display_name=settings.display_name,
            inbound_url=settings.inbound_url,
            status_url=settings.status_url,
        )
        books.senders[held.id] = held
        self._network.account.keep()
        if fault is Fault.DROPPED_AFTER:
            raise OutcomeUnknown("The simulated network's answer was lost.")
        return self._sender(held)

    async def set_sender(self, provider_id: str, settings: SenderSettings) -> WhatsAppSender:
        await self._network.ask(self._line)
        held = self._network.account.books.senders.get(provider_id)
        if held is None:
            raise Rejected("The account has no such sender.")
        held.display_name = settings.display_name
        held.inbound_url, held.status_url = settings.inbound_url, settings.status_url
        self._network.account.keep()
        return self._sender(held)

    async def remove_sender(self, provider_id: str) -> None:
        await self._network.ask(self._line)
        if self._network.account.books.senders.pop(provider_id, None) is not None:
            self._network.account.keep()

    def _sender(self, held: HeldSender) -> WhatsAppSender:
        review = timedelta(milliseconds=self._config.review_ms)
        is_over = self._line.now() >= held.asked_at + review
        return WhatsAppSender(
            provider_id=held.id,
            number=held.number,
            standing=_REFUSED if held.refused else _PASSED if is_over else _IN_REVIEW,
            settings=SenderSettings(
                display_name=held.display_name,
                inbound_url=held.inbound_url,
                status_url=held.status_url,
            ),
            quality=Quality.HIGH if is_over else Quality.UNKNOWN,
        )
