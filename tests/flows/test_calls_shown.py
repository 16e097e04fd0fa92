"""Calls are read over REST, by status and by the operator; nobody sees another agent's."""

from typing import Any

import pytest

from tests.flows.clocks import Ahead, clock
from tests.flows.hubs import StartHub
from tests.flows.networks import ALICE, BOB
from tests.flows.phones import PHONES, Phones, report, say, states, tell
from trunkline.sdk import CallStatus, Capability

__all__ = ["clock"]

CAROL = "+14155550123"
LEFT = {"call": "in1", "recording": "r1", "url": "https://phones.example/r1.wav", "duration": 12}


async def test_an_agent_reads_its_calls_page_by_page_and_nobody_elses(start_hub: StartHub) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        ann, eve, admin = (
            await hub.agent("ann", ALICE),
            await hub.agent("eve", CAROL),
            await hub.admin(),
        )
        message = await say(hub)
        await tell(hub, {"call": "c1", "status": "completed", "duration": 9, "cost": 14_000})
        await tell(hub, {"call": "in1", "from": BOB})
        first = (await ann.get("/api/v1/calls?limit=1")).json()
        second = (await ann.get(f"/api/v1/calls?limit=1&cursor={first['nextCursor']}")).json()
        (came,), (went,) = first["items"], second["items"]
        shown = (await ann.get(f"/api/v1/calls/{went['id']}")).json()
        traced = await ann.status(went["id"])
        of_message = await ann.status(message.id)
        hers = (await eve.get("/api/v1/calls")).json()
        not_hers = await eve.get(f"/api/v1/calls/{went['id']}")
        nor_by_status = await eve.post("comms_get_status", {"id": went["id"]})
        admins = (await admin.get("/api/v1/calls?agentId=ann")).json()

    assert (came["direction"], came["from"], came["status"]) == ("inbound", BOB, "ringing")
    assert (went["direction"], went["status"], went["durationSeconds"]) == (
        "outbound",
        "completed",
        9,
    )
    assert (went["messageId"], went["cost"], went["currency"]) == (message.id, 0.014, "USD")
    assert second["nextCursor"] is None
    assert [each["status"] for each in shown["history"]] == ["queued", "completed"]
    assert (traced["kind"], traced["status"], traced["cost"]) == ("call", "completed", 0.014)
    assert traced["call"] == went == of_message["call"]
    assert hers == {"items": [], "nextCursor": None}
    assert (not_hers.status_code, nor_by_status.status_code) == (404, 404)
    assert len(admins["items"]) == 2


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=0", 422),
        ("limit=201", 422),
        ("limit=few", 422),
        ("cursor=nonsense", 422),
        ("color=red", 422),
        ("limit=1&limit=2", 422),
        ("agentId=eve", 403),
    ],
)
async def test_a_page_that_cannot_be_is_refused_by_a_sentence(
    start_hub: StartHub, query: str, status: int
) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        ann = await hub.agent("ann", ALICE)
        answer = await ann.get(f"/api/v1/calls?{query}")
        absent = await ann.get("/api/v1/calls/nonsense")

    assert (answer.status_code, absent.status_code) == (status, 404)
    assert answer.json()["detail"]


async def test_a_message_that_was_left_and_its_call_name_each_other(start_hub: StartHub) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        ann = await hub.agent("ann", ALICE)
        await tell(hub, {"call": "in1", "from": BOB})
        await tell(hub, LEFT, path="ann/recording")
        (left,) = await ann.inbox(channel="voice")
        status = await ann.status(left["id"])
        call = status["call"]
        during = await ann.status(call["id"])
        await tell(hub, {"call": "in1", "status": "completed", "duration": 15})
        shown = (await ann.get(f"/api/v1/calls/{call['id']}")).json()
        (listed,) = (await hub.local("calls_list"))["calls"]
        again = await ann.status(left["id"])

    assert left["durationSeconds"] == 12
    assert (call["direction"], call["from"], call["status"]) == ("inbound", BOB, "in-progress")
    assert call["messageId"] == during["call"]["messageId"] == left["id"]
    assert shown["messageId"] == listed["messageId"] == left["id"]
    assert [each["status"] for each in shown["history"]] == [
        "ringing",
        "in-progress",
        "recorded",
        "completed",
    ]
    assert (shown["durationSeconds"], again["status"]) == (15, "received")
    assert shown["answeredAt"] <= shown["endedAt"]


async def test_a_call_that_came_in_and_whose_end_nobody_tells_leaves_its_message_alone(
    start_hub: StartHub, clock: Ahead
) -> None:
    phones = Phones()
    plugins = phones.plugins(Capability.CALL_LOOKUP)
    async with start_hub(plugins=plugins, toml=PHONES, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        await tell(hub, {"call": "in1", "from": BOB})
        await tell(hub, LEFT, path="ann/recording")
        (left,) = await ann.inbox(channel="voice")
        phones.known["in1"] = report("in1", CallStatus.COMPLETED, duration_s=15)
        clock.travel(120)

        async def standing() -> Any:
            return states(hub)

        await hub.until(standing, lambda rows: rows == [("completed", left["id"])])
        traced = await ann.status(left["id"])

    assert (traced["status"], len(traced["history"])) == ("received", 1)


async def test_an_operator_lists_calls_and_looks_at_one(start_hub: StartHub) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        await hub.agent("ann", ALICE)
        await tell(hub, {"call": "in1", "from": BOB})
        (listed,) = (await hub.local("calls_list"))["calls"]
        shown = await hub.local("calls_show", id=listed["id"])

    assert (listed["agentId"], listed["status"]) == ("ann", "ringing")
    assert [each["status"] for each in shown["history"]] == ["ringing"]


async def test_an_agent_greets_in_few_words(start_hub: StartHub) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        await hub.agent("ann", ALICE)
        shown = await hub.local("agents_set", id="ann", values={"greeting": "This is Ann."})
        long = await hub.operator.post(
            "/api/v1/tools/agents_set", json={"id": "ann", "values": {"greeting": "x" * 321}}
        )
        none = await hub.local("agents_set", id="ann", values={"greeting": None})

    assert shown["greeting"] == "This is Ann."
    assert (long.status_code, long.json()["field"]) == (422, "values.greeting")
    assert "greeting" not in none
