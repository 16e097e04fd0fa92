"""Two networks beside one another: the slot's first, and the one that may take over."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2

from tests.flows.hubs import Served
from tests.flows.networks import ALICE, Network, WireWebhooks, with_telephony
from trunkline.loading import Plugins, load_plugins
from trunkline.sdk import (
    E164,
    DeliveryStatus,
    InboundEvent,
    OutboundSms,
    OutcomeUnknown,
    Receipt,
    Received,
    Reported,
    RetryLater,
    WebhookRequest,
)

PAIR = """
[slots]
telephony = ["one", "two"]
"""
AWAY = RetryLater("Nobody answers.", unavailable=True)
BUSY = RetryLater("Busy.", retry_after_s=60)
LOST = OutcomeUnknown("The line went dead.")


class PairWebhooks(WireWebhooks):
    """Reads a text, or a report on one."""

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        told: dict[str, Any] = json.loads(request.body)
        if "status" not in told:
            return [
                Received(
                    external_id="t1",
                    provider_id="t1",
                    sender=E164(told["from"]),
                    recipient=E164(ALICE),
                    body=told["body"],
                )
            ]
        return [
            Reported(
                external_id=f"{told['id']}:{told['status']}",
                provider_id=told["id"],
                sender=E164(ALICE),
                status=DeliveryStatus(told["status"]),
                vendor_status=told["status"],
            )
        ]


@dataclass
class Scripted(Network):
    """A network that follows a script, an error for each text, and then takes what it gets."""

    name: str = "one"
    script: list[Exception] = field(default_factory=list)
    taken: list[OutboundSms] = field(default_factory=list)

    async def send(self, sms: OutboundSms) -> Receipt:
        self.asked.append(sms)
        if self.script:
            raise self.script.pop(0)
        self.taken.append(sms)
        return Receipt(provider_id=f"{self.name}-{len(self.taken)}")


def side_by_side(*networks: Network, names: str = "one two", **declared: Any) -> Plugins:
    """Return the installed plugins with these networks' providers beside them."""
    plugins = load_plugins()
    specs = {
        name: replace(
            network.plugins(PairWebhooks()).telephony["wire"],
            name=name,
            open=network.open,
            **declared,
        )
        for name, network in zip(names.split(), networks, strict=True)
    }
    return with_telephony(plugins, specs)


async def tell(hub: Served, over: str, attempt_url: str | None, **told: str) -> httpx2.Response:
    """Deliver a webhook of a network; a report names its attempt as the vendor was given it."""
    _, _, query = (attempt_url or "").partition("?")
    return await hub.client.post(
        f"/webhooks/connections/{over}/message-status?{query}", json=told, headers={"x-wire": "yes"}
    )
