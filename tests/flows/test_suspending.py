"""The kill switch: a suspended agent does nothing more, and what it had queued waits for it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.houses import refused
from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network, NoConfig, WireWebhooks
from tests.flows.speakers import Phones, Speaker, slots, with_voices
from tests.flows.test_retrying import SHORT, busy, network_that, steps
from tests.flows.test_revoking import two_hubs, url
from tests.flows.test_speaking import ann_of, say
from trunkline.sdk import ProviderContext

__all__ = ["clock", "url"]

pytestmark = pytest.mark.both(slow=True)

AT_ONCE_S = 1.0


async def suspend(hub: Served, reason: str | None = None) -> None:
    """Suspend ann."""
    await hub.local("agents_suspend", id="ann", reason=reason)


async def seen(hub: Served, message_id: str, status: str) -> dict[str, Any]:
    """Return a message's status, as an admin sees it, once it is as wanted."""
    admin = await hub.admin()

    async def look() -> dict[str, Any]:
        return await admin.call("comms_get_status", agentId="ann", id=message_id)

    traced: dict[str, Any] = await hub.until(look, lambda traced: traced["status"] == status)
    return traced


@dataclass
class SlowToOpen(Network):
    """A network whose provider takes its time to open."""

    opens: asyncio.Event = field(default_factory=asyncio.Event)
    opening: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def open(self, config: NoConfig, context: ProviderContext) -> AsyncIterator[Network]:
        self.opening.set()
        await self.opens.wait()
        yield self


# --- what is queued -------------------------------------------------------------------------------


async def test_what_is_queued_is_held_at_once_and_goes_once_its_agent_is_resumed(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = network_that(busy(40))
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        queued = await ann.send(BOB, "hello")
        began = time.monotonic()
        await suspend(hub)
        held = await seen(hub, queued["messageId"], "held")
        took_s = time.monotonic() - began
        clock.travel(60)
        await keep_still()
        meanwhile = len(network.asked)
        again = await ann.send(BOB, "hello")
        await hub.local("agents_resume", id="ann")
        sent = await hub.until_status(ann, queued["messageId"], "sent")

    assert took_s < AT_ONCE_S
    assert "suspended" in held["reason"]
    assert (again["status"], again["replayed"], again["retryOwner"]) == ("held", True, "hub")
    assert meanwhile == 1
    assert steps(sent) == ["sending", "queued", "held", "queued", "sending", "sent"]
    assert "reason" not in sent


async def test_a_held_message_is_looked_at_anew_before_it_goes(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = network_that(busy(5))
    async with start_hub(plugins=network.plugins(WireWebhooks()), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        queued = await ann.send(BOB, "hello")
        await suspend(hub)
        await seen(hub, queued["messageId"], "held")
        text = {"id": "t1", "from": BOB, "to": ALICE, "body": "STOP"}
        await hub.client.post(
            "/webhooks/connections/wire/sms", json=text, headers={"x-wire": "yes"}
        )
        clock.travel(10)
        await hub.local("agents_resume", id="ann")
        await hub.until_status(ann, queued["messageId"], "blocked")
        (row,) = hub.rows("SELECT rule FROM messages WHERE direction = 'outbound'")

    assert (len(network.asked), row["rule"]) == (1, "suppression")


async def test_a_held_message_whose_time_has_passed_is_given_up(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = network_that(busy(5))
    async with start_hub(plugins=network.plugins(), toml=SHORT, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        queued = await ann.send(BOB, "hello")
        await suspend(hub)
        await seen(hub, queued["messageId"], "held")
        clock.travel(70)
        failed = await seen(hub, queued["messageId"], "failed")
        (row,) = hub.rows("SELECT error_code, body_state FROM messages")
        keys = hub.count("idempotency_keys")
        await hub.local("agents_resume", id="ann")
        await keep_still()

    assert "suspended for too long" in failed["reason"]
    assert row == {"error_code": "expired", "body_state": "shredded"}
    assert (len(network.asked), keys) == (1, 0)


async def test_scheduled_messages_and_batches_are_held_and_go_in_their_time(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = network_that()
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
        messages = [
            {"channel": "sms", "to": BOB, "body": f"text {number}", "sendAt": soon}
            for number in range(120)
        ]
        batch = await ann.call("comms_send_batch", messages=messages)
        alone = await ann.send(BOB, "later", sendAt=later)
        await suspend(hub)
        await hub.until(
            lambda: ann.status(batch["batchId"]), lambda it: it["counts"] == {"held": 120}
        )
        await seen(hub, alone["messageId"], "held")
        clock.travel(120)
        await keep_still()
        meanwhile = len(network.asked)
        await hub.local("agents_resume", id="ann")
        done = await hub.until(
            lambda: ann.status(batch["batchId"]), lambda it: it["status"] == "done"
        )
        waiting = await ann.status(alone["messageId"])

    assert meanwhile == 0
    assert (done["counts"], waiting["status"]) == ({"sent": 120}, "queued")
    assert sorted(each.body for each in network.asked) == sorted(each["body"] for each in messages)


async def test_what_is_held_can_be_canceled(start_hub: StartHub, clock: Ahead) -> None:
    network = network_that(busy(5))
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        queued = await ann.send(BOB, "hello")
        await suspend(hub)
        await seen(hub, queued["messageId"], "held")
        canceled = await ann.call("comms_cancel", id=queued["messageId"])
        clock.travel(10)
        await hub.local("agents_resume", id="ann")
        await keep_still()

    assert (canceled["status"], len(network.asked)) == ("canceled", 1)


async def test_a_suspension_that_comes_and_goes_loses_nothing(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = network_that(*(busy(2) for _ in range(20)))
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = [await ann.send(BOB, f"text {number}") for number in range(20)]
        for _ in range(8):
            await asyncio.gather(suspend(hub), hub.local("agents_resume", id="ann"))
            clock.travel(1)
        await hub.local("agents_resume", id="ann")
        clock.travel(5)
        for each in sent:
            await hub.until_status(ann, each["messageId"], "sent")

    assert len({each.body for each in network.asked}) == 20


# --- what is under way ----------------------------------------------------------------------------


@pytest.mark.parametrize("pause_s", [0.6])
async def test_no_provider_is_asked_that_opened_after_the_suspension(
    start_hub: StartHub, clock: Ahead, pause_s: float
) -> None:
    network = SlowToOpen()
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        sending = asyncio.create_task(ann.send(BOB, "hello"))
        await network.opening.wait()
        await suspend(hub)
        await asyncio.sleep(pause_s)  # the gate's word is good for half a second
        network.opens.set()
        answer = await sending
        clock.travel(10)
        await seen(hub, answer["messageId"], "held")
        asked = len(network.asked)
        await hub.local("agents_resume", id="ann")
        await hub.until_status(ann, answer["messageId"], "sent")

    assert (answer["status"], asked, len(network.asked)) == ("queued", 0, 1)


async def test_no_provider_is_asked_that_opened_after_a_stop(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = SlowToOpen()
    async with start_hub(plugins=network.plugins(WireWebhooks()), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        sending = asyncio.create_task(ann.send(BOB, "hello"))
        await network.opening.wait()
        text = {"id": "t1", "from": BOB, "to": ALICE, "body": "STOP"}
        await hub.client.post(
            "/webhooks/connections/wire/sms", json=text, headers={"x-wire": "yes"}
        )
        await asyncio.sleep(0.6)
        network.opens.set()
        answer = await sending
        clock.travel(10)
        await seen(hub, answer["messageId"], "blocked")

    assert network.asked == []


async def test_nothing_more_is_spoken_for_an_agent_that_is_suspended(start_hub: StartHub) -> None:
    class Interrupted(Speaker):
        async def synthesize(self, speech: Any) -> AsyncIterator[Any]:
            await suspend(hub)
            async for sound in super().synthesize(speech):
                yield sound

    phones, one, two = Phones(), Interrupted("one", script=[busy(1)]), Speaker("two")
    async with start_hub(plugins=with_voices(phones, one, two), toml=slots(one, two)) as hub:
        ann = await ann_of(hub)
        response = await say(ann)

    assert refused(response, 403, "forbidden")
    assert (len(one.asked), two.asked, phones.calls) == (1, [], [])


async def test_a_suspended_agent_stores_no_file(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        ann = await hub.agent("ann")
        await suspend(hub)
        response = await hub.client.post(
            "/api/v1/media", content=b"text", headers={"Authorization": f"Bearer {ann.token}"}
        )

    assert refused(response, 403, "forbidden")


# --- who says so ----------------------------------------------------------------------------------


async def test_an_operator_sees_since_when_and_why(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        await hub.agent("ann")
        await suspend(hub, "It wrote to everybody.")
        await suspend(hub, "Again.")
        shown = await hub.local("agents_show", id="ann")
        (listed,) = (await hub.local("agents_list"))["agents"]
        await hub.local("agents_resume", id="ann")
        resumed = await hub.local("agents_show", id="ann")
        nobody = await hub.operator.post("/api/v1/tools/agents_suspend", json={"id": "nobody"})

    assert shown["suspendedReason"] == listed["suspendedReason"] == "It wrote to everybody."
    assert datetime.fromisoformat(shown["suspendedAt"]) <= datetime.now(UTC)
    assert not {"suspendedAt", "suspendedReason"} & resumed.keys()
    assert refused(nobody, 404, "not_found")


@pytest.mark.postgres
async def test_a_suspension_at_one_hub_counts_for_the_queue_of_the_other(
    url: str, tmp_path: Any
) -> None:
    async with two_hubs(url, tmp_path) as (one, two):
        at_one = await one.agent("ann", "+12025550101")
        ann = Caller(client=two.client, base_url=two.base_url, token=at_one.token)
        soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        sent = [await ann.send("+12025550150", f"{at}", sendAt=soon) for at in range(5)]
        await suspend(one)
        await asyncio.sleep(1.5)
        statuses = [(await ann.status(each["messageId"]))["status"] for each in sent]
        await one.local("agents_resume", id="ann")
        for each in sent:
            await two.until_status(ann, each["messageId"], "delivered")

    assert statuses == ["held"] * 5
