"""Tokens: how long they are good, what for, and from where."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mcp import types
from mcp.client.subscriptions import SubscriptionLost
from mcp.shared.exceptions import MCPError

from tests.flows.clocks import Ahead, clock
from tests.flows.houses import refused
from tests.flows.hubs import ANN, DEMO, HANDSET, Caller, Served, StartHub
from tests.flows.networks import Vendor
from tests.flows.results import text_of
from tests.flows.test_replies import until_waiting, waits
from tests.flows.test_revoking import WAYS, two_hubs, url, waited
from tests.flows.test_unread import URI

__all__ = ["clock", "url"]

DAY_S = 86_400
BEHIND = DEMO.replace("[server]", '[server]\ntrusted_proxies = "127.0.0.1"')
"""With the setting server.trusted_proxies."""


async def issued(hub: Served, agent_id: str | None = "ann", **what: Any) -> Caller:
    """Return a caller with a new token."""
    return hub.caller((await hub.local("tokens_issue", id=agent_id, **what))["token"])


async def listed(caller: Caller) -> set[str]:
    """Return the tools that a token sees."""
    return {each["name"] for each in (await caller.get("/api/v1/tools")).json()["tools"]}


def kid_of(caller: Caller) -> str:
    """Return the id in a token."""
    return caller.token.split("_")[2]


async def ends_in(hub: Served, caller: Caller, seconds: float) -> None:
    """Let a token end soon, as one that was issued long ago does."""
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    written = at if "postgres" in hub.database else f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"
    await hub.change(
        "UPDATE agent_tokens SET expires_at = :at WHERE kid = :kid", at=written, kid=kid_of(caller)
    )
    hub.running.hub.tokens._known.clear()


# --- their end ------------------------------------------------------------------------------------


@pytest.mark.both
async def test_a_token_ends_when_its_days_are_over(start_hub: StartHub, clock: Ahead) -> None:
    async with start_hub(clock=clock) as hub:
        await hub.agent("ann", ANN)
        answer = await hub.local("tokens_issue", id="ann", days=30)
        ann = hub.caller(answer["token"])
        before = await ann.get("/api/v1/tools")
        clock.travel(30 * DAY_S)
        after = await ann.get("/api/v1/tools")

    assert datetime.fromisoformat(answer["expiresAt"]) > datetime.now(UTC) + timedelta(days=29)
    assert before.status_code == 200
    assert refused(after, 401, "unauthenticated")


@pytest.mark.parametrize("days", [0, -1, 3_651])
async def test_a_token_lasts_a_day_to_ten_years(served: Served, ann: Caller, days: int) -> None:
    given = {"id": "ann", "days": days}
    issuing = await served.operator.post("/api/v1/tools/tokens_issue", json=given)
    rotating = await served.operator.post("/api/v1/tools/tokens_rotate", json=given)

    assert refused(issuing, 422, "invalid")
    assert refused(rotating, 422, "invalid")
    assert (await ann.get("/api/v1/tools")).status_code == 200


@pytest.mark.both
@pytest.mark.parametrize("way", WAYS)
async def test_a_wait_ends_when_its_token_does(served: Served, ann: Caller, way: str) -> None:
    await ends_in(served, ann, 1.0)
    began = time.monotonic()
    waiting = asyncio.create_task(waited(served, ann, way))
    await until_waiting(served)
    told = await waiting

    assert time.monotonic() - began < 3
    assert "unauthenticated" in told
    assert waits(served) == 0


@pytest.mark.both
async def test_a_stream_ends_when_its_token_does(served: Served, ann: Caller) -> None:
    async with ann.mcp() as client:
        await ends_in(served, ann, 1.0)
        async with client.listen(resource_subscriptions=[URI]) as listening:
            with pytest.raises(SubscriptionLost):
                await asyncio.wait_for(anext(listening), 3)


@pytest.mark.both
async def test_a_rotated_token_goes_on_until_the_overlap_is_over(
    start_hub: StartHub, clock: Ahead
) -> None:
    async with start_hub(clock=clock) as hub:
        ann = await hub.agent("ann", ANN)
        new = hub.caller((await hub.local("tokens_rotate", id="ann", overlapS=60))["token"])
        during = [(await each.get("/api/v1/tools")).status_code for each in (ann, new)]
        clock.travel(61)
        after = [(await each.get("/api/v1/tools")).status_code for each in (ann, new)]
        rotated = hub.caller((await hub.local("tokens_rotate", id="ann"))["token"])
        at_once = [(await each.get("/api/v1/tools")).status_code for each in (new, rotated)]

    assert (during, after, at_once) == ([200, 200], [401, 200], [401, 200])


async def test_a_rotated_token_is_for_what_the_one_before_was_for(
    served: Served, ann: Caller
) -> None:
    await issued(served, days=10, channels=["sms"], readOnly=True)
    await served.local("tokens_rotate", id="ann")
    newest = (await served.local("tokens_list"))["tokens"][-1]

    assert (newest["channels"], newest["readOnly"]) == (["sms"], True)
    lasts = datetime.fromisoformat(newest["expiresAt"]) - datetime.fromisoformat(newest["issuedAt"])
    assert lasts == timedelta(days=10)


@pytest.mark.both
async def test_a_stream_of_a_rotated_token_ends_with_the_overlap(
    served: Served, ann: Caller
) -> None:
    async with ann.mcp() as client, client.listen(resource_subscriptions=[URI]) as listening:
        waiting = asyncio.create_task(waited(served, ann, "rest"))
        await until_waiting(served)
        began = time.monotonic()
        await served.local("tokens_rotate", id="ann", overlapS=1)
        with pytest.raises(SubscriptionLost):
            await asyncio.wait_for(anext(listening), 4)
        await waiting
        took_s = time.monotonic() - began

    assert 0.9 < took_s < 3


@pytest.mark.postgres
async def test_an_end_counts_at_every_hub(url: str, tmp_path: Path) -> None:
    async with two_hubs(url, tmp_path) as (one, two):
        ann = await one.agent("ann", ANN)
        at_two = two.caller(ann.token)
        waiting = asyncio.create_task(waited(two, at_two, "rest"))
        await until_waiting(two)
        began = time.monotonic()
        await one.local("tokens_rotate", id="ann", overlapS=1)
        assert (await at_two.get("/api/v1/tools")).status_code == 200
        await waiting
        took_s = time.monotonic() - began
        after = await at_two.get("/api/v1/tools")

    assert 0.9 < took_s < 3
    assert refused(after, 401, "unauthenticated")


async def test_who_has_an_old_token_is_reminded(start_hub: StartHub, clock: Ahead) -> None:
    async with start_hub(clock=clock) as hub:
        ann = await hub.agent("ann", ANN)
        fresh = (await hub.local("tokens_list"))["tokens"]
        clock.travel(91 * DAY_S)
        (old,) = (await hub.local("tokens_list"))["tokens"]
        findings = (await hub.local("doctor"))["findings"]
        await hub.running.hub.tokens.remind()

    (found,) = [each for each in findings if each["subject"] == "tokens"]
    assert "advice" not in fresh[0]
    assert "rotate" in old["advice"]
    assert found["verdict"] == "look"
    assert kid_of(ann) in found["sentence"]


# --- what they are for ----------------------------------------------------------------------------


async def test_a_token_that_only_reads_sends_nothing_and_sees_only_that(
    served: Served, ann: Caller
) -> None:
    reader = await issued(served, readOnly=True)
    sending = await reader.try_send(HANDSET, "hello")
    stored = await served.client.post(
        "/api/v1/media", content=b"text", headers={"Authorization": f"Bearer {reader.token}"}
    )
    async with reader.mcp() as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        called = await client.call_tool(
            "comms_send_message", {"channel": "sms", "to": HANDSET, "body": "hello"}
        )
        with pytest.raises(MCPError) as subscribing:
            await client.session.send_request(_subscribe(), types.EmptyResult)
    await reader.call("comms_get_messages")

    assert refused(sending, 403, "forbidden")
    assert refused(stored, 403, "forbidden")
    assert "only reads" in sending.json()["detail"]
    assert tools == await listed(reader)
    assert "comms_send_message" not in tools
    assert "comms_get_messages" in tools
    assert text_of(called).startswith("forbidden: ")
    assert subscribing.value.error.message.startswith("forbidden: ")
    assert served.count("messages") == 0


def _subscribe() -> Any:
    params = {
        "name": "message.received",
        "delivery": {"mode": "webhook", "url": "https://example.com/", "secret": "whsec_x"},
    }
    return types.Request[Any, str](method="events/subscribe", params=params)


async def test_a_token_for_some_operations_is_good_for_no_other(
    served: Served, ann: Caller
) -> None:
    sender = await issued(served, operations=["comms_send_message"])
    sent = await sender.send(HANDSET, "hello")
    answers = [
        await sender.post("comms_get_messages", {}),
        await sender.get("/api/v1/messages"),
        await sender.get(f"/api/v1/messages/{sent['messageId']}"),
        await sender.get("/api/v1/calls"),
    ]
    document = (await sender.get("/openapi.json")).json()

    assert all(refused(each, 403, "forbidden") for each in answers)
    assert await listed(sender) == {"comms_send_message"}
    tools = [path for path in document["paths"] if path.startswith("/api/v1/tools/")]
    assert tools == ["/api/v1/tools/comms_send_message"]


async def test_a_token_for_some_channels_neither_writes_nor_reads_on_others(
    served: Served, ann: Caller
) -> None:
    await served.local("agents_set", id="ann", values={"email": "ann@agents.example"})
    mailer = await issued(served, channels=["email"])
    text = await ann.send(HANDSET, "hello")
    await Vendor(served).text(HANDSET, ANN, "not for mailers")
    mail = {"channel": "email", "to": "bob@people.example", "subject": "Hi", "body": "Hi."}
    sms = {"channel": "sms", "to": HANDSET, "body": "hello"}
    refusals = [
        await mailer.post("comms_send_message", sms),
        await mailer.post("comms_get_messages", {"channel": "sms"}),
        await mailer.post(
            "comms_send_voice_message",
            {"to": HANDSET, "text": "hello", "deliveryChannel": "phone_call"},
        ),
        await mailer.get("/api/v1/calls"),
    ]
    hidden = [
        await mailer.post("comms_get_status", {"id": text["messageId"]}),
        await mailer.post("comms_cancel", {"id": text["messageId"]}),
        await mailer.get(f"/api/v1/messages/{text['messageId']}"),
    ]
    batch = await mailer.call("comms_send_batch", messages=[mail, sms])
    seen = await mailer.inbox()
    waiting = await mailer.call("comms_wait_for_reply", timeoutSeconds=1)
    async with mailer.mcp() as client:
        unread = await client.read_resource(URI)

    assert all(refused(each, 403, "forbidden") for each in refusals)
    assert "email" in refusals[0].json()["detail"]
    assert all(refused(each, 404, "not_found") for each in hidden)
    assert [each["status"] for each in batch["results"]] == ["queued", "refused"]
    assert batch["results"][1]["error"]["code"] == "forbidden"
    assert {each["channel"] for each in seen} == {"email"}
    assert waiting["waiting"] is True
    assert '"unread":0' in str(unread.contents[0])


@pytest.mark.parametrize(
    ("what", "field"),
    [
        ({"channels": ["fax"]}, "channels"),
        ({"channels": []}, "channels"),
        ({"operations": ["tokens_issue"]}, "operations"),
        ({"networks": ["192.0.2.1/24"]}, "networks"),
        ({"networks": ["here"]}, "networks"),
        ({"role": "viewer"}, "role"),
    ],
)
async def test_what_no_token_can_be_for_is_said(
    served: Served, ann: Caller, what: dict[str, Any], field: str
) -> None:
    response = await served.operator.post("/api/v1/tools/tokens_issue", json={"id": "ann", **what})

    assert refused(response, 422, "invalid")
    assert response.json()["field"] == field
    assert served.count("agent_tokens") == 1


async def test_a_token_is_good_in_its_networks_alone(served: Served, ann: Caller) -> None:
    here = await issued(served, networks=["127.0.0.0/8", "2001:db8::/32"])
    elsewhere = await issued(served, networks=["192.0.2.0/24"])
    answer = await elsewhere.get("/api/v1/tools")

    assert (await here.get("/api/v1/tools")).status_code == 200
    assert refused(answer, 403, "forbidden")
    assert "address" in answer.json()["detail"]


async def told_by_proxy(hub: Served, caller: Caller, addresses: str) -> int:
    """Return how a request is answered that a proxy says to come from there."""
    headers = {"Authorization": f"Bearer {caller.token}", "X-Forwarded-For": addresses}
    return (await hub.client.get("/api/v1/tools", headers=headers)).status_code


async def test_only_a_trusted_proxy_says_where_a_request_comes_from(
    start_hub: StartHub, tmp_path: Path
) -> None:
    async with start_hub() as hub:
        await hub.agent("ann", ANN)
        there = await issued(hub, networks=["192.0.2.0/24"])
        untrusted = await told_by_proxy(hub, there, "192.0.2.7")
    async with start_hub(toml=BEHIND) as hub:
        trusted = [
            await told_by_proxy(hub, there, each)
            for each in ("192.0.2.7", "198.51.100.1, 192.0.2.7", "192.0.2.7, 198.51.100.1", "x")
        ]

    assert untrusted == 403
    assert trusted == [200, 200, 403, 403]


# --- roles ----------------------------------------------------------------------------------------


async def test_a_viewer_looks_and_an_operator_acts(served: Served, ann: Caller) -> None:
    viewer, approver, operator = [
        await issued(served, None, role=role) for role in ("viewer", "approver", "operator")
    ]
    text = {"channel": "sms", "to": HANDSET, "body": "hello", "agentId": "ann"}
    answers = [await each.post("comms_send_message", text) for each in (viewer, approver, operator)]
    looks = [
        await each.post("comms_get_messages", {"agentId": "ann"})
        for each in (viewer, approver, operator)
    ]
    metrics = await viewer.get("/metrics")

    assert [each.status_code for each in answers] == [403, 403, 200]
    assert "role operator" in answers[0].json()["detail"]
    assert [each.status_code for each in looks] == [200, 200, 200]
    assert metrics.status_code == 200
    deciding = {"approvals_decide", "approvals_show"}
    assert await listed(viewer) | deciding == await listed(approver) < await listed(operator)


async def test_admin_tokens_without_a_role_are_admins(served: Served, ann: Caller) -> None:
    admin = await issued(served, None)
    await served.change("UPDATE agent_tokens SET role = NULL")  # as before there were roles
    served.running.hub.tokens._known.clear()
    tokens = (await served.local("tokens_list"))["tokens"]

    assert [each.get("role") for each in tokens] == [None, "admin"]
    assert "comms_send_message" in await listed(admin)
