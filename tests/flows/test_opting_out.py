"""STOP closes a number for everyone in the workspace; START opens what STOP closed."""

import asyncio
import sqlite3
from contextlib import closing

import httpx2
import pytest

from tests.flows.hubs import ANN, BEN, HANDSET, Caller, Served
from tests.flows.networks import Vendor

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
