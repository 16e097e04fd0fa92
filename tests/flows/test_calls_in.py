"""Calls that come in: what the caller hears, and the message that is left."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from tests.flows.clocks import Ahead, clock
from tests.flows.hubs import Served, StartHub
from tests.flows.networks import ALICE, BOB
from tests.flows.phones import CALLS, PHONES, Phones, calls, say, tell
from trunkline.core.compliance import repository as compliance
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.sdk import Capability, OutcomeUnknown

__all__ = ["clock"]

CAROL = "+14155550123"
RINGS = {"call": "in1", "from": BOB}
LEFT = {
    "call": "in1",
    "recording": "r1",
    "url": "https://phones.example/recordings/r1.wav",
    "duration": 12,
}
TONE_AND_RECORD = [
    {"step": "Record", "max_duration_s": 120, "silence_s": 5, "beep": True},
    {"step": "HangUp"},
]


def heard(answer: httpx2.Response) -> list[dict[str, Any]]:
    """Return what a caller hears, without where recordings are told."""
    steps: list[dict[str, Any]] = answer.json()
    return [{name: step[name] for name in step if name != "url"} for step in steps]


def events(hub: Served) -> list[tuple[str, str]]:
    """Return each event's kind and end."""
    found = hub.rows("SELECT kind, state FROM inbound_events ORDER BY id")
    return [(each["kind"], each["state"]) for each in found]


@pytest.mark.both(slow=True)
async def test_a_caller_hears_a_tone_and_leaves_a_message(start_hub: StartHub) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        ann = await hub.agent("ann", ALICE)
        answer = await tell(hub, RINGS)
        (rings,) = calls(hub)
        await tell(hub, LEFT, path="ann/recording")
        await tell(hub, {"call": "in1", "status": "completed", "duration": 17, "cost": 8_500})
        (left,) = await ann.inbox(channel="voice")
        (over,) = calls(hub)

    assert heard(answer) == TONE_AND_RECORD
    assert answer.json()[0]["url"].endswith("/webhooks/ann/recording")
    assert (rings["status"], rings["direction"]) == ("ringing", "inbound")
    assert (rings["from_address"], rings["to_address"]) == (BOB, ALICE)
    assert (over["status"], over["duration_s"], over["cost"]) == ("completed", 17, 8_500)
    assert (left["channel"], left["direction"], left["body"]) == ("voice", "inbound", "")
    assert (left["from"], left["to"], left["mediaCount"]) == (BOB, ALICE, 1)
    assert events(hub) == [
        ("call", "handled"),
        ("recording", "handled"),
        ("call-status", "handled"),
    ]


@pytest.mark.both(slow=True)
async def test_a_webhook_told_twice_gets_the_same_answer_and_is_one_call(
    start_hub: StartHub,
) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        await hub.agent("ann", ALICE)
        first = await tell(hub, RINGS)
        again = await tell(hub, RINGS)
        otherwise = await tell(hub, {**RINGS, "event": "another"})

    assert first.content == again.content == otherwise.content
    assert len(calls(hub)) == 1


async def test_by_the_accounts_route_the_number_decides_and_nobodys_is_declined(
    start_hub: StartHub,
) -> None:
    path = "connections/phones/voice"
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        await hub.agent("ann", ALICE)
        taken = await tell(hub, RINGS, path=path)
        nobodys = await tell(hub, {"call": "in2", "from": BOB, "to": CAROL}, path=path)

    assert heard(taken) == TONE_AND_RECORD
    assert heard(nobodys) == [{"step": "Decline", "busy": False}]
    assert [each["external_id"] for each in calls(hub)] == ["in1"]
    assert events(hub) == [("call", "handled"), ("call", "ignored")]


async def test_a_call_for_another_number_than_the_agents_is_refused(start_hub: StartHub) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        await hub.agent("ann", ALICE)
        answer = await hub.client.post(
            "/webhooks/ann/voice",
            json=[{"call": "in2", "from": BOB, "to": CAROL}],
            headers={"x-phones": "yes"},
        )

    assert answer.status_code == 403
    assert calls(hub) == []


@pytest.mark.parametrize(
    ("sender", "shown"),
    [("anonymous", "anonymous"), ("", "withheld"), ("\u202e\n", "withheld"), ("7266", "7266")],
)
async def test_a_withheld_number_may_leave_a_message_that_cannot_be_answered(
    start_hub: StartHub, sender: str, shown: str
) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        ann = await hub.agent("ann", ALICE)
        answer = await tell(hub, {**RINGS, "from": sender})
        await tell(hub, LEFT, path="ann/recording")
        (left,) = await ann.inbox(channel="voice")

    assert heard(answer) == TONE_AND_RECORD
    assert (left["from"], left.get("answerable")) == (shown, False)


async def test_a_suspended_agent_receives_and_says_nothing(start_hub: StartHub) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        await hub.agent("ann", ALICE)
        await hub.local("agents_set", id="ann", values={"greeting": "This is Ann."})
        await hub.local("agents_suspend", id="ann")
        answer = await tell(hub, RINGS)

    assert heard(answer) == TONE_AND_RECORD
    assert calls(hub)[0]["answer"] == "tone"


async def test_where_nothing_can_be_recorded_a_call_is_declined(start_hub: StartHub) -> None:
    phones = Phones(able=CALLS - {Capability.CALL_RECORD})
    async with start_hub(plugins=phones.plugins(), toml=PHONES) as hub:
        await hub.agent("ann", ALICE)
        answer = await tell(hub, RINGS)

    assert heard(answer) == [{"step": "Decline", "busy": False}]


@pytest.mark.parametrize("unknown", [False, True])
async def test_an_agent_that_speaks_to_another_is_recorded_at_once(
    start_hub: StartHub, unknown: bool
) -> None:
    phones = Phones(refusals=[OutcomeUnknown("No answer.")] if unknown else [])
    async with start_hub(plugins=phones.plugins(), toml=PHONES) as hub:
        await hub.agent("ann", ALICE)
        bob = await hub.agent("bob", BOB)
        await say(hub)
        answer = await tell(hub, {"call": "in1", "from": ALICE, "to": BOB}, path="bob/voice")
        stranger = await tell(hub, {"call": "in2", "from": CAROL, "to": BOB}, path="bob/voice")
        await tell(hub, LEFT, path="bob/recording")
        (left,) = await bob.inbox(channel="voice")

    assert heard(answer) == [
        {"step": "Record", "max_duration_s": 600, "silence_s": 5, "beep": False},
        {"step": "HangUp"},
    ]
    assert heard(stranger) == TONE_AND_RECORD
    assert (left["from"], left["to"]) == (ALICE, BOB)


@pytest.mark.both(slow=True)
async def test_what_is_said_to_a_voice_message_answers_it(start_hub: StartHub) -> None:
    phones = Phones()
    async with start_hub(plugins=phones.plugins(), toml=PHONES) as hub:
        ann = await hub.agent("ann", ALICE)
        message = await say(hub, record=True)
        await tell(hub, {**LEFT, "call": "c1"}, path="ann/recording")
        await tell(hub, {"call": "c1", "status": "completed", "duration": 30})
        found = await ann.inbox(channel="voice")

    left, sent = found
    assert (left["replyTo"], left["from"], left["to"]) == (message.id, BOB, ALICE)
    assert (sent["id"], sent["status"]) == (message.id, "delivered")
    *played, record, _ = phones.placed[0].steps
    assert len(played) == 2  # what is said, and that the answer is recorded
    assert "/webhooks/ann/recording?attempt=att_" in str(getattr(record, "url", None))


@pytest.mark.both(slow=True)
async def test_case_a_recording_told_before_the_calls_end_and_twice_is_one_message(
    start_hub: StartHub,
) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        ann = await hub.agent("ann", ALICE)
        await tell(hub, RINGS)
        await tell(hub, LEFT, path="ann/recording")
        await tell(hub, LEFT, path="ann/recording")
        await tell(hub, {**LEFT, "event": "another"}, path="ann/recording")
        left = await ann.inbox(channel="voice")

    assert len(left) == 1
    assert events(hub) == [("call", "handled"), ("recording", "handled"), ("recording", "ignored")]


@pytest.mark.both(slow=True)
async def test_case_a_recording_of_an_unknown_call_waits_for_it_and_is_then_given_up(
    start_hub: StartHub, clock: Ahead
) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        await tell(hub, LEFT, path="ann/recording")
        await tell(hub, {**LEFT, "call": "nobodys", "recording": "r2"}, path="ann/recording")
        waiting = events(hub)
        await tell(hub, RINGS)
        clock.travel(2)

        async def ends() -> Any:
            return events(hub)

        await hub.until(ends, lambda found: ("recording", "handled") in found)
        (left,) = await ann.inbox(channel="voice")
        clock.travel(25 * 3600)
        await hub.until(ends, lambda found: ("recording", "ignored") in found)

    assert waiting == [("recording", "waiting")] * 2
    assert left["from"] == BOB


async def test_case_an_empty_recording_is_no_message_and_stands_in_the_call(
    start_hub: StartHub,
) -> None:
    empty = {"call": "in1", "recording": "r1", "duration": 0}
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        ann = await hub.agent("ann", ALICE)
        await tell(hub, RINGS)
        await tell(hub, empty, path="ann/recording")
        left = await ann.inbox(channel="voice")
        told = hub.rows("SELECT status FROM call_events ORDER BY id")

    assert left == []
    assert [each["status"] for each in told] == ["ringing", "in-progress", "not-recorded"]


async def test_a_call_that_came_in_and_of_whose_end_nobody_tells_ends_as_unknown(
    start_hub: StartHub, clock: Ahead
) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES, clock=clock) as hub:
        await hub.agent("ann", ALICE)
        await tell(hub, RINGS)
        clock.travel(30 * 60)

        async def standing() -> Any:
            return calls(hub)[0]["status"]

        await hub.until(standing, lambda status: status == "unknown")


async def test_garbage_of_calls_is_kept_as_a_dead_letter_and_nothing_else(
    start_hub: StartHub,
) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        await hub.agent("ann", ALICE)
        path = "connections/phones/voice"
        await tell(hub, {"call": "in1", "from": 7}, path=path)
        await tell(hub, {"call": "c1", "status": "completed", "duration": "long"}, path=path)
        await tell(hub, {**LEFT, "duration": "long"}, path=path)
        await tell(hub, {"call": 4, "recording": "r1", "url": "https://x.example"}, path=path)

    assert [state for _, state in events(hub)] == ["dead"] * 4
    assert calls(hub) == []


async def test_no_number_of_a_caller_is_in_the_log(
    start_hub: StartHub, capfd: pytest.CaptureFixture[str]
) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        await hub.agent("ann", ALICE)
        await tell(hub, RINGS)
        await tell(hub, LEFT, path="ann/recording")

    logged = "".join(capfd.readouterr())
    assert "webhook.stored" in logged
    assert BOB not in logged
    assert "r1.wav" not in logged


async def test_the_doctors_counts_balance_with_calls_and_what_was_left(
    start_hub: StartHub,
) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        await hub.agent("ann", ALICE)
        await tell(hub, RINGS)
        await tell(hub, LEFT, path="ann/recording")
        await tell(hub, {**LEFT, "event": "another"}, path="ann/recording")
        found = (await hub.local("doctor"))["findings"]

    (inbound,) = [each for each in found if each["subject"] == "inbound"]
    assert inbound["sentence"].startswith("received 3 = "), inbound


async def test_a_call_is_not_answered_before_it_began(start_hub: StartHub) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        ann = await hub.agent("ann", ALICE)
        await tell(hub, RINGS)
        await tell(hub, {"call": "in1", "status": "completed", "duration": 3})
        (call,) = (await ann.get("/api/v1/calls")).json()["items"]

    assert call["startedAt"] <= call["answeredAt"] <= call["endedAt"]


async def test_who_has_opted_out_may_leave_a_message_and_is_not_called(
    start_hub: StartHub,
) -> None:
    phones = Phones()
    async with start_hub(plugins=phones.plugins(), toml=PHONES) as hub:
        ann = await hub.agent("ann", ALICE)
        now = datetime.now(UTC)
        await hub.running.hub.db.write(
            lambda tx: compliance.suppress_by_stop(
                tx, DEFAULT_WORKSPACE, "row_1", BOB, "evt_1", now
            )
        )
        answer = await tell(hub, RINGS)
        await tell(hub, LEFT, path="ann/recording")
        (left,) = await ann.inbox(channel="voice")
        blocked = await ann.post(
            "comms_send_voice_message",
            {"to": BOB, "text": "I call back.", "deliveryChannel": "phone_call"},
        )

    assert heard(answer) == TONE_AND_RECORD
    assert (left["from"], left["status"]) == (BOB, "received")
    assert (blocked.status_code, blocked.json()["code"]) == (403, "blocked")
    assert phones.placed == []


async def test_a_suspended_agent_does_not_call(start_hub: StartHub) -> None:
    phones = Phones()
    async with start_hub(plugins=phones.plugins(), toml=PHONES) as hub:
        ann = await hub.agent("ann", ALICE)
        await hub.local("agents_suspend", id="ann")
        refused = await ann.post(
            "comms_send_voice_message",
            {"to": BOB, "text": "Hello.", "deliveryChannel": "phone_call"},
        )

    assert (refused.status_code, phones.placed) == (403, [])
    assert refused.json()["code"] == "forbidden"
