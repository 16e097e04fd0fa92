"""One person by number and by id: what they asked for, and what they said, moves along."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB
from tests.flows.ticks import CHAT, Ticks, written
from trunkline.testing import FakeClock

BOBS, NEW_NUMBER, SOMEBODYS = "CC.bob7", "+14155550177", "CC.else9"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def hub(start_hub: StartHub, clock: FakeClock) -> AsyncIterator[Served]:
    async with start_hub(plugins=Ticks().plugins(), toml=CHAT, clock=clock) as hub:
        yield hub


@pytest.fixture
async def ann(hub: Served) -> Caller:
    await hub.local("agents_create", id="ann", values={"whatsapp": ALICE})
    return hub.caller((await hub.local("tokens_issue", id="ann"))["token"])


async def rule(ann: Caller, to: str) -> str | None:
    """Return why nothing may be sent to an address; None if it was."""
    said = {"channel": "whatsapp", "to": to, "body": "Hello.", "idempotencyKey": uuid4().hex}
    answer = await ann.post("comms_send_message", said)
    return None if answer.status_code == 200 else str(answer.json()["rule"])


@pytest.mark.both
async def test_a_stop_by_number_closes_the_id_and_a_start_by_id_opens_both(
    hub: Served, ann: Caller
) -> None:
    await written(hub, 1, sender=BOB, sender_id=BOBS)
    before = [await rule(ann, BOB), await rule(ann, BOBS)]
    await written(hub, 2, sender=BOB, sender_id=BOBS, body="STOP")
    closed = [await rule(ann, BOB), await rule(ann, BOBS)]
    await written(hub, 3, sender=BOBS, sender_id=BOBS, body="START")
    opened = [await rule(ann, BOB), await rule(ann, BOBS)]

    assert before == opened == [None, None]
    assert closed == ["suppression", "suppression"]


async def test_who_stopped_stays_stopped_under_a_new_number(hub: Served, ann: Caller) -> None:
    await written(hub, 1, sender=BOB, sender_id=BOBS)
    await written(hub, 2, sender=BOB, sender_id=BOBS, body="STOP")
    await written(hub, 3, sender=NEW_NUMBER, sender_id=BOBS, body="I have a new number")

    assert await rule(ann, NEW_NUMBER) == "suppression"


async def test_a_number_that_moved_on_is_somebody_elses(hub: Served, ann: Caller) -> None:
    await written(hub, 1, sender=BOB, sender_id=BOBS)
    await written(hub, 2, sender=BOB, sender_id=SOMEBODYS)
    await written(hub, 3, sender=BOBS, sender_id=BOBS, body="STOP")

    assert [await rule(ann, BOB), await rule(ann, BOBS)] == [None, "suppression"]


@pytest.mark.both
async def test_a_conversation_goes_on_when_its_number_changes(
    hub: Served, ann: Caller, clock: FakeClock
) -> None:
    await written(hub, 1, sender=BOB, sender_id=BOBS, body="one")
    await written(hub, 2, sender=BOBS, sender_id=BOBS, body="two")
    await written(hub, 3, sender=NEW_NUMBER, sender_id=BOBS, body="three")
    shown = [await ann.inbox(contactNumber=each) for each in (BOB, BOBS, NEW_NUMBER)]
    waited = await ann.call(
        "comms_wait_for_reply", **{"from": BOB, "timeoutSeconds": 1, "cursor": shown[0][1]["id"]}
    )
    old = shown[0][-1]
    replied = await ann.post(
        "comms_send_message",
        {"channel": "whatsapp", "to": NEW_NUMBER, "body": "Hi", "replyTo": old["id"]},
    )

    assert [[each["body"] for each in page] for page in shown] == 3 * [["three", "two", "one"]]
    assert waited["body"] == "three"
    assert replied.status_code == 200, replied.text


async def test_the_window_is_the_persons_and_not_the_numbers(
    hub: Served, ann: Caller, clock: FakeClock
) -> None:
    await written(hub, 1, sender=BOB, sender_id=BOBS)
    clock.travel(timedelta(hours=23).total_seconds())
    await written(hub, 2, sender=BOBS, sender_id=BOBS)
    clock.travel(timedelta(hours=2).total_seconds())
    within = await rule(ann, BOB)
    clock.travel(timedelta(hours=23).total_seconds())

    assert (within, await rule(ann, BOB)) == (None, "window")


@pytest.mark.parametrize(
    ("theirs", "dialled"),
    [("+551187654321", "+5511987654321"), ("+5491123456789", "+541123456789")],
)
async def test_who_writes_by_the_networks_form_of_a_number_is_who_was_dialled(
    hub: Served, ann: Caller, theirs: str, dialled: str
) -> None:
    await written(hub, 1, sender=theirs, body="hola")
    opened = await rule(ann, dialled)
    (_, first) = await ann.inbox(contactNumber=dialled)
    replied = await ann.post(
        "comms_send_message",
        {"channel": "whatsapp", "to": dialled, "body": "Hi", "replyTo": first["id"]},
    )
    await written(hub, 2, sender=theirs, body="bien")
    awaited = await ann.call("comms_wait_for_reply", **{"from": dialled, "timeoutSeconds": 5})
    await written(hub, 3, sender=theirs, body="STOP")
    closed = [await rule(ann, dialled), await rule(ann, theirs)]
    await written(hub, 4, sender=theirs, body="START")

    assert opened is None
    assert replied.status_code == 200, replied.text
    assert awaited["body"] == "bien"
    assert closed == ["suppression", "suppression"]
    assert await rule(ann, dialled) is None
