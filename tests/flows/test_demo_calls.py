"""Calls on the simulated network through a whole hub: answered, declined, agent to agent."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.flows.hubs import ANN, BEN, HANDSET, SIGNING_KEY, Caller, Served, StartHub
from trunkline.testing import FakeClock

DEMO = f"""
[server]
demo = true
[slots]
telephony = "demo"
tts = "demo"
stt = "demo"
[providers.demo]
latency_ms = 0
delivery_delay_ms = 0
signing_key = "{SIGNING_KEY}"
"""


@dataclass(frozen=True, kw_only=True)
class Phone:
    """A handset of the simulated network, and the time that passes while it is on the line."""

    hub: Served
    clock: FakeClock

    async def calls(self) -> list[dict[str, Any]]:
        """Return all calls of the network, newest first."""
        found: list[dict[str, Any]] = (await self.hub.client.get("/demo/calls")).json()["items"]
        return found

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the newest call once it is as wanted, however long that takes there."""
        for _ in range(600):
            calls = await self.calls()
            if calls and wanted(calls[0]):
                return calls[0]
            self.clock.travel(0.25)
            await asyncio.sleep(0.01)
        raise AssertionError(f"never came: {calls}")

    async def do(self, what: str, **said: str) -> None:
        """Answer, decline, say something or hang up."""
        [call, *_] = await self.calls()
        answer = await self.hub.client.post(f"/demo/calls/{call['id']}/{what}", json=said)
        assert answer.status_code == 200, answer.text


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def hub(start_hub: StartHub, clock: FakeClock) -> AsyncIterator[Served]:
    async with start_hub(toml=DEMO, clock=clock) as hub:
        yield hub


@pytest.fixture
def phone(hub: Served, clock: FakeClock) -> Phone:
    return Phone(hub=hub, clock=clock)


async def speak(who: Caller, text: str = "Your table is ready.", **more: Any) -> str:
    given = {"deliveryChannel": "phone_call", "to": HANDSET, **more}
    answer = await who.call("comms_send_voice_message", text=text, **given)
    assert answer["deliveryStatus"] == "sent"
    message_id: str = answer["messageId"]
    return message_id


def is_over(call: dict[str, Any]) -> bool:
    return call["endedAt"] is not None


def is_stored(message: dict[str, Any]) -> bool:
    """Tell whether the hub has fetched what came with a message."""
    return all(each["state"] == "stored" for each in message["attachments"])


async def test_a_voice_message_is_answered_and_the_answer_comes_back(
    hub: Served, phone: Phone
) -> None:
    ann = await hub.agent("ann", ANN)
    message_id = await speak(ann, recordResponse=True)
    await phone.until(lambda call: call["rings"])
    await phone.do("answer")
    await phone.until(lambda call: call["listening"])
    await phone.do("say", text="Yes, at eight")
    call = await phone.until(is_over)
    await hub.until_status(ann, message_id, "delivered")
    [left, _] = await hub.until(
        lambda: ann.inbox(channel="voice"), lambda found: len(found) == 2 and is_stored(found[0])
    )

    assert [each["text"] for each in call["said"]] == [
        "Your table is ready.",
        "Please answer after the tone. Your answer will be recorded.",
        "Yes, at eight",
    ]
    assert all(each["soundUrl"] for each in call["said"])
    assert (left["direction"], left["from"], left["replyTo"]) == ("inbound", HANDSET, message_id)
    assert [each["type"] for each in left["attachments"]] == ["audio/wav"]


async def test_a_call_that_is_declined_or_not_taken_fails_its_message(
    hub: Served, phone: Phone
) -> None:
    ann = await hub.agent("ann", ANN)
    declined = await speak(ann)
    await phone.until(lambda call: call["rings"])
    await phone.do("decline")
    await hub.until_status(ann, declined, "failed")
    missed = await speak(ann, "Are you there?")
    await phone.until(lambda call: call["status"] == "no-answer")
    traced = await hub.until_status(ann, missed, "failed")

    assert traced["costFinal"] is True
    assert traced["cost"] == pytest.approx(0, abs=0.001)  # nothing for the call itself


async def test_an_agent_calls_another_who_finds_what_was_said(hub: Served, phone: Phone) -> None:
    ann, ben = await hub.agent("ann", ANN), await hub.agent("ben", BEN)
    message_id = await speak(ann, "Shall we meet?", to=None, toAgentId="ben")
    await phone.until(is_over)
    await hub.until_status(ann, message_id, "delivered")
    [left] = await hub.until(
        lambda: ben.inbox(channel="voice"), lambda found: found and is_stored(found[0])
    )

    assert (left["direction"], left["from"], left["mediaCount"]) == ("inbound", ANN, 1)
    assert left["durationSeconds"] > 0


async def test_a_person_leaves_a_voicemail(hub: Served, phone: Phone) -> None:
    ann = await hub.agent("ann", ANN)
    await hub.local("agents_set", id="ann", values={"greeting": "This is Ann."})

    async def sound() -> Any:
        return hub.rows("SELECT greeting_media FROM agent_channels")[0]["greeting_media"]

    await hub.until(sound, bool)
    dialled = await hub.client.post(f"/demo/handsets/{HANDSET}/calls", json={"to": ANN})
    assert dialled.status_code == 200, dialled.text
    await phone.until(lambda call: call["listening"])
    await phone.do("say", text="Please call me back")
    await phone.do("hang-up")
    call = await phone.until(is_over)
    [left] = await hub.until(lambda: ann.inbox(channel="voice"), bool)

    assert (left["direction"], left["from"], left["mediaCount"]) == ("inbound", HANDSET, 1)
    assert [each["text"] for each in call["said"]] == ["This is Ann.", "Please call me back"]


async def test_a_call_of_which_nothing_is_told_is_asked_for_and_ends_truthfully(
    hub: Served, phone: Phone, clock: FakeClock
) -> None:
    ann = await hub.agent("ann", ANN)
    await hub.client.post("/demo/faults", json={"fault": "unreported"})
    message_id = await speak(ann)
    await phone.until(lambda call: call["rings"])
    await phone.do("answer")
    await phone.until(is_over)
    for _ in range(40):
        clock.travel(60)
        await asyncio.sleep(0.02)
    traced = await hub.until_status(ann, message_id, "delivered")

    assert traced["history"][-1]["evidence"]["source"] == "lookup"
