"""What one person writes in a row wakes a host once, if its agent lets it settle."""

import asyncio

import pytest

from tests.flows.hubs import ANN, HANDSET, Served, StartHub
from tests.flows.networks import Vendor
from tests.flows.subscribers import (
    Rpc,
    host_and_hub,
    states,
    to,
    until,
)
from trunkline.testing import FakeClock

pytestmark = pytest.mark.usefixtures("attentive")


@pytest.mark.both
async def test_what_one_person_writes_in_a_row_is_one_event(start_hub: StartHub) -> None:
    clock = FakeClock()
    async with host_and_hub(start_hub, clock=clock) as (subscriber, hub, ann):
        shown = await hub.local("agents_set", id="ann", values={"settle_ms": "2000"})
        await Rpc(ann).get("events/subscribe", **to(subscriber.url))
        for number in range(5):
            await Vendor(hub).text(HANDSET, ANN, f"text {number}", f"t{number}")
            clock.travel(1.5)
        await Vendor(hub).text("+12025550199", ANN, "somebody else", "t9")
        assert (subscriber.posts, states(hub)) == ([], [("settling", 0)] * 2)
        clock.travel(2)
        await until(hub, ("delivered", 1), ("delivered", 1))
        await Vendor(hub).text(HANDSET, ANN, "later", "t10")
        clock.travel(2)
        await until(hub, *[("delivered", 1)] * 3)
        newest = {message["body"]: message["id"] for message in await ann.inbox()}

    assert shown["settleMs"] == 2000
    told = sorted((each["count"], each["messageId"]) for each in subscriber.data)
    ones = sorted(newest[body] for body in ("somebody else", "later"))
    assert told == [(1, ones[0]), (1, ones[1]), (5, newest["text 4"])]


async def test_who_writes_on_and_on_is_heard_in_between(start_hub: StartHub) -> None:
    clock = FakeClock()
    async with host_and_hub(start_hub, clock=clock) as (subscriber, hub, ann):
        await hub.local("agents_set", id="ann", values={"settle_ms": "1000"})
        await Rpc(ann).get("events/subscribe", **to(subscriber.url))
        number = 0
        while not states(hub) or states(hub) == [("settling", 0)]:
            await Vendor(hub).text(HANDSET, ANN, "and", f"t{number}")
            number += 1
            clock.travel(0.9)
            await asyncio.sleep(0.05)
            assert number < 20

    assert 10 <= number <= 13


async def test_a_burst_of_which_the_agent_knows_only_the_newest_is_told_all_the_same(
    start_hub: StartHub,
) -> None:
    clock = FakeClock()
    async with host_and_hub(start_hub, clock=clock) as (subscriber, hub, ann):
        await hub.local("agents_set", id="ann", values={"settle_ms": "2000"})
        await Rpc(ann).get("events/subscribe", **to(subscriber.url))
        for number in range(2):
            await Vendor(hub).text(HANDSET, ANN, f"text {number}", f"t{number}")
        newest, _ = await ann.inbox()
        await ann.send(HANDSET, "hello yourself", replyTo=newest["id"])
        clock.travel(2)
        await until(hub, ("delivered", 1))

    assert [each["count"] for each in subscriber.data] == [2]


async def test_a_time_to_settle_that_is_none_is_refused(served: Served) -> None:
    await served.agent("ann", ANN)
    for value in ("-1", "60001", "1.5", "two", "٢", "999999", "1e3"):
        for name, agent_id in (("agents_set", "ann"), ("agents_create", "zoe")):
            values = {"id": agent_id, "values": {"settle_ms": value}}
            answer = await served.operator.post(f"/api/v1/tools/{name}", json=values)

            assert (answer.status_code, answer.json()["field"]) == (422, "settle_ms"), value
    assert (await served.local("agents_show", id="ann"))["settleMs"] == 0
    await served.local("agents_set", id="ann", values={"settle_ms": "60000"})
    cleared = await served.local("agents_set", id="ann", values={"settle_ms": None})
    assert cleared["settleMs"] == 0
