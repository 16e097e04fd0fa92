"""An agent's texts and mails are told once more to somebody else, and that never hurts them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.flows.hubs import ANN, BEN, DEMO, HANDSET, Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network, Vendor
from tests.flows.receivers import BROKEN, TAKEN, Receiver, jobs, receive, receiving
from tests.flows.test_demo_email import mails
from tests.flows.test_erasing import erase, held_in
from trunkline.core.engine.marks import RESTORED, set_mark
from trunkline.sdk import DeliveryStatus, OutboundSms, Receipt

BOSS = "+12025550160"
MAIL = DEMO.replace('telephony = "demo"', 'telephony = "demo"\nemail = "demo"')
PERSON, AUDIT = "bob@example.org", "audit@example.net"


@asynccontextmanager
async def mirrored(
    start_hub: StartHub, to: str = BOSS, **more: Any
) -> AsyncIterator[tuple[Served, Caller]]:
    """Serve a hub whose agent ann has her texts mirrored."""
    async with start_hub(**more) as hub:
        ann = await hub.agent("ann", ANN)
        await hub.local("agents_set", id="ann", values={"sms_mirror_to": to})
        yield hub, ann


async def told(hub: Served, agent: Caller, message_id: str, status: str) -> dict[str, Any]:
    """Return the only duplicate of a message once it is as wanted."""
    found: dict[str, Any] = await hub.until(
        lambda: agent.status(message_id),
        lambda traced: [each["status"] for each in traced.get("duplicates", ())] == [status],
    )
    (duplicate,) = found["duplicates"]
    return dict(duplicate)


async def until_held(hub: Served, of: list[str]) -> None:
    """Wait until the vault holds texts of these tables, and no others."""

    async def read() -> list[str]:
        return [each["owner_table"] for each in hub.rows("SELECT owner_table FROM body_vault")]

    await hub.until(read, lambda held: held == of)


@pytest.mark.both
async def test_a_text_that_goes_out_or_comes_in_goes_to_a_number_as_well(
    start_hub: StartHub,
) -> None:
    async with mirrored(start_hub) as (hub, ann):
        sent = await ann.send(HANDSET, "hello")
        out = await told(hub, ann, sent["messageId"], "delivered")
        await Vendor(hub).text(HANDSET, ANN, "hi Ann")
        (came,) = await ann.inbox(unread=True)
        into = await told(hub, ann, came["id"], "delivered")
        await Vendor(hub).text(BOSS, ANN, "well done", "t2")  # who mirrors gets back nothing
        waited = await ann.call("comms_wait_for_reply", timeoutSeconds=5)

        assert await Vendor(hub).handset(BOSS) == [
            f"To {HANDSET}: hello",
            f"From {HANDSET}: hi Ann",
        ]
        assert (out["channel"], out["to"]) == (into["channel"], into["to"]) == ("sms", BOSS)
        assert waited["id"] == came["id"]  # a duplicate is nothing that ann said since
        copy = await ann.status(out["messageId"])
        assert (copy["duplicateOf"], "duplicates" in copy) == (sent["messageId"], False)
        assert copy["cost"] > 0
        assert (hub.count("messages"), hub.count("duplicates")) == (5, 2)
        await hub.until_status(ann, sent["messageId"], "delivered")
        await until_held(hub, ["messages"] * 2)


@pytest.mark.usefixtures("attentive")
async def test_a_url_is_told_instead_signed_and_until_it_takes_it(
    start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline.core.forwarding.posting.FIRST_BACKOFF_S", 0.02)
    async with receiving(BROKEN, TAKEN) as receiver, _posting(start_hub, receiver) as (hub, ann):
        sent = await ann.send(HANDSET, "hello")
        duplicate = await told(hub, ann, sent["messageId"], "delivered")
        await Vendor(hub).text(HANDSET, ANN, "hi Ann")
        (came,) = await ann.inbox(unread=True)
        await told(hub, ann, came["id"], "delivered")
        secret = (await hub.local("agents_webhook_secret", id="ann"))["secret"]

    first, again, inbound = receiver.posts
    assert (first.id, first.body) == (again.id, again.body)
    assert again.id not in (inbound.id, sent["messageId"])
    assert again.event["type"] == "message.sent"
    shown = again.event["data"]
    assert (shown["id"], shown["to"], shown["body"]) == (sent["messageId"], HANDSET, "hello")
    assert receive(secret, inbound.headers, inbound.body, set())["body"] == "hi Ann"
    assert duplicate == {"channel": "url", "to": f"{receiver.url}?********", "status": "delivered"}


@asynccontextmanager
async def _posting(start_hub: StartHub, receiver: Receiver) -> AsyncIterator[tuple[Served, Caller]]:
    to = f"{receiver.url}?key=s3cret"
    async with mirrored(start_hub, to, toml=receiver.settings) as found:
        yield found


@pytest.mark.usefixtures("attentive")
async def test_a_duplicate_whose_time_has_passed_is_given_up(
    start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline.core.forwarding.posting.FIRST_BACKOFF_S", 0.2)
    async with receiving(BROKEN) as receiver, _posting(start_hub, receiver) as (hub, ann):
        sent = await ann.send(HANDSET, "hello")
        await hub.until(
            lambda: ann.status(sent["messageId"]),
            lambda traced: "reason" in traced["duplicates"][0],
        )
        await hub.change("UPDATE duplicates SET deadline_at = created_at")
        late = await told(hub, ann, sent["messageId"], "failed")

        await hub.until(lambda: jobs(hub), lambda left: left == 0)
        assert late["reason"] == "The callback URL answered 500."
        assert sent["status"] == "sent"


async def test_a_mail_that_was_taken_has_a_copy_that_is_a_mail_of_its_own(
    start_hub: StartHub,
) -> None:
    async with start_hub(toml=MAIL) as hub:
        ann = await hub.agent("ann")
        values = {"email": "ann@agents.example", "email_bcc_to": AUDIT}
        await hub.local("agents_set", id="ann", values=values)
        mail = {
            "channel": "email",
            "to": PERSON,
            "subject": "Order 18",
            "body": "Sent.",
            "html": "<p>Sent.</p>",
        }
        sent = await ann.call("comms_send_message", **mail, cc=["cy@example.org"])
        await told(hub, ann, sent["messageId"], "delivered")
        anyway = await ann.call("comms_send_message", **mail, bcc=[AUDIT])
        (copy,) = [each for each in await mails(hub, AUDIT) if "Copy" in each["subject"]]

        assert copy["subject"] == f"Copy of a mail to {PERSON}: Order 18"
        assert (copy["to"], copy.get("cc") or [], copy["html"]) == (AUDIT, [], True)
        assert "duplicates" not in await ann.status(anyway["messageId"])


async def test_a_duplicate_keeps_to_every_rule_and_its_refusal_is_nobodys_error(
    start_hub: StartHub,
) -> None:
    async with mirrored(start_hub) as (hub, ann):
        await Vendor(hub).text(BOSS, ANN, "STOP")
        sent = await ann.send(HANDSET, "hello")
        blocked = await told(hub, ann, sent["messageId"], "blocked")
        refused = hub.rows("SELECT count(*) AS n FROM messages WHERE status = 'blocked'")
        await hub.local("agents_create", id="ben", values={"phone": BEN})
        taken = await hub.operator.post(
            "/api/v1/tools/agents_set", json={"id": "ann", "values": {"sms_mirror_to": BEN}}
        )
        await hub.change("UPDATE agent_channels SET sms_mirror_to = :to", to=BEN)
        loop = await ann.send(HANDSET, "hello again")
        failed = await told(hub, ann, loop["messageId"], "failed")
        lost = await ann.try_send(BOSS, "blocked itself")

        assert sent["status"] == loop["status"] == "sent"
        assert blocked["messageId"] != sent["messageId"]
        assert refused == [{"n": 1}]
        assert (taken.status_code, taken.json()["field"]) == (422, "sms_mirror_to")
        assert "would mirror" in failed["reason"]
        assert lost.json()["code"] == "blocked"
        assert hub.count("duplicates") == 2  # what no provider took is not told
        assert hub.count("forwards") == 0


async def test_a_duplicate_is_for_the_operators_own_people_and_held_for_nobody(
    start_hub: StartHub,
) -> None:
    async with mirrored(start_hub) as (hub, ann):
        await hub.local("agents_set", id="ann", values={"hold": "all"})
        await Vendor(hub).text(HANDSET, ANN, "hi Ann")
        (came,) = await ann.inbox(unread=True)
        copy = await told(hub, ann, came["id"], "delivered")
        held = await ann.send(HANDSET, "hello")

        assert held["status"] == "held"
        kinds = hub.rows("SELECT message_class FROM messages WHERE id = ?", copy["messageId"])
        assert kinds == [{"message_class": "internal"}]


async def test_a_duplicate_counts_for_the_agents_limits(start_hub: StartHub) -> None:
    async with mirrored(start_hub) as (hub, ann):
        limits = {"maxActionsPerMinute": 1}
        admin = await hub.admin()
        await admin.call("comms_set_agent_limits", agentId="ann", limits=limits)
        sent = await ann.send(HANDSET, "hello")
        over = await told(hub, ann, sent["messageId"], "rate_limited")

        assert sent["status"] == "sent"
        assert over["reason"]
        assert await Vendor(hub).handset(BOSS) == []


@pytest.mark.both(slow=True)
async def test_an_erased_contacts_duplicates_go_with_the_rest(start_hub: StartHub) -> None:
    async with mirrored(start_hub) as (hub, ann):
        await hub.local("privacy_keep", id="ann", channel="sms", days=30)
        sent = await ann.send(HANDSET, "Guacamole-77")
        kept = await ann.send(BOSS, "Quesadilla-12")
        copy = await told(hub, ann, sent["messageId"], "delivered")
        await hub.until_status(ann, kept["messageId"], "delivered")
        receipt = await erase(hub)

        bodies = {each["id"]: each["body"] for each in await ann.inbox()}
        assert bodies[copy["messageId"]] is None
        assert bodies[kept["messageId"]] == "Quesadilla-12"
        assert held_in(hub, HANDSET.removeprefix("+"), "Guacamole-77") == []
        assert receipt["vendors"]["demo"]["deleted"] == 2
        assert receipt["finishedAt"]
        assert await Vendor(hub).handset(BOSS) == ["Quesadilla-12"]


async def test_an_erasure_waits_for_a_duplicate_that_is_under_way(start_hub: StartHub) -> None:
    asked, let = asyncio.Event(), asyncio.Event()

    async def answer(sms: OutboundSms) -> Receipt:
        if sms.recipient == BOB:
            asked.set()
            await let.wait()
        return Receipt(provider_id=f"wire-{sms.recipient}")

    network = Network(answer)
    async with start_hub(toml=WIRE, plugins=network.plugins()) as hub:
        ann = await hub.agent("ann", ALICE)
        await hub.local("agents_set", id="ann", values={"sms_mirror_to": BOB})
        await hub.local("privacy_keep", id="ann", channel="sms", days=30)
        sent = await ann.send("+14155550123", "Guacamole-77")
        await asked.wait()
        erasing = asyncio.create_task(erase(hub, "+14155550123"))
        await asyncio.sleep(0.7)  # in which it could have ended
        assert not erasing.done()
        let.set()
        receipt = await erasing

        assert receipt["finishedAt"]
        assert held_in(hub, "14155550123", "Guacamole-77") == []
        assert {each["body"] for each in await ann.inbox()} == {None}
        (duplicate,) = (await ann.status(sent["messageId"]))["duplicates"]
        assert (duplicate["status"], duplicate["to"]) == ("sent", BOB)


async def test_a_text_whose_own_is_destroyed_in_the_same_moment_is_told_all_the_same(
    start_hub: StartHub,
) -> None:
    async def deliver(sms: OutboundSms) -> Receipt:
        return Receipt(provider_id=f"wire-{sms.recipient}", status=DeliveryStatus.DELIVERED)

    network = Network(deliver)
    async with start_hub(toml=WIRE, plugins=network.plugins()) as hub:
        ann = await hub.agent("ann", ALICE)
        await hub.local("agents_set", id="ann", values={"sms_mirror_to": BOB})
        sent = await ann.send("+14155550123", "hello")
        await told(hub, ann, sent["messageId"], "delivered")

        assert sent["status"] == "delivered"
        assert [each.body for each in network.asked] == ["hello", "To +14155550123: hello"]
        await until_held(hub, [])


async def test_a_simulated_agents_duplicates_are_simulated(start_hub: StartHub) -> None:
    network = Network()
    async with start_hub(toml=WIRE, plugins=network.plugins()) as hub:
        ann = await hub.agent("ann", ALICE)
        await hub.local("agents_mode", id="ann", mode="simulated")
        await hub.local("agents_set", id="ann", values={"sms_mirror_to": BOB})
        sent = await ann.send("+14155550123", "hello")
        copy = await told(hub, ann, sent["messageId"], "delivered")
        url = {"sms_mirror_to": "https://audit.example.com/texts"}
        await hub.local("agents_set", id="ann", values=url)
        posted = await ann.send("+14155550123", "hello again")
        untold = await told(hub, ann, posted["messageId"], "simulated")

        assert (await ann.status(copy["messageId"]))["simulated"] is True
        assert untold["to"] == url["sms_mirror_to"]
        assert network.asked == []


async def test_a_restored_hub_does_not_send_again_what_its_backup_says_is_to_be_sent(
    start_hub: StartHub,
) -> None:
    async with mirrored(start_hub) as (hub, ann):
        sent = await ann.send(HANDSET, "hello")
        copy = await told(hub, ann, sent["messageId"], "delivered")
        await hub.change("DELETE FROM messages WHERE id = :id", id=copy["messageId"])
        await hub.change("UPDATE duplicates SET state = 'waiting', finished_at = NULL")
        now = datetime.now(UTC)
        db = hub.running.hub.db
        await db.write(lambda tx: set_mark(tx, "default", "row_restored", RESTORED, "", now))
    async with start_hub() as hub:
        given_up = await told(hub, hub.caller(ann.token), sent["messageId"], "failed")

        assert "restored from a backup" in given_up["reason"]
        assert hub.rows("SELECT id FROM messages") == [{"id": sent["messageId"]}]


async def test_it_is_given_with_the_channels_and_checked_before_anything_is_stored(
    start_hub: StartHub,
) -> None:
    wish = {"agentId": "ada", "country": "US", "capabilities": {"phone": True}}
    good = {"sms": {"mirrorTo": BOSS}, "email": {"bccTo": AUDIT}}
    bad: list[tuple[dict[str, Any], str]] = [
        ({"sms": {"mirrorTo": "555"}}, "routeDuplication.sms.mirrorTo"),
        ({"sms": {"mirrorTo": "http://127.0.0.1/"}}, "routeDuplication.sms.mirrorTo"),
        ({"email": {"bccTo": "https://a.example.com/"}}, "routeDuplication.email.bccTo"),
        ({"liveCall": {"alsoRecord": True}}, "routeDuplication.liveCall"),
    ]
    async with start_hub() as hub:
        admin = await hub.admin()
        refused = [
            (await admin.post("comms_provision_channels", {**wish, "routeDuplication": each}))
            for each, _ in bad
        ]
        assert [each.json()["field"] for each in refused] == [field for _, field in bad]
        assert "comms_make_call" in refused[-1].json()["detail"]
        assert hub.count("agent_channels") == 0

        await admin.call("comms_provision_channels", **wish)
        await admin.call("comms_provision_channels", **wish, routeDuplication=good)
        ada = await hub.local("agents_show", id="ada")
        cleared = await hub.local("agents_set", id="ada", values={"sms_mirror_to": None})

        assert (ada["smsMirrorTo"], ada["emailBccTo"]) == (BOSS, AUDIT)
        assert "smsMirrorTo" not in cleared
        assert AUDIT in json.dumps(cleared)
