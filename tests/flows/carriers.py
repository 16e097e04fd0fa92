"""Two providers of one kind beside one another, whose answers the test writes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tests.flows.hubs import Caller, Served
from tests.flows.networks import ALICE, BOB, NoConfig
from tests.flows.ticks import TicksHooks
from trunkline.loading import Plugins, load_plugins
from trunkline.sdk import (
    KINDS,
    Capability,
    MessageProvider,
    Outbound,
    ProviderContext,
    ProviderSpec,
    Receipt,
)

OURS, THEIRS = "ann@agents.example", "bob@people.example"
CHANNELS: Final = {"sms": "telephony", "email": "email", "whatsapp": "whatsapp"}
"""The kind of the providers of each channel."""
ABLE: Final = {
    "telephony": {Capability.SMS_SEND},
    "email": {Capability.EMAIL_SEND},
    "whatsapp": {Capability.WHATSAPP_SEND, Capability.WHATSAPP_RECEIVE},
}
TEMPLATES: Final = frozenset({Capability.WHATSAPP_SEND, Capability.WHATSAPP_TEMPLATE})
_MESSAGES: Final[dict[str, dict[str, Any]]] = {
    "sms": {"to": BOB},
    "email": {"to": THEIRS, "subject": "Order 18"},
    "whatsapp": {"to": BOB},
}


@dataclass
class Carrier:
    """A provider that follows a script, an error for each message, and then takes what it gets."""

    name: str
    kind: str
    script: list[Exception] = field(default_factory=list)
    asked: list[Outbound] = field(default_factory=list)
    taken: list[Outbound] = field(default_factory=list)
    able: frozenset[Capability] = frozenset()
    """What it can do beyond the least."""

    async def send(self, message: Outbound) -> Receipt:
        """Do as the script says."""
        self.asked.append(message)
        if self.script:
            raise self.script.pop(0)
        self.taken.append(message)
        return Receipt(provider_id=f"{self.name}-{len(self.taken)}")

    def spec(self) -> ProviderSpec[Any, Any]:
        """Return what the hub loads."""
        carrier = self

        class Provider(KINDS[self.kind].provider):  # type: ignore[misc]
            async def send(self, message: Outbound) -> Receipt:
                return await carrier.send(message)

            async def templates(self) -> list[Any]:
                return []

        @asynccontextmanager
        async def open_it(
            config: NoConfig, context: ProviderContext
        ) -> AsyncIterator[MessageProvider[Any]]:
            yield Provider()

        return ProviderSpec(
            name=self.name,
            config=NoConfig,
            open=open_it,
            capabilities=frozenset(ABLE[self.kind] | self.able),
            webhook=TicksHooks() if self.kind == "whatsapp" else None,
        )


@dataclass(frozen=True)
class Side:
    """Two carriers, the slot's first and the one that stands in."""

    channel: str
    one: Carrier
    two: Carrier

    @property
    def toml(self) -> str:
        """The settings of a hub that has both."""
        return f'[slots]\n{CHANNELS[self.channel]} = ["one", "two"]\n'

    def plugins(self) -> Plugins:
        """Return the installed plugins, and these."""
        plugins, kind = load_plugins(), CHANNELS[self.channel]
        ours = {each.name: each.spec() for each in (self.one, self.two)}
        offered = {**plugins.providers.get(kind, {}), **ours}
        return replace(plugins, providers={**plugins.providers, kind: offered})

    async def ann(self, hub: Served) -> Caller:
        """Create an agent; on WhatsApp Bob has just written to it."""
        field_ = {"sms": "phone"}.get(self.channel, self.channel)
        own = OURS if self.channel == "email" else ALICE
        await hub.local("agents_create", id="ann", values={field_: own})
        if self.channel == "whatsapp":
            await hub.client.post(
                "/webhooks/connections/one",
                json={"sender": BOB, "body": "Hi.", "provider_id": "in-1"},
                headers={"x-ticks": "signed"},
            )
        return hub.caller((await hub.local("tokens_issue", id="ann"))["token"])

    async def send(self, ann: Caller, body: str = "hello", **more: Any) -> dict[str, Any]:
        """Send a message of the channel, whatever comes of it."""
        message = {"channel": self.channel, **_MESSAGES[self.channel], "body": body, **more}
        answer: dict[str, Any] = (await ann.post("comms_send_message", message)).json()
        return answer


def side(channel: str, **able: frozenset[Capability]) -> Side:
    """Return two carriers of a channel; `able` says by name what one can do beyond the least."""
    kind = CHANNELS[channel]
    one, two = (Carrier(name, kind, able=able.get(name, frozenset())) for name in ("one", "two"))
    return Side(channel, one, two)
