"""Networks beside the simulated one: adapters whose other side the test plays itself."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
from pydantic import BaseModel, SecretStr

from tests.flows.hubs import SIGNING_KEY, Served
from trunkline.loading import Plugins, load_plugins
from trunkline.sdk import (
    E164,
    BadSignature,
    Capability,
    DeliveryStatus,
    InboundEvent,
    OutboundSms,
    ProviderContext,
    ProviderSpec,
    Receipt,
    Received,
    Reported,
    TelephonyProvider,
    WebhookAdapter,
    WebhookRequest,
)
from trunkline_demo.config import DemoConfig
from trunkline_demo.webhooks import SIGNATURE_HEADER, Inbound, Report, signature

WIRE = """
[slots]
telephony = "wire"
"""
ALICE, BOB = "+14155552671", "+442071838750"
"""Numbers that a real network could reach."""


class NoConfig(BaseModel):
    """A connection without settings."""


def with_telephony(plugins: Plugins, specs: Mapping[str, ProviderSpec[Any, Any]]) -> Plugins:
    """Return plugins that offer these providers of texts too."""
    telephony = {**plugins.telephony, **specs}
    return replace(plugins, providers={**plugins.providers, "telephony": telephony})


async def accept(sms: OutboundSms) -> Receipt:
    """Take a text."""
    return Receipt(provider_id=f"wire-{sms.idempotency_key}")


@dataclass
class Network(TelephonyProvider):
    """A network that asks `answer` what to say to a text, and keeps what it was asked to send."""

    answer: Callable[[OutboundSms], Awaitable[Receipt]] = accept
    asked: list[OutboundSms] = field(default_factory=list)
    openings: list[BaseException] = field(default_factory=list)
    """What the next openings raise."""

    async def send(self, sms: OutboundSms) -> Receipt:
        self.asked.append(sms)
        return await self.answer(sms)

    @asynccontextmanager
    async def open(self, config: NoConfig, context: ProviderContext) -> AsyncIterator["Network"]:
        """Connect."""
        await asyncio.sleep(0)
        if self.openings:
            raise self.openings.pop(0)
        yield self

    def plugins(self, webhook: WebhookAdapter[NoConfig] | None = None) -> Plugins:
        """Return the installed plugins with this network's provider, `wire`, beside them."""
        spec: ProviderSpec[TelephonyProvider, NoConfig] = ProviderSpec(
            name="wire",
            config=NoConfig,
            open=self.open,
            capabilities=frozenset(
                {Capability.SMS_SEND, Capability.SMS_RECEIVE, Capability.SMS_STATUS}
            ),
            webhook=webhook,
        )
        plugins = load_plugins()
        return with_telephony(plugins, {spec.name: spec})


class Turnstile:
    """A network that answers once it is let."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.let = asyncio.Event()
        self.network = Network(self.answer)

    async def answer(self, sms: OutboundSms) -> Receipt:
        """Take a text, in time."""
        self.asked.set()
        await self.let.wait()
        return await accept(sms)


class WireWebhooks(WebhookAdapter[NoConfig]):
    """Takes a text as JSON from whoever says ``x-wire: yes``."""

    def claims(self, request: WebhookRequest) -> bool:
        return "x-wire" in request.headers

    def verify(self, request: WebhookRequest, config: NoConfig) -> None:
        if request.headers.get("x-wire") != "yes":
            raise BadSignature("not the wire's")

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        text = json.loads(request.body)
        return [
            Received(
                external_id=text["id"],
                provider_id=text["id"],
                sender=E164(text["from"]),
                recipient=E164(text["to"]),
                body=text["body"],
            )
        ]


class WireReports(WireWebhooks):
    """Reads a report whose body is the status alone, or a word that it does not know."""

    def parse(self, request: WebhookRequest) -> list[InboundEvent]:
        word = request.body.decode()
        known = {status.value: status for status in DeliveryStatus}
        return [
            Reported(
                external_id=f"{word}:{request.url}",
                provider_id="p1",
                sender=E164(ALICE),
                status=known.get(word),
                vendor_status=word,
            )
        ]


async def tell(hub: Served, word: str, attempt: str = "") -> None:
    """Report a status to `WireReports`."""
    path = f"/webhooks/ann/message-status{attempt and f'?attempt={attempt}'}"
    response = await hub.client.post(path, content=word, headers={"x-wire": "yes"})
    assert response.status_code == 204, response.text


async def p1(sms: OutboundSms) -> Receipt:
    """Take a text as the one that `WireReports` are about."""
    return Receipt(provider_id="p1")


@dataclass(frozen=True)
class Vendor:
    """The simulated network's side of its webhooks, for what its handsets never do."""

    hub: Served

    def signed(
        self, path: str, webhook: Inbound | Report | bytes, key: str = SIGNING_KEY
    ) -> httpx2.Request:
        """Return a webhook as the network signs it, to be delivered."""
        if not isinstance(webhook, bytes):
            webhook = webhook.model_dump_json(by_alias=True).encode()
        config = DemoConfig(signing_key=SecretStr(key))
        given = signature("POST", f"{self.hub.base_url}{path}", webhook, config)
        headers = {SIGNATURE_HEADER: given}
        return self.hub.client.build_request("POST", path, content=webhook, headers=headers)

    async def tell(
        self, path: str, webhook: Inbound | Report | bytes, key: str = SIGNING_KEY
    ) -> httpx2.Response:
        """Deliver a webhook."""
        return await self.hub.client.send(self.signed(path, webhook, key))

    async def text(
        self,
        sender: str,
        recipient: str,
        body: str,
        id_: str = "t1",
        media_urls: tuple[str, ...] = (),
    ) -> None:
        """Deliver a text on the account's route; the hub must take it."""
        text = Inbound(
            id=id_,
            sender=E164(sender),
            recipient=E164(recipient),
            body=body,
            media_urls=media_urls,
        )
        response = await self.tell("/webhooks/connections/demo/sms", text)
        assert response.status_code == 204, response.text

    async def arm(self, fault: str, times: int = 1) -> None:
        """Let the next sends meet a fault."""
        response = await self.hub.client.post("/demo/faults", json={"fault": fault, "times": times})
        assert response.status_code == 200, response.text

    async def handset(self, address: str) -> list[str]:
        """Return the texts that arrived at a handset, oldest first."""
        response = await self.hub.client.get(f"/demo/handsets/{address}/messages")
        items = [item for item in response.json()["items"] if item["direction"] == "inbound"]
        return [item["body"] for item in reversed(items)]


def report(
    provider_id: str, sender: str, status: str = "delivered", cost_micros: int = 7_900
) -> Report:
    """Return the simulated network's report on a text."""
    return Report(
        id=provider_id,
        sender=E164(sender),
        status=status,
        cost_micros=cost_micros,
        currency="USD",
    )
