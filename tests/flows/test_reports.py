"""Reports reach their messages, whenever and by whatever URL they come, with reason and price."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.hubs import Served, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network, WireWebhooks, with_telephony
from trunkline.loading import Plugins
from trunkline.sdk import (
    Capability,
    DeliveryStatus,
    Failure,
    FailureKind,
    InboundEvent,
    OptedOut,
    OptOut,
    OutboundSms,
    Receipt,
    Received,
    Report,
    Reported,
    WebhookRequest,
)

__all__ = ["clock"]

FAILURES = {
    "30034": Failure(kind=FailureKind.NOT_SET_UP, sentence="Register the number for A2P 10DLC."),
    "21610": Failure(kind=FailureKind.OPTED_OUT, sentence="They wrote STOP to the provider."),
}


class Telling(WireWebhooks):
    """Reads a list of reports and texts, which say no more than they must."""

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [_event(told) for told in json.loads(request.body)]


def _event(told: dict[str, Any]) -> InboundEvent:
    if "status" in told:
        return Reported(
            external_id=told.get("event", f"{told['id']}:{told['status']}"),
            provider_id=told["id"],
            recipient=told.get("recipient"),
            status=DeliveryStatus(told["status"]),
            vendor_status=told["status"],
            error_code=told.get("code"),
        )
    return Received(
        external_id=told["id"],
        provider_id=told["id"],
        sender=BOB,
        recipient=ALICE,
        body=told["body"],
        opt_out=told.get("opt_out") and OptOut(told["opt_out"]),
    )


@dataclass
class Numbered(Network):
    """A network that numbers what it takes, and tells a price once it knows it."""

    refusal: Exception | None = None
    prices: list[int | None] = field(default_factory=list)
    fetched: int = 0

    async def send(self, sms: OutboundSms) -> Receipt:
        self.asked.append(sms)
        if self.refusal is not None:
            raise self.refusal
        return Receipt(provider_id=f"n{len(self.asked)}")

    async def fetch(self, provider_id: str) -> Report | None:
        self.fetched += 1
        return Report(
            provider_id=provider_id,
            sender=ALICE,
            recipient=BOB,
            status=DeliveryStatus.DELIVERED,
            vendor_status="delivered",
            created_at=datetime.now().astimezone(),
            cost_micros=self.prices.pop(0),
            currency="USD",
        )


def installed(network: Numbered) -> Plugins:
    """Return what is installed, and the network."""
    plugins = network.plugins(Telling())
    spec = replace(
        plugins.telephony["wire"],
        failures=FAILURES,
        capabilities=frozenset(
            {
                Capability.SMS_SEND,
                Capability.SMS_RECEIVE,
                Capability.SMS_STATUS,
                Capability.LOOKUP_BY_ID,
            }
        ),
    )
    return with_telephony(plugins, {"wire": spec})


async def tell(hub: Served, *events: dict[str, Any], path: str = "connections/wire") -> int:
    """Deliver what happened."""
    response = await hub.client.post(
        f"/webhooks/{path}", content=json.dumps(events), headers={"x-wire": "yes"}
    )
    return response.status_code


STATUS = "connections/wire/message-status"


async def test_case_d1_a_report_that_comes_before_its_message_is_known_is_applied_then(
    start_hub: StartHub, clock: Ahead
) -> None:
    async with start_hub(plugins=installed(Numbered()), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await tell(hub, {"id": "n1", "status": "delivered"}, path=STATUS)
        (waiting,) = hub.rows("SELECT state FROM inbound_events")
        sent = await ann.send(BOB, "hello")
        clock.travel(2)
        await hub.until_status(ann, sent["messageId"], "delivered")
        (ended,) = hub.rows("SELECT state, message_id FROM inbound_events")

    assert told == 204
    assert waiting == {"state": "waiting"}
    assert ended == {"state": "handled", "message_id": sent["messageId"]}
    assert hub.count("early_reports") == 0


async def test_case_d1_a_report_by_the_url_of_another_text_is_applied_by_its_id(
    start_hub: StartHub,
) -> None:
    async with start_hub(plugins=installed(Numbered()), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        first, second = [(await ann.send(BOB, text))["messageId"] for text in ("one", "two")]
        attempts = hub.rows("SELECT id FROM message_attempts ORDER BY id")
        path = f"ann/message-status?attempt={attempts[0]['id']}"
        await tell(hub, {"id": "n2", "status": "delivered"}, path=path)

        assert (await ann.status(second))["status"] == "delivered"
        assert (await ann.status(first))["status"] == "sent"


async def test_case_d1_a_report_by_the_route_of_another_agent_is_applied_by_its_id(
    start_hub: StartHub,
) -> None:
    async with start_hub(plugins=installed(Numbered()), toml=WIRE) as hub:
        ann, _ = await hub.agent("ann", ALICE), await hub.agent("ben", "+14155552672")
        sent = await ann.send(BOB, "hello")
        await tell(hub, {"id": "n1", "status": "delivered"}, path="ben/message-status")

        assert (await ann.status(sent["messageId"]))["status"] == "delivered"


async def test_a_report_on_a_copy_moves_nothing_and_one_on_the_recipient_does(
    start_hub: StartHub,
) -> None:
    async with start_hub(plugins=installed(Numbered()), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        copy = {"id": "n1", "status": "failed", "recipient": "+14155552673"}
        await tell(hub, copy, path=STATUS)
        (event,) = hub.rows("SELECT state, reason, message_id FROM inbound_events")
        after_copy = (await ann.status(sent["messageId"]))["status"]
        await tell(hub, {"id": "n1", "status": "delivered", "recipient": BOB}, path=STATUS)

        assert event == {
            "state": "ignored",
            "reason": "It is about another recipient of the message, such as a copy's.",
            "message_id": sent["messageId"],
        }
        assert after_copy == "sent"
        assert (await ann.status(sent["messageId"]))["status"] == "delivered"


async def test_case_d1_a_report_on_what_nobody_sent_ends_after_a_day(
    start_hub: StartHub, clock: Ahead
) -> None:
    async with start_hub(plugins=installed(Numbered()), toml=WIRE, clock=clock) as hub:
        await hub.agent("ann", ALICE)
        await tell(hub, {"id": "stranger", "status": "delivered"}, path=STATUS)
        clock.travel(25 * 3600)

        async def ended() -> dict[str, Any]:
            (row,) = hub.rows("SELECT state, reason FROM inbound_events")
            return row

        row = await hub.until(ended, lambda row: row["state"] != "waiting")

    assert row == {"state": "ignored", "reason": "The hub sent no such message."}
    assert hub.count("early_reports") == 0


async def test_a_report_that_waits_is_no_dead_letter(start_hub: StartHub) -> None:
    async with start_hub(plugins=installed(Numbered()), toml=WIRE) as hub:
        await hub.agent("ann", ALICE)
        await tell(hub, {"id": "n1", "status": "delivered"}, path=STATUS)
        (event,) = (await hub.local("events_list", state="waiting"))["events"]
        replayed = await hub.local("events_replay", id=event["eventId"])

    assert event["reason"] == "Its message is not known yet."
    assert "tried again by itself" in str(replayed)


async def test_case_d2_a_report_needs_no_sender(start_hub: StartHub) -> None:
    async with start_hub(plugins=installed(Numbered()), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        told = await tell(hub, {"id": "n1", "status": "delivered"}, path="ann/message-status")

        assert told == 204
        assert (await ann.status(sent["messageId"]))["status"] == "delivered"


async def test_case_c5_why_a_text_failed_reaches_the_agent_as_code_and_sentence(
    start_hub: StartHub,
) -> None:
    async with start_hub(plugins=installed(Numbered()), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        await tell(hub, {"id": "n1", "status": "failed", "code": "30034"}, path=STATUS)
        traced = await ann.status(sent["messageId"])
        (message,) = await ann.inbox()
        shown = await hub.local("messages_show", id=sent["messageId"])

    for each in (traced, message, shown):
        assert each["errorCode"] == "provider_setup"
        assert each["providerCode"] == "30034"
        assert each["reason"] == "Register the number for A2P 10DLC."


@pytest.mark.parametrize(("code", "shown"), [("30009", "30009"), ("+442071838750 is off", None)])
async def test_case_c5_a_code_that_no_adapter_explains_is_passed_on_if_it_is_one(
    start_hub: StartHub, code: str, shown: str | None
) -> None:
    async with start_hub(plugins=installed(Numbered()), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        await tell(hub, {"id": "n1", "status": "failed", "code": code}, path=STATUS)
        traced = await ann.status(sent["messageId"])

    assert traced["errorCode"] == "not_delivered"
    assert traced.get("providerCode") == shown
    assert (code in traced["reason"]) is (shown is not None)


async def test_case_c4_an_opt_out_that_a_report_tells_of_holds_until_they_write_start(
    start_hub: StartHub,
) -> None:
    async with start_hub(plugins=installed(Numbered()), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.send(BOB, "hello")
        await tell(hub, {"id": "n1", "status": "failed", "code": "21610"}, path=STATUS)
        blocked = await ann.try_send(BOB, "hello again")
        await tell(hub, {"id": "t1", "body": "START"}, path="ann/sms")
        after = await ann.send(BOB, "welcome back")

    assert (blocked.status_code, blocked.json()["code"]) == (403, "blocked")
    assert after["status"] == "sent"


async def test_an_opt_out_told_of_what_has_arrived_closes_the_recipient_and_moves_nothing(
    start_hub: StartHub,
) -> None:
    async with start_hub(plugins=installed(Numbered()), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        await tell(hub, {"id": "n1", "status": "delivered"}, path=STATUS)
        complaint = {"id": "n1", "status": "delivered", "code": "21610", "event": "n1:complained"}
        await tell(hub, complaint, path=STATUS)
        blocked = await ann.try_send(BOB, "hello again")

        assert (blocked.status_code, blocked.json()["code"]) == (403, "blocked")
        assert (await ann.status(sent["messageId"]))["status"] == "delivered"
        assert hub.count("suppressions") == 1


async def test_case_c4_an_opt_out_that_an_answer_tells_of_is_told_and_holds(
    start_hub: StartHub,
) -> None:
    refusal = OptedOut("They have opted out with the provider.", provider_code="21610")
    network = Numbered(refusal=refusal)
    async with start_hub(plugins=installed(network), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        first = await ann.try_send(BOB, "hello")
        second = await ann.try_send(BOB, "hello again")

    told = first.json()
    assert (first.status_code, told["code"], told["providerCode"]) == (403, "opted_out", "21610")
    assert (second.status_code, second.json()["code"]) == (403, "blocked")
    assert len(network.asked) == 1


@pytest.mark.parametrize(
    ("words", "opt_out", "closed"),
    [("BASTA", "stop", True), ("hello", "stop", True), ("STOP", "start", False)],
)
async def test_case_c3_what_the_provider_made_of_a_text_counts_for_more_than_its_words(
    start_hub: StartHub, words: str, opt_out: str, closed: bool
) -> None:
    async with start_hub(plugins=installed(Numbered()), toml=WIRE) as hub:
        await hub.agent("ann", ALICE)
        await tell(hub, {"id": "t1", "body": words, "opt_out": opt_out}, path="ann/sms")

        assert hub.count("suppressions") == int(closed)


@pytest.mark.parametrize("order", [("failed", "delivered"), ("delivered", "failed")])
async def test_case_d9_reports_that_contradict_one_another_are_flagged(
    start_hub: StartHub, order: tuple[str, str]
) -> None:
    async with start_hub(plugins=installed(Numbered()), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        for status in order:
            await tell(hub, {"id": "n1", "status": status}, path=STATUS)
        await tell(hub, {"id": "n1", "status": "sent"}, path=STATUS)
        traced = await ann.status(sent["messageId"])

    assert (traced["status"], traced["flag"]) == (order[0], "contradictory")


async def test_case_d9_reports_out_of_order_contradict_nothing(start_hub: StartHub) -> None:
    async with start_hub(plugins=installed(Numbered()), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        for status in ("read", "delivered", "sent"):
            await tell(hub, {"id": "n1", "status": status}, path=STATUS)
        traced = await ann.status(sent["messageId"])

    assert (traced["status"], traced.get("flag")) == ("read", None)


async def test_case_c6_a_price_that_the_provider_knows_later_is_fetched_until_it_tells(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Numbered(prices=[None, 7_500])
    async with start_hub(plugins=installed(network), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        await tell(hub, {"id": "n1", "status": "delivered"}, path=STATUS)
        before = await ann.status(sent["messageId"])
        clock.travel(61)
        await hub.until(lambda: ann.status(sent["messageId"]), lambda _: network.fetched == 1)
        for _ in range(5):
            clock.travel(3600)
            await keep_still()
        after = await ann.status(sent["messageId"])
        clock.ahead = timedelta()  # it was sent in this month, whichever it is after those hours
        month = await ann.call("comms_get_channel_status")

    assert (before["cost"], before["costFinal"]) == (None, False)
    assert (after["cost"], after["currency"], network.fetched) == (0.0075, "USD", 2)
    assert month["monthlyCost"] == 0.0075
