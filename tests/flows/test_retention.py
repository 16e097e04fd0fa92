"""The details of what is over are forgotten in time; what counts for ever stays."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.flows.hubs import DEMO, Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network, WireWebhooks
from trunkline.core.retention import forgetting as retention
from trunkline.testing import FakeClock

pytestmark = pytest.mark.both(slow=True)

DAY_S = 86_400
KEPT_TWO_DAYS = f"""
{WIRE}
[privacy]
detail_days = 2
usage_days = 31
"""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def hub(start_hub: StartHub, clock: FakeClock) -> AsyncIterator[Served]:
    plugins = Network().plugins(WireWebhooks())
    async with start_hub(plugins=plugins, toml=KEPT_TWO_DAYS, clock=clock) as served:
        yield served


async def tell(hub: Served, id_: str) -> None:
    """Deliver a text to Alice."""
    told = {"id": id_, "from": BOB, "to": ALICE, "body": f"hello {id_}"}
    await hub.client.post("/webhooks/ann/sms", json=told, headers={"x-wire": "yes"})


async def end(hub: Served, ann: Caller, count: int) -> None:
    """Send texts and let each be over."""
    for number in range(count):
        await ann.send(BOB, f"text {number}")
    await hub.change("UPDATE messages SET status = 'delivered' WHERE direction = 'outbound'")


async def _details(hub: Served) -> tuple[int, int]:
    await hub.running.hub.retention.sweep()
    return details(hub)


async def _event(hub: Served) -> dict[str, Any]:
    (event,) = hub.rows("SELECT * FROM inbound_events")
    return event


def details(hub: Served) -> tuple[int, int]:
    return hub.count("message_attempts"), hub.count("message_history")


@pytest.mark.both
async def test_attempts_and_history_go_once_their_message_is_long_over(
    hub: Served, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS", 2)  # several batches
    ann = await hub.agent("ann", ALICE)
    await end(hub, ann, 5)
    await tell(hub, "t1")
    sweep = hub.running.hub.retention.sweep
    clock.travel(2 * DAY_S - 1)
    await sweep()
    young = details(hub)
    clock.travel(2)
    again = await sweep()
    on_the_same_day = details(hub)
    clock.travel(DAY_S)
    await hub.until(lambda: _details(hub), lambda found: found == (0, 0))

    assert young[0] == 5
    assert (again, on_the_same_day) == (0, young)
    assert hub.count("messages") == 6
    assert hub.count("inbound_events") == 1


async def test_what_is_not_over_keeps_its_details(hub: Served, clock: FakeClock) -> None:
    ann = await hub.agent("ann", ALICE)
    await ann.send(BOB, "text")
    before = details(hub)
    clock.travel(9 * DAY_S)
    await hub.running.hub.retention.sweep()

    assert before[0] == 1
    assert details(hub) == before


@pytest.mark.both
async def test_an_event_counts_once_however_long_ago_it_came(hub: Served, clock: FakeClock) -> None:
    await hub.agent("ann", ALICE)
    await tell(hub, "t1")
    clock.travel(9 * DAY_S)
    event = await hub.until(lambda: _event(hub), lambda event: event["agent_id"] is None)
    await tell(hub, "t1")

    assert hub.count("inbound_events") == 1
    assert hub.count("messages") == 1
    assert (event["external_id"], event["state"]) == ("t1", "handled")
    assert event["message_id"] is not None
    assert (event["agent_id"], event["attempt_id"], event["reason"]) == (None, None, None)


async def test_it_is_done_once_a_day_and_by_itself(start_hub: StartHub, clock: FakeClock) -> None:
    async with start_hub(toml=DEMO, clock=clock) as hub:
        sweep = hub.running.hub.retention.sweep

        async def mark() -> str:
            rows = hub.rows("SELECT value FROM engine_marks WHERE name = 'retention'")
            return str(rows[0]["value"]) if rows else ""

        async def later() -> str:
            clock.travel(61)  # until the next round, whenever it began to wait
            return await mark()

        first = await hub.until(later, bool)
        assert await sweep() == 0
        clock.travel(DAY_S)
        await hub.until(later, lambda value: value > first)


@pytest.mark.both
async def test_what_an_act_cost_goes_after_usage_days_and_the_totals_stay(
    hub: Served, clock: FakeClock
) -> None:
    ann = await hub.agent("ann", ALICE)
    await end(hub, ann, 2)
    await hub.change(
        "UPDATE usage_logs SET state = 'reserved' WHERE id = (SELECT max(id) FROM usage_logs)"
    )
    before, totals = hub.count("usage_logs"), acts_in_all(hub)
    clock.travel(30 * DAY_S)
    await hub.running.hub.retention.sweep()
    early = hub.count("usage_logs")
    clock.travel(2 * DAY_S)
    await hub.running.hub.retention.sweep()

    assert (before, early, hub.count("usage_logs")) == (2, 2, 1)
    assert acts_in_all(hub) == totals > 0


def acts_in_all(hub: Served) -> int:
    """Return how many acts the totals tell of, with what has not been added to them yet."""
    both = (
        "SELECT actions FROM usage_totals WHERE span = 'all' "
        "UNION ALL SELECT actions FROM usage_changes"
    )
    return sum(row["actions"] for row in hub.rows(both))
