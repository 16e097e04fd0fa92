"""STOP closes a number for everyone in the workspace; START opens what STOP closed."""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

import httpx2
import pytest

from tests.flows.hubs import ANN, BEN, HANDSET, Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network, Vendor, WireWebhooks
from trunkline.sdk import InboundEvent, OptOut, Received, WebhookRequest

pytestmark = pytest.mark.both(slow=True)


def is_blocked(response: httpx2.Response) -> bool:
    """Tell whether a send was refused because of an opt-out."""
    problem = response.json()
    return (response.status_code, problem.get("code"), problem.get("rule")) == (
        403,
        "blocked",
        "suppression",
    )


@pytest.mark.parametrize("word", ["STOP", " stop. ", "Unsubscribe!", "opt-out", "ARRE\u0302T"])
async def test_after_a_stop_nothing_is_sent_to_that_number(
    served: Served, ann: Caller, word: str
) -> None:
    await Vendor(served).text(HANDSET, ANN, word)

    assert is_blocked(await ann.try_send(HANDSET, "hello"))
    assert await Vendor(served).handset(HANDSET) == []


async def test_a_stop_counts_for_every_agent_of_the_workspace(
    served: Served, ann: Caller, ben: Caller
) -> None:
    await Vendor(served).text(HANDSET, ANN, "STOP")

    assert is_blocked(await ben.try_send(HANDSET, "hello"))


async def test_a_stop_counts_for_its_sender_only(served: Served, ann: Caller) -> None:
    await Vendor(served).text(HANDSET, ANN, "STOP")

    assert (await ann.send("+12025550151", "hello"))["status"] == "sent"


async def test_a_blocked_send_is_stored_as_blocked_without_its_text(
    served: Served, ann: Caller
) -> None:
    await Vendor(served).text(HANDSET, ANN, "STOP")
    refused = await ann.try_send(HANDSET, "hello")
    (message,) = [each for each in await ann.inbox() if each["direction"] == "outbound"]

    assert message["id"] == refused.json()["messageId"]
    assert (message["status"], message["body"], message["bodyState"]) == (
        "blocked",
        None,
        "shredded",
    )
    assert served.count("message_attempts") == 0


async def test_a_blocked_send_costs_nothing(served: Served, ann: Caller) -> None:
    await Vendor(served).text(HANDSET, ANN, "STOP")
    refused = await ann.try_send(HANDSET, "hello")
    traced = await ann.status(refused.json()["messageId"])

    assert (traced["cost"], traced["costFinal"]) == (0.0, True)


async def test_a_stop_to_a_number_that_no_agent_has_counts_too(served: Served, ann: Caller) -> None:
    await Vendor(served).text(HANDSET, BEN, "STOP")

    assert is_blocked(await ann.try_send(HANDSET, "hello"))


async def test_start_opens_what_stop_closed(served: Served, ann: Caller) -> None:
    vendor = Vendor(served)
    await vendor.text(HANDSET, ANN, "STOP", "t1")
    await vendor.text(HANDSET, ANN, "START", "t2")

    assert (await ann.send(HANDSET, "hello"))["status"] == "sent"


async def test_start_lifts_nothing_but_a_stop(served: Served, ann: Caller) -> None:
    vendor = Vendor(served)
    await vendor.text(HANDSET, ANN, "STOP", "t1")
    await served.change("UPDATE suppressions SET source = 'operator'")
    await vendor.text(HANDSET, ANN, "START", "t2")

    assert is_blocked(await ann.try_send(HANDSET, "hello"))


async def test_a_stop_told_again_does_not_undo_a_later_start(served: Served, ann: Caller) -> None:
    vendor = Vendor(served)
    await vendor.text(HANDSET, ANN, "STOP", "t1")
    await vendor.text(HANDSET, ANN, "START", "t2")
    await vendor.text(HANDSET, ANN, "STOP", "t1")

    assert (await ann.send(HANDSET, "hello"))["status"] == "sent"


@pytest.mark.parametrize("body", ["HELP", "please do not stop", "stop by at five", "restart"])
async def test_other_texts_close_nothing(served: Served, ann: Caller, body: str) -> None:
    await Vendor(served).text(HANDSET, ANN, body)

    assert [message["body"] for message in await ann.inbox()] == [body]
    assert (await ann.send(HANDSET, "hello"))["status"] == "sent"


@pytest.mark.both
async def test_a_stop_is_stored_in_the_transaction_that_stores_its_text(
    served: Served, ann: Caller
) -> None:
    await Vendor(served).text(HANDSET, ANN, "STOP")
    (event,) = served.rows("SELECT id, message_id FROM inbound_events")
    (suppression,) = served.rows("SELECT address, source, event_id FROM suppressions")

    assert suppression == {"address": HANDSET, "source": "stop", "event_id": event["id"]}
    assert event["message_id"] is not None


@pytest.mark.sqlite
async def test_a_stop_that_arrives_while_a_text_is_being_reviewed_blocks_it(
    served: Served, ann: Caller
) -> None:
    with closing(sqlite3.connect(served.data_dir / "trunkline.db", isolation_level=None)) as file:
        file.execute("BEGIN IMMEDIATE")  # whoever writes now has to wait
        stop = asyncio.create_task(Vendor(served).text(HANDSET, ANN, "STOP"))
        await asyncio.sleep(0.1)
        send = asyncio.create_task(ann.try_send(HANDSET, "hello"))
        await asyncio.sleep(0.1)
        file.execute("ROLLBACK")
    await stop

    assert is_blocked(await send)
    assert await Vendor(served).handset(HANDSET) == []


# --- what the provider made of it -----------------------------------------------------------------


class Judging(WireWebhooks):
    """Tells what the provider itself made of a text."""

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        (text,) = super().parse(request)
        assert isinstance(text, Received)
        return [replace(text, opt_out=OptOut(json.loads(request.body)["optOut"]))]


@pytest.mark.sqlite
async def test_case_c3_what_the_provider_made_of_a_text_beats_its_words(
    start_hub: StartHub,
) -> None:
    async def blocked_after(body: str, opt_out: str, id_: str) -> bool:
        text = {"id": id_, "from": BOB, "to": ALICE, "body": body, "optOut": opt_out}
        answer = await hub.client.post(
            "/webhooks/connections/wire/sms", json=text, headers={"x-wire": "yes"}
        )
        assert answer.status_code == 204
        return is_blocked(await ann.try_send(BOB, f"after {id_}"))

    plugins = Network().plugins(Judging())
    async with start_hub(plugins=plugins, toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)

        assert await blocked_after("BASTA", "stop", "t1")
        assert not await blocked_after("SUBSCRIBE", "start", "t2")
        assert await blocked_after("start", "stop", "t3")
        assert not await blocked_after("stop", "start", "t4")


# --- near misses ----------------------------------------------------------------------------------


async def test_case_b4_a_near_miss_closes_nothing_and_waits_for_a_person(
    served: Served, ann: Caller
) -> None:
    await Vendor(served).text(HANDSET, ANN, "How do I unsubscribe?")
    (listed,) = (await served.local("messages_list", flagged=True))["messages"]
    (text,) = await ann.inbox()

    assert (listed["id"], listed["flag"]) == (text["id"], "opt_out")
    assert (await ann.send(HANDSET, "hello"))["status"] == "sent"


@pytest.mark.parametrize(("opted_out", "blocked"), [(True, True), (False, False)])
async def test_case_b4_a_person_decides_about_a_near_miss(
    served: Served, ann: Caller, opted_out: bool, blocked: bool
) -> None:
    await Vendor(served).text(HANDSET, ANN, "How do I unsubscribe?")
    (text,) = await ann.inbox()
    await served.local("messages_resolve", id=text["id"], optedOut=opted_out)

    assert (await served.local("messages_list", flagged=True))["messages"] == []
    assert is_blocked(await ann.try_send(HANDSET, "hello")) is blocked


async def test_a_person_decides_about_what_is_in_doubt_only(served: Served, ann: Caller) -> None:
    await Vendor(served).text(HANDSET, ANN, "See you at five")
    (text,) = await ann.inbox()
    told = await served.operator.post(
        "/api/v1/tools/messages_resolve", json={"id": text["id"], "optedOut": True}
    )

    assert (told.status_code, told.json()["code"]) == (409, "too_late")
