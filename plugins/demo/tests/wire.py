"""The hub's end of the wire: records the webhooks it is given and answers as it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx2

from trunkline.sdk import (
    E164,
    AgentCard,
    CallStep,
    HubView,
    InboundEvent,
    Media,
    NotConfigured,
    OutboundCall,
    OutboundSms,
    ReceivedCall,
    TelephonyProvider,
    WebhookReply,
    WebhookRequest,
)
from trunkline.testing import FakeClock, RecordingLog, provider_context
from trunkline_demo.config import DemoConfig
from trunkline_demo.plugin import DemoPlugin
from trunkline_demo.sounds import WAV
from trunkline_demo.webhooks import DemoWebhooks

BASE = "https://hub.example"
AGENT, OTHER_AGENT = E164("+12025550101"), E164("+12025550102")
HANDSET = E164("+12025550150")


class Hub:
    """
    Stands where the hub does.

    Attributes:
        answer: A status, or an exception to raise.
        sounds: What it serves, by URL.
        steps: What it wants done with a call to one of its numbers.
    """

    def __init__(self) -> None:
        self.answer: int | Exception = 204
        self.sounds: dict[str, bytes] = {}
        self.steps: tuple[CallStep, ...] = ()
        self.requests: list[WebhookRequest] = []
        self.log = RecordingLog()
        self._happened = asyncio.Event()

    async def deliver(self, request: WebhookRequest) -> WebhookReply:
        if request.method == "GET":
            if request.url not in self.sounds:
                return WebhookReply(status=404)
            return WebhookReply(status=200, content_type=WAV, body=self.sounds[request.url])
        self.requests.append(request)
        self._happened.set()
        if isinstance(self.answer, Exception):
            raise self.answer
        webhooks = DemoWebhooks()
        if self.answer < 300 and isinstance(webhooks.parse(request)[0], ReceivedCall):
            return webhooks.render(request, self.steps)
        return WebhookReply(status=self.answer)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return once `condition` holds; it is looked at after each webhook."""
        async with asyncio.timeout(5):
            while not condition():
                self._happened.clear()
                await self._happened.wait()

    async def events(self, count: int, config: DemoConfig) -> list[InboundEvent]:
        """Return the events of the first `count` webhooks, each verified, once they are there."""
        await self.until(lambda: len(self.requests) >= count)
        webhooks = DemoWebhooks()
        for request in self.requests:
            assert webhooks.claims(request)
            webhooks.verify(request, config)
        return [event for request in self.requests for event in webhooks.parse(request)]


class View:
    """A hub that has one agent, and says everything in `words`."""

    words: bytes | None = None

    async def agents(self) -> list[AgentCard]:
        return [
            AgentCard(agent_id="ada", name="Ada", addresses={"sms": AGENT, "whatsapp": AGENT}),
            AgentCard(agent_id="eve", name="eve", addresses={}),
        ]

    async def speak(self, text: str) -> bytes:
        if self.words is None:
            raise NotConfigured("Nothing speaks here.")
        return self.words


class Demo:
    """One plugin as a hub loads it, with a client of its site and, once opened, its provider."""

    def __init__(self, plugin: DemoPlugin, client: httpx2.AsyncClient) -> None:
        self.hub = Hub()
        self.clock = FakeClock()
        self.config = DemoConfig(latency_ms=0, delivery_delay_ms=0)
        self.client = client
        self.view: HubView | None = None
        self.plugin = plugin

    @asynccontextmanager
    async def opened(self, config: DemoConfig | None = None) -> AsyncIterator[TelephonyProvider]:
        context = provider_context(
            self.client, clock=self.clock, log=self.hub.log, deliver=self.hub.deliver
        )
        [spec] = self.plugin.trunkline_register_telephony()
        async with spec.open(config or self.config, context) as provider:
            yield provider

    async def travel(self, seconds: float) -> None:
        """Let time pass; whoever shall sleep has fallen asleep, and who woke up has acted."""
        await self.settle()
        self.clock.travel(seconds)
        await self.settle()

    async def settle(self) -> None:
        """Let everything happen that takes no time."""
        for _ in range(50):
            await asyncio.sleep(0)

    async def get(self, path: str) -> list[dict[str, object]]:
        """Return the items of a list."""
        response = await self.client.get(path)
        assert response.status_code == 200, response.text
        items: list[dict[str, object]] = response.json()["items"]
        return items

    async def counts(self) -> dict[str, int]:
        counts: dict[str, int] = (await self.client.get("/demo/counts")).json()
        return counts

    async def post(self, path: str, content: object) -> httpx2.Response:
        return await self.client.post(path, json=content)


def sms(
    body: str = "Hello",
    *,
    recipient: str = HANDSET,
    sender: str = AGENT,
    attempt: str = "att_1",
    media_urls: tuple[str, ...] = (),
) -> OutboundSms:
    return OutboundSms(
        sender=E164(sender),
        recipient=E164(recipient),
        body=body,
        idempotency_key=attempt,
        status_url=f"{BASE}/webhooks/ada/message-status?attempt={attempt}",
        media=tuple(Media(url=url) for url in media_urls),
    )


def call(
    *steps: CallStep,
    text: str = "Hello",
    recipient: str = HANDSET,
    sender: str = AGENT,
    attempt: str = "att_1",
    finds_machine: bool = True,
    max_duration_s: int = 600,
) -> OutboundCall:
    return OutboundCall(
        sender=E164(sender),
        recipient=E164(recipient),
        body=text,
        idempotency_key=attempt,
        status_url=f"{BASE}/webhooks/ada/call-status?attempt={attempt}",
        steps=steps,
        finds_machine=finds_machine,
        max_duration_s=max_duration_s,
    )


def problem(response: httpx2.Response) -> tuple[int, str, str]:
    """Return status, code and detail of a problem, having checked its form."""
    assert response.headers["content-type"] == "application/problem+json"
    content = json.loads(response.content)
    assert content.keys() == {"type", "title", "status", "code", "detail"}
    assert content["type"] == "about:blank"
    assert content["status"] == response.status_code
    return content["status"], content["code"], content["detail"]
