"""A provider that goes by keys is asked by key, resent to in its window, and no longer."""

import uuid
from datetime import datetime

from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.hubs import StartHub
from tests.flows.networks import ALICE, BOB
from tests.flows.pairs import LOST, PAIR, Scripted, side_by_side
from trunkline.loading import Plugins
from trunkline.sdk import Capability, DeliveryStatus, Idempotency, KeyForm, Report

__all__ = ["clock"]

ONE = PAIR.replace('["one", "two"]', '"one"')
LATENCY_S = 20.0
TRUSTED_S = 2 * 30 + LATENCY_S + 5
"""After so long nothing can come any more: opening, asking, and what the vendor takes to show."""


class ByKey(Scripted):
    """A network that can be asked for a text by its key, and for no other."""

    def __init__(self, has: DeliveryStatus | None) -> None:
        super().__init__()
        self.has = has
        self.keys: list[str] = []

    async def find_by_key(self, key: str, since: datetime) -> Report | None:
        self.keys.append(key)
        if self.has is None:
            return None
        return Report(
            provider_id="n1", sender="", recipient="", status=self.has, vendor_status=self.has.value
        )


def keyed(network: ByKey, idempotency: Idempotency | None = None) -> Plugins:
    """Return what is installed, and a network that can be asked by key."""
    return side_by_side(
        network,
        names="one",
        capabilities=frozenset({Capability.SMS_SEND, Capability.LOOKUP_BY_KEY}),
        accept_latency_s=LATENCY_S,
        idempotency=idempotency,
    )


async def test_case_d15_a_provider_that_tells_by_key_alone_is_asked_by_key(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = ByKey(DeliveryStatus.DELIVERED)
    network.script = [LOST]
    async with start_hub(plugins=keyed(network), toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await ann.send(BOB, "hello")
        clock.travel(3)
        await hub.until_status(ann, told["messageId"], "delivered")

    assert network.keys == [network.asked[0].idempotency_key]


async def test_case_d15_what_a_provider_does_not_know_by_its_key_is_sent_again_in_time(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = ByKey(None)
    network.script = [LOST]
    async with start_hub(plugins=keyed(network), toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await ann.send(BOB, "hello")
        clock.travel(3)
        await keep_still()
        early = len(network.asked)
        clock.travel(TRUSTED_S)
        await hub.until_status(ann, told["messageId"], "sent")

    assert (early, len(network.asked)) == (1, 2)


async def test_case_d15_a_key_is_written_as_its_provider_wants_it(start_hub: StartHub) -> None:
    network = ByKey(None)
    plugins = keyed(network, Idempotency(form=KeyForm.UUID))
    async with start_hub(plugins=plugins, toml=ONE) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.send(BOB, "hello")

    key = network.asked[0].idempotency_key
    assert str(uuid.UUID(key)) == key


async def test_case_d15_once_a_provider_has_forgotten_a_key_nothing_is_sent_with_it_again(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = ByKey(DeliveryStatus.SENT)
    network.script = [LOST]
    plugins = keyed(network, Idempotency(window_s=3600))
    async with start_hub(plugins=plugins, toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await ann.send(BOB, "hello")
        clock.travel(3600)
        await hub.until_status(ann, told["messageId"], "sent")

    assert (len(network.asked), len(network.keys)) == (1, 1)
