"""What waits for a person: held at once, sent once after a yes, and by no agent's own word."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.judges import Judging, with_filters
from tests.flows.networks import ALICE, BOB, WIRE, Network, WireWebhooks
from tests.flows.subscribers import Rpc, subscribable, to
from trunkline.sdk import Hold

__all__ = ["clock"]

CARL = "+442071838751"
ALL = {"TRUNKLINE_AGENTS__HOLD": "all"}


async def pending(by: Caller) -> list[dict[str, Any]]:
    """Return what waits."""
    found: list[dict[str, Any]] = (await by.call("approvals_list", status="pending"))["approvals"]
    return found


async def decide(by: Caller, id_: str, decision: str, **more: str) -> dict[str, Any]:
    """Decide, and return how the approval stands."""
    given = await by.call("approvals_decide", id=id_, decision=decision, **more)
    first: dict[str, Any] = given["approvals"][0]
    return first


@pytest.mark.both(slow=True)
async def test_what_is_held_goes_out_once_after_a_yes(start_hub: StartHub) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE, environ=ALL) as hub:
        ann, boss = await hub.agent("ann", ALICE), await hub.admin()
        quote = await ann.quote(BOB, "hello")
        held = await ann.send(BOB, "hello")
        (waiting,) = await pending(boss)
        shown = await boss.call("approvals_show", id=held["approvalId"])
        await keep_still()
        before = len(network.asked)
        begun = asyncio.get_running_loop().time()
        yes = await decide(boss, held["approvalId"], "approve", digest=shown["digest"])
        again = await decide(boss, held["approvalId"], "approve")
        await hub.until_status(ann, held["messageId"], "sent")
        took_s = asyncio.get_running_loop().time() - begun

    assert (held["status"], held["retryOwner"]) == ("held", "hub")
    assert (quote["decision"], quote["approvalNeeded"]) == ("hold", True)
    assert waiting["id"] == held["approvalId"]
    assert (shown["body"], shown["to"], shown["reasons"][0]["rule"]) == ("hello", BOB, "hold.all")
    assert (before, len(network.asked)) == (0, 1)
    assert (yes["status"], again["status"]) == ("approved", "approved")
    assert took_s < 1


@pytest.mark.both(slow=True)
async def test_what_is_refused_never_goes_out_and_gives_its_money_back(start_hub: StartHub) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE, environ=ALL) as hub:
        ann, boss = await hub.agent("ann", ALICE), await hub.admin()
        held = await ann.send(BOB, "hello")
        no = await decide(boss, held["approvalId"], "reject", note="Not to them.")
        late = await boss.post(
            "approvals_decide", {"id": held["approvalId"], "decision": "approve"}
        )
        traced = await ann.status(held["messageId"])
        anew = await ann.send(BOB, "hello")

    assert no["status"] == "rejected"
    assert (late.status_code, late.json()["code"]) == (409, "decided")
    assert (traced["status"], traced["cost"], traced["costFinal"]) == ("blocked", 0.0, True)
    assert anew["messageId"] != held["messageId"]
    assert network.asked == []


@pytest.mark.both(slow=True)
async def test_of_two_who_decide_at_once_the_first_counts(start_hub: StartHub) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE, environ=ALL) as hub:
        ann, one, other = await hub.agent("ann", ALICE), await hub.admin(), await hub.admin()
        ids = [(await ann.send(BOB, f"hello {each}"))["approvalId"] for each in range(8)]
        answers = await asyncio.gather(
            *(
                by.post("approvals_decide", {"id": id_, "decision": decision})
                for id_ in ids
                for by, decision in ((one, "approve"), (other, "reject"))
            )
        )
        statuses = {
            each["id"]: each["status"] for each in (await one.call("approvals_list"))["approvals"]
        }
        sent = sum(status == "approved" for status in statuses.values())

        async def asked() -> int:
            return len(network.asked)

        await hub.until(asked, lambda count: count == sent)

    assert sorted(each.status_code for each in answers) == [200] * 8 + [409] * 8
    assert set(statuses.values()) <= {"approved", "rejected"}


@pytest.mark.both(slow=True)
async def test_admins_hear_of_what_waits_and_of_what_became_of_it(start_hub: StartHub) -> None:
    network = Network()
    async with (
        subscribable() as host,
        start_hub(
            plugins=network.plugins(),
            toml=host.settings,
            environ={**ALL, "TRUNKLINE_SLOTS__TELEPHONY": "wire"},
        ) as hub,
    ):
        ann, boss = await hub.agent("ann", ALICE), await hub.admin()
        for event in ("approval.needed", "approval.decided"):
            await Rpc(boss).get("events/subscribe", **to(host.url, event))
        hidden = await Rpc(ann).fail("events/subscribe", **to(host.url, "approval.needed"))
        held = await ann.send(BOB, "hello")
        await asyncio.wait_for(host.came.acquire(), 10)
        await decide(boss, held["approvalId"], "reject")
        await asyncio.wait_for(host.came.acquire(), 10)

    about = {"approvalId": held["approvalId"], "agentId": "ann"}
    assert [post.event["name"] for post in host.posts] == ["approval.needed", "approval.decided"]
    assert host.data == [{**about, "status": "pending"}, {**about, "status": "rejected"}]
    assert hidden[2]["kind"] == "event"


async def test_an_agents_token_decides_nothing(start_hub: StartHub) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE, environ=ALL) as hub:
        ann = await hub.agent("ann", ALICE)
        held = await ann.send(BOB, "hello")
        answers = [
            await ann.post(name, {"id": held["approvalId"], **more})
            for name, more in (
                ("approvals_decide", {"decision": "approve"}),
                ("approvals_show", {}),
                ("approvals_list", {}),
            )
        ]
        async with ann.mcp() as mcp:
            listed = {tool.name for tool in (await mcp.list_tools()).tools}

    assert {each.status_code for each in answers} == {404}
    assert not {name for name in listed if name.startswith("approvals")}
    assert network.asked == []


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_approver_decides_over_mcp_of_either_era(start_hub: StartHub, mode: str) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE, environ=ALL) as hub:
        ann = await hub.agent("ann", ALICE)
        issued = await hub.local("tokens_issue", role="approver")
        held = await ann.send(BOB, "hello")
        async with hub.caller(issued["token"]).mcp(mode) as mcp:
            arguments = {"id": held["approvalId"], "decision": "approve"}
            told = await mcp.call_tool("approvals_decide", arguments)
        await hub.until_status(ann, held["messageId"], "sent")

    assert not told.is_error
    assert len(network.asked) == 1


@pytest.mark.both(slow=True)
async def test_what_nobody_decides_about_fails_and_that_is_no_refusal(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Network()
    environ = {**ALL, "TRUNKLINE_APPROVALS__EXPIRES_HOURS": "2"}
    async with start_hub(plugins=network.plugins(), toml=WIRE, environ=environ, clock=clock) as hub:
        ann, boss = await hub.agent("ann", ALICE), await hub.admin()
        held = await ann.send(BOB, "hello")
        clock.travel(2 * 3600 + 1)
        ended = await hub.until_status(ann, held["messageId"], "failed")
        late = await boss.post(
            "approvals_decide", {"id": held["approvalId"], "decision": "approve"}
        )

    assert "Nobody decided" in ended["reason"]
    assert (late.status_code, late.json()["approvalStatus"]) == (409, "expired")
    assert network.asked == []


async def test_what_its_agent_takes_back_cannot_be_approved(start_hub: StartHub) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE, environ=ALL) as hub:
        ann, boss = await hub.agent("ann", ALICE), await hub.admin()
        held = await ann.send(BOB, "hello")
        await ann.call("comms_cancel", id=held["messageId"])
        late = await boss.post(
            "approvals_decide", {"id": held["approvalId"], "decision": "approve"}
        )

    assert (late.status_code, late.json()["approvalStatus"]) == (409, "canceled")
    assert network.asked == []


async def test_what_was_not_looked_at_is_not_decided_about(start_hub: StartHub) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE, environ=ALL) as hub:
        ann, boss = await hub.agent("ann", ALICE), await hub.admin()
        held = await ann.send(BOB, "hello")
        stranger = {"id": held["approvalId"], "decision": "approve", "digest": "0" * 64}
        other = await boss.post("approvals_decide", stranger)
        await hub.change(
            "UPDATE messages SET to_address = :other WHERE id = :id",
            other=CARL,
            id=held["messageId"],
        )
        altered = await boss.post(
            "approvals_decide", {"id": held["approvalId"], "decision": "approve"}
        )

    assert (other.status_code, other.json()["code"]) == (409, "changed")
    assert altered.status_code == 409
    assert network.asked == []


async def test_a_yes_can_be_taken_back_for_a_while(start_hub: StartHub, clock: Ahead) -> None:
    network = Network()
    environ = {**ALL, "TRUNKLINE_APPROVALS__UNDO_S": "30"}
    async with start_hub(plugins=network.plugins(), toml=WIRE, environ=environ, clock=clock) as hub:
        ann, boss = await hub.agent("ann", ALICE), await hub.admin()
        first, second = await ann.send(BOB, "first"), await ann.send(BOB, "second")
        await decide(boss, first["approvalId"], "approve")
        await decide(boss, second["approvalId"], "approve")
        undone = await decide(boss, first["approvalId"], "reject")
        clock.travel(31)
        await hub.until_status(ann, second["messageId"], "sent")
        late = await boss.post(
            "approvals_decide", {"id": second["approvalId"], "decision": "reject"}
        )

    assert undone["status"] == "rejected"
    assert (late.status_code, [sms.body for sms in network.asked]) == (409, ["second"])


async def test_two_people_have_to_agree_where_that_is_set(start_hub: StartHub) -> None:
    network = Network()
    environ = {**ALL, "TRUNKLINE_APPROVALS__PEOPLE": "2"}
    async with start_hub(plugins=network.plugins(), toml=WIRE, environ=environ) as hub:
        ann, one, other = await hub.agent("ann", ALICE), await hub.admin(), await hub.admin()
        held = await ann.send(BOB, "hello")
        first = await decide(one, held["approvalId"], "approve")
        same = await decide(one, held["approvalId"], "approve")
        await keep_still()
        before = len(network.asked)
        second = await decide(other, held["approvalId"], "approve")
        await hub.until_status(ann, held["messageId"], "sent")

    assert [each["status"] for each in (first, same, second)] == ["pending", "pending", "approved"]
    assert (first["agreed"], same["agreed"], before) == (1, 1, 0)


async def test_a_batch_is_approved_as_one(start_hub: StartHub) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE, environ=ALL) as hub:
        ann, boss = await hub.agent("ann", ALICE), await hub.admin()
        messages = [{"channel": "sms", "to": BOB, "body": f"hello {each}"} for each in range(5)]
        batch = await ann.call("comms_send_batch", messages=messages)
        answer = await boss.call("approvals_decide", id=batch["batchId"], decision="approve")

        async def asked() -> int:
            return len(network.asked)

        await hub.until(asked, lambda count: count == 5)

    assert {each["status"] for each in batch["results"]} == {"held"}
    assert {each["status"] for each in answer["approvals"]} == {"approved"}


async def test_what_is_approved_is_still_judged(start_hub: StartHub) -> None:
    network = Network()
    plugins = network.plugins(WireWebhooks())
    async with start_hub(plugins=plugins, toml=WIRE, environ=ALL) as hub:
        ann, boss = await hub.agent("ann", ALICE), await hub.admin()
        held = await ann.send(BOB, "hello")
        told = {"id": "1", "from": BOB, "to": ALICE, "body": "STOP"}
        await hub.client.post("/webhooks/ann/sms", json=told, headers={"x-wire": "yes"})
        await decide(boss, held["approvalId"], "approve")
        ended = await hub.until_status(ann, held["messageId"], "blocked")

    assert ended["status"] == "blocked"
    assert network.asked == []


async def test_a_suspended_agents_approved_act_waits_for_it(start_hub: StartHub) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE, environ=ALL) as hub:
        ann, boss = await hub.agent("ann", ALICE), await hub.admin()
        waiting, held = await ann.send(BOB, "waits"), await ann.send(BOB, "hello")
        await hub.local("agents_suspend", id="ann")
        await decide(boss, held["approvalId"], "approve")
        await keep_still()
        before = len(network.asked)
        await hub.local("agents_resume", id="ann")
        await hub.until_status(ann, held["messageId"], "sent")
        still = await ann.status(waiting["messageId"])

    assert (before, still["status"], len(network.asked)) == (0, "held", 1)


async def test_what_a_filter_doubts_is_held_with_why(start_hub: StartHub) -> None:
    network = Network()
    doubts = Judging(lambda _: Hold(rule="odd", why="It looks odd."))
    plugins = with_filters(network.plugins(), {"careful": doubts})
    async with start_hub(plugins=plugins, toml=WIRE) as hub:
        ann, boss = await hub.agent("ann", ALICE), await hub.admin()
        held = await ann.send(BOB, "hello")
        (waiting,) = await pending(boss)

    assert held["status"] == "held"
    assert waiting["reasons"] == [{"rule": "careful.odd", "why": "It looks odd."}]


RULES = [
    ("first_contact", {}, True),
    ("class:marketing", {"messageClass": "marketing"}, True),
    ("class:marketing", {"messageClass": "transactional"}, False),
    ("class:transactional", {}, True),
    ("over:0.50", {}, True),  # nobody knows what the wire takes
    ("domain:example.com", {}, False),
    ("", {}, False),
]


@pytest.mark.parametrize(("rule", "more", "holds"), RULES)
async def test_an_agent_has_rules_of_its_own(
    start_hub: StartHub, rule: str, more: dict[str, str], holds: bool
) -> None:
    environ = ALL if not rule else {}
    async with start_hub(plugins=Network().plugins(), toml=WIRE, environ=environ) as hub:
        ann = await hub.agent("ann", ALICE)
        await hub.local("agents_set", id="ann", values={"hold": rule or "class:emergency"})
        sent = await ann.send(BOB, "hello", **more)

    assert sent["status"] == ("held" if holds else "sent")


@pytest.mark.both(slow=True)
async def test_a_first_contact_is_held_until_one_was_approved(start_hub: StartHub) -> None:
    network = Network()
    environ = {"TRUNKLINE_AGENTS__HOLD": "first_contact"}
    plugins = network.plugins(WireWebhooks())
    async with start_hub(plugins=plugins, toml=WIRE, environ=environ) as hub:
        ann, boss = await hub.agent("ann", ALICE), await hub.admin()
        first, second = await ann.send(BOB, "first"), await ann.send(BOB, "second")
        await decide(boss, first["approvalId"], "approve")
        third = await ann.send(BOB, "third")
        told = {"id": "1", "from": CARL, "to": ALICE, "body": "Hi."}
        await hub.client.post("/webhooks/ann/sms", json=told, headers={"x-wire": "yes"})
        answer = await ann.send(CARL, "Hello.")

    assert [each["status"] for each in (first, second, third)] == ["held", "held", "sent"]
    assert answer["status"] == "sent"


@pytest.mark.parametrize(
    "rule", ["sometimes", "over:", "over:much", "over:NaN", "class:spam", "domain:x", "all:1"]
)
async def test_a_rule_that_is_none_is_refused(served: Served, rule: str) -> None:
    await served.agent("ann", ALICE)
    answer = await served.operator.post(
        "/api/v1/tools/agents_set", json={"id": "ann", "values": {"hold": rule}}
    )

    assert (answer.status_code, answer.json()["field"]) == (422, "hold")


@pytest.fixture
async def served(start_hub: StartHub) -> AsyncIterator[Served]:
    """A hub of the simulated network."""
    async with start_hub() as hub:
        yield hub
