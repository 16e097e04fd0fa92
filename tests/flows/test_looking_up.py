"""A provider that can be asked for a text is asked what became of one whose answer was lost."""

import asyncio
from collections.abc import Awaitable, Callable, Sized
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.hubs import StartHub
from tests.flows.networks import ALICE, BOB
from tests.flows.pairs import LOST, PAIR, Scripted, side_by_side, tell
from trunkline.loading import Plugins
from trunkline.sdk import Capability, DeliveryStatus, Report

pytestmark = pytest.mark.both(slow=True)

__all__ = ["clock"]

ONE = PAIR.replace('["one", "two"]', '"one"')
LATENCY_S = 20.0
TRUSTED_S = 2 * 30 + LATENCY_S + 5
"""After so long nothing can come any more: opening, asking, and what the vendor takes to show."""


class Directory(Scripted):
    """A network that lists what it is told to have, oldest first: all say the same."""

    def __init__(self, *has: tuple[str, DeliveryStatus], says: str | None = "hello") -> None:
        super().__init__()
        self.has = list(has)
        self.says = says
        self.since: list[datetime] = []

    async def find(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        self.since.append(since)
        return [
            Report(
                provider_id=number,
                sender=ALICE,
                recipient=BOB,
                status=status,
                vendor_status=status.value,
                body=self.says,
                cost_micros=7_500,
                currency="USD",
                created_at=datetime.now(UTC) + timedelta(milliseconds=place),
            )
            for place, (number, status) in enumerate(self.has)
        ]


def plugins_of(network: Directory, *, lookup_lag_s: float = 0.0) -> Plugins:
    """Return what is installed, a network among it that can be asked."""
    return side_by_side(
        network,
        lookup_lag_s=lookup_lag_s,
        names="one",
        capabilities=frozenset(
            {Capability.SMS_SEND, Capability.SMS_STATUS, Capability.LOOKUP_BY_ADDRESS}
        ),
        accept_latency_s=LATENCY_S,
    )


async def looked_for(network: Directory) -> None:
    """Return once the hub has asked."""
    for _ in range(1000):
        if network.since:
            return
        await asyncio.sleep(0.01)
    pytest.fail("nobody asks")


@pytest.mark.both
async def test_what_the_provider_has_is_believed_at_once(start_hub: StartHub, clock: Ahead) -> None:
    network = Directory(("n1", DeliveryStatus.DELIVERED))
    network.script = [LOST]
    async with start_hub(plugins=plugins_of(network), toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await ann.send(BOB, "hello")
        clock.travel(3)
        traced = await hub.until_status(ann, told["messageId"], "delivered")
        (row,) = hub.rows("SELECT external_id FROM messages")

    assert told["status"] == "unknown"
    assert traced["history"][-1]["evidence"] == {"source": "lookup"}
    assert (row["external_id"], len(network.asked)) == ("n1", 1)


async def test_what_it_does_not_have_is_sent_again_once_it_cannot_come_any_more(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Directory()
    network.script = [LOST]
    async with start_hub(plugins=plugins_of(network), toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await ann.send(BOB, "hello")
        clock.travel(TRUSTED_S - 10)
        await keep_still()
        early = len(network.asked)
        clock.travel(10)
        await hub.until_status(ann, told["messageId"], "sent")

    assert (early, len(network.asked), len(network.taken)) == (1, 2, 1)


async def test_a_message_between_a_queue_and_a_journal_is_not_sent_again(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Directory()
    network.script = [LOST]
    plugins = plugins_of(network, lookup_lag_s=120)
    async with start_hub(plugins=plugins, toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await ann.send(BOB, "hello")
        clock.travel(TRUSTED_S)
        await looked_for(network)
        clock.travel(100)
        await keep_still()
        network.has = [("n1", DeliveryStatus.DELIVERED)]  # where it is now
        clock.travel(300)
        await hub.until_status(ann, told["messageId"], "delivered")

    assert len(network.asked) == 1


async def test_what_two_look_ups_far_apart_do_not_find_is_sent_again(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Directory()
    network.script = [LOST]
    plugins = plugins_of(network, lookup_lag_s=120)
    async with start_hub(plugins=plugins, toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await ann.send(BOB, "hello")
        clock.travel(TRUSTED_S)
        await looked_for(network)
        clock.travel(110)
        await keep_still()
        early = len(network.asked)
        clock.travel(300)
        await hub.until_status(ann, told["messageId"], "sent")

    assert (early, len(network.asked), len(network.taken)) == (1, 2, 1)


async def test_of_two_that_it_has_nobody_guesses_which_is_which(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Directory(("n1", DeliveryStatus.DELIVERED), ("n2", DeliveryStatus.SENT))
    network.script = [LOST, LOST]
    async with start_hub(plugins=plugins_of(network), toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        first, second = [
            (await ann.send(BOB, "hello", idempotencyKey=key))["messageId"] for key in "ab"
        ]
        clock.travel(3)
        found = [await hub.until_status(ann, each, "sent") for each in (first, second)]
        # The second had overtaken the first on its way.
        await tell(hub, "one", network.asked[1].status_url, id="n1", status="delivered")
        delivered = await ann.status(second)
        await tell(hub, "one", network.asked[0].status_url, id="n2", status="failed")
        failed = await ann.status(first)

    assert [each["history"][-1]["evidence"] for each in found] == [{"source": "lookup"}] * 2
    assert (delivered["status"], failed["status"]) == ("delivered", "failed")
    assert len(network.asked) == 2


async def test_what_others_were_sent_long_after_they_were_queued_is_not_taken_for_a_later_one(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Directory(("n1", DeliveryStatus.SENT), ("n2", DeliveryStatus.SENT))
    network.script = [LOST, LOST, LOST]
    async with start_hub(plugins=plugins_of(network), toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        due_at = (clock.now() + timedelta(hours=1)).isoformat()
        ids = [
            (await ann.send(BOB, "hello", sendAt=due_at, idempotencyKey=key))["messageId"]
            for key in "ab"
        ]
        clock.travel(3601)
        for message_id in ids:
            await hub.until_status(ann, message_id, "unknown")
        clock.travel(3)
        for message_id in ids:
            await hub.until_status(ann, message_id, "sent")
        later = (await ann.send(BOB, "hello"))["messageId"]
        clock.travel(TRUSTED_S)
        ended = await hub.until(lambda: ann.status(later), lambda traced: "flag" in traced)

    assert (ended["status"], ended["flag"]) == ("unknown", "unknown")


async def test_one_of_two_is_nobodys_and_a_person_is_asked(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Directory(("n1", DeliveryStatus.DELIVERED))
    network.script = [LOST, LOST]
    async with start_hub(plugins=plugins_of(network), toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        for key in "ab":
            await ann.send(BOB, "hello", idempotencyKey=key)
        clock.travel(TRUSTED_S)

        async def flagged() -> int:
            return len(hub.rows("SELECT id FROM messages WHERE flag = 'unknown'"))

        await hub.until(flagged, lambda count: count == 2)
        statuses = {row["status"] for row in hub.rows("SELECT status FROM messages")}

    assert (statuses, len(network.asked)) == ({"unknown"}, 2)


async def test_case_c1_what_another_application_sent_to_the_same_person_is_not_taken_for_ours(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Directory(("n1", DeliveryStatus.DELIVERED), says="Your parcel is on its way.")
    network.script = [LOST]
    async with start_hub(plugins=plugins_of(network), toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await ann.send(BOB, "hello")
        clock.travel(3)
        await keep_still()
        early = (await ann.status(told["messageId"]))["status"]
        clock.travel(TRUSTED_S)
        await hub.until_status(ann, told["messageId"], "sent")
        (row,) = hub.rows("SELECT external_id FROM messages")

    assert early == "unknown"
    assert (row["external_id"], len(network.asked)) == ("one-1", 2)


@pytest.mark.parametrize("says", [None, "Trial account - hello", "hello!", "HELLO"])
async def test_case_c1_what_may_be_ours_is_neither_claimed_nor_sent_again(
    start_hub: StartHub, clock: Ahead, says: str | None
) -> None:
    network = Directory(("n1", DeliveryStatus.DELIVERED), says=says)
    network.script = [LOST]
    async with start_hub(plugins=plugins_of(network), toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await ann.send(BOB, "hello")
        clock.travel(TRUSTED_S)
        ended = await hub.until(
            lambda: ann.status(told["messageId"]), lambda traced: "flag" in traced
        )

    assert (ended["status"], ended["flag"], len(network.asked)) == ("unknown", "unknown", 1)


async def test_case_c1_of_two_different_texts_the_one_that_is_there_is_known_by_what_it_says(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Directory(("n1", DeliveryStatus.DELIVERED), says="two")
    network.script = [LOST, LOST]
    async with start_hub(plugins=plugins_of(network), toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        first, second = [(await ann.send(BOB, text))["messageId"] for text in ("one", "two")]
        clock.travel(3)
        await hub.until_status(ann, second, "delivered")
        clock.travel(TRUSTED_S)
        await hub.until_status(ann, first, "sent")

    assert [sms.body for sms in network.asked] == ["one", "two", "one"]


async def test_case_c1_more_of_a_text_than_ours_are_for_a_person_to_look_at(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Directory(("n1", DeliveryStatus.DELIVERED), ("n2", DeliveryStatus.FAILED))
    network.script = [LOST]
    async with start_hub(plugins=plugins_of(network), toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await ann.send(BOB, "hello")
        clock.travel(TRUSTED_S)
        ended = await hub.until(
            lambda: ann.status(told["messageId"]), lambda traced: "flag" in traced
        )

    assert (ended["status"], len(network.asked)) == ("unknown", 1)


async def test_case_c2_a_look_up_reaches_back_beyond_what_any_clock_is_off(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Directory(("n1", DeliveryStatus.SENT))
    network.script = [LOST]
    async with start_hub(plugins=plugins_of(network), toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        begun_at = clock.now()
        told = await ann.send(BOB, "hello")
        clock.travel(3)
        await hub.until_status(ann, told["messageId"], "sent")

    assert network.since[0] <= begun_at - timedelta(hours=1)


async def test_an_answer_that_comes_after_a_person_decided_moves_nothing(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Directory()
    network.script = [LOST, LOST]
    asked, let = asyncio.Event(), asyncio.Event()
    honest = network.find

    async def slow(*what: Any) -> list[Report]:
        asked.set()
        await let.wait()
        return await honest(*what)

    async with start_hub(plugins=plugins_of(network), toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        message_id = (await ann.send(BOB, "hello"))["messageId"]
        network.find = slow  # type: ignore[assignment, method-assign]
        clock.travel(TRUSTED_S)
        await asyncio.wait_for(asked.wait(), 5)
        await hub.local("messages_resolve", id=message_id, sent=False)
        await hub.until(size_of(network.asked), lambda count: count == 2)
        let.set()
        await keep_still()
        traced = await ann.status(message_id)

    assert [step["status"] for step in traced["history"]] == [
        *("sending", "unknown", "queued", "sending", "unknown")
    ]
    assert len(network.asked) == 2


@pytest.mark.parametrize("raised", [SystemExit(3), asyncio.CancelledError(), RuntimeError("odd")])
async def test_whatever_a_look_up_raises_the_hub_asks_again_later(
    start_hub: StartHub, clock: Ahead, raised: BaseException
) -> None:
    network = Directory(("n1", DeliveryStatus.SENT))
    network.script = [LOST]
    honest, answers = network.find, [raised]

    async def odd(*what: Any) -> list[Report]:
        if answers:
            raise answers.pop()
        return await honest(*what)

    network.find = odd  # type: ignore[assignment, method-assign]
    async with start_hub(plugins=plugins_of(network), toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await ann.send(BOB, "hello")
        clock.travel(3)
        await hub.until(size_of(answers), lambda count: count == 0)
        clock.travel(31)
        await hub.until_status(ann, told["messageId"], "sent")


async def test_what_it_failed_to_deliver_is_told_with_reason_and_cost(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Directory(("n1", DeliveryStatus.FAILED))
    network.script = [LOST]
    async with start_hub(plugins=plugins_of(network), toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await ann.send(BOB, "hello")
        clock.travel(3)
        await hub.until_status(ann, told["messageId"], "failed")
        (message,) = await ann.inbox()

    assert (message["errorCode"], message["cost"]) == ("not_delivered", 0.0075)
    assert message["reason"] == "The provider reported that it was not delivered."


async def test_what_is_found_so_late_that_no_report_is_expected_is_flagged(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Directory(("n1", DeliveryStatus.SENT))
    network.script = [LOST]
    async with start_hub(plugins=plugins_of(network), toml=ONE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await ann.send(BOB, "hello")
        clock.travel(2 * 1800)
        traced = await hub.until_status(ann, told["messageId"], "sent")

    assert traced["flag"] == "no_final_status"


def size_of(items: Sized) -> Callable[[], Awaitable[int]]:
    """Return what tells how many items there are now."""

    async def size() -> int:
        return len(items)

    return size
