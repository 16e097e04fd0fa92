"""Who wrote can be answered, awaited and found, whatever the library thinks of the number."""

import asyncio

import pytest

from tests.flows.houses import refused
from tests.flows.hubs import ANN, Caller, Served
from tests.flows.networks import Vendor

pytestmark = [pytest.mark.both(slow=True), pytest.mark.sqlite]

NEW = "+18615550123"
"""Newer than the library's data."""
OLD = "+5215512345678"
"""As Mexico's mobile numbers were written until 2019, and some networks still write them."""
ODD = ["+999123456789", "+22997123456", "+141555526711", "+4402071838750"]
"""What the library takes for no number at all, or for another."""


@pytest.mark.parametrize("sender", [NEW, OLD, *ODD])
async def test_case_b2_who_wrote_is_answered_at_exactly_the_address_that_wrote(
    served: Served, ann: Caller, sender: str
) -> None:
    await Vendor(served).text(sender, ANN, "hello")
    (text,) = await ann.inbox(contactNumber=sender, unread=True)
    by_address = await ann.send(text["from"], "hello yourself")
    as_reply = await ann.send(text["from"], "and again", replyTo=text["id"])
    sent = await ann.inbox(contactNumber=sender)

    assert (by_address["status"], as_reply["status"]) == ("sent", "sent")
    assert [each["to"] for each in sent if each["direction"] == "outbound"] == [sender, sender]
    assert "answerable" not in text


@pytest.mark.parametrize("sender", [NEW, OLD, ODD[0]])
async def test_case_b2_who_wrote_can_be_awaited(served: Served, ann: Caller, sender: str) -> None:
    waiting = asyncio.create_task(
        ann.call("comms_wait_for_reply", **{"from": sender, "timeoutSeconds": 10})
    )
    await Vendor(served).text(sender, ANN, "hello")

    assert (await waiting)["from"] == sender


async def test_case_b2_a_possible_number_is_tried(served: Served, ann: Caller) -> None:
    assert (await ann.send(NEW, "hello"))["status"] == "sent"


async def test_case_b2_what_can_be_no_number_is_tried_only_if_it_wrote(
    served: Served, ann: Caller, ben: Caller
) -> None:
    await Vendor(served).text(ODD[0], ANN, "hello")

    assert refused(await ben.try_send(ODD[0], "hello"), 422, "invalid")


async def test_case_b2_an_agent_may_have_such_a_number(served: Served) -> None:
    eve = await served.agent("eve", OLD)
    await Vendor(served).text("+14155552671", "+525512345678", "hello")

    assert [text["to"] for text in await eve.inbox()] == ["+525512345678"]


async def test_case_b2_a_stop_counts_however_a_network_spells_the_number(
    served: Served, ann: Caller
) -> None:
    vendor = Vendor(served)
    await vendor.text(OLD, ANN, "STOP", "t1")
    closed = await ann.try_send("+525512345678", "hello")
    await vendor.text("+525512345678", ANN, "START", "t2")

    assert refused(closed, 403, "blocked")
    assert (await ann.send(OLD, "hello"))["status"] == "sent"
