"""A WhatsApp network whose other side the test plays: what was sent, and what comes in."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tests.flows.hubs import Served
from tests.flows.networks import ALICE, BOB, NoConfig
from trunkline.loading import Plugins, load_plugins
from trunkline.sdk import (
    BadSignature,
    Capability,
    Failure,
    FailureKind,
    InboundEvent,
    OutboundWhatsApp,
    ProviderContext,
    ProviderSpec,
    Receipt,
    ReceivedWhatsApp,
    Template,
    WebhookAdapter,
    WebhookRequest,
    WhatsAppContent,
    WhatsAppProvider,
)

CHAT = """
[slots]
whatsapp = "ticks"
"""
CLOSED = Failure(kind=FailureKind.OUT_OF_WINDOW, sentence="The 24 hours are over.")


class TicksHooks(WebhookAdapter[NoConfig]):
    def claims(self, request: WebhookRequest) -> bool:
        return "x-ticks" in request.headers

    def verify(self, request: WebhookRequest, config: NoConfig) -> None:
        if request.headers["x-ticks"] != "signed":
            raise BadSignature("not signed")

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        told = json.loads(request.body)
        told["content"] = WhatsAppContent(told.get("content", "text"))
        if "occurred_at" in told:
            told["occurred_at"] = datetime.fromisoformat(told["occurred_at"])
        return [ReceivedWhatsApp(external_id=told["provider_id"], recipient=ALICE, **told)]


@dataclass
class Ticks(WhatsAppProvider):
    """Keeps what it was asked to send, and says what it is told to."""

    sent: list[OutboundWhatsApp] = field(default_factory=list)
    asked: list[OutboundWhatsApp] = field(default_factory=list)
    refusal: Exception | None = None
    refusals: list[Exception] = field(default_factory=list)
    """What it says to the next ones, one after the other."""
    more: tuple[Capability, ...] = ()
    listed: list[Template] | Exception = field(default_factory=list)

    async def send(self, message: OutboundWhatsApp) -> Receipt:
        self.asked.append(message)
        if self.refusals:
            raise self.refusals.pop(0)
        if self.refusal is not None:
            raise self.refusal
        self.sent.append(message)
        return Receipt(provider_id=f"w-{len(self.sent)}")

    async def templates(self) -> list[Template]:
        if isinstance(self.listed, Exception):
            raise self.listed
        return self.listed

    def plugins(self) -> Plugins:
        """Return the installed plugins, and this network."""

        @asynccontextmanager
        async def open_ticks(config: NoConfig, context: ProviderContext) -> AsyncIterator[Ticks]:
            yield self

        spec: ProviderSpec[Any, Any] = ProviderSpec(
            name="ticks",
            config=NoConfig,
            open=open_ticks,
            capabilities=frozenset(
                {
                    Capability.WHATSAPP_SEND,
                    Capability.WHATSAPP_RECEIVE,
                    Capability.WHATSAPP_TEMPLATE,
                    *self.more,
                }
            ),
            failures={"63016": CLOSED},
            webhook=TicksHooks(),
        )
        plugins = load_plugins()
        return replace(plugins, providers={**plugins.providers, "whatsapp": {"ticks": spec}})


async def written(hub: Served, number: int, **message: Any) -> None:
    told = {"sender": BOB, "body": "Hi.", **message, "provider_id": f"in-{number}"}
    answer = await hub.client.post(
        "/webhooks/connections/ticks", json=told, headers={"x-ticks": "signed"}
    )
    assert answer.status_code == 204
