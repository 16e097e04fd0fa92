"""A provider that is slow or asked too fast takes nothing from another's sends."""

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.flows.clocks import Ahead, clock
from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB, Network, Turnstile
from tests.flows.pairs import PAIR, Scripted, side_by_side
from trunkline.sdk import OutboundSms, Receipt

__all__ = ["clock"]

pytestmark = pytest.mark.both(slow=True)

BEA = "+14155552672"
NARROW = f"""
{PAIR}
[providers.one]
max_at_once = 2
"""


async def over(hub: Served, connection: str, agent_id: str, phone: str) -> Caller:
    """Return an agent whose texts go over one connection only."""
    caller = await hub.agent(agent_id, phone)
    await hub.local("agents_set", id=agent_id, values={"telephony": connection})
    return caller


# --- room -----------------------------------------------------------------------------------------


async def test_one_provider_that_hangs_does_not_slow_the_sends_of_another(
    start_hub: StartHub,
) -> None:
    turnstile, two = Turnstile(), Scripted(name="two")
    async with start_hub(plugins=side_by_side(turnstile.network, two), toml=PAIR) as hub:
        ann, bea = await over(hub, "one", "ann", ALICE), await over(hub, "two", "bea", BEA)

        async def took_s(text: str) -> float:
            began = time.perf_counter()
            await bea.send(BOB, text)
            return time.perf_counter() - began

        alone = [await took_s(f"alone {number}") for number in range(20)]
        hanging = [asyncio.create_task(ann.send(BOB, f"slow {n}")) for n in range(40)]
        await turnstile.asked.wait()
        beside = [await took_s(f"beside {number}") for number in range(20)]
        turnstile.let.set()
        ends = {answer["status"] for answer in await asyncio.gather(*hanging)}

    assert statistics.median(beside) < statistics.median(alone) * 3 + 0.05
    assert ends == {"sent"}


async def test_whoever_finds_the_queue_full_is_told_so_before_anything_is_stored(
    start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline.core.connections.lanes.WAITING", 1)
    turnstile, two = Turnstile(), Scripted(name="two")
    async with start_hub(plugins=side_by_side(turnstile.network, two), toml=NARROW) as hub:
        ann = await over(hub, "one", "ann", ALICE)
        taken = [asyncio.create_task(ann.send(BOB, f"text {n}")) for n in range(3)]

        async def begun() -> int:
            return len(turnstile.network.asked)

        await hub.until(begun, lambda count: count == 2)
        refused = await ann.try_send(BOB, "one too many", {"Idempotency-Key": "k"})
        stored = [message["body"] for message in await ann.inbox()]
        turnstile.let.set()
        await asyncio.gather(*taken)
        again = await ann.try_send(BOB, "one too many", {"Idempotency-Key": "k"})

    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert float(refused.headers["retry-after"]) > 0
    assert len(stored) == 2  # nothing of the one that waits, either
    assert (again.json()["status"], again.json()["replayed"]) == ("sent", False)


async def test_jobs_that_hang_at_one_provider_leave_room_for_those_of_another(
    start_hub: StartHub, clock: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice as many as may be at work at once, and all due before the other's."""
    turnstile, two = Turnstile(), Scripted(name="two")
    async with start_hub(
        plugins=side_by_side(turnstile.network, two), toml=PAIR, clock=clock
    ) as hub:
        ann, bea = await over(hub, "one", "ann", ALICE), await over(hub, "two", "bea", BEA)
        soon = datetime.now(UTC) + timedelta(minutes=5)
        for number in range(130):
            await ann.send(BOB, f"slow {number}", sendAt=soon.isoformat())
        at = (soon + timedelta(seconds=1)).isoformat()
        message_id = (await bea.send(BOB, "quick", sendAt=at))["messageId"]
        clock.travel(400)
        await turnstile.asked.wait()
        await hub.until_status(bea, message_id, "sent")
        hanging = len(turnstile.network.asked)
        turnstile.let.set()

    assert 0 < hanging < 64


# --- rate -----------------------------------------------------------------------------------------


async def test_what_comes_too_fast_for_a_connection_is_queued_and_sent_in_its_turn(
    start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline.core.engine.engine.POLL_S", 0.02)
    began: list[float] = []

    async def answer(sms: OutboundSms) -> Receipt:
        began.append(time.monotonic())
        return Receipt(provider_id=f"w{len(began)}")

    toml = f"{PAIR}[providers.one]\nmax_per_second = 4\n"
    plugins = side_by_side(Network(answer), names="one")
    async with start_hub(plugins=plugins, toml=toml) as hub:
        ann = await hub.agent("ann", ALICE)
        answers = [await ann.send(BOB, f"text {number}") for number in range(9)]

        async def sent() -> int:
            return len(began)

        await hub.until(sent, lambda count: count == 9)

    ends = [each["status"] for each in answers]
    assert ends == ["sent"] * 4 + ["queued"] * 5
    assert {each.get("reason") for each in answers[4:]} != {None}
    for at in began:  # counted when they may go; how long they then take to arrive differs
        assert len([each for each in began if at <= each < at + 0.75]) <= 4


@pytest.mark.sqlite
@pytest.mark.parametrize(("key", "value"), [("max_per_second", 0), ("max_at_once", '"many"')])
async def test_a_bound_that_is_none_is_named(
    start_hub: StartHub, tmp_path: Path, key: str, value: Any
) -> None:
    toml = f"{PAIR}[providers.one]\n{key} = {value}\n"
    async with start_hub(plugins=side_by_side(Scripted(), names="one"), toml=toml) as hub:
        ann = await hub.agent("ann", ALICE)
        refused = await ann.try_send(BOB, "hello")

    assert refused.json()["code"] == "not_configured"
    assert f"{key} in {tmp_path / 'trunkline.toml'} is not valid" in refused.json()["detail"]
