"""What was done and what it cost is told once, whatever happens, and no currencies are mixed."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.houses import refused
from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network, accept
from tests.flows.pairs import Scripted, side_by_side
from tests.flows.test_deciding import Moody
from tests.flows.test_reports import STATUS, Numbered, installed, tell
from trunkline.sdk import OutboundSms, OutcomeUnknown, Receipt, Rejected, RetryLater
from trunkline.testing import FakeClock

__all__ = ["clock"]

pytestmark = pytest.mark.both(slow=True)

PRICED = """
[prices.wire]
sms_segment = {US = 0.0079, "*" = 0.05}
"""
"""To BOB a text costs 0.05."""
LOST = OutcomeUnknown("The line went dead.")


async def dashboard(caller: Caller, period: str = "today", **more: Any) -> dict[str, Any]:
    """Return a dashboard."""
    return await caller.call("comms_get_usage_dashboard", period=period, **more)


async def use_of(caller: Caller, **more: Any) -> dict[str, Any]:
    """Return the one agent's part of a dashboard."""
    uses: list[dict[str, Any]] = (await dashboard(caller, **more))["agents"]
    (use,) = uses
    return use


def usage(hub: Served) -> list[dict[str, Any]]:
    """Return every row of usage, oldest first."""
    return hub.rows("SELECT * FROM usage_logs ORDER BY id")


async def add_up(hub: Served) -> None:
    """Let the hub add to its totals now what it adds in a few seconds."""
    await hub.running.hub.usage.add_up()
    assert hub.count("usage_changes") == 0


async def test_a_text_is_counted_once_with_its_cost_and_what_is_billed(
    start_hub: StartHub,
) -> None:
    toml = f"{WIRE}{PRICED}[money]\nmarkup_percent = 10\n"
    async with start_hub(plugins=Network().plugins(), toml=toml) as hub:
        ann, admin = await hub.agent("ann", ALICE), await hub.admin()
        sent = await ann.send(BOB, "hello")
        await ann.send(BOB, "hello")  # the same again is no second act
        before = await dashboard(ann)
        await add_up(hub)
        after = await dashboard(ann)
        periods = [await use_of(ann, period=each) for each in ("week", "month", "all")]
        of_admin = await dashboard(admin)
        (row,) = usage(hub)

    (use,) = after["agents"]
    assert after == before
    assert periods == [use] * 3
    assert (use["agentId"], use["totalActions"], use["totalCost"]) == ("ann", 1, 0.05)
    assert use["actionsByChannel"] == {"sms": 1, "whatsapp": 0, "email": 0, "voice": 0, "call": 0}
    assert use["costByChannel"]["sms"] == 0.05
    assert (use["totalBilled"], use["rateLimitHits"]) == (0.055, 0)
    assert after["globalTotals"] == {
        "totalActions": 1,
        "totalCost": 0.05,
        "currency": "USD",
        "activeAgents": 1,
        "poolSlotsUsed": 1,
        "totalBilled": 0.055,
    }
    assert of_admin["agents"] == [use]
    assert (row["message_id"], row["state"], row["units"], row["unit"]) == (
        sent["messageId"],
        "spent",
        1,
        "segment",
    )
    assert (row["cost"], row["billed"], row["cost_final"]) == (50_000, 55_000, False)


async def test_an_agent_sees_itself_alone_and_an_admin_all_or_one(start_hub: StartHub) -> None:
    async with start_hub(plugins=Network().plugins(), toml=WIRE + PRICED) as hub:
        ann, ben, admin = await hub.agent("ann", ALICE), await hub.agent("ben"), await hub.admin()
        await ann.send(BOB, "hello")
        of_ben = await dashboard(ben)
        of_all, of_one = await dashboard(admin), await dashboard(admin, agentId="ann")
        others = await ben.post("comms_get_usage_dashboard", {"agentId": "ann"})
        nobody = await admin.post("comms_get_usage_dashboard", {"agentId": "zoe"})
        rows = [
            (await caller.get(f"/api/v1/usage{query}")).json()["items"]
            for caller, query in ((ann, ""), (ben, ""), (admin, ""), (admin, "?agentId=ben"))
        ]
        stolen = await ben.get("/api/v1/usage?agentId=ann")

    assert [each["agentId"] for each in of_ben["agents"]] == ["ben"]
    assert of_ben["globalTotals"]["totalActions"] == 0
    assert "connections" not in of_ben["globalTotals"]
    assert [each["agentId"] for each in of_all["agents"]] == ["ann", "ben"]
    assert (of_all["globalTotals"]["totalActions"], of_all["globalTotals"]["poolSlotsUsed"]) == (
        1,
        2,
    )
    assert [each["agentId"] for each in of_one["agents"]] == ["ann"]
    assert refused(others, 403, "agent_mismatch")
    assert refused(nobody, 404, "not_found")
    assert [len(each) for each in rows] == [1, 0, 1, 0]
    assert (rows[0][0]["agentId"], rows[0][0]["cost"]) == ("ann", 0.05)
    assert refused(stolen, 403, "agent_mismatch")


async def test_usage_is_read_page_by_page_and_each_row_once(start_hub: StartHub) -> None:
    async with start_hub(plugins=Network().plugins(), toml=WIRE + PRICED) as hub:
        ann = await hub.agent("ann", ALICE)
        for number in range(5):
            await ann.send(BOB, f"hello {number}")
        seen, cursor = list[str](), ""
        while cursor is not None:
            page = (await ann.get(f"/api/v1/usage?limit=2{cursor and f'&cursor={cursor}'}")).json()
            seen += [each["messageId"] for each in page["items"]]
            cursor = page["nextCursor"]
        refusals = [await ann.get(f"/api/v1/usage?{each}") for each in ("limit=0", "cursor=%20")]

    assert len(seen) == len(set(seen)) == 5
    assert all(refused(each, 422, "invalid") for each in refusals)


async def test_what_is_tried_again_counts_once_and_what_is_refused_not_at_all(
    start_hub: StartHub,
) -> None:
    network = Moody(RetryLater("Busy.", retry_after_s=0.01))
    async with start_hub(plugins=network.plugins(), toml=WIRE + PRICED) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        waiting = await use_of(ann)
        await hub.until_status(ann, sent["messageId"], "sent")
        network.error = Rejected("No such number.")
        await ann.try_send(BOB, "another")
        use, rows = await use_of(ann), usage(hub)

    assert (waiting["totalActions"], waiting["totalCost"]) == (0, 0)
    assert (use["totalActions"], use["totalCost"]) == (1, 0.05)
    assert [each["message_id"] for each in rows] == [sent["messageId"]]


@pytest.mark.parametrize("sent", [True, False])
async def test_what_nobody_knows_is_reserved_and_apart_until_it_is_known(
    start_hub: StartHub, sent: bool
) -> None:
    network = Moody(LOST)
    async with start_hub(plugins=network.plugins(), toml=WIRE + PRICED) as hub:
        ann = await hub.agent("ann", ALICE)
        message_id = (await ann.send(BOB, "hello"))["messageId"]
        doubted = await use_of(ann)
        await add_up(hub)
        await hub.local("messages_resolve", id=message_id, sent=sent)
        await hub.until_status(ann, message_id, "sent")
        use = await use_of(ann)
        await add_up(hub)
        added, rows = await use_of(ann), usage(hub)

    assert (doubted["totalActions"], doubted["totalCost"]) == (0, 0)
    assert doubted["unknown"] == {"actions": 1, "reserved": 0.05}
    assert (use["totalActions"], use["totalCost"], "unknown" in use) == (1, 0.05, False)
    assert added == use
    assert [(each["state"], each["cost"]) for each in rows] == [("spent", 50_000)]


async def test_what_was_unknown_and_then_refused_costs_nothing(start_hub: StartHub) -> None:
    network = Moody(LOST)
    async with start_hub(plugins=network.plugins(), toml=WIRE + PRICED) as hub:
        ann = await hub.agent("ann", ALICE)
        message_id = (await ann.send(BOB, "hello"))["messageId"]
        network.error = Rejected("No such number.")
        await hub.local("messages_resolve", id=message_id, sent=False)
        await hub.until_status(ann, message_id, "failed")
        use, rows = await use_of(ann), usage(hub)

    assert (use["totalActions"], use["totalCost"], "unknown" in use) == (0, 0, False)
    assert rows == []


async def test_the_vendors_price_takes_the_place_of_ours_and_the_difference_is_shown(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Numbered(prices=[7_500])
    toml = f"{WIRE}{PRICED}[money]\nmarkup_percent = 20\n"
    async with start_hub(plugins=installed(network), toml=toml, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        await add_up(hub)
        await tell(hub, {"id": "n1", "status": "delivered"}, path=STATUS)
        clock.travel(61)
        await hub.until(lambda: ann.status(sent["messageId"]), lambda traced: traced["costFinal"])
        clock.ahead = timedelta()  # still the day on which it was sent
        use = await use_of(ann)
        await add_up(hub)
        shown = await hub.local("usage_show", period="all")
        (row,) = usage(hub)
        whole = await dashboard(await hub.admin(), period="all")

    assert (use["totalActions"], use["totalCost"], use["totalBilled"]) == (1, 0.0075, 0.009)
    assert (row["cost"], row["estimate"], row["billed"], row["cost_final"]) == (
        7_500,
        50_000,
        9_000,
        True,
    )
    (day,) = shown["connections"]
    assert whole["globalTotals"]["connections"] == [day]
    assert (day["connection"], day["actions"], day["cost"]) == ("wire", 1, 0.0075)
    assert (day["estimated"], day["confirmed"], day["difference"]) == (0.05, 0.0075, -0.0425)
    assert shown["agents"][0]["cost"] == 0.0075


async def test_the_vendors_price_in_another_currency_is_no_answer_to_our_estimate(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Numbered(prices=[7_500])
    toml = f"{WIRE}{PRICED}currency = 'EUR'\n[money]\ncurrency = 'EUR'\n"
    async with start_hub(plugins=installed(network), toml=toml, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        expected = await use_of(ann)
        await add_up(hub)
        await tell(hub, {"id": "n1", "status": "delivered"}, path=STATUS)
        clock.travel(61)
        await hub.until(lambda: ann.status(sent["messageId"]), lambda traced: traced["costFinal"])
        use = await use_of(ann, period="all")
        (row,) = usage(hub)

    assert (expected["totalCost"], "otherCurrencies" in expected) == (0.05, False)
    assert (use["totalCost"], use["totalActions"]) == (0, 0)
    assert use["otherCurrencies"] == {"USD": {"totalActions": 1, "totalCost": 0.0075}}
    assert (row["currency"], row["cost"], row["estimate"]) == ("USD", 7_500, None)


async def test_two_currencies_are_never_added(start_hub: StartHub) -> None:
    one, two = Scripted(), Scripted(name="two")
    toml = """
    [slots]
    telephony = ["one", "two"]
    [prices.one]
    sms_segment = 0.05
    [prices.two]
    currency = "EUR"
    sms_segment = 0.04
    """
    async with start_hub(plugins=side_by_side(one, two), toml=toml) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.send(BOB, "hello")
        one.script = [RetryLater("Nobody answers.", unavailable=True)]
        switched = await ann.send(BOB, "over the second")
        use = await use_of(ann)
        shown = await hub.local("usage_show", period="today")
        month = await ann.call("comms_get_channel_status")

    assert switched["provider"] == "two"
    assert (use["totalActions"], use["totalCost"]) == (1, 0.05)
    assert use["otherCurrencies"] == {"EUR": {"totalActions": 1, "totalCost": 0.04}}
    assert [(each["currency"], each["cost"]) for each in shown["agents"]] == [
        ("USD", 0.05),
        ("EUR", 0.04),
    ]
    assert month["monthlyCost"] == 0.05


async def test_a_cost_that_nobody_tells_is_not_taken_for_nothing(start_hub: StartHub) -> None:
    async with start_hub(plugins=Network().plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.send(BOB, "hello")
        use = await use_of(ann)

    assert (use["totalActions"], use["totalCost"], use["unpriced"]) == (1, 0, 1)


async def test_a_limit_that_was_hit_is_counted_and_shown(start_hub: StartHub) -> None:
    async with start_hub(plugins=Network().plugins(), toml=WIRE + PRICED) as hub:
        ann = await hub.agent("ann", ALICE)
        await hub.local(
            "comms_set_agent_limits",
            agentId="ann",
            limits={"maxActionsPerMinute": 1, "maxActionsPerDay": 7, "maxSpendPerDay": 2.5},
        )
        await ann.send(BOB, "hello")
        refusal = await ann.try_send(BOB, "one too many")
        await add_up(hub)
        use = await use_of(ann)
        shown = await hub.local("usage_show", period="today")

    assert refused(refusal, 429, "rate_limited")
    assert (use["totalActions"], use["totalCost"], use["rateLimitHits"]) == (1, 0.05, 1)
    assert use["currentLimits"] == {"maxPerMinute": 1, "maxPerDay": 7, "maxSpendPerDay": 2.5}
    assert [each["rateLimitHits"] for each in shown["agents"]] == [1]
    assert [each["actions"] for each in shown["connections"]] == [1]


async def test_the_cheapest_for_this_very_message_comes_first(start_hub: StartHub) -> None:
    one, two, three = Scripted(), Scripted(name="two"), Scripted(name="three")
    toml = """
    [slots]
    telephony = ["one", "two", "three"]
    [money]
    cheapest_first = ["telephony"]
    [prices.one]
    sms_segment = {GB = 0.05, US = 0.01}
    [prices.two]
    sms_segment = {GB = 0.04, US = 0.02}
    [prices.three]
    currency = "EUR"
    sms_segment = 0.001
    """
    plugins = side_by_side(one, two, three, names="one two three")
    async with start_hub(plugins=plugins, toml=toml) as hub:
        ann = await hub.agent("ann", "+14155550100")
        to_britain, to_america = await ann.send(BOB, "hello"), await ann.send(ALICE, "hello")
        two.script = [RetryLater("Nobody answers.", unavailable=True)]
        next_best = await ann.send(BOB, "once more")

    assert (to_britain["provider"], to_britain["cost"]) == ("two", 0.04)
    assert (to_america["provider"], to_america["cost"]) == ("one", 0.01)
    assert (next_best["provider"], next_best["cost"]) == ("one", 0.05)


async def test_usage_is_exported_as_csv_without_addresses(start_hub: StartHub) -> None:
    async def risky(sms: OutboundSms) -> Receipt:
        receipt = await accept(sms)
        return Receipt(provider_id=f"=HYPERLINK({receipt.provider_id})")

    async with start_hub(plugins=Network(risky).plugins(), toml=WIRE + PRICED) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.send(BOB, "a secret")
        exported = await hub.local("usage_export", agent="ann")
        none = await hub.local("usage_export", until="2020-01-01")
        wrong = await hub.operator.post("/api/v1/tools/usage_export", json={"since": "yesterday"})

    (row,) = csv.DictReader(io.StringIO(exported["csv"]))
    assert (row["agentId"], row["cost"], row["costFinal"]) == ("ann", "0.050000", "false")
    assert row["externalId"].startswith("'=HYPERLINK(")
    assert not {BOB, ALICE, "a secret"} & {*exported["csv"].replace(",", "\n").split("\n")}
    assert (exported["rows"], none["rows"]) == (1, 0)
    assert refused(wrong, 422, "invalid")


async def test_what_a_hub_adds_up_it_adds_once(start_hub: StartHub) -> None:
    async with start_hub(plugins=Network().plugins(), toml=WIRE + PRICED) as hub:
        ann = await hub.agent("ann", ALICE)
        for number in range(4):
            await ann.send(BOB, f"hello {number}")
            await add_up(hub)
            await add_up(hub)
        use = await use_of(ann)
        totals = hub.rows("SELECT span, actions, cost FROM usage_totals ORDER BY span")
        await keep_still()

    assert (use["totalActions"], use["totalCost"]) == (4, 0.2)
    assert [each["span"] for each in totals] == ["all", "day", "month", "vendor", "week"]
    assert {(each["actions"], each["cost"]) for each in totals} == {(4, 200_000)}


async def test_rows_are_forgotten_in_time_and_their_sums_stay(start_hub: StartHub) -> None:
    clock = FakeClock()
    plugins = Network().plugins()
    toml = WIRE + PRICED + "[privacy]\n" + "usage_days = 40\n"
    async with start_hub(plugins=plugins, toml=toml, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.send(BOB, "hello")
        await add_up(hub)
        clock.travel(39 * 86_400)
        await hub.running.hub.retention.sweep()
        kept = len(usage(hub))
        clock.travel(2 * 86_400)
        await hub.running.hub.retention.sweep()
        gone = usage(hub)
        use = await use_of(ann, period="all")

    assert (kept, gone) == (1, [])
    assert (use["totalActions"], use["totalCost"]) == (1, 0.05)
