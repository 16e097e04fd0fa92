"""A call that speaks is a message with a call beside it: both move by what is told, and forward."""

from typing import Any

import pytest

from tests.flows.clocks import Ahead, clock
from tests.flows.hubs import StartHub
from tests.flows.networks import ALICE, BOB
from tests.flows.phones import PHONES, Phones, calls, say, states, tell
from trunkline.core.problems import ProviderRejected
from trunkline.sdk import (
    Failure,
    FailureKind,
    Rejected,
    RetryLater,
)

__all__ = ["clock"]

RUNG = [{"call": "c1", "status": word} for word in ("initiated", "ringing", "in-progress")]


@pytest.mark.parametrize(("minutes", "seconds"), [("2", 120), ("none", 600), ("30", 600)])
async def test_a_provider_is_told_when_to_hang_up(
    start_hub: StartHub, minutes: str, seconds: int
) -> None:
    phones = Phones(speaks_s=20)
    async with start_hub(plugins=phones.plugins(), toml=PHONES) as hub:
        await hub.agent("ann", ALICE)
        await hub.local("agents_limits", id="ann", values={"maxCallDurationMinutes": minutes})
        await say(hub)

    assert [call.max_duration_s for call in phones.placed] == [seconds]


@pytest.mark.both(slow=True)
async def test_a_call_and_its_message_move_by_what_is_told(start_hub: StartHub) -> None:
    phones = Phones(speaks_s=20)
    async with start_hub(plugins=phones.plugins(), toml=PHONES) as hub:
        ann = await hub.agent("ann", ALICE)
        message = await say(hub)
        placed = states(hub)
        await tell(hub, *RUNG)
        rung, still = states(hub), await ann.status(message.id)
        await tell(
            hub,
            {"call": "c1", "status": "completed", "by": "human", "duration": 22, "cost": 1_400},
        )
        traced, (call,) = await ann.status(message.id), calls(hub)
        told = hub.rows("SELECT status, moved FROM call_events ORDER BY id")

    assert placed == [("queued", message.id)]
    assert rung == [("in-progress", message.id)]
    assert still["status"] == "sent"
    assert (traced["status"], traced["cost"], traced["costFinal"]) == ("delivered", 0.0014, True)
    assert (call["status"], call["answered_by"], call["duration_s"]) == ("completed", "human", 22)
    assert (call["external_id"], call["cost"]) == ("c1", 1_400)
    assert (call["from_address"], call["to_address"]) == (ALICE, BOB)
    assert call["answered_at"] <= call["ended_at"]
    assert [each["status"] for each in told] == [
        "queued",
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert all(each["moved"] for each in told)
    status_url = phones.placed[0].status_url
    assert status_url is not None
    assert "/webhooks/ann/call-status?attempt=att_" in status_url


@pytest.mark.parametrize(
    ("end", "status", "words"),
    [
        ({"status": "busy"}, "failed", "busy"),
        ({"status": "no-answer"}, "failed", "Nobody answered"),
        ({"status": "failed"}, "failed", "could not be connected"),
        ({"status": "canceled"}, "failed", "given up"),
        ({"status": "completed", "duration": 4}, "failed", "4 of 20 seconds"),
        ({"status": "completed", "duration": 31, "by": "fax"}, "failed", "fax"),
        ({"status": "completed", "duration": 31, "by": "machine"}, "delivered", "machine"),
    ],
)
async def test_case_a_call_to_a_fax_a_busy_line_and_a_voicemail_are_told_truly(
    start_hub: StartHub, end: dict[str, Any], status: str, words: str
) -> None:
    async with start_hub(plugins=Phones(speaks_s=20).plugins(), toml=PHONES) as hub:
        ann = await hub.agent("ann", ALICE)
        message = await say(hub)
        await tell(hub, {"call": "c1", **end})
        traced = await ann.status(message.id)

    assert (traced["status"], traced.get("errorCode")) == (
        status,
        "not_delivered" if status == "failed" else None,
    )
    assert words in traced["reason"]
    assert states(hub) == [(end["status"], message.id)]


async def test_what_a_providers_code_says_comes_before_the_hubs_own_words(
    start_hub: StartHub,
) -> None:
    known = Failure(kind=FailureKind.UNREACHABLE, sentence="There is no such number.")
    phones = Phones(spec={"failures": {"13224": known}})
    async with start_hub(plugins=phones.plugins(), toml=PHONES) as hub:
        ann = await hub.agent("ann", ALICE)
        message = await say(hub)
        await tell(hub, {"call": "c1", "status": "failed", "code": "13224"})
        traced = await ann.status(message.id)

    assert (traced["errorCode"], traced["reason"]) == ("unreachable", known.sentence)


@pytest.mark.both(slow=True)
async def test_late_and_repeated_reports_are_kept_and_move_nothing(start_hub: StartHub) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        ann = await hub.agent("ann", ALICE)
        message = await say(hub)
        end = {"call": "c1", "status": "completed", "duration": 9}
        await tell(hub, end)
        await tell(hub, end)  # the same event
        await tell(hub, {"call": "c1", "status": "ringing"})
        await tell(hub, {"call": "c1", "status": "busy"})
        traced = await ann.status(message.id)
        told = hub.rows("SELECT status, moved FROM call_events ORDER BY id")

    assert (traced["status"], states(hub)) == ("delivered", [("completed", message.id)])
    assert [(each["status"], bool(each["moved"])) for each in told] == [
        ("queued", True),
        ("completed", True),
        ("ringing", False),
        ("busy", False),
    ]


async def test_who_answered_may_be_told_before_the_end(start_hub: StartHub) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        ann = await hub.agent("ann", ALICE)
        message = await say(hub)
        await tell(hub, {"call": "c1", "status": "in-progress", "by": "machine"})
        await tell(hub, {"call": "c1", "status": "completed", "duration": 30})
        traced = await ann.status(message.id)

    assert (traced["status"], traced["reason"]) == (
        "delivered",
        "It was left with an answering machine.",
    )


async def test_a_status_that_no_adapter_knows_is_flagged_and_moves_nothing(
    start_hub: StartHub,
) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES) as hub:
        ann = await hub.agent("ann", ALICE)
        message = await say(hub)
        await tell(hub, {"call": "c1", "status": "levitating"})
        traced = await ann.status(message.id)

    assert (traced["status"], traced["flag"]) == ("sent", "unknown_status")
    assert states(hub) == [("queued", message.id)]


@pytest.mark.both(slow=True)
async def test_a_report_that_comes_before_its_call_is_known_waits_for_it(
    start_hub: StartHub, clock: Ahead
) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        await tell(
            hub,
            {"call": "c1", "status": "completed", "by": "machine", "duration": 30},
            path="connections/phones/call-status",
        )
        waiting = hub.rows("SELECT kind, state FROM inbound_events")
        message = await say(hub)
        clock.travel(2)
        traced = await hub.until_status(ann, message.id, "delivered")
        ended = hub.rows("SELECT kind, state FROM inbound_events")

    assert waiting == [{"kind": "call-status", "state": "waiting"}]
    assert ended == [{"kind": "call-status", "state": "handled"}]
    assert traced["reason"] == "It was left with an answering machine."
    assert states(hub) == [("completed", message.id)]


async def test_what_was_surely_not_placed_is_no_call(start_hub: StartHub) -> None:
    phones = Phones(refusals=[Rejected("No such number."), RetryLater("Busy.", retry_after_s=60)])
    async with start_hub(plugins=phones.plugins(), toml=PHONES) as hub:
        await hub.agent("ann", ALICE)
        with pytest.raises(ProviderRejected):
            await say(hub, "one")
        later = await say(hub, "two")

    assert later.status.value == "queued"
    assert calls(hub) == []


@pytest.mark.both(slow=True)
async def test_the_history_of_a_call_that_is_over_is_forgotten_in_time_and_the_call_stays(
    start_hub: StartHub, clock: Ahead
) -> None:
    async with start_hub(plugins=Phones().plugins(), toml=PHONES, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        await say(hub, "One.")
        over = await say(hub, "Two.")
        await tell(hub, {"call": "c2", "status": "completed", "duration": 9})
        await hub.change("DELETE FROM engine_jobs")  # the first call goes on
        clock.travel(200 * 24 * 3600)
        await hub.running.hub.retention.sweep()
        left = hub.rows("SELECT call_id FROM call_events")
        going, ended = [each["id"] for each in calls(hub)]
        shown = await ann.status(ended)

    assert {each["call_id"] for each in left} == {going}
    assert shown["call"]["messageId"] == over.id
