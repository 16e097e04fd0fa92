"""Queued texts that cannot go out any more end, and say why."""

from datetime import timedelta

import pytest

from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.hubs import StartHub
from tests.flows.networks import ALICE, BOB, WIRE
from tests.flows.test_retrying import busy, network_that

pytestmark = pytest.mark.both(slow=True)

__all__ = ["clock"]


async def test_what_nothing_can_carry_any_more_is_given_up_when_its_time_has_passed(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = network_that(busy(40))
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await ann.send(BOB, "hello", validForSeconds=600)
        await hub.change("UPDATE messages SET connection = 'gone'")
        clock.travel(45)
        await keep_still()
        still = await ann.status(told["messageId"])
        clock.travel(600)
        ended = await hub.until_status(ann, told["messageId"], "failed")

    assert still["status"] == "queued"
    assert ended["reason"].startswith("The connection 'gone' cannot be used.")


async def test_a_text_does_not_leave_from_a_number_that_its_agent_gave_up(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = network_that(busy(40))
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await ann.send(BOB, "hello")
        await hub.local("agents_set", id="ann", values={"phone": "+14155550199"})
        clock.travel(45)
        blocked = await hub.until_status(ann, told["messageId"], "blocked")
        (row,) = hub.rows("SELECT rule FROM messages")

    assert (row["rule"], len(network.asked)) == ("sender", 1)
    assert blocked["reason"].startswith(
        "The phone number it was to come from is not the agent's any more."
    )


async def test_a_text_that_is_kept_for_a_day_is_still_there_when_it_goes_out_later(
    start_hub: StartHub, clock: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline.background.HOUSEKEEPING_S", 0.02)
    network = network_that()
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        await hub.local("privacy_keep", id="ann", channel="sms", days=1)
        due_at = clock.now() + timedelta(days=10)
        told = await ann.send(BOB, "hello", sendAt=due_at.isoformat())
        for _ in range(5):
            clock.travel(timedelta(days=2, seconds=1).total_seconds())
            await keep_still()
        await hub.until_status(ann, told["messageId"], "sent")

    assert [sms.body for sms in network.asked] == ["hello"]
