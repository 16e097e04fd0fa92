"""How a host subscribes: what it is offered, what it has to prove, what is refused and why."""

import asyncio
import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.flows.hubs import ANN, HANDSET, Caller, Served, StartHub
from tests.flows.networks import Vendor
from tests.flows.receivers import refusal
from tests.flows.subscribers import (
    ERAS,
    OTHER_SECRET,
    SECRET,
    Rpc,
    host_and_hub,
    states,
    to,
    until,
)
from trunkline.core.subscriptions import service
from trunkline.testing import FakeClock

pytestmark = pytest.mark.usefixtures("attentive")


# --- what is offered ------------------------------------------------------------------------------


@ERAS
async def test_a_hub_says_that_it_has_events(era: Callable[[Caller], Rpc], ann: Caller) -> None:
    said = await (
        Rpc(ann).get("server/discover")
        if era is Rpc
        else era(ann).get(
            "initialize",
            protocolVersion="2025-11-25",
            capabilities={},
            clientInfo={"name": "host", "version": "1"},
        )
    )

    assert said["capabilities"]["events"] == {}
    assert said["capabilities"]["extensions"] == {"io.modelcontextprotocol/events": {}}
    assert "tools" in said["capabilities"]


@ERAS
async def test_the_list_says_what_there_is_and_how_to_narrow_it_down(
    era: Callable[[Caller], Rpc], ann: Caller
) -> None:
    received, status = (await era(ann).get("events/list"))["events"]

    assert (received["name"], status["name"]) == ("message.received", "message.status")
    assert received["delivery"] == ["webhook"]
    assert set(received["inputSchema"]["properties"]) == {"channel"}
    assert set(status["inputSchema"]["properties"]) == {"channel", "status"}
    assert set(received["payloadSchema"]["properties"]) == {
        "agentId", "channel", "from", "messageId", "count",
    }  # fmt: skip


async def test_an_admin_has_to_name_an_agent(served: Served, ann: Caller) -> None:
    admin = Rpc(await served.admin())
    received, _, *of_no_agent = (await admin.get("events/list"))["events"]
    nobody = await admin.fail("events/subscribe", **to("https://host.example/in"))
    unknown = await admin.fail("events/subscribe", **to("https://host.example/in", agentId="zoe"))

    assert received["inputSchema"]["required"] == ["agentId"]
    assert [each["name"] for each in of_no_agent] == [
        "provider.credential.expired",
        "provider.credential.recovered",
        "agent.suspended",
        "approval.needed",
        "approval.decided",
    ]
    assert (nobody[0], nobody[2]["field"]) == (-32602, "arguments.agentId")
    assert (unknown[0], unknown[2]["kind"]) == (-32011, "agent")


# --- one subscription -----------------------------------------------------------------------------


async def test_the_same_call_renews_and_the_url_is_not_challenged_again(
    start_hub: StartHub,
) -> None:
    clock = FakeClock()
    async with host_and_hub(start_hub, clock=clock) as (subscriber, hub, ann):
        first = await Rpc(ann).get("events/subscribe", **to(subscriber.url), ttlMs=600_000)
        clock.travel(599)
        second = await Rpc(ann).get("events/subscribe", **to(subscriber.url), ttlMs=600_000.0)
        clock.travel(599)
        await Vendor(hub).text(HANDSET, ANN, "hello")
        await until(hub, ("delivered", 1))

        assert hub.count("subscriptions") == 1
    assert first["id"] == second["id"]
    began = datetime.fromisoformat(first["refreshBefore"])
    assert datetime.fromisoformat(second["refreshBefore"]) - began == timedelta(seconds=599)
    assert len(subscriber.challenges) == 1


TTLS: tuple[tuple[dict[str, Any], timedelta], ...] = (
    ({}, service.LONGEST),
    ({"ttlMs": None}, service.LONGEST),
    ({"ttlMs": 1}, service.SHORTEST),
    ({"ttlMs": 10**30}, service.LONGEST),
    ({"ttlMs": 3_600_000}, timedelta(hours=1)),
)


async def test_the_hub_says_how_long_it_lasts(start_hub: StartHub) -> None:
    clock = FakeClock()
    async with host_and_hub(start_hub, clock=clock) as (subscriber, _, ann):
        for ttl, lasts in TTLS:
            made = await Rpc(ann).get("events/subscribe", **to(subscriber.url), **ttl)

            assert datetime.fromisoformat(made["refreshBefore"]) == clock.now() + lasts, ttl


async def test_expired_it_tells_nothing_and_has_to_be_proven_again(start_hub: StartHub) -> None:
    clock = FakeClock()
    async with host_and_hub(start_hub, clock=clock) as (subscriber, hub, ann):
        await Rpc(ann).get("events/subscribe", **to(subscriber.url))
        clock.travel(service.LONGEST.total_seconds())
        await Vendor(hub).text(HANDSET, ANN, "hello")
        assert states(hub) == []
        await hub.running.hub.subscriptions.sweep()
        assert hub.count("subscriptions") == 0
        await Rpc(ann).get("events/subscribe", **to(subscriber.url))

    assert (len(subscriber.challenges), subscriber.posts) == (2, [])


async def test_what_waits_when_it_expires_is_given_up(start_hub: StartHub) -> None:
    clock = FakeClock()
    async with host_and_hub(start_hub, refusal("503 Busy", Retry_After="900"), clock=clock) as (
        subscriber,
        hub,
        ann,
    ):
        await Rpc(ann).get("events/subscribe", **to(subscriber.url), ttlMs=600_000)
        await Vendor(hub).text(HANDSET, ANN, "hello")
        await until(hub, ("waiting", 1))
        clock.travel(900)
        await until(hub, ("dead", 2))

        (row,) = hub.rows("SELECT reason FROM occurrences")
    assert "expired" in row["reason"]
    assert len(subscriber.posts) == 1


@pytest.mark.both
async def test_twins_are_one_subscription(start_hub: StartHub) -> None:
    async with host_and_hub(start_hub) as (subscriber, hub, ann):
        made = await asyncio.gather(
            *(Rpc(ann).get("events/subscribe", **to(subscriber.url)) for _ in range(5))
        )
        await Vendor(hub).text(HANDSET, ANN, "hello")
        await until(hub, ("delivered", 1))

    assert len({each["id"] for each in made}) == 1


async def test_what_differs_is_another_subscription(start_hub: StartHub) -> None:
    async with host_and_hub(start_hub) as (subscriber, hub, ann):
        again = hub.caller((await hub.local("tokens_issue", id="ann"))["token"])
        made = [
            await Rpc(caller).get("events/subscribe", **to(url, event, **arguments))
            for caller, url, event, arguments in (
                (ann, subscriber.url, "message.received", {}),
                (ann, subscriber.url, "message.status", {}),
                (ann, subscriber.url, "message.received", {"channel": "sms"}),
                (ann, f"{subscriber.url}/other", "message.received", {}),
                (again, subscriber.url, "message.received", {}),
            )
        ]

    assert len({each["id"] for each in made}) == 5
    assert len(subscriber.challenges) == 3  # a URL proves itself to each token


async def test_a_new_secret_is_proven_and_for_a_while_both_sign(start_hub: StartHub) -> None:
    clock = FakeClock()
    async with host_and_hub(start_hub, clock=clock) as (subscriber, hub, ann):
        first = await Rpc(ann).get("events/subscribe", **to(subscriber.url))
        subscriber.secrets = [OTHER_SECRET]
        changed = to(subscriber.url, secret=OTHER_SECRET)
        second = await Rpc(ann).get("events/subscribe", **changed)
        subscriber.secrets = [OTHER_SECRET, SECRET]
        await Vendor(hub).text(HANDSET, ANN, "hello", "t1")
        await until(hub, ("delivered", 1))
        clock.travel(service.ROTATION.total_seconds())
        subscriber.secrets = [OTHER_SECRET]
        await Vendor(hub).text(HANDSET, ANN, "hello", "t2")
        await until(hub, ("delivered", 1), ("delivered", 1))

    assert first["id"] == second["id"]
    assert len(subscriber.challenges) == 2


async def test_the_secret_lies_encrypted(start_hub: StartHub) -> None:
    async with host_and_hub(start_hub) as (subscriber, hub, ann):
        await Rpc(ann).get("events/subscribe", **to(subscriber.url))
        (row,) = hub.rows("SELECT secret FROM subscriptions")

    assert bytes(range(32)) not in bytes(row["secret"])


# --- bad input ------------------------------------------------------------------------------------

URL = "https://host.example/in"
BAD: dict[str, tuple[dict[str, Any], int, str]] = {
    "no name": ({**to(URL), "name": None}, -32602, "name"),
    "a name that is none": ({**to(URL), "name": ["x"]}, -32602, "name"),
    "no delivery": ({"name": "message.received"}, -32602, "delivery"),
    "a delivery that is none": ({**to(URL), "delivery": "x"}, -32602, "delivery"),
    "no mode": ({**to(URL), "delivery": {"url": URL, "secret": SECRET}}, -32602, "delivery.mode"),
    "no URL": (
        {**to(URL), "delivery": {"mode": "webhook", "secret": SECRET}},
        -32602,
        "delivery.url",
    ),
    "no secret": (
        {**to(URL), "delivery": {"mode": "webhook", "url": URL}},
        -32602,
        "delivery.secret",
    ),
    "a short secret": (to(URL, secret="whsec_c2hvcnQ="), -32602, "delivery.secret"),
    "a long secret": (to(URL, secret=f"whsec_{'A' * 88}"), -32602, "delivery.secret"),
    "a bare secret": (to(URL, secret=SECRET[6:]), -32602, "delivery.secret"),
    "a secret in another alphabet": (
        to(URL, secret=f"whsec_{'-_' * 22}"),
        -32602,
        "delivery.secret",
    ),
    "arguments that are none": ({**to(URL), "arguments": []}, -32602, "arguments"),
    "an argument too many": (to(URL, fax="x"), -32602, "arguments"),
    "a channel that is none": (to(URL, channel="fax"), -32602, "channel"),
    "a status that is not told": (to(URL, "message.status", status="sent"), -32602, "status"),
    "a status where there is none": (to(URL, status="failed"), -32602, "arguments"),
    "no life": ({**to(URL), "ttlMs": 0}, -32602, "ttlMs"),
    "a life that is none": ({**to(URL), "ttlMs": True}, -32602, "ttlMs"),
    "a cursor that is none": ({**to(URL), "cursor": 7}, -32602, "cursor"),
    "another mode": (
        {**to(URL), "delivery": {"mode": "push", "url": URL, "secret": SECRET}},
        -32014,
        "delivery.mode",
    ),
}


async def test_bad_input_gets_a_code_and_a_sentence(ann: Caller) -> None:
    for bad, (params, wanted, field) in BAD.items():
        code, sentence, data = await Rpc(ann).fail("events/subscribe", **params)

        assert (code, data["field"]) == (wanted, field), bad
        assert sentence == f"{data['code']}: {data['detail']}"
        assert SECRET not in json.dumps(data)


async def test_an_event_or_a_subscription_that_is_not_there_is_not_found(ann: Caller) -> None:
    unknown = await Rpc(ann).fail("events/subscribe", **to(URL, "call.ended"))
    none = await Rpc(ann).fail("events/unsubscribe", **to(URL))
    page = await Rpc(ann).fail("events/list", cursor="x")

    assert (unknown[0], unknown[2]["kind"]) == (-32011, "event")
    assert (none[0], none[2]["kind"]) == (-32011, "subscription")
    assert page[0] == -32602


async def test_a_place_to_go_on_from_is_owned_to_be_unknown(start_hub: StartHub) -> None:
    async with host_and_hub(start_hub) as (subscriber, _, ann):
        made = await Rpc(ann).get("events/subscribe", **(to(subscriber.url) | {"cursor": "c7"}))

    assert (made["cursor"], made["truncated"]) == (None, True)


async def test_who_has_no_token_that_ends_has_no_subscription(start_hub: StartHub) -> None:
    given = secrets.token_hex(32)
    async with start_hub(environ={"ADMIN_TOKEN": given}) as hub:
        await hub.agent("ann", ANN)
        code, sentence, _ = await Rpc(hub.caller(given)).fail(
            "events/subscribe", **to(URL, agentId="ann")
        )
        stranger = await hub.client.post(
            "/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "events/subscribe"}
        )

    assert (code, "tokens issue" in sentence) == (-32012, True)
    assert stranger.status_code == 401
