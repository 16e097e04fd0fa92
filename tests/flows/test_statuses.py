"""Reports on sent texts: in time, too early, too late, and of words that nobody knows."""

import asyncio
from typing import Any

import pytest

from tests.flows.hubs import ANN, BEN, DEMO, HANDSET, StartHub
from tests.flows.networks import (
    ALICE,
    BOB,
    WIRE,
    Network,
    Vendor,
    WireReports,
    p1,
    report,
    tell,
)
from trunkline.sdk import (
    OutboundSms,
    OutcomeUnknown,
    Receipt,
    Rejected,
)

pytestmark = pytest.mark.both(slow=True)

SLOW_REPORTS = DEMO.replace("delivery_delay_ms = 20", "delivery_delay_ms = 600000")
STATUSES = "/webhooks/connections/demo/message-status"


def steps(traced: dict[str, Any]) -> list[tuple[str, bool]]:
    """Return the statuses of a history, and whether each moved the message."""
    return [(step["status"], step["moved"]) for step in traced["history"]]


@pytest.mark.parametrize(
    ("words", "end"),
    [
        (["sent"], "sent"),
        (["delivered", "read"], "read"),
        (["read", "delivered"], "read"),
        (["delivered", "sent"], "delivered"),
        (["failed"], "failed"),
        (["delivered", "failed"], "delivered"),
        (["failed", "delivered"], "failed"),
    ],
)
async def test_reports_move_a_message_forward_only(
    start_hub: StartHub, words: list[str], end: str
) -> None:
    async with start_hub(plugins=Network(p1).plugins(WireReports()), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        for word in words:
            await tell(hub, word)
        traced = await ann.status(sent["messageId"])

    assert traced["status"] == end
    assert [status for status, moved in steps(traced) if moved][-1] == end
    assert [status for status, _ in steps(traced)] == ["sending", "sent", *words]


async def test_a_report_of_failure_is_told_with_its_reason(start_hub: StartHub) -> None:
    async with start_hub(plugins=Network(p1).plugins(WireReports()), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        await tell(hub, "failed")
        traced = await ann.status(sent["messageId"])

    assert traced["reason"] == "The provider reported that it was not delivered."


async def test_a_status_that_nobody_knows_is_noted_and_moves_nothing(start_hub: StartHub) -> None:
    async with start_hub(plugins=Network(p1).plugins(WireReports()), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        await tell(hub, "teleported")
        traced = await ann.status(sent["messageId"])
        (noted,) = hub.rows("SELECT vendor_status FROM message_history WHERE NOT moved")
        (event,) = hub.rows("SELECT state, message_id FROM inbound_events")

    assert (traced["status"], noted["vendor_status"]) == ("sent", "teleported")
    assert traced["flag"] == "unknown_status"
    assert event == {"state": "ignored", "message_id": sent["messageId"]}


async def test_a_text_that_was_not_delivered_may_be_sent_again(start_hub: StartHub) -> None:
    async with start_hub(plugins=Network(p1).plugins(WireReports()), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.send(BOB, "hello")
        await tell(hub, "failed")
        again = await ann.send(BOB, "hello")

    assert again["replayed"] is False


async def test_a_key_still_stands_for_a_text_that_was_not_delivered(start_hub: StartHub) -> None:
    async with start_hub(plugins=Network(p1).plugins(WireReports()), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.send(BOB, "hello", idempotencyKey="k1")
        await tell(hub, "failed")
        again = await ann.send(BOB, "hello", idempotencyKey="k1")

    assert (again["status"], again["replayed"]) == ("failed", True)


# --- reports that overtake the answer of the send -------------------------------------------------


async def _overtaken(
    start_hub: StartHub, word: str, outcome: Exception | None
) -> tuple[dict[str, Any], int]:
    """Report on a text before its send is answered; return its trace and the HTTP status."""
    told = asyncio.Event()

    async def late(sms: OutboundSms) -> Receipt:
        await told.wait()
        if outcome is not None:
            raise outcome
        return await p1(sms)

    async with start_hub(plugins=Network(late).plugins(WireReports()), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        sending = asyncio.create_task(ann.try_send(BOB, "hello"))
        await hub.until(ann.inbox, bool)
        (attempt,) = hub.rows("SELECT id FROM message_attempts")
        await tell(hub, word, attempt["id"])
        told.set()
        response = await sending
        (message,) = await ann.inbox()
        traced = await ann.status(message["id"])
        return {**traced, "bodyState": message["bodyState"]}, response.status_code


async def test_a_delivery_that_overtakes_the_answer_is_kept(start_hub: StartHub) -> None:
    traced, http_status = await _overtaken(start_hub, "delivered", None)

    assert (http_status, traced["status"]) == (200, "delivered")
    assert steps(traced) == [("sending", True), ("delivered", True), ("sent", False)]


async def test_a_report_of_reading_that_overtakes_the_answer_is_kept_and_the_text_goes(
    start_hub: StartHub,
) -> None:
    traced, _ = await _overtaken(start_hub, "read", None)

    assert steps(traced) == [("sending", True), ("read", True), ("sent", False)]
    assert traced["bodyState"] == "shredded"


@pytest.mark.parametrize("outcome", [OutcomeUnknown("Lost."), Rejected("No."), RuntimeError()])
async def test_a_delivery_that_overtakes_a_failure_stands(
    start_hub: StartHub, outcome: Exception
) -> None:
    traced, http_status = await _overtaken(start_hub, "delivered", outcome)

    assert (http_status, traced["status"]) == (200, "delivered")
    assert "reason" not in traced


async def test_a_failure_that_overtakes_the_answer_is_told_by_it(start_hub: StartHub) -> None:
    traced, http_status = await _overtaken(start_hub, "failed", None)

    assert (http_status, traced["status"]) == (200, "failed")


# --- reports that are about something else --------------------------------------------------------


async def test_a_report_by_the_route_of_another_agent_is_still_about_its_message(
    start_hub: StartHub,
) -> None:
    async with start_hub(toml=SLOW_REPORTS) as hub:
        ann, _ = await hub.agent("ann", ANN), await hub.agent("ben", BEN)
        sent = await ann.send(HANDSET, "hello")
        (row,) = hub.rows("SELECT external_id FROM messages")
        told = report(row["external_id"], sender=ANN)
        response = await Vendor(hub).tell("/webhooks/ben/message-status", told)

        assert response.status_code == 204
        assert (await ann.status(sent["messageId"]))["status"] == "delivered"


async def test_a_report_that_fits_no_message_is_stored_and_waits(start_hub: StartHub) -> None:
    async with start_hub(toml=SLOW_REPORTS) as hub:
        ann = await hub.agent("ann", ANN)
        sent = await ann.send(HANDSET, "hello")
        response = await Vendor(hub).tell(STATUSES, report("demo-0", ANN))
        (event,) = hub.rows("SELECT state, reason FROM inbound_events")

        assert response.status_code == 204
        assert event == {"state": "waiting", "reason": "Its message is not known yet."}
        assert (await ann.status(sent["messageId"]))["status"] == "sent"


async def test_an_attempt_in_the_url_does_not_lend_a_report_to_another_message(
    start_hub: StartHub,
) -> None:
    async with start_hub(toml=SLOW_REPORTS) as hub:
        ann = await hub.agent("ann", ANN)
        sent = await ann.send(HANDSET, "hello")
        (attempt,) = hub.rows("SELECT id FROM message_attempts")
        other = report("demo-0", ANN)
        await Vendor(hub).tell(f"{STATUSES}?attempt={attempt['id']}", other)

        assert (await ann.status(sent["messageId"]))["status"] == "sent"


async def test_a_report_told_twice_is_noted_once(start_hub: StartHub) -> None:
    async with start_hub(toml=SLOW_REPORTS) as hub:
        ann = await hub.agent("ann", ANN)
        sent = await ann.send(HANDSET, "hello")
        (row,) = hub.rows("SELECT external_id FROM messages")
        for _ in range(3):
            await Vendor(hub).tell(STATUSES, report(row["external_id"], ANN))
        traced = await ann.status(sent["messageId"])

    assert steps(traced) == [("sending", True), ("sent", True), ("delivered", True)]
