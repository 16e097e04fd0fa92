"""The demo's mailbox as people and agents use it: a thread, a bounce, and mails between agents."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client
from mcp_types import TextContent

from tests.flows.houses import refused
from tests.flows.hubs import DEMO, Caller, Served, StartHub
from trunkline.demonstration import MAILBOX, DemoFacts, prepare

MAIL = DEMO.replace('telephony = "demo"', 'telephony = "demo"\nemail = "demo"')
AVA, BEN = "ava@agents.example", "ben@agents.example"


@pytest.fixture
async def hub(start_hub: StartHub) -> AsyncIterator[Served]:
    async with start_hub(toml=MAIL) as hub:
        yield hub


@pytest.fixture
async def facts(hub: Served) -> DemoFacts:
    return await prepare(hub.running.hub, hub.base_url, hub.data_dir)


@pytest.fixture
def ava(hub: Served, facts: DemoFacts) -> Caller:
    return hub.caller(facts.agents[0].token)


@pytest.fixture
def ben(hub: Served, facts: DemoFacts) -> Caller:
    return hub.caller(facts.agents[1].token)


async def mails(hub: Served, address: str = MAILBOX) -> list[dict[str, Any]]:
    """Return what lies in a mailbox, newest first."""
    answer = await hub.client.get(f"/demo/mailboxes/{address}/mails")
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def person(hub: Served, path: str, content: dict[str, Any]) -> dict[str, Any]:
    """Do something in the mailbox of the demo's person."""
    answer = await hub.client.post(f"/demo/mailboxes/{MAILBOX}/{path}", json=content)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def mail(agent: Caller, to: str = MAILBOX, **more: Any) -> dict[str, Any]:
    """Let an agent write a mail that must be taken."""
    given = {"to": to, "subject": "Order 18", "body": "It is on its way.", **more}
    return await agent.call("comms_send_message", channel="email", **given)


async def tool(client: Client, name: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool that must work."""
    result = await client.call_tool(name, arguments)
    assert not result.is_error, result.content
    told: dict[str, Any] = result.structured_content or {}
    return told


async def test_demo_json_tells_where_mails_go(hub: Served, facts: DemoFacts) -> None:
    told = json.loads((hub.data_dir / "demo.json").read_text())

    assert [each["email"] for each in told["agents"]] == [AVA, BEN]
    assert told["handset"]["email"] == MAILBOX


async def test_an_agent_of_an_earlier_demo_gets_the_address_that_it_lacks(
    hub: Served, tmp_path: Path
) -> None:
    await hub.local("agents_create", id="ava", values={"phone": "+12025550101"})
    facts = await prepare(hub.running.hub, hub.base_url, tmp_path)

    ava = hub.caller(facts.agents[0].token)
    await mail(ava)
    (came,) = await mails(hub)

    assert facts.agents[0].email == came["from"] == AVA


async def test_a_thread_of_three_turns_over_mcp(hub: Served, ava: Caller) -> None:
    async with ava.mcp() as client:
        sent = await tool(
            client,
            "comms_send_message",
            channel="email",
            to=MAILBOX,
            subject="Order 18",
            body="It is on its way.",
        )
        (first,) = await mails(hub)
        await person(hub, "mails", {"replyTo": first["id"], "body": "When is it here?"})
        reply = await tool(client, "comms_wait_for_reply", channel="email", timeoutSeconds=20)
        await tool(
            client,
            "comms_send_message",
            channel="email",
            to=MAILBOX,
            body="Tomorrow.",
            replyTo=reply["id"],
        )
        (newest, *_) = await mails(hub)
        await person(hub, "mails", {"replyTo": newest["id"], "body": "Thank you."})
        result = await client.call_tool("comms_get_messages", {"channel": "email"})

    (shown,) = [each for each in result.content if isinstance(each, TextContent)]
    inbox = (result.structured_content or {})["messages"]
    kept = await mails(hub)
    assert first["messageId"] == f"<{sent['messageId']}@agents.example>"
    assert "Re: Order 18" in reply["subject"]
    assert "When is it here?" in reply["body"]
    assert (reply["authentication"], reply["replyTo"]) == (
        "spf pass, dkim pass, dmarc pass",
        sent["messageId"],
    )
    assert "Thank you." in shown.text
    assert [each["direction"] for each in inbox] == ["inbound", "outbound"] * 2
    assert {each["threadId"] for each in inbox} == {sent["messageId"]}
    assert {each["threadId"] for each in kept} == {first["messageId"]}
    assert [each["subject"] for each in kept] == ["Re: Order 18"] * 3 + ["Order 18"]
    assert kept[0]["references"] == [each["messageId"] for each in reversed(kept[1:])]


async def test_a_thread_of_three_turns_over_rest(hub: Served, ava: Caller) -> None:
    sent = await mail(ava, cc=["cee@people.example"], bcc=["dee@people.example"])
    await hub.until_status(ava, sent["messageId"], "delivered")
    path = f"/demo/handsets/{MAILBOX}"
    told = await hub.client.post(f"{path}/reply", json={"body": "When?", "channel": "email"})
    (reply, _) = await ava.inbox(channel="email")
    await mail(ava, subject=None, body="Tomorrow.", replyTo=reply["id"])
    (newest, *_) = (await hub.client.get(f"{path}/messages")).json()["items"]

    assert (told.json()["status"], told.json()["httpStatus"]) == ("accepted", 204)
    assert newest["body"].strip() == "Tomorrow."
    assert newest["inReplyTo"] == (await mails(hub))[1]["messageId"]
    (copy,), (hidden,) = (
        await mails(hub, "cee@people.example"),
        await mails(hub, "dee@people.example"),
    )
    assert "hiddenCopy" not in copy
    assert "bcc" not in copy
    assert hidden["hiddenCopy"] is True


async def test_a_person_writes_first(hub: Served, ava: Caller) -> None:
    given = {"to": AVA, "subject": "Hello", "body": "Anybody there?", "cc": [BEN]}
    written = await person(hub, "mails", given)
    nobody = await person(hub, "mails", {**given, "to": "eve@agents.example", "cc": []})
    (came,) = await ava.inbox(channel="email")

    assert written["status"] == "accepted"
    assert (came["from"], came["subject"]) == (MAILBOX, "Hello")
    assert nobody["reason"] == "Nobody answers there: no agent has this address."


async def test_after_a_hard_bounce_nothing_more_is_sent_there(hub: Served, ava: Caller) -> None:
    await person(hub, "mode", {"mode": "gone"})
    sent = await mail(ava)
    failed = await hub.until_status(ava, sent["messageId"], "failed")
    again = await ava.post(
        "comms_send_message", {"channel": "email", "to": MAILBOX, "subject": "2", "body": "Hello?"}
    )
    (kept,) = await mails(hub)

    assert (failed["providerCode"], kept["status"]) == ("no_mailbox", "bounced")
    assert refused(again, 403, "blocked")
    assert again.json()["rule"] == "suppression"


async def test_after_a_soft_bounce_the_address_stays_open(hub: Served, ava: Caller) -> None:
    await person(hub, "mode", {"mode": "full"})
    sent = await mail(ava)
    failed = await hub.until_status(ava, sent["messageId"], "failed")
    await person(hub, "mode", {"mode": "takes"})
    again = await mail(ava, subject="Order 18, again")

    assert failed["providerCode"] == "mailbox_full"
    assert again["status"] == "sent"


@pytest.mark.parametrize(
    ("trouble", "status"), [("no_mailbox", "failed"), ("complaint", "delivered")]
)
async def test_a_bounce_or_a_complaint_after_the_delivery_closes_the_address(
    hub: Served, ava: Caller, trouble: str, status: str
) -> None:
    sent = await mail(ava)
    await hub.until_status(ava, sent["messageId"], "delivered")
    (kept,) = await mails(hub)
    await person(hub, f"mails/{kept['id']}/trouble", {"trouble": trouble})
    again = await ava.post(
        "comms_send_message", {"channel": "email", "to": MAILBOX, "subject": "2", "body": "Hello?"}
    )

    assert (await ava.status(sent["messageId"]))["status"] == status
    assert (again.status_code, again.json()["rule"]) == (403, "suppression")


async def test_one_agent_writes_to_the_other(hub: Served, ava: Caller, ben: Caller) -> None:
    sent = await mail(ava, to=BEN)
    (came,) = await hub.until(lambda: ben.inbox(channel="email"), lambda found: len(found) == 1)
    back = await mail(ben, to=AVA, subject=None, body="Got it.", replyTo=came["id"])
    (answer, _) = await hub.until(lambda: ava.inbox(channel="email"), lambda found: len(found) == 2)
    by_id = await ava.call(
        "comms_send_message", channel="email", toAgentId="ben", subject="Lunch?", body="At noon."
    )

    assert (came["from"], came["direction"], came["subject"]) == (AVA, "inbound", "Order 18")
    assert (answer["replyTo"], answer["from"]) == (sent["messageId"], BEN)
    assert back["status"] == by_id["status"] == "sent"
    assert (await hub.client.get("/demo/mailboxes")).json()["items"][0]["mails"] == 0


async def test_who_is_away_says_so_once_and_two_who_are_away_do_not_talk_for_ever(
    hub: Served, ava: Caller
) -> None:
    other = "bea@people.example"
    await person(hub, "mode", {"mode": "away"})
    await hub.client.post(f"/demo/mailboxes/{other}/mode", json={"mode": "away"})
    await mail(ava)
    await hub.until(lambda: ava.inbox(channel="email"), lambda found: len(found) == 2)
    (first,) = [each for each in await mails(hub) if each["direction"] == "inbound"]
    second = await mail(ava, subject="Order 19")
    await hub.until_status(ava, second["messageId"], "delivered")
    await person(hub, "mails", {"forward": first["id"], "to": other, "body": "See below."})
    notes = [each for each in await ava.inbox(channel="email") if each["direction"] == "inbound"]
    theirs = await mails(hub, other)

    assert [(each["subject"], each["automatic"]) for each in notes] == [("Auto: Order 18", True)]
    assert [(each["direction"], each["subject"]) for each in theirs] == [
        ("outbound", "Auto: Fwd: Order 18"),
        ("inbound", "Fwd: Order 18"),
    ]
    back = [each for each in await mails(hub) if each.get("automatic")]
    assert [each["subject"] for each in back] == ["Auto: Fwd: Order 18", "Auto: Order 18"]
