"""A call of which nobody tells is asked for, and one that may have been placed stays alone."""

from typing import Any

import pytest

from tests.flows.clocks import Ahead, clock
from tests.flows.hubs import Served, StartHub
from tests.flows.networks import ALICE
from tests.flows.phones import PHONES, Phones, calls, report, say, states, tell
from trunkline.core.messages.models import Message
from trunkline.sdk import CallStatus, Capability, OutcomeUnknown

__all__ = ["clock"]

FETCHES = (Capability.CALL_LOOKUP,)
FINDS = (Capability.CALL_LOOKUP, Capability.CALL_LOOKUP_BY_ADDRESS)


def message_of(hub: Served, message: Message) -> dict[str, Any]:
    (row,) = hub.rows("SELECT * FROM messages WHERE id = ?", message.id)
    return row


@pytest.mark.both(slow=True)
async def test_a_call_between_the_same_numbers_may_be_anybodys_so_a_person_decides(
    start_hub: StartHub, clock: Ahead
) -> None:
    phones = Phones(refusals=[OutcomeUnknown("No answer.")])
    async with start_hub(plugins=phones.plugins(*FINDS), toml=PHONES, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        message = await say(hub)
        unknown = states(hub)
        phones.found = [report("x9", CallStatus.COMPLETED, clock.now(), duration_s=5)]
        clock.travel(200)
        flagged = await hub.until(
            lambda: ann.status(message.id), lambda traced: traced.get("flag") == "unknown"
        )

    assert (message.status.value, unknown) == ("unknown", [("unknown", message.id)])
    assert flagged["status"] == "unknown"
    assert len(phones.placed) == 1


async def test_a_call_that_the_provider_has_not_is_given_up_and_not_tried_again(
    start_hub: StartHub, clock: Ahead
) -> None:
    phones = Phones(refusals=[OutcomeUnknown("No answer.")])
    async with start_hub(plugins=phones.plugins(*FINDS), toml=PHONES, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        message = await say(hub)
        clock.travel(300)
        traced = await hub.until_status(ann, message.id, "failed")

    assert "was not placed" in traced["reason"]
    assert (states(hub), len(phones.placed)) == ([("failed", message.id)], 1)


async def test_two_calls_near_in_time_are_for_a_person_to_tell_apart(
    start_hub: StartHub, clock: Ahead
) -> None:
    phones = Phones(refusals=[OutcomeUnknown("No answer.")])
    async with start_hub(plugins=phones.plugins(*FINDS), toml=PHONES, clock=clock) as hub:
        await hub.agent("ann", ALICE)
        message = await say(hub)
        phones.found = [report(each, CallStatus.COMPLETED, clock.now()) for each in ("x1", "x2")]
        clock.travel(300)

        async def flag() -> Any:
            return message_of(hub, message)["flag"]

        await hub.until(flag, lambda flag: flag == "unknown")

    assert message_of(hub, message)["status"] == "unknown"
    assert (states(hub), len(phones.placed)) == ([("unknown", message.id)], 1)


async def test_of_two_calls_of_unknown_outcome_nobody_guesses_which_is_which(
    start_hub: StartHub, clock: Ahead
) -> None:
    phones = Phones(refusals=[OutcomeUnknown("No answer."), OutcomeUnknown("No answer.")])
    async with start_hub(plugins=phones.plugins(*FINDS), toml=PHONES, clock=clock) as hub:
        await hub.agent("ann", ALICE)
        both = [await say(hub, text) for text in ("One.", "Two.")]
        phones.found = [report(each, CallStatus.COMPLETED, clock.now()) for each in ("x1", "x2")]
        clock.travel(300)

        async def flags() -> Any:
            return [message_of(hub, each)["flag"] for each in both]

        await hub.until(flags, lambda flags: flags == ["unknown", "unknown"])

    assert [status for status, _ in states(hub)] == ["unknown", "unknown"]
    assert len(phones.placed) == 2


async def test_a_call_that_a_callback_proved_is_watched_to_its_end(
    start_hub: StartHub, clock: Ahead
) -> None:
    phones = Phones(refusals=[OutcomeUnknown("No answer.")])
    async with start_hub(plugins=phones.plugins(), toml=PHONES, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        message = await say(hub)
        (attempt,) = hub.rows("SELECT id FROM message_attempts")
        path = f"ann/call-status?attempt={attempt['id']}"
        await tell(hub, {"call": "x1", "status": "ringing"}, path=path)
        proved, rings = await ann.status(message.id), states(hub)
        clock.travel(640 + 15 * 60)

        async def standing() -> Any:
            return states(hub)

        await hub.until(standing, lambda rows: rows == [("unknown", message.id)])
        traced = await ann.status(message.id)

    assert (proved["status"], rings) == ("sent", [("ringing", message.id)])
    assert (traced["status"], traced["flag"]) == ("sent", "no_final_status")


async def test_without_look_ups_a_person_is_asked_once_the_call_must_be_over(
    start_hub: StartHub, clock: Ahead
) -> None:
    phones = Phones(refusals=[OutcomeUnknown("No answer.")])
    async with start_hub(plugins=phones.plugins(), toml=PHONES, clock=clock) as hub:
        await hub.agent("ann", ALICE)
        message = await say(hub)
        clock.travel(640 + 15 * 60)

        async def flag() -> Any:
            return message_of(hub, message)["flag"]

        await hub.until(flag, lambda flag: flag == "unknown")

    assert (states(hub), len(phones.placed)) == ([("unknown", message.id)], 1)


@pytest.mark.both(slow=True)
async def test_a_call_whose_callbacks_never_come_is_asked_for(
    start_hub: StartHub, clock: Ahead
) -> None:
    phones = Phones(speaks_s=20)
    async with start_hub(plugins=phones.plugins(*FETCHES), toml=PHONES, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        message = await say(hub)
        phones.known["c1"] = report("c1", CallStatus.IN_PROGRESS)
        clock.travel(61)

        async def standing() -> Any:
            return states(hub)

        await hub.until(standing, lambda rows: rows == [("in-progress", message.id)])
        phones.known["c1"] = report("c1", CallStatus.COMPLETED, duration_s=3)
        clock.travel(65)
        traced = await hub.until_status(ann, message.id, "failed")

    assert "3 of 20 seconds" in traced["reason"]
    assert states(hub) == [("completed", message.id)]


@pytest.mark.parametrize("knows", [True, False])
async def test_a_call_of_which_nobody_tells_ends_as_unknown_and_never_as_delivered(
    start_hub: StartHub, clock: Ahead, knows: bool
) -> None:
    phones = Phones()
    more = FETCHES if knows else ()
    async with start_hub(plugins=phones.plugins(*more), toml=PHONES, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        message = await say(hub)
        await tell(hub, {"call": "c1", "status": "in-progress"})
        clock.travel(640 + 15 * 60)

        async def standing() -> Any:
            return states(hub)

        await hub.until(standing, lambda rows: rows == [("unknown", message.id)])
        traced = await ann.status(message.id)
        await tell(hub, {"call": "c1", "status": "completed", "duration": 7})
        late = await ann.status(message.id)

    assert (traced["status"], traced["flag"]) == ("sent", "no_final_status")
    assert (late["status"], states(hub)) == ("delivered", [("completed", message.id)])


@pytest.mark.sqlite
async def test_a_call_that_a_killed_hub_was_placing_is_unknown_and_never_placed_again(
    start_hub: StartHub, clock: Ahead
) -> None:
    phones = Phones()
    async with start_hub(plugins=phones.plugins(*FINDS), toml=PHONES, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        message = await say(hub)
        # As it was before the provider's answer was stored.
        await hub.change("UPDATE messages SET status = 'sending', external_id = NULL")
        await hub.change("UPDATE message_attempts SET state = 'sending', external_id = NULL")
        for table in ("calls", "call_events", "engine_jobs"):
            await hub.change(f"DELETE FROM {table}")
    phones.found = [report("c1", CallStatus.COMPLETED, clock.now(), duration_s=5)]
    async with start_hub(plugins=phones.plugins(*FINDS), toml=PHONES, clock=clock) as again:
        ann = again.caller(ann.token)
        await again.until_status(ann, message.id, "unknown")
        (attempt,) = again.rows("SELECT id FROM message_attempts")
        report_at = f"ann/call-status?attempt={attempt['id']}"
        await tell(again, {"call": "c1", "status": "completed", "duration": 5}, path=report_at)
        await again.until_status(ann, message.id, "delivered")
        left = calls(again)
        told = again.rows("SELECT status, moved FROM call_events ORDER BY id")

    assert [(each["status"], each["external_id"]) for each in left] == [("completed", "c1")]
    assert [each["status"] for each in told] == ["unknown", "completed"]
    assert len(phones.placed) == 1
