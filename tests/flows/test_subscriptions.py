"""A host subscribes, and is woken by what happens to its agent's messages."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from standardwebhooks import WebhookVerificationError

from tests.flows.hubs import ANN, BEN, HANDSET, Caller, StartHub
from tests.flows.logs import every_level
from tests.flows.networks import Vendor
from tests.flows.receivers import BROKEN, TAKEN, refusal
from tests.flows.subscribers import (
    ERAS,
    NEVER,
    SECRET,
    Rpc,
    host_and_hub,
    states,
    subscribable,
    to,
    until,
    wake,
)
from tests.processes import command, free_port, hub_process
from trunkline.core.forwarding.posting import LONGEST_WAIT_S
from trunkline.testing import FakeClock

pytestmark = pytest.mark.usefixtures("attentive")


# --- it arrives -----------------------------------------------------------------------------------


@pytest.mark.both
@ERAS
async def test_a_text_wakes_who_subscribed_and_is_read_by_a_tool_call(
    start_hub: StartHub, era: Callable[[Caller], Rpc]
) -> None:
    async with host_and_hub(start_hub) as (subscriber, hub, ann):
        made = await era(ann).get("events/subscribe", **to(subscriber.url))
        await Vendor(hub).text(HANDSET, ANN, "mum's the word")
        await until(hub, ("delivered", 1))
        (message,) = await ann.inbox(unread=True)

    (post,), (proof,) = subscriber.posts, subscriber.challenges
    assert (made["cursor"], made["truncated"]) == (None, False)
    assert post.event == {
        "eventId": post.id,
        "name": "message.received",
        "timestamp": post.event["timestamp"],
        "data": {
            "agentId": "ann",
            "channel": "sms",
            "from": HANDSET,
            "messageId": message["id"],
            "count": 1,
        },
        "cursor": None,
    }
    assert message["body"] == "mum's the word"
    for each in (post, proof):
        assert each.headers["x-mcp-subscription-id"] == made["id"]
        assert each.headers["content-type"] == "application/json"
    assert proof.id.startswith("msg_verification_")


async def test_a_receiver_as_the_page_shows_it_tells_all_apart(start_hub: StartHub) -> None:
    async with host_and_hub(start_hub) as (subscriber, hub, ann):
        made = await Rpc(ann).get("events/subscribe", **to(subscriber.url))
        await Vendor(hub).text(HANDSET, ANN, "hello")
        await until(hub, ("delivered", 1))

    (proof,), (post,) = subscriber.challenges, subscriber.posts
    secrets, known = {made["id"]: SECRET}, set[str]()
    repeated = ({"challenge": proof.event["challenge"]}, None)
    assert wake(secrets, proof.headers, proof.body, known) == repeated
    assert wake(secrets, post.headers, post.body, known) == ({}, post.event)
    assert wake(secrets, post.headers, post.body, known) == ({}, None)
    with pytest.raises(WebhookVerificationError):
        wake(secrets, post.headers, post.body.replace("ann", "ben"), known)


async def test_what_became_of_a_message_wakes_who_wants_to_know(start_hub: StartHub) -> None:
    async with host_and_hub(start_hub) as (subscriber, hub, ann):
        await Rpc(ann).get("events/subscribe", **to(subscriber.url, "message.status"))
        narrow = to(f"{subscriber.url}/failed", "message.status", status="failed", channel="sms")
        await Rpc(ann).get("events/subscribe", **narrow)
        sent = await ann.send(HANDSET, "hello")
        await until(hub, ("delivered", 1))
        await Vendor(hub).arm("bad_recipient")
        refused = await ann.try_send(HANDSET, "hello again")
        await until(hub, *[("delivered", 1)] * 3)

    assert refused.status_code == 422
    told = [(each["messageId"], each["to"], each["status"]) for each in subscriber.data]
    failed = (refused.json()["messageId"], HANDSET, "failed")
    assert told == [(sent["messageId"], HANDSET, "delivered"), failed, failed]
    assert sorted(post.path for post in subscriber.posts[1:]) == ["/inbound", "/inbound/failed"]


async def test_a_host_hears_nothing_of_other_agents_or_channels(start_hub: StartHub) -> None:
    async with host_and_hub(start_hub) as (subscriber, hub, ann):
        await hub.agent("ben", BEN)
        await Rpc(ann).get("events/subscribe", **to(subscriber.url, channel="email"))
        await Rpc(ann).get("events/subscribe", **to(subscriber.url, "message.status"))
        await Vendor(hub).text(HANDSET, BEN, "hello", "t1")
        await Vendor(hub).text(HANDSET, ANN, "hello", "t2")

        assert states(hub) == []
        other = await Rpc(ann).fail("events/subscribe", **to(subscriber.url, agentId="ben"))
    assert (other[0], other[2]["code"]) == (-32602, "agent_mismatch")


async def test_an_admin_hears_of_the_agent_that_it_named(start_hub: StartHub) -> None:
    async with host_and_hub(start_hub) as (subscriber, hub, _):
        await hub.agent("ben", BEN)
        admin = Rpc(await hub.admin())
        await admin.get("events/subscribe", **to(subscriber.url, agentId="ben"))
        await Vendor(hub).text(HANDSET, ANN, "hello", "t1")
        await Vendor(hub).text(HANDSET, BEN, "hello", "t2")
        await until(hub, ("delivered", 1))

    assert [each["agentId"] for each in subscriber.data] == ["ben"]


async def test_the_name_of_a_sender_is_no_address_and_is_not_told(start_hub: StartHub) -> None:
    async with host_and_hub(start_hub) as (subscriber, hub, ann):
        await Rpc(ann).get("events/subscribe", **to(subscriber.url))
        await Vendor(hub).text("OBEY ME", ANN, "hello")
        await until(hub, ("delivered", 1))

    assert subscriber.data[0]["from"] is None


# --- it ends --------------------------------------------------------------------------------------


async def test_unsubscribed_it_tells_no_more(start_hub: StartHub) -> None:
    async with host_and_hub(start_hub, BROKEN) as (subscriber, hub, ann):
        await Rpc(ann).get("events/subscribe", **to(subscriber.url))
        await Vendor(hub).text(HANDSET, ANN, "hello", "t1")
        await until(hub, ("waiting", 1))
        mine = {"name": "message.received", "delivery": {"url": subscriber.url}}
        done = await Rpc(ann).get("events/unsubscribe", **mine)
        await Vendor(hub).text(HANDSET, ANN, "hello", "t2")

        assert states(hub) == [("dead", 1)]
    assert set(done) <= {"resultType", "_meta"}
    assert len(subscriber.posts) == 1


async def test_only_its_own_token_ends_it(start_hub: StartHub) -> None:
    async with host_and_hub(start_hub) as (subscriber, hub, ann):
        again = hub.caller((await hub.local("tokens_issue", id="ann"))["token"])
        await Rpc(ann).get("events/subscribe", **to(subscriber.url))
        code, _, _ = await Rpc(again).fail("events/unsubscribe", **to(subscriber.url))

        assert (code, hub.count("subscriptions")) == (-32011, 1)


@pytest.mark.both
async def test_it_dies_with_its_token(start_hub: StartHub) -> None:
    clock = FakeClock()
    async with host_and_hub(start_hub, BROKEN, TAKEN, clock=clock) as (subscriber, hub, ann):
        await Rpc(ann).get("events/subscribe", **to(subscriber.url))
        await Vendor(hub).text(HANDSET, ANN, "hello", "t1")
        await until(hub, ("waiting", 1))
        await hub.local("tokens_revoke", target="ann")
        clock.travel(60)
        await until(hub, ("dead", 2))
        await Vendor(hub).text(HANDSET, ANN, "hello", "t2")

        assert states(hub) == [("dead", 2)]
        await hub.running.hub.subscriptions.sweep()
        assert hub.count("subscriptions") == 0
    assert len(subscriber.posts) == 1


async def test_a_token_revoked_during_the_challenge_gets_no_subscription(
    start_hub: StartHub,
) -> None:
    async with host_and_hub(start_hub) as (subscriber, hub, ann):
        subscriber.knock = lambda: hub.local("tokens_revoke", target="ann")
        code, sentence, _ = await Rpc(ann).fail("events/subscribe", **to(subscriber.url))

        assert hub.count("subscriptions") == 0
    assert (code, sentence[:15]) == (-32600, "unauthenticated")
    assert len(subscriber.challenges) == 1


@pytest.mark.parametrize(
    ("answer", "left", "reason"),
    [(refusal("410 Gone"), 0, "410"), (refusal("413 Too Large"), 1, "413")],
)
async def test_410_ends_it_and_413_the_event_and_neither_is_asked_again(
    start_hub: StartHub, answer: bytes, left: int, reason: str
) -> None:
    clock = FakeClock()
    async with host_and_hub(start_hub, answer, TAKEN, clock=clock) as (subscriber, hub, ann):
        await Rpc(ann).get("events/subscribe", **to(subscriber.url))
        await Vendor(hub).text(HANDSET, ANN, "hello", "t1")
        await until(hub, ("dead", 1))
        clock.travel(LONGEST_WAIT_S)
        await Vendor(hub).text(HANDSET, ANN, "hello", "t2")
        await until(hub, ("dead", 1), *[("delivered", 1)] * left)

        assert hub.count("subscriptions") == left
        assert reason in hub.rows("SELECT reason FROM occurrences ORDER BY id")[0]["reason"]
    assert len(subscriber.posts) == 1 + left


# --- it does not arrive at once -------------------------------------------------------------------


@pytest.mark.both
async def test_what_was_not_taken_is_told_again_under_the_same_id(start_hub: StartHub) -> None:
    clock = FakeClock()
    answers = (BROKEN, refusal("404 Not Found"), NEVER, TAKEN)
    async with host_and_hub(start_hub, *answers, clock=clock) as (subscriber, hub, ann):
        await Rpc(ann).get("events/subscribe", **to(subscriber.url))
        await Vendor(hub).text(HANDSET, ANN, "hello")
        for tries in (1, 2, 3):
            await until(hub, ("waiting", tries))
            clock.travel(60)
        await until(hub, ("delivered", 4))

    assert len({(post.id, post.body) for post in subscriber.posts}) == 1
    assert len({post.headers["webhook-timestamp"] for post in subscriber.posts}) == 4


async def test_after_a_day_it_is_given_up(start_hub: StartHub) -> None:
    clock = FakeClock()
    async with host_and_hub(start_hub, refusal("503 Busy", Retry_After="3600"), clock=clock) as (
        subscriber,
        hub,
        ann,
    ):
        await Rpc(ann).get("events/subscribe", **to(subscriber.url))
        await Vendor(hub).text(HANDSET, ANN, "hello")
        for tries in range(1, 25):
            await until(hub, ("waiting", tries))
            clock.travel(3600)
            await Rpc(ann).get("events/subscribe", **to(subscriber.url))
        await until(hub, ("dead", 25))
        (message,) = await ann.inbox(unread=True)

    assert message["body"] == "hello"


async def test_what_the_agent_has_answered_meanwhile_wakes_nobody(start_hub: StartHub) -> None:
    clock = FakeClock()
    async with host_and_hub(start_hub, BROKEN, TAKEN, clock=clock) as (subscriber, hub, ann):
        await Rpc(ann).get("events/subscribe", **to(subscriber.url))
        await Vendor(hub).text(HANDSET, ANN, "hello")
        await until(hub, ("waiting", 1))
        (message,) = await ann.inbox(unread=True)
        await ann.send(HANDSET, "hello yourself", replyTo=message["id"])
        clock.travel(60)
        await until(hub, ("acknowledged", 2))

    assert len(subscriber.posts) == 1


async def test_no_line_of_the_log_holds_the_url_the_secret_or_who_wrote(
    start_hub: StartHub, capsys: pytest.CaptureFixture[str]
) -> None:
    with every_level():
        async with host_and_hub(start_hub, BROKEN, TAKEN) as (subscriber, hub, ann):
            url = f"{subscriber.url}/hush?key=hush"
            await Rpc(ann).get("events/subscribe", **to(url))
            await Vendor(hub).text(HANDSET, ANN, "mum's the word")
            await until(hub, ("waiting", 1))
            await Rpc(ann).get("events/unsubscribe", **to(url))

    told = capsys.readouterr().err
    assert ("subscription.made" in told, "occurrence.failed" in told) == (True, True)
    assert not [word for word in ("hush", SECRET, "mum", HANDSET, "v1,") if word in told]


# --- what an operator sees ------------------------------------------------------------------------


async def test_an_operator_sees_how_it_stands_and_may_end_it(start_hub: StartHub) -> None:
    async with host_and_hub(start_hub, BROKEN) as (subscriber, hub, ann):
        wanted = to(f"{subscriber.url}?key=hush", channel="sms")
        made = await Rpc(ann).get("events/subscribe", **wanted)
        await Vendor(hub).text(HANDSET, ANN, "hello")
        await until(hub, ("waiting", 1))
        (shown,) = (await hub.local("subscriptions_list"))["subscriptions"]
        ended = await hub.local("subscriptions_end", id=made["id"])
        again = await hub.operator.post("/api/v1/tools/subscriptions_end", json={"id": made["id"]})
        left = await hub.local("subscriptions_list")

        assert states(hub) == [("dead", 1)]
    assert shown["url"] == f"{subscriber.url}?********"
    assert (shown["agentId"], shown["event"], shown["channel"]) == (
        "ann", "message.received", "sms",
    )  # fmt: skip
    assert (shown["waiting"], shown["reason"]) == (1, "The callback URL answered 500.")
    assert "hush" not in str(shown)
    assert ended == {"subscriptionId": made["id"]}
    assert (again.status_code, left) == (404, {"subscriptions": []})


# --- kill -9 --------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_hub_killed_before_it_noted_the_answer_tells_it_again(tmp_path: Path) -> None:
    async with subscribable() as subscriber:
        config = tmp_path / "trunkline.toml"
        config.write_text(subscriber.settings)
        where: dict[str, Any] = {"data_dir": tmp_path / "data", "config": config}
        command("agents", "create", "ann", f"phone={ANN}", **where)
        token = json.loads(command("tokens", "issue", "ann", "--json", **where))["token"]

        async with hub_process("serve", port=free_port(), **where) as hub:

            async def kill() -> None:
                subscriber.look = None
                hub.kill()

            async with httpx2.AsyncClient(base_url=hub.base_url, timeout=30) as client:
                ann = Caller(client=client, base_url=hub.base_url, token=token)
                made = await Rpc(ann).get("events/subscribe", **to(subscriber.url))
                subscriber.look = kill
                with suppress(httpx2.TransportError):
                    await client.post(
                        f"/demo/handsets/{HANDSET}/reply", json={"body": "hello", "to": ANN}
                    )
                await asyncio.wait_for(subscriber.came.acquire(), 20)

        async with hub_process("serve", port=free_port(), **where) as hub:
            await asyncio.wait_for(subscriber.came.acquire(), 20)
            async with httpx2.AsyncClient(base_url=hub.base_url, timeout=30) as client:
                ann = Caller(client=client, base_url=hub.base_url, token=token)
                again = await Rpc(ann).get("events/subscribe", **to(subscriber.url))
                (message,) = await ann.inbox(unread=True)
            assert hub.stop() == 0

    assert (made["id"], len(subscriber.challenges)) == (again["id"], 1)
    first, second = subscriber.posts
    assert (first.id, first.body) == (second.id, second.body)
    assert first.event["data"]["messageId"] == message["id"]
