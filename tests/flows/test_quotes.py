"""A quote says what a send would come to: 1,000 generated requests, quoted and then sent."""

import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.flows.hubs import ANN, DEMO, HANDSET, Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB, Network

REQUESTS: Final = 1_000
STOPPED, WROTE = "+12025550160", "+12025550161"
TOML: Final = (
    DEMO.replace('telephony = "demo"', 'telephony = "demo"\nwhatsapp = "demo"\nemail = "demo"')
    + '[connections.bare]\nprovider = "wire"\n[pool]\nsize = 9\n'
)
NUMBERS: Final = (HANDSET, WROTE, STOPPED, ANN, "+442071838750", "202-555-0161", "+1202", "12", "x")
MAILS: Final = ("kim@example.com", "no mail", "ann@agents.example")
BODIES: Final = (
    "hello {n}",
    "hello {n} " * 30,
    "häuslich 🙂 {n}",
    "ja 🙂 {n} " * 20,
    "",
    " \u200b",
    "x" * 1_601,
    "y" * 5_000,
    "again",
)
PICTURE: Final = "https://example.com/a.png"


@dataclass(frozen=True)
class World:
    hub: Served
    agents: Mapping[str, Caller]


@pytest.fixture
async def world(start_hub: StartHub) -> AsyncIterator[World]:
    async with start_hub(toml=TOML, plugins=Network().plugins()) as hub:
        every = {"whatsapp": "+12025550120", "email": "ann@agents.example", "phone": ANN}
        given: dict[str, dict[str, str]] = {
            "ann": every,
            "sue": {"phone": "+12025550103", "whatsapp": "+12025550123"},
            "sim": {"phone": ALICE, "email": "sim@example.org", "whatsapp": BOB},
            "own": {"phone": "+12025550105", "telephony": "bare"},
            "bob": {"email": "bob@agents.example"},
            "few": {"phone": "+12025550106", "email": "few@agents.example"},
            "poor": {"phone": "+12025550107"},
            "off": {"phone": "+12025550108", "email": "off@agents.example"},
        }
        agents = {}
        for name, values in given.items():
            await hub.local("agents_create", id=name, values=values)
            token = (await hub.local("tokens_issue", id=name))["token"]
            agents[name] = hub.caller(token)
        await agents["ann"].send(STOPPED, "who is there?")
        for number, body in ((STOPPED, "STOP"), (WROTE, "hi")):
            path = f"/demo/handsets/{number}/reply"
            await hub.client.post(path, json={"body": body, "to": ANN})
        for agent in ("ann", "sim"):
            own = given[agent]["whatsapp"]
            await hub.client.post(
                f"/demo/whatsapp/people/{WROTE}/messages", json={"body": "hi", "to": own}
            )
        admin = await hub.admin()
        for agent, limits in (
            ("few", {"maxActionsPerDay": 5}),
            ("poor", {"maxSpendPerDay": 0.05}),
            ("off", {"channels": {"sms": False}}),
        ):
            await admin.call("comms_set_agent_limits", agentId=agent, limits=limits)
        await hub.local("agents_suspend", id="sue")
        await hub.local("agents_mode", id="sim", mode="simulated")
        yield World(hub, agents)


def made(rng: random.Random, number: int) -> dict[str, Any]:
    """Return the arguments of one send: likely and unlikely, right and wrong."""
    channel = rng.choices(["sms", "whatsapp", "email", "chat", "voice"], [50, 20, 20, 2, 2])[0]
    of_kind = MAILS if channel == "email" else NUMBERS
    to = rng.choice(of_kind[:1] if rng.random() < 0.3 else of_kind)
    body = rng.choice(BODIES[:4] if rng.random() < 0.6 else BODIES)
    request: dict[str, Any] = {
        "channel": channel,
        "to": to if rng.random() < 0.95 else rng.choice((*MAILS, *NUMBERS)),
        "body": body.format(n=number),
    }
    if channel == "voice":
        request["body"] = rng.choice(["hello", "...", "", "good evening"])
    if channel == "email" and rng.random() < 0.9:
        request["subject"] = f"About {number}"
    if channel == "email" and rng.random() < 0.2:
        request["cc"] = [rng.choice(MAILS)]
    odd: dict[str, Any] = {
        "mediaUrl": PICTURE,
        "mediaUrls": [PICTURE, PICTURE],
        "templateId": "nobodys",
        "subject": "on a text",
        "toAgentId": "ann",
        "replyTo": f"msg_{0:032x}",
        "sendAt": (datetime.now(UTC) + timedelta(days=rng.choice([-2, 1, 29, 31]))).isoformat(),
        "choices": [{"label": "Yes"}, {"label": rng.choice(["No", "STOP"])}],
        "idempotencyKey": f"key-{rng.randrange(6)}",
        "nonsense": 1,
        "validForSeconds": rng.choice([60, -1]),
    }
    names = sorted(odd) if rng.random() < 0.5 else ["idempotencyKey", "mediaUrl", "sendAt"]
    for name in rng.sample(names, rng.choices([0, 1, 2], [60, 30, 10])[0]):
        request[name] = odd[name]
    if "toAgentId" in request and rng.random() < 0.8:
        del request["to"]
    return request


def disagreements(quote: Mapping[str, Any], status: int, sent: Mapping[str, Any]) -> list[str]:
    """Return what a quote said otherwise than the send that followed it."""
    said: dict[str, Any] = {}
    came: dict[str, Any] = {}
    if sent.get("code") == "provider_rejected":  # its provider's own word, which nobody asked for
        return [] if quote["decision"] == "allow" else [quote["decision"]]
    if status == 200 and sent["replayed"]:
        said, came = {"messageId": quote.get("messageId")}, {"messageId": sent["messageId"]}
    elif status == 200:
        waits = sent["status"] == "queued"
        came = {"decision": "defer" if waits else "allow"}
        said = {"decision": quote["decision"]}
        for name in ("provider", "segments", "currency", "simulated", "rateLimitRemaining"):
            said[name], came[name] = quote.get(name), sent.get(name)
        if waits:
            said["earliestAt"], came["earliestAt"] = quote.get("earliestAt"), sent["earliestAt"]
        if sent["channel"] != "voice":  # nobody has spoken it yet
            said["cost"], came["cost"] = quote.get("cost"), sent["cost"]
    else:
        decision = {429: "rate_limited", 402: "spend_cap"}.get(status, "block")
        said, came = {"decision": quote["decision"]}, {"decision": decision}
        for name in ("code", "field"):
            said[name], came[name] = quote.get(name), sent.get(name)
        if "rule" in sent:
            said["rule"], came["rule"] = quote.get("rule"), sent["rule"]
        said["reason"] = str(sent["detail"]).startswith(str(quote.get("reason")))
        came["reason"] = True
    return [f"{each}: {said[each]!r}, {came[each]!r}" for each in said if said[each] != came[each]]


async def quoted(caller: Caller, arguments: Mapping[str, Any], operation: str) -> dict[str, Any]:
    return await caller.call("comms_quote", operation=operation, arguments=arguments)


@pytest.mark.slow
@pytest.mark.both
async def test_a_quote_and_the_send_after_it_agree(world: World) -> None:
    rng = random.Random(13)
    names = ["ann"] * 12 + ["sim"] * 4 + ["sue", "own", "own", "bob", "few", "poor", "off"]
    faults, outcomes, arguments = [], Counter[str](), made(rng, REQUESTS)
    for number in range(REQUESTS):
        name = rng.choice(names)
        if rng.random() > 0.1:  # else once more the same
            arguments = made(rng, number)
        caller = world.agents[name]
        quote = await quoted(caller, arguments, "comms_send_message")
        answer = await caller.post("comms_send_message", arguments)
        sent = answer.json()
        outcomes[str(sent.get("code") or sent.get("status"))] += 1
        outcomes["replayed"] += bool(sent.get("replayed"))
        found = disagreements(quote, answer.status_code, sent)
        faults += [f"{name}, {arguments!s:.300}: {each}" for each in found]

    assert not faults, "\n".join(faults[:20])
    expected = ("sent", "queued", "invalid", "blocked", "out_of_window", "unsupported")
    assert all(outcomes[each] >= 5 for each in (*expected, "forbidden", "replayed")), outcomes
    seldom = ("not_configured", "idempotency_conflict", "rate_limited", "spend_cap")
    assert all(outcomes[each] for each in seldom), outcomes


async def test_a_quote_writes_nothing_and_asks_nobody(start_hub: StartHub) -> None:
    network = Network()
    toml = '[slots]\ntelephony = "wire"\n'
    async with start_hub(toml=toml, plugins=network.plugins()) as hub:
        ann = await hub.agent("ann", ALICE)
        tables = [
            each["name"]
            for each in hub.rows(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%engine%'"
            )
        ]
        before = {each: hub.count(each) for each in tables}
        text = {"channel": "sms", "to": BOB, "body": "hello"}
        for arguments in (text, {**text, "body": ""}, {**text, "idempotencyKey": "k"}):
            await quoted(ann, arguments, "comms_send_message")
        spoken = {"to": BOB, "text": "hello", "deliveryChannel": "phone_call"}
        await quoted(ann, spoken, "comms_send_voice_message")
        await quoted(ann, {"messages": [text, text]}, "comms_send_batch")

        assert {each: hub.count(each) for each in tables} == before
        assert network.asked == []
        assert (await ann.send(BOB, "hello"))["replayed"] is False


async def test_a_quote_says_over_which_provider_and_why(world: World) -> None:
    text = {"channel": "sms", "to": BOB, "body": "ja 🙂"}
    for name, reason in (
        ("ann", "It comes first for"),
        ("own", "It is the agent's own for"),
        ("sim", "The agent is simulated."),
    ):
        quote = await quoted(world.agents[name], text, "comms_send_message")
        assert quote["decision"] == "allow"
        assert quote["providerReason"].startswith(reason)
        assert (quote["segments"], quote["encoding"]) == (1, "UCS-2")
        assert quote["approvalNeeded"] is False
        assert quote["parts"][0]["part"] == "delivery"


async def test_what_is_spoken_has_a_price_of_its_own(world: World) -> None:
    spoken = {"to": WROTE, "text": "good evening", "deliveryChannel": "phone_call"}
    ann = world.agents["ann"]
    quote = await quoted(ann, spoken, "comms_send_voice_message")
    sent = await ann.call("comms_send_voice_message", **spoken)

    assert [each["part"] for each in quote["parts"]] == ["delivery", "speech"]
    assert quote["cost"] == sent["cost"]
    again = await quoted(ann, {**spoken, "to": HANDSET}, "comms_send_voice_message")
    assert [each["part"] for each in again["parts"]] == ["delivery"]


async def test_a_quote_of_a_batch_tells_of_each_message(world: World) -> None:
    texts = [
        {"channel": "sms", "to": WROTE, "body": "one"},
        {"channel": "sms", "to": STOPPED, "body": "two"},
        {"channel": "sms", "to": WROTE},
    ]
    quote = await quoted(world.agents["ann"], {"messages": texts}, "comms_send_batch")

    assert quote["counts"] == {"allow": 1, "block": 2}
    assert [each.get("code") for each in quote["messages"]] == [None, "blocked", "invalid"]
    assert quote["cost"] == quote["messages"][0]["cost"]


async def test_what_no_operation_takes_is_refused(world: World) -> None:
    answer = await world.agents["ann"].post("comms_quote", {"operation": "x", "arguments": {}})
    assert (answer.status_code, answer.json()["field"]) == (422, "operation")
