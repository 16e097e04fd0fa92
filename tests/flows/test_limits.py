"""Agents act as often and for as much as they may, however many ask at once."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from plugins.postgres.tests.server import Server
from tests.flows.clocks import Ahead
from tests.flows.conftest import TEMPLATE
from tests.flows.hubs import ANN, BEN, DEMO, HANDSET, Caller, Served, StartHub, serve
from tests.flows.networks import ALICE, WIRE, Network, Vendor, report

DAY_S = 86_400
_PATIENT = httpx2.Timeout(300)
"""Of 500 at once the last waits for a while for a connection."""
OTHER = "+12025550151"


async def limit(hub: Served, agent_id: str = "ann", **limits: object) -> dict[str, Any]:
    """Set an agent's limits as an admin does, and return all that it has then."""
    admin = await hub.admin()
    answer = await admin.call("comms_set_agent_limits", agentId=agent_id, limits=limits)
    shown: dict[str, Any] = answer["limits"]
    return shown


async def refused(caller: Caller, code: str, to: str = HANDSET, note: str = "") -> dict[str, Any]:
    """Try to send a text, which must be refused so."""
    response = await caller.try_send(to, f"one too many {note}")
    problem: dict[str, Any] = response.json()
    assert problem["code"] == code, problem
    assert response.status_code == {"rate_limited": 429, "spend_cap": 402, "blocked": 403}[code]
    return problem


@pytest.mark.both
async def test_an_agent_acts_as_often_as_it_may_and_no_more(start_hub: StartHub) -> None:
    clock = Ahead()
    async with start_hub(clock=clock) as hub:
        ann = await hub.agent("ann", ANN)
        await limit(hub, maxActionsPerMinute=3, maxActionsPerHour=5)
        left = [(await ann.send(HANDSET, f"text {n}"))["rateLimitRemaining"] for n in range(3)]
        problem = await refused(ann, "rate_limited")
        row = hub.rows("SELECT status, error_code, rule FROM messages ORDER BY id DESC LIMIT 1")[0]
        clock.travel(61)
        more = [(await ann.send(HANDSET, f"later {n}"))["rateLimitRemaining"] for n in range(2)]
        hour = await refused(ann, "rate_limited")
        shown = (await ann.call("comms_get_channel_status"))["rateLimits"]

    assert (left, more) == ([2, 1, 0], [1, 0])
    assert 55 < problem["retryAfterS"] <= 60
    assert problem["rateLimitRemaining"] == 0
    assert tuple(row.values()) == ("rate_limited", "rate_limited", "actions_per_minute")
    assert (hour["rule"], hour["retryAfterS"] > 3000) == ("actions_per_hour", True)
    assert shown == {
        "actionsThisMinute": 2,
        "actionsToday": 5,
        "maxPerMinute": 3,
        "maxPerDay": None,
    }


@pytest.mark.both
async def test_of_500_at_once_exactly_as_many_are_accepted_as_there_is_room_for(
    start_hub: StartHub,
) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        await limit(hub, maxActionsPerDay=50)
        hub.client.timeout = _PATIENT
        answers = await asyncio.gather(
            *(ann.try_send("+14155550123", f"text {number}") for number in range(500))
        )
        codes = [each.status_code for each in answers]

    assert {code: codes.count(code) for code in {*codes}} == {200: 50, 429: 450}
    assert len(network.asked) <= 50  # a hub that stood still queues what it accepted


@pytest.mark.slow
@pytest.mark.postgres
async def test_three_replicas_together_accept_no_more_than_there_is_room_for(
    migrated_server: Server, tmp_path: Path
) -> None:
    network = Network()
    key = {"CREDENTIALS_ENCRYPTION_KEY": bytes(range(0, 256, 8)).hex()}
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    with migrated_server.database(TEMPLATE) as url:
        given: Mapping[str, Any] = {
            "environ": key,
            "database": url,
            "plugins": network.plugins(),
            "toml": WIRE,
        }
        async with (
            serve(tmp_path / "one", **given) as one,
            serve(tmp_path / "two", **given) as two,
            serve(tmp_path / "three", **given) as three,
        ):
            token = (await one.agent("ann", ALICE)).token
            await limit(one, maxActionsPerDay=50)
            callers = [each.caller(token) for each in (one, two, three)]
            for each in (one, two, three):
                each.client.timeout = _PATIENT
            answers = await asyncio.gather(
                *(
                    callers[number % 3].try_send("+14155550123", f"text {number}")
                    for number in range(500)
                )
            )
            codes = [each.status_code for each in answers]

    assert {code: codes.count(code) for code in {*codes}} == {200: 50, 429: 450}
    assert len(network.asked) <= 50  # a hub that stood still queues what it accepted


@pytest.mark.both
async def test_a_spend_cap_stops_what_would_be_over_it_and_no_provider_is_asked(
    start_hub: StartHub,
) -> None:
    async with start_hub() as hub:
        ann = await hub.agent("ann", ANN)
        cost = (await ann.send(HANDSET, "how dear is one?"))["cost"]
        await limit(hub, maxSpendPerDay=2 * cost)
        assert (await ann.send(HANDSET, "first"))["status"] == "sent"
        assert (await ann.send(HANDSET, "second"))["status"] == "sent"
        before = (await hub.client.get("/demo/counts")).json()
        problem = await refused(ann, "spend_cap")
        after = (await hub.client.get("/demo/counts")).json()

    assert problem["rule"] == "spend_per_day"
    assert 0 < problem["retryAfterS"] <= DAY_S
    assert before["accepted"] == after["accepted"] == 3


async def test_what_surely_was_not_sent_gives_its_money_back(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        ann = await hub.agent("ann", ANN)
        cost = (await ann.send(HANDSET, "how dear is one?"))["cost"]
        await limit(hub, maxSpendPerDay=cost)
        await Vendor(hub).arm("bad_recipient")
        response = await ann.try_send(HANDSET, "refused")
        assert response.json()["code"] == "provider_rejected", response.text
        later = await ann.send(HANDSET, "later", sendAt=_in(hub, 3600))
        reserved = await refused(ann, "spend_cap")
        await ann.call("comms_cancel", id=later["messageId"])
        assert (await ann.send(HANDSET, "now there is room"))["status"] == "sent"

    assert reserved["rule"] == "spend_per_day"


@pytest.mark.both(slow=True)
async def test_what_is_given_back_late_makes_no_room_for_another_day(start_hub: StartHub) -> None:
    clock = Ahead()
    async with start_hub(clock=clock) as hub:
        ann = await hub.agent("ann", ANN)
        cost = (await ann.send(HANDSET, "how dear is one?"))["cost"]
        await limit(hub, maxSpendPerDay=cost)
        early = await ann.send(HANDSET, "early", sendAt=_in(hub, 26 * 3600))
        clock.travel(25 * 3600)
        assert (await ann.send(HANDSET, "the next day"))["status"] == "sent"
        await ann.call("comms_cancel", id=early["messageId"])
        await refused(ann, "spend_cap")


@pytest.mark.both(slow=True)
async def test_a_token_has_a_cap_of_its_own_which_holds_for_many_at_once(
    start_hub: StartHub,
) -> None:
    async with start_hub() as hub:
        ann = await hub.agent("ann", ANN)
        cost = (await ann.send(HANDSET, "how dear is one?"))["cost"]
        issued = await hub.local("tokens_issue", id="ann", maxSpendPerDay=round(3.5 * cost, 6))
        capped = hub.caller(issued["token"])
        quote = await capped.quote(HANDSET, "hello")
        answers = await asyncio.gather(
            *(capped.try_send(HANDSET, f"hello {each}") for each in range(9))
        )
        over = await capped.quote(HANDSET, "one more")
        rotated = await hub.local("tokens_rotate", id="ann", overlapS=60)
        after = await hub.caller(rotated["token"]).try_send(HANDSET, "with the next")
        other = await ann.send(HANDSET, "by the other token")
        listed = (await hub.local("tokens_list"))["tokens"]

    codes = [each.status_code for each in answers]
    assert {code: codes.count(code) for code in {*codes}} == {200: 3, 402: 6}
    assert quote["spendRemaining"] == pytest.approx(2.5 * cost)
    assert (over["decision"], over["rule"]) == ("spend_cap", "spend_per_day")
    assert (after.status_code, other["status"]) == (402, "sent")
    assert "This token would spend" in after.json()["detail"]
    assert [each.get("maxSpendPerDay") for each in listed][1:] == [round(3.5 * cost, 6)] * 2


@pytest.mark.both(slow=True)
async def test_a_quote_of_a_batch_says_of_each_message_what_the_batch_will(
    start_hub: StartHub,
) -> None:
    async with start_hub() as hub:
        ann = await hub.agent("ann", ANN)
        await limit(hub, maxActionsPerMinute=3)
        batch = [{"channel": "sms", "to": HANDSET, "body": f"hello {each}"} for each in range(5)]
        arguments = {"messages": batch}
        quote = await ann.call("comms_quote", operation="comms_send_batch", arguments=arguments)
        sent = await ann.call("comms_send_batch", **arguments)

    said = [each["decision"] for each in quote["messages"]]
    assert said == ["allow"] * 3 + ["rate_limited"] * 2
    became = [each["status"] for each in sent["results"]]  # a server takes them side by side
    assert sorted(became) == ["queued"] * 3 + ["rate_limited"] * 2
    assert [each.get("rateLimitRemaining") for each in quote["messages"]][:3] == [2, 1, 0]


async def test_what_nobody_knows_keeps_its_money(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        ann = await hub.agent("ann", ANN)
        cost = (await ann.send(HANDSET, "how dear is one?"))["cost"]
        await limit(hub, maxSpendPerDay=cost)
        await Vendor(hub).arm("dropped_after")
        assert (await ann.send(HANDSET, "who knows"))["status"] == "unknown"
        await refused(ann, "spend_cap")


async def test_the_vendors_figure_takes_the_place_of_the_estimate(start_hub: StartHub) -> None:
    toml = DEMO.replace("delivery_delay_ms = 20", "delivery_delay_ms = 9000")
    async with start_hub(toml=toml) as hub:
        ann = await hub.agent("ann", ANN)
        await limit(hub, maxSpendPerDay=1)
        sent = await ann.send(HANDSET, "dearer than it seemed")
        found = hub.rows("SELECT external_id FROM messages WHERE id = ?", sent["messageId"])
        told = report(found[0]["external_id"], ANN, cost_micros=999_000)
        response = await Vendor(hub).tell("/webhooks/ann/message-status", told)
        assert response.status_code == 204, response.text
        problem = await refused(ann, "spend_cap")

    assert problem["rule"] == "spend_per_day"


async def test_a_retry_and_a_replay_reserve_nothing_anew(start_hub: StartHub) -> None:
    clock = Ahead()
    async with start_hub(clock=clock) as hub:
        ann = await hub.agent("ann", ANN)
        await limit(hub, maxActionsPerDay=2)
        await Vendor(hub).arm("rate_limited")
        sent = await ann.send(HANDSET, "again", idempotencyKey="k")
        assert (sent["status"], sent["rateLimitRemaining"]) == ("queued", 1)
        again = await ann.send(HANDSET, "again", idempotencyKey="k")
        assert (again["replayed"], again["rateLimitRemaining"]) == (True, 1)
        clock.travel(60)
        await hub.until_status(ann, sent["messageId"], "delivered")
        assert (await ann.send(HANDSET, "second"))["rateLimitRemaining"] == 0


async def test_a_batch_stops_where_the_room_does(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        ann = await hub.agent("ann", ANN)
        await limit(hub, maxActionsPerMinute=4)
        texts = [{"channel": "sms", "to": HANDSET, "body": f"text {n}"} for n in range(10)]
        batch = await ann.call("comms_send_batch", messages=texts)
        statuses = [each["status"] for each in batch["results"]]

    assert (statuses.count("queued"), statuses.count("rate_limited")) == (4, 6)
    assert batch["refused"] == 6


async def test_all_agents_together_stop_at_the_quota_of_their_hub(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        ann, ben = await hub.agent("ann", ANN), await hub.agent("ben", BEN)
        await limit(hub, "*", maxActionsPerHour=2)
        await ann.send(HANDSET, "first")
        assert (await ben.send(HANDSET, "second"))["rateLimitRemaining"] == 0
        problem = await refused(ann, "rate_limited")

    assert problem["detail"].startswith("All agents together")


async def test_a_channel_that_is_off_for_an_agent_is_blocked_and_the_others_are_not(
    start_hub: StartHub,
) -> None:
    async with start_hub() as hub:
        ann, ben = await hub.agent("ann", ANN), await hub.agent("ben", BEN)
        later = await ann.send(HANDSET, "later", sendAt=_in(hub, 3600))
        shown = await limit(hub, channels={"sms": False})
        problem = await refused(ann, "blocked")
        await hub.local("messages_retry", id=later["messageId"])
        queued = await hub.until_status(ann, later["messageId"], "blocked")
        assert (await ben.send(HANDSET, "not mine"))["status"] == "sent"
        assert (await limit(hub, channels={"sms": True}))["channels"] == {}
        assert (await ann.send(HANDSET, "on again"))["status"] == "sent"

    assert shown["channels"] == {"sms": False}
    assert problem["rule"] == "channel"
    assert queued["status"] == "blocked"


async def test_a_cap_that_is_lowered_holds_for_what_is_queued(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        ann = await hub.agent("ann", ANN)
        await limit(hub, maxSpendPerDay=1)
        await ann.send(HANDSET, "costs something")
        later = await ann.send(HANDSET, "later", sendAt=_in(hub, 3600))
        await limit(hub, maxSpendPerDay=0)
        await hub.local("messages_retry", id=later["messageId"])
        await hub.until_status(ann, later["messageId"], "blocked")
        found = hub.rows("SELECT rule FROM messages WHERE id = ?", later["messageId"])

    assert found == [{"rule": "spend_cap"}]


async def test_one_number_is_called_no_more_often_in_a_day_than_it_may_be(
    start_hub: StartHub,
) -> None:
    clock = Ahead()
    toml = DEMO.replace("[slots]", '[slots]\ntts = "demo"\nstorage = "demo"')
    async with start_hub(clock=clock, toml=toml) as hub:
        ann = await hub.agent("ann", ANN)
        await limit(hub, maxCallsPerDayToSameNumber=1)

        async def ring(to: str, text: str) -> Any:
            arguments = {"to": to, "text": text, "deliveryChannel": "phone_call"}
            return await ann.post("comms_send_voice_message", arguments)

        assert (await ring(HANDSET, "first")).status_code == 200
        problem = (await ring(HANDSET, "second")).json()
        assert (await ring(OTHER, "another number")).status_code == 200
        clock.travel(problem["retryAfterS"])
        assert (await ring(HANDSET, "a day later")).status_code == 200
        found = hub.rows("SELECT contact_number FROM contact_frequency")

    assert (problem["code"], problem["rule"]) == ("rate_limited", "calls_per_day_same_number")
    assert not any(HANDSET[1:] in each["contact_number"] for each in found)


async def test_a_clock_that_goes_back_opens_no_window(start_hub: StartHub) -> None:
    clock = Ahead()
    async with start_hub(clock=clock) as hub:
        ann = await hub.agent("ann", ANN)
        await limit(hub, maxActionsPerHour=1)
        await ann.send(HANDSET, "first")
        for seconds in (-7200, 3600):
            clock.travel(seconds)
            assert (await refused(ann, "rate_limited", note=str(seconds)))["rule"]
        await limit(hub, maxActionsPerHour=1)  # an operator's deed puts counters right
        clock.travel(3600)
        assert (await ann.send(HANDSET, "an hour later"))["status"] == "sent"


def _in(hub: Served, seconds: float) -> str:
    return (hub.running.hub.clock.now() + timedelta(seconds=seconds)).isoformat()
