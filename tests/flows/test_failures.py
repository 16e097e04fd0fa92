"""What fails after its send was answered is told to the agent whose message it is."""

from datetime import timedelta

import pytest

from tests.flows.hubs import ANN, HANDSET, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network, Vendor, WireReports, p1, tell
from tests.flows.receivers import BROKEN, TAKEN, hub_for, jobs, receiving, refusal, until
from trunkline.sdk import DeliveryStatus, OutboundSms, Receipt
from trunkline.testing import FakeClock

pytestmark = pytest.mark.usefixtures("attentive")


@pytest.mark.both
async def test_a_text_that_the_provider_could_not_deliver_is_told_with_its_reason(
    start_hub: StartHub,
) -> None:
    async with (
        receiving() as receiver,
        start_hub(
            plugins=Network(p1).plugins(WireReports()),
            toml=f'{WIRE}\n[messages]\ncallback_allow = ["{receiver.server.url}"]\n',
        ) as hub,
    ):
        ann = await hub.agent("ann", ALICE)
        await hub.local("agents_set", id="ann", values={"callback_url": receiver.url})
        await hub.local("privacy_keep", id="ann", channel="sms", days=1)
        sent = await ann.send(BOB, "hello")
        for _ in range(2):
            await tell(hub, "failed")
        await until(hub, "delivered")
        (shown,) = await ann.inbox()
        await hub.until(lambda: jobs(hub), lambda left: left == 0)

    (post,) = receiver.posts
    assert post.id == sent["messageId"]
    assert (post.event["type"], post.event["agentId"]) == ("message.failed", "ann")
    assert post.event["data"] == shown
    assert (shown["status"], shown["errorCode"]) == ("failed", "not_delivered")
    assert shown["reason"] == "The provider reported that it was not delivered."
    assert shown["body"] == "hello"
    assert post.event["timestamp"] > shown["timestamp"]


async def test_what_a_provider_takes_and_fails_at_once_is_told_with_its_code(
    start_hub: StartHub,
) -> None:
    async def fail(sms: OutboundSms) -> Receipt:
        return Receipt(provider_id="p1", status=DeliveryStatus.FAILED, error_code="30034")

    async with start_hub(plugins=Network(fail).plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        shown = await ann.status(sent["messageId"])

    assert (shown["status"], shown["errorCode"]) == ("failed", "not_delivered")
    assert shown["providerCode"] == "30034"
    assert "Its code is 30034" in shown["reason"]


async def test_a_text_that_a_stop_overtakes_is_told(start_hub: StartHub) -> None:
    clock = FakeClock()
    async with (
        receiving() as receiver,
        hub_for(start_hub, receiver, clock=clock) as (hub, ann),
    ):
        due_at = clock.now() + timedelta(hours=1)
        await ann.send(HANDSET, "hello", sendAt=due_at.isoformat())
        await Vendor(hub).text(HANDSET, ANN, "STOP")
        await until(hub, "delivered")
        clock.travel(3600)
        await hub.until(lambda: jobs(hub), lambda left: left == 0)

    told = [post.event for post in receiver.posts]
    assert [event["type"] for event in told] == ["message.received", "message.failed"]
    assert (told[1]["data"]["status"], told[1]["data"]["errorCode"]) == ("blocked", "blocked")
    assert told[1]["data"]["body"] is None


async def test_a_text_whose_time_passes_is_told(start_hub: StartHub) -> None:
    clock = FakeClock()
    async with (
        receiving() as receiver,
        hub_for(start_hub, receiver, clock=clock) as (hub, ann),
    ):
        await Vendor(hub).arm("rate_limited", 100)
        await ann.send(HANDSET, "hello", validForSeconds=60)
        clock.travel(120)
        await until(hub, "delivered")

    (post,) = receiver.posts
    assert (post.event["data"]["status"], post.event["data"]["errorCode"]) == ("failed", "expired")


async def test_what_got_through_or_was_cancelled_is_not_told(start_hub: StartHub) -> None:
    clock = FakeClock()
    async with (
        receiving() as receiver,
        hub_for(start_hub, receiver, clock=clock) as (hub, ann),
    ):
        await ann.send(HANDSET, "hello")
        due_at = clock.now() + timedelta(hours=1)
        later = await ann.send(HANDSET, "good-bye", sendAt=due_at.isoformat())
        await ann.call("comms_cancel", id=later["messageId"])
        await hub.until(lambda: jobs(hub), lambda left: left == 0)
        assert hub.count("forwards") == 0

    assert receiver.posts == []


async def test_a_failure_that_was_given_up_is_replayed_with_the_rest(start_hub: StartHub) -> None:
    async with (
        receiving(refusal("410 Gone"), TAKEN) as receiver,
        hub_for(start_hub, receiver) as (hub, ann),
    ):
        await Vendor(hub).arm("bad_recipient")
        await ann.try_send(HANDSET, "hello")
        await until(hub, "dead")
        assert (await hub.local("forwards_replay"))["replayed"] == 1
        await until(hub, "delivered")

    first, second = receiver.posts
    assert (first.id, first.body) == (second.id, second.body)


async def test_a_failure_waits_for_a_server_that_is_broken(start_hub: StartHub) -> None:
    clock = FakeClock()
    async with (
        receiving(BROKEN, TAKEN) as receiver,
        hub_for(start_hub, receiver, clock=clock) as (hub, ann),
    ):
        await Vendor(hub).arm("bad_recipient")
        await ann.try_send(HANDSET, "hello")
        await until(hub, "waiting")
        clock.travel(60)
        await until(hub, "delivered", 2)

    assert len({post.id for post in receiver.posts}) == 1
