"""The adapters of the simulated vendors: what a hub of a run has opened."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from tests.simulation.vendors import ACCEPT_LATENCY_S, TIMEOUT_S, Vendor
from tests.simulation.virtual import Process
from tests.simulation.weather import STORM, Flavour
from trunkline.sdk import (
    Capability,
    DeliveryStatus,
    Heard,
    Idempotency,
    InboundEvent,
    MessageProvider,
    Outbound,
    ProviderContext,
    ProviderSpec,
    Receipt,
    Report,
    Reported,
    WebhookAdapter,
    WebhookRequest,
)


class SimulatedProvider:
    """A hub's open connection to a vendor, of whatever kind."""

    def __init__(self, vendor: Vendor, process: Process) -> None:
        self._vendor = vendor
        self._process = process

    async def send(self, sms: Outbound) -> Receipt:
        self._leave()
        receipt = await self._vendor.send(sms)
        await self._process.gate()
        return receipt  # type: ignore[return-value]  # some adapters return nothing

    async def find(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        self._leave()
        reports = await self._vendor.listed(sender, recipient, since)
        await self._process.gate()
        return reports

    async def listen(self, position: str | None) -> AsyncIterator[Heard]:
        at, callbacks = int(position or 0), Callbacks(self._vendor)
        for told in self._vendor.mailbox[:at]:  # whoever goes on from there has stored them
            self._vendor.heard(str(told["event"]))
        yield Heard(events=(), position=str(at))
        while True:
            self._leave()
            if self._vendor.weather is STORM and self._vendor.uniform(0, 1) < 0.05:
                raise ConnectionResetError
            for told in self._vendor.mailbox[at:]:
                at += 1
                yield Heard(events=callbacks.read(told), position=str(at))
                await self._process.gate()
                self._vendor.heard(str(told["event"]))
            await asyncio.sleep(self._vendor.uniform(0.5, 2.0))

    def _leave(self) -> None:
        if self._process.dead:
            raise asyncio.CancelledError


class Account(BaseModel):
    """Nothing needs to be set."""


class Callbacks(WebhookAdapter[Account]):
    """Reads the vendors' callbacks; their signatures are another test's business."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor

    def claims(self, request: WebhookRequest) -> bool:
        return request.headers["vendor"] == self._vendor.flavour

    def verify(self, request: WebhookRequest, config: Account) -> None:
        """Every caller is the vendor."""

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return self.read(json.loads(request.body))

    def read(self, told: dict[str, Any]) -> list[InboundEvent]:
        """Return what a vendor tells."""
        if told["kind"] == "status":
            status = DeliveryStatus(told["status"])
            return [
                Reported(
                    external_id=told["event"],
                    provider_id=told["id"],
                    sender=told["sender"],
                    status=status,
                    vendor_status=status.value,
                    error_code=told.get("code") if status is DeliveryStatus.FAILED else None,
                )
            ]
        return [
            self._vendor.line.received(
                external_id=told["event"],
                provider_id=told["event"],
                sender=told["sender"],
                recipient=told["recipient"],
                body=told["body"],
            )
        ]


def spec_of(vendor: Vendor, process: Process) -> ProviderSpec[Any, Account]:
    """Return the adapter through which one process's hub reaches a vendor."""
    line = vendor.line
    provider = type("Provider", (SimulatedProvider, line.provider), {})

    @asynccontextmanager
    async def open_provider(
        config: Account, context: ProviderContext
    ) -> AsyncIterator[MessageProvider[Any]]:
        stormy = vendor.weather is STORM
        await asyncio.sleep(vendor.uniform(0.0, 1.2 * TIMEOUT_S if stormy else 0.5))
        if stormy and vendor.uniform(0, 1) < 0.2:
            raise ConnectionError("The vendor is away.")
        yield provider(vendor, process)

    more = {Capability.LOOKUP_BY_ADDRESS} if vendor.flavour is Flavour.LOOKUP else set()
    if vendor.is_listened_to:
        more.add(Capability.LISTEN)
    return ProviderSpec(
        name=vendor.flavour.value,
        config=Account,
        open=open_provider,
        capabilities=line.capabilities | more,
        failures=line.failures,
        idempotency=Idempotency() if vendor.flavour is Flavour.KEY else None,
        accept_latency_s=ACCEPT_LATENCY_S,
        webhook=Callbacks(vendor),
    )
