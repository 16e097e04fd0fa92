"""Programs that answer one another are stopped; a person in between lets them go on."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx2
import pytest

from tests.flows.hubs import ANN, BEN, DEMO, HANDSET, Caller, Served, StartHub
from trunkline.core.gate.chains import COUNTED_FOR, MOST_ANSWERS, MOST_HOPS, QUIET, Chain

TOML = DEMO.replace('telephony = "demo"', 'telephony = "demo"\nemail = "demo"\nwhatsapp = "demo"')
NOW = datetime(2026, 12, 1, tzinfo=UTC)
ADDRESSES = {
    "ann": {"phone": ANN, "email": "ann@agents.example", "whatsapp": ANN},
    "ben": {"phone": BEN, "email": "ben@agents.example", "whatsapp": BEN},
}


@pytest.fixture
async def hub(start_hub: StartHub) -> AsyncIterator[Served]:
    async with start_hub(toml=TOML) as hub:
        for name, values in ADDRESSES.items():
            await hub.local("agents_create", id=name, values=values)
        yield hub


async def callers(hub: Served) -> list[Caller]:
    tokens = [(await hub.local("tokens_issue", id=name))["token"] for name in ADDRESSES]
    return [hub.caller(token) for token in tokens]


async def tried(caller: Caller, to: str, channel: str, number: int) -> httpx2.Response:
    arguments = {"channel": channel, "toAgentId": to, "body": f"No, after you. {number}"}
    if channel == "email":
        arguments["subject"] = "After you"
    return await caller.post("comms_send_message", arguments)


def says(text: str, found: list[dict[str, Any]]) -> bool:
    """Tell whether one of some messages says a text."""
    return any(text in (each["body"] or "") for each in found)


async def answered(hub: Served, channel: str) -> tuple[int, dict[str, Any]]:
    """Let two agents answer each other; return how often they could, and why no more."""
    ann, ben = await callers(hub)
    for number in range(20):
        speaker, hearer, name = (ann, ben, "ben") if number % 2 == 0 else (ben, ann, "ann")
        answer = await tried(speaker, name, channel, number)
        if answer.status_code != 200:
            return number, answer.json()
        await hub.until(partial(hearer.inbox, limit=5), partial(says, f"No, after you. {number}"))
    return 20, {}


@pytest.mark.both
@pytest.mark.parametrize("channel", ["sms", "email"])
async def test_two_agents_that_answer_each_other_stop_by_hop_five(
    hub: Served, channel: str
) -> None:
    times, refusal = await answered(hub, channel)

    assert times == MOST_HOPS == 5
    assert (refusal["code"], refusal["rule"]) == ("blocked", "loop")
    sent = hub.rows("SELECT hops FROM messages WHERE direction = 'outbound' ORDER BY id")
    came = hub.rows("SELECT hops FROM messages WHERE direction = 'inbound' ORDER BY id")
    assert [each["hops"] for each in sent] == [1, 2, 3, 4, 5, 6]  # the last was blocked
    assert [each["hops"] for each in came] == [1, 2, 3, 4, 5]
    ann, ben = await callers(hub)
    text = {"channel": channel, "toAgentId": "ann", "body": "and again", "subject": "x"}
    if channel == "sms":
        del text["subject"]
    quote = await ben.call("comms_quote", operation="comms_send_message", arguments=text)
    assert (quote["decision"], quote["rule"]) == ("block", "loop")
    assert (await tried(ann, "ben", channel, 99)).status_code == 200  # it answers hop 4


async def test_a_person_in_between_starts_anew(hub: Served) -> None:
    await answered(hub, "sms")
    ann, ben = await callers(hub)
    assert (await tried(ben, "ann", "sms", 50)).json()["rule"] == "loop"
    path = f"/demo/handsets/{HANDSET}/reply"
    await hub.client.post(path, json={"body": "Ask Ann once more, please.", "to": BEN})
    await hub.until(ben.inbox, lambda found: "Ask Ann" in (found[0]["body"] or ""))

    assert (await tried(ben, "ann", "sms", 51)).status_code == 200
    assert ann is not ben


async def test_whoever_only_writes_to_an_agent_is_stopped_by_the_budget(hub: Served) -> None:
    ann, _ = await callers(hub)
    answers = [await tried(ann, "ben", "sms", number) for number in range(MOST_ANSWERS + 1)]

    assert [each.status_code for each in answers[:-1]] == [200] * MOST_ANSWERS
    assert answers[-1].json()["rule"] == "loop"


async def test_a_person_is_answered_as_often_as_they_write(hub: Served) -> None:
    ann, _ = await callers(hub)
    for number in range(MOST_ANSWERS + 5):
        assert (await ann.send(HANDSET, f"hello {number}"))["status"] == "sent"
    assert hub.count("answer_chains") == 0


def test_time_ends_a_chain_and_never_early() -> None:
    chain = Chain(heard=MOST_HOPS, moved_at=NOW, answers=3, counted_from=NOW, is_known=True)

    assert chain.block(NOW + QUIET - timedelta(seconds=1)) is not None
    assert chain.block(NOW + QUIET) is None
    full = Chain(heard=1, moved_at=NOW, answers=MOST_ANSWERS, counted_from=NOW, is_known=True)
    assert full.block(NOW + COUNTED_FOR - timedelta(seconds=1)) is not None
    assert full.block(NOW + COUNTED_FOR) is None
    assert full.block(NOW - timedelta(hours=2)) is not None  # a clock that went back
