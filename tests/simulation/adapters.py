"""The adapters of the simulated vendors: what a hub of a run has opened."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel

from tests.simulation.channels import VOICE
from tests.simulation.vendors import ACCEPT_LATENCY_S, TIMEOUT_S, Vendor
from tests.simulation.virtual import Process
from tests.simulation.weather import STORM, Flavour
from trunkline.sdk import (
    CallReport,
    CallReported,
    CallStatus,
    Capability,
    DeliveryStatus,
    Heard,
    Idempotency,
    InboundEvent,
    MessageProvider,
    Outbound,
    OutboundCall,
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

    async def place_call(self, call: OutboundCall) -> Receipt:
        return await self.send(call)

    async def find_calls(self, sender: str, recipient: str, since: datetime) -> list[CallReport]:
        found = await self.find(sender, recipient, since)
        return [CallReport(**_told(each), **_of_call(each.status)) for each in found]

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
            report = Reported(
                external_id=told["event"],
                provider_id=told["id"],
                sender=told["sender"],
                status=status,
                vendor_status=status.value,
                error_code=told.get("code") if status is DeliveryStatus.FAILED else None,
            )
            if self._vendor.line is VOICE:
                return [CallReported(**_told(report), **_of_call(status))]
            return [report]
        return [
            self._vendor.line.received(
                external_id=told["event"],
                provider_id=told["event"],
                sender=told["sender"],
                recipient=told["recipient"],
                body=told["body"],
            )
        ]


def _told(report: Report | Reported) -> dict[str, Any]:
    return {each.name: getattr(report, each.name) for each in fields(report)}


_CALLS: Final = {
    DeliveryStatus.SENT: (CallStatus.RINGING, None),
    DeliveryStatus.DELIVERED: (CallStatus.COMPLETED, 5),
    DeliveryStatus.FAILED: (CallStatus.BUSY, None),
}


def _of_call(status: DeliveryStatus | None) -> dict[str, Any]:
    """Return how far a call got whose message got so far, and how long it took."""
    call_status, duration_s = _CALLS[status or DeliveryStatus.SENT]
    return {"call_status": call_status, "duration_s": duration_s}


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

    by_address = Capability.LOOKUP_BY_ADDRESS
    if line is VOICE:
        by_address = Capability.CALL_LOOKUP_BY_ADDRESS
    more = {by_address} if vendor.flavour is Flavour.LOOKUP else set()
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
