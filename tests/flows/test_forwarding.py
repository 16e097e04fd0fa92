"""What comes in is told to the agent's own server: signed, and until it is taken."""

import asyncio
from datetime import timedelta

import pytest
from standardwebhooks import WebhookVerificationError

from tests.flows.hubs import ANN, BEN, HANDSET, Caller, Served, StartHub
from tests.flows.logs import every_level
from tests.flows.networks import Vendor
from tests.flows.receivers import (
    BROKEN,
    TAKEN,
    Receiver,
    forwards,
    has_been_tried,
    hub_for,
    jobs,
    receive,
    receiving,
    refusal,
    states,
    until,
)
from tests.processes import free_port
from trunkline.core.forwarding.posting import LONGEST_WAIT_S
from trunkline.core.forwarding.service import GIVE_UP
from trunkline.testing import FakeClock

pytestmark = [pytest.mark.both(slow=True), pytest.mark.usefixtures("attentive")]


# --- it arrives -----------------------------------------------------------------------------------


@pytest.mark.both
async def test_a_text_is_told_to_its_agent_as_the_operations_show_it(start_hub: StartHub) -> None:
    async with receiving() as receiver, hub_for(start_hub, receiver) as (hub, ann):
        receiver.look = ann.inbox
        await Vendor(hub).text(HANDSET, ANN, "hello 👋")
        await until(hub, "delivered")
        (message,) = await ann.inbox()

    (post,), ((shown,),) = receiver.posts, receiver.seen
    assert post.event == {
        "type": "message.received",
        "timestamp": shown["timestamp"],
        "agentId": "ann",
        "data": shown,
    }
    assert (shown["body"], shown["read"], shown["untrusted"]) == ("hello 👋", False, True)
    assert (post.path, post.id) == ("/inbound", shown["id"])
    assert (message["body"], message["bodyState"], message["read"]) == (None, "shredded", True)


async def test_it_is_signed_by_standard_webhooks_with_a_secret_of_the_agents_own(
    start_hub: StartHub,
) -> None:
    async with receiving() as receiver, hub_for(start_hub, receiver) as (hub, _):
        await hub.agent("ben", BEN)
        secrets = [
            (await hub.local("agents_webhook_secret", id=agent_id))["secret"]
            for agent_id in ("ann", "ann", "ben")
        ]
        await Vendor(hub).text(HANDSET, ANN, "hello 👋")
        await until(hub, "delivered")

    (post,) = receiver.posts
    assert secrets[0] == secrets[1]
    assert secrets[0].startswith("whsec_")
    known: set[str] = set()
    assert receive(secrets[0], post.headers, post.body, known) == post.event["data"]
    assert receive(secrets[0], post.headers, post.body, known) is None
    changed = post.body.replace("hello", "jello")
    later = post.headers | {"webhook-timestamp": str(int(post.headers["webhook-timestamp"]) + 1)}
    for secret, headers, body in (
        (secrets[2], post.headers, post.body),
        (secrets[0], post.headers, changed),
        (secrets[0], later, post.body),
    ):
        with pytest.raises(WebhookVerificationError):
            receive(secret, headers, body, set())


async def test_a_rotated_secret_and_the_one_before_both_sign_for_a_while(
    start_hub: StartHub,
) -> None:
    async with receiving() as receiver, hub_for(start_hub, receiver) as (hub, _):
        old = await hub.local("agents_webhook_secret", id="ann")
        new = await hub.local("agents_webhook_secret", id="ann", rotate=True, overlapS=60)
        again = await hub.local("agents_webhook_secret", id="ann")
        await Vendor(hub).text(HANDSET, ANN, "during", "t1")
        await until(hub, "delivered")
        newest = await hub.local("agents_webhook_secret", id="ann", rotate=True, overlapS=0)
        await Vendor(hub).text(HANDSET, ANN, "after", "t2")
        await hub.until(
            lambda: forwards(hub),
            lambda found: [each["state"] for each in found] == ["delivered"] * 2,
        )
        given = {"id": "ann", "rotate": True, "overlapS": -1}
        nonsense = await hub.operator.post("/api/v1/tools/agents_webhook_secret", json=given)

    during, after = receiver.posts
    assert len({old["secret"], new["secret"], newest["secret"]}) == 3
    assert again == new
    assert "overlapUntil" in new
    assert "overlapUntil" not in newest
    for each, post in ((old, during), (new, during), (newest, after)):
        assert receive(each["secret"], post.headers, post.body, set()) == post.event["data"]
    for each, post in ((newest, during), (new, after), (old, after)):
        with pytest.raises(WebhookVerificationError):
            receive(each["secret"], post.headers, post.body, set())
    assert nonsense.status_code == 422


async def test_media_are_told_too(start_hub: StartHub) -> None:
    urls = ("https://media.example/1.jpg", "https://media.example/2.jpg")
    async with receiving() as receiver, hub_for(start_hub, receiver) as (hub, _):
        await Vendor(hub).text(HANDSET, ANN, "", media_urls=urls)
        await until(hub, "delivered")

    assert receiver.posts[0].event["data"]["mediaUrls"] == list(urls)


async def test_a_text_that_comes_twice_is_told_once(start_hub: StartHub) -> None:
    async with receiving() as receiver, hub_for(start_hub, receiver) as (hub, _):
        for _ in range(3):
            await Vendor(hub).text(HANDSET, ANN, "hello")
        await until(hub, "delivered")
        await hub.until(lambda: jobs(hub), lambda left: left == 0)

    assert len(receiver.posts) == 1


async def test_one_url_serves_every_agent_that_has_none_of_its_own(start_hub: StartHub) -> None:
    async with receiving() as receiver:
        environ = {"AGENTOS_CALLBACK_URL": f"{receiver.server.url}/{{agentId}}?of={{agentId}}"}
        async with hub_for(start_hub, receiver, environ=environ) as (hub, _):
            await hub.agent("b.en", BEN)
            await Vendor(hub).text(HANDSET, ANN, "hello", "t1")
            await Vendor(hub).text(HANDSET, BEN, "hello", "t2")
            await hub.until(lambda: forwards(hub), lambda found: states(found) == {"delivered"})

    assert sorted(post.path for post in receiver.posts) == ["/b.en?of=b.en", "/inbound"]


async def test_without_a_url_nothing_is_forwarded(served: Served, ann: Caller) -> None:
    await Vendor(served).text(HANDSET, ANN, "hello")

    assert [message["read"] for message in await ann.inbox()] == [False]
    assert (served.count("forwards"), served.count("engine_jobs")) == (0, 0)


async def test_a_text_that_its_owner_keeps_is_kept(start_hub: StartHub) -> None:
    async with receiving() as receiver, hub_for(start_hub, receiver) as (hub, ann):
        await hub.local("privacy_keep", id="ann", channel="sms", days=1)
        await Vendor(hub).text(HANDSET, ANN, "hello")
        await until(hub, "delivered")

        (message,) = await ann.inbox()
    assert (message["body"], message["read"]) == ("hello", True)


async def test_no_line_of_the_log_holds_the_url_the_secret_or_the_text(
    start_hub: StartHub, capsys: pytest.CaptureFixture[str]
) -> None:
    with every_level():
        async with (
            receiving(refusal("410 Gone"), TAKEN) as receiver,
            hub_for(start_hub, receiver) as (hub, _),
        ):
            url = f"{receiver.url}/hush?key=hush"
            await hub.local("agents_set", id="ann", values={"callback_url": url})
            secret = (await hub.local("agents_webhook_secret", id="ann"))["secret"]
            await Vendor(hub).text(HANDSET, ANN, "mum's the word")
            forward = await until(hub, "dead")
            await hub.local("forwards_replay", id=forward["messageId"])
            await until(hub, "delivered")

    told = capsys.readouterr().err
    assert ("forward.dead" in told, "forward.delivered" in told) == (True, True)
    assert not [word for word in ("hush", secret, "mum", HANDSET, "v1,") if word in told]


# --- it does not arrive at once -------------------------------------------------------------------


@pytest.mark.both
async def test_what_was_not_taken_is_told_again_under_the_same_id(start_hub: StartHub) -> None:
    clock = FakeClock()
    answers = (BROKEN, refusal("404 Not Found"), TAKEN)
    async with (
        receiving(*answers) as receiver,
        hub_for(start_hub, receiver, clock=clock) as (hub, _),
    ):
        await Vendor(hub).text(HANDSET, ANN, "hello")
        reasons = []
        for tries in (1, 2):
            reasons.append((await until(hub, "waiting", tries))["reason"])
            clock.travel(60)
        await until(hub, "delivered", 3)

    assert ["500" in reasons[0], "404" in reasons[1]] == [True, True]
    assert len({(post.id, post.body) for post in receiver.posts}) == 1
    assert len({post.headers["webhook-timestamp"] for post in receiver.posts}) == 3


async def test_a_server_that_hangs_up_is_asked_again(start_hub: StartHub) -> None:
    clock = FakeClock()
    async with (
        receiving(b"", TAKEN) as receiver,
        hub_for(start_hub, receiver, clock=clock) as (hub, _),
    ):
        await Vendor(hub).text(HANDSET, ANN, "hello")
        failed = await until(hub, "waiting")
        clock.travel(60)
        await until(hub, "delivered", 2)

    assert failed["reason"] == "The server hung up."


async def test_a_server_that_is_away_is_asked_again(start_hub: StartHub) -> None:
    clock, receiver = FakeClock(), Receiver()
    receiver.server.port = free_port()
    async with hub_for(start_hub, receiver, clock=clock) as (hub, _):
        await Vendor(hub).text(HANDSET, ANN, "hello")
        failed = await until(hub, "waiting")

    assert failed["reason"] == "No connection came about."


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("600", 600),
        ("Thu, 15 Jan 2026 12:10:00 GMT", 600),  # the clock shows 12:00
        ("99999999999", LONGEST_WAIT_S),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT_S),
    ],
)
async def test_the_server_is_left_alone_for_as_long_as_it_asks_within_reason(
    header: str, wait_s: float, start_hub: StartHub
) -> None:
    clock = FakeClock()
    busy = refusal("503 Service Unavailable", Retry_After=header)
    async with (
        receiving(busy, TAKEN) as receiver,
        hub_for(start_hub, receiver, clock=clock) as (hub, _),
    ):
        await Vendor(hub).text(HANDSET, ANN, "hello")
        await until(hub, "waiting")
        clock.travel(wait_s - 1)
        await asyncio.sleep(0.1)
        await until(hub, "waiting")
        clock.travel(1)
        await until(hub, "delivered", 2)


async def test_after_a_day_it_is_given_up_and_the_text_is_still_there(start_hub: StartHub) -> None:
    clock = FakeClock()
    began = clock.now()
    async with (
        receiving(BROKEN) as receiver,
        hub_for(start_hub, receiver, clock=clock) as (hub, ann),
    ):
        await Vendor(hub).text(HANDSET, ANN, "hello")
        tries = 1
        forward = await until(hub, "waiting")
        while forward["state"] == "waiting":
            tries += 1
            clock.travel(LONGEST_WAIT_S)
            (forward,) = await hub.until(lambda: forwards(hub), has_been_tried(tries))
        clock.travel(10 * LONGEST_WAIT_S)
        lasted = clock.now() - began
        (message,) = await ann.inbox(unread=True)
        posts = len(receiver.posts)
        await hub.local("forwards_replay", id=message["id"])
        await until(hub, "waiting")  # it has a day again

    assert (forward["state"], posts) == ("dead", tries)
    assert "500" in forward["reason"]
    assert timedelta(hours=22) < lasted - timedelta(hours=10) <= GIVE_UP
    assert message["body"] == "hello"


async def test_a_server_that_is_gone_for_good_is_asked_once(start_hub: StartHub) -> None:
    clock = FakeClock()
    async with (
        receiving(refusal("410 Gone")) as receiver,
        hub_for(start_hub, receiver, clock=clock) as (hub, _),
    ):
        await Vendor(hub).text(HANDSET, ANN, "hello")
        forward = await until(hub, "dead")
        await hub.until(lambda: jobs(hub), lambda left: left == 0)

    assert ("410" in forward["reason"], len(receiver.posts)) == (True, 1)
