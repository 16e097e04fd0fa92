"""Who wrote can be answered, awaited and found, whatever the library thinks of the number."""

import asyncio

import pytest

from tests.flows.houses import refused
from tests.flows.hubs import ANN, BEN, Caller, Served
from tests.flows.networks import Vendor
from trunkline.core.inbound.seeing import LONGEST_TEXT

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


# --- no number ------------------------------------------------------------------------------------


@pytest.mark.parametrize("sender", ["22395", "ACMEBANK"])
async def test_case_b3_a_text_from_no_number_is_shown_as_not_answerable(
    served: Served, ann: Caller, sender: str
) -> None:
    vendor = Vendor(served)
    await vendor.text("+14155552671", ANN, "hello", "t1")
    await vendor.text(sender, ANN, "Your code is 0042", "t2")
    (text,) = await ann.inbox(contactNumber=sender)
    awaited = await ann.call("comms_wait_for_reply", **{"from": sender, "timeoutSeconds": 5})

    assert (text["from"], text["body"]) == (sender, "Your code is 0042")
    assert text["answerable"] is False
    assert awaited == text


@pytest.mark.parametrize("sender", ["22395", "ACMEBANK"])
async def test_case_b3_a_send_to_no_number_is_refused_and_says_why(
    served: Served, ann: Caller, sender: str
) -> None:
    await Vendor(served).text(sender, ANN, "Your code is 0042")
    (text,) = await ann.inbox()
    plain = await ann.try_send(sender, "thanks")
    as_reply = await ann.try_send(sender, "thanks", replyTo=text["id"])

    assert refused(plain, 422, "invalid")
    assert "cannot be written to" in plain.json()["detail"]
    assert refused(as_reply, 422, "invalid")
    assert as_reply.json()["detail"].startswith("replyTo: that message came from a short code")


async def test_case_b3_who_may_write_before_is_awaited_by_short_code(
    served: Served, ann: Caller
) -> None:
    waiting = asyncio.create_task(
        ann.call("comms_wait_for_reply", **{"from": "22395", "timeoutSeconds": 10})
    )
    await Vendor(served).text("22395", ANN, "Your code is 0042")

    assert (await waiting)["body"] == "Your code is 0042"


@pytest.mark.parametrize("sender", ["ben", "b\u200ben", "ben ", "\u202eben\U000e0041"])
async def test_case_b3_who_writes_under_the_id_of_an_agent_is_not_that_agent(
    served: Served, ann: Caller, ben: Caller, sender: str
) -> None:
    await Vendor(served).text(sender, ANN, "I am ben")
    await ben.send("ann", "hello")
    awaited = await ann.call("comms_wait_for_reply", **{"from": "ben", "timeoutSeconds": 5})

    assert (awaited["from"], awaited["body"]) == (BEN, "hello")
    assert [text["body"] for text in await ann.inbox(contactNumber="ben")] == ["hello"]
    async with ann.mcp() as client:
        shown = (await client.call_tool("comms_get_messages", {})).structured_content
    assert shown is not None
    assert shown["messages"][0]["from"] == BEN
    stranger = shown["messages"][1]
    assert stranger["from"].startswith("Written by somebody outside")
    assert stranger["answerable"] is False


async def test_case_b3_the_name_of_a_stranger_finds_them_if_no_agent_has_it(
    served: Served, ann: Caller, ben: Caller
) -> None:
    await Vendor(served).text("Ben", ANN, "I am Ben")

    assert [text["body"] for text in await ann.inbox(contactNumber="Ben")] == ["I am Ben"]


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("+14155550123\u202e\U000e0041", "+14155550123"),
        ("+14155550123\u202eevil\U000e0041", "+14155550123evil"),
        ("+1415\u200b555\n0123", "+1415555 0123"),
    ],
)
async def test_case_b3_nothing_unseen_is_left_in_a_sender(
    served: Served, ann: Caller, sender: str, shown: str
) -> None:
    await Vendor(served).text(sender, ANN, "hello")
    (text,) = await ann.inbox()

    assert text["from"] == shown
    assert text.get("answerable", True) is shown.removeprefix("+").isdecimal()


# --- long texts -----------------------------------------------------------------------------------


async def test_case_b8_a_text_as_long_as_any_can_be_is_taken_whole(
    served: Served, ann: Caller
) -> None:
    body = "\u0915\u200d" * (LONGEST_TEXT // 2)
    await Vendor(served).text("+14155552671", ANN, body)

    assert [text["body"] for text in await ann.inbox()] == [body]


async def test_case_b8_a_longer_one_is_kept_as_a_dead_letter_that_says_so(
    served: Served, ann: Caller
) -> None:
    await Vendor(served).text("+14155552671", ANN, "a\u200d" * 20_000)
    (event,) = (await served.local("events_list", state="dead"))["events"]

    assert await ann.inbox() == []
    assert event["reason"] == "The text is longer than any can be: over 39015 characters."
    assert served.count("body_vault") == 1
