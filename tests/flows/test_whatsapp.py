"""WhatsApp there and back: the window, templates, people without a number."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.flows.houses import refused
from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB
from tests.flows.ticks import CHAT, Ticks, written
from trunkline.sdk import Rejected
from trunkline.testing import FakeClock

NOBODYS = "CC.4f3a9"
LID = "98765432101234@lid"


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def hub(start_hub: StartHub, ticks: Ticks, clock: FakeClock) -> AsyncIterator[Served]:
    async with start_hub(plugins=ticks.plugins(), toml=CHAT, clock=clock) as hub:
        yield hub


@pytest.fixture
async def ann(hub: Served) -> Caller:
    await hub.local("agents_create", id="ann", values={"whatsapp": ALICE})
    return hub.caller((await hub.local("tokens_issue", id="ann"))["token"])


async def tried(ann: Caller, body: str = "Hello.", **more: Any) -> Any:
    return await ann.post(
        "comms_send_message", {"channel": "whatsapp", "to": BOB, "body": body, **more}
    )


@pytest.mark.both
async def test_an_exchange_falls_out_of_the_window_and_comes_back_by_a_template(
    hub: Served, ann: Caller, ticks: Ticks, clock: FakeClock
) -> None:
    early = await tried(ann)
    await written(hub, 1)
    inside = await tried(ann, "Hello Bob.")
    clock.travel(timedelta(hours=24).total_seconds() + 1)
    late = await tried(ann, "Still there?")
    template = await tried(ann, "", templateId="HX1", templateVars={"1": "Bob"})

    for answer in (early, late):
        assert (answer.status_code, answer.json()["rule"]) == (422, "window")
        assert "templateId" in answer.json()["detail"]
    assert (inside.json()["status"], template.json()["status"]) == ("sent", "sent")
    (shown,) = [each for each in await ann.inbox() if "templateId" in each]
    assert (shown["templateId"], shown["templateVars"]) == ("HX1", {"1": "Bob"})
    assert [(each.body, each.template) for each in ticks.sent] == [
        ("Hello Bob.", None),
        ("", "HX1"),
    ]
    assert ticks.sent[1].template_values == {"1": "Bob"}


async def test_a_message_of_a_batch_that_is_out_of_the_window_is_shown_as_blocked(
    ann: Caller,
) -> None:
    text = {"channel": "whatsapp", "to": BOB, "body": "Still there?"}
    answer = await ann.post("comms_send_batch", {"messages": [text]})
    (result,) = answer.json()["results"]
    stands = await ann.status(result["messageId"])

    assert (result["status"], result["error"]["code"]) == ("blocked", "out_of_window")
    assert stands["status"] == "blocked"


async def test_a_template_of_the_vendors_takes_no_text_beside_it(
    hub: Served, ann: Caller, ticks: Ticks
) -> None:
    answer = await tried(ann, "text too", templateId="HX1")

    assert refused(answer, 422, "invalid")
    assert (answer.json()["field"], ticks.sent, hub.count("messages")) == ("body", [], 0)


async def test_the_providers_word_on_the_window_beats_the_hubs_clock(
    hub: Served, ann: Caller, ticks: Ticks
) -> None:
    await written(hub, 1)
    ticks.refusal = Rejected("Outside the window.", provider_code="63016")
    told = await tried(ann)
    ticks.refusal = None
    more = await tried(ann, "Again?")
    await written(hub, 2)
    opened = await tried(ann, "And now?")

    assert refused(told, 422, "out_of_window")
    assert (more.status_code, more.json()["rule"]) == (422, "window")
    assert opened.json()["status"] == "sent"


async def test_a_person_without_a_number_is_answered(
    hub: Served, ann: Caller, ticks: Ticks
) -> None:
    await written(hub, 1, sender=NOBODYS, sender_name="B.")
    (shown,) = await ann.inbox()
    answer = await tried(ann, "Hello!", to=shown["from"], replyTo=shown["id"])

    assert (shown["from"], shown["fromName"]) == (NOBODYS, "B.")
    assert answer.json()["status"] == "sent"
    assert (ticks.sent[0].recipient, ticks.sent[0].quoted_id) == (NOBODYS, "in-1")


async def test_who_has_only_a_lid_is_answered_found_and_awaited_by_it(
    hub: Served, ann: Caller, ticks: Ticks
) -> None:
    await written(hub, 1, sender=LID, sender_id=LID)
    (shown,) = await ann.inbox(contactNumber=LID)
    awaited = await ann.call("comms_wait_for_reply", **{"from": LID, "timeoutSeconds": 5})
    answer = await tried(ann, "Hello!", to=shown["from"], replyTo=shown["id"])
    again = await tried(ann, "Hello again!", to=shown["from"])

    assert awaited["id"] == shown["id"]
    assert (answer.json()["status"], again.json()["status"]) == ("sent", "sent")
    assert [each.recipient for each in ticks.sent] == [LID, LID]


@pytest.mark.parametrize("chat", ["1-2@g.us", "14155550177@c.us", "x@lid"])
async def test_a_chat_of_whatsapp_is_not_called_a_mail_address(ann: Caller, chat: str) -> None:
    told = (await tried(ann, to=chat)).json()["detail"]

    assert "neither a phone number" in told
    assert "e-mail" not in told


async def test_stop_by_whatsapp_closes_texts_too(hub: Served, ann: Caller) -> None:
    await written(hub, 1, body="STOP")
    answer = await tried(ann)

    assert (answer.status_code, answer.json()["rule"]) == (403, "suppression")


async def test_a_stop_beside_a_picture_counts_and_one_that_is_a_reaction_does_not(
    hub: Served, ann: Caller
) -> None:
    await written(hub, 1, body="stop", content="reaction")
    assert hub.count("suppressions") == 0
    await written(hub, 2, body="stop", content="media")
    assert hub.count("suppressions") == 1


@pytest.mark.parametrize("kind", ["reaction", "location", "contacts", "other"])
async def test_what_is_no_text_is_stored_and_shown(hub: Served, ann: Caller, kind: str) -> None:
    await written(hub, 1, body="x", content=kind, vendor_kind="order")
    (shown,) = await ann.inbox()

    assert (shown["channel"], shown["body"]) == ("whatsapp", "x")


@pytest.mark.parametrize("label", ["Cancel", "End", "Off", "red", "Cancel order", "Quit"])
async def test_a_tap_on_an_ordinary_button_opts_nobody_out(
    hub: Served, ann: Caller, label: str
) -> None:
    await written(hub, 1, body=label, content="choice", choice="row-1")

    assert (await tried(ann)).status_code == 200


@pytest.mark.parametrize("label", ["Stop promotions", "STOP", "Unsubscribe", "Opt-out"])
async def test_a_tap_on_a_whole_phrase_opts_out_and_on_an_old_yes_nobody_in(
    hub: Served, ann: Caller, label: str
) -> None:
    await written(hub, 1, body=label, content="choice", choice="row-1")
    for number, word in enumerate(("Yes", "Start"), start=2):
        await written(hub, number, body=word, content="choice", choice="row-2")
    await written(hub, 4, body="Yes")
    closed = await tried(ann)
    await written(hub, 5, body="START")
    opened = await tried(ann, "And now?")

    assert closed.json()["rule"] == "suppression"
    assert opened.status_code == 200


async def test_a_start_that_is_older_than_the_stop_lifts_nothing(
    hub: Served, ann: Caller, clock: FakeClock
) -> None:
    now = clock.now()
    times = [now - timedelta(minutes=each) for each in (30, 60, 10, 20)]
    rules = []
    for number, at in enumerate(times):
        word = "START" if number % 2 else "STOP"
        await written(hub, number, body=word, occurred_at=at.isoformat())
        rules.append((await tried(ann)).json().get("rule"))
    await written(hub, 9, body="START", occurred_at=(now - timedelta(minutes=5)).isoformat())

    assert rules == 4 * ["suppression"]
    assert (await tried(ann, "Welcome back.")).status_code == 200


@pytest.mark.parametrize("value", ["Anna     B", "a\u00a0\u00a0\u00a0\u00a0\u00a0b"])
async def test_a_template_whose_variable_whatsapp_refuses_is_refused_before(
    ann: Caller, ticks: Ticks, value: str
) -> None:
    refusal = await tried(ann, "", templateId="HX1", templateVars={"1": value})
    fine = await tried(ann, "", templateId="HX1", templateVars={"1": "Anna    B"})

    assert (refusal.status_code, refusal.json()["field"]) == (422, "templateVars")
    assert fine.json()["status"] == "sent"
    assert len(ticks.sent) == 1


async def test_what_it_is_reaches_the_agent(hub: Served, ann: Caller) -> None:
    await written(hub, 1)
    await written(hub, 2, body="👍", content="reaction", vendor_kind="reactionMessage")
    await written(hub, 3, body="nine", content="edited", vendor_kind="editedMessage")
    await written(hub, 4, body="name: Zoë", content="form", vendor_kind="interactive")
    await written(hub, 5, body="", content="other", vendor_kind="hologram")
    shown = await ann.inbox()

    assert [(each.get("kind"), each.get("vendorKind")) for each in shown] == [
        ("other", "hologram"),
        ("form", "interactive"),
        ("edited", "editedMessage"),
        ("reaction", None),
        (None, None),
    ]


@pytest.mark.parametrize("kind", ["deleted", "reaction", "unsupported", "other"])
async def test_what_says_nothing_ends_no_wait_and_is_shown(
    hub: Served, ann: Caller, kind: str
) -> None:
    await written(hub, 1, body="", content=kind, vendor_kind="word")
    await written(hub, 2, body="👍", content="reaction")
    somebody = await ann.call("comms_wait_for_reply", timeoutSeconds=5)
    shown = await ann.inbox()

    assert somebody["body"] == "👍"
    assert [each.get("kind") for each in shown] == ["reaction", kind]


@pytest.mark.parametrize("kind", ["order", "form"])
async def test_who_ordered_or_filled_in_a_form_is_waited_for(
    hub: Served, ann: Caller, kind: str
) -> None:
    await written(hub, 1, body="", content=kind, vendor_kind="word")

    assert (await ann.call("comms_wait_for_reply", timeoutSeconds=5))["kind"] == kind


async def test_a_pick_comes_back_with_its_id(hub: Served, ann: Caller) -> None:
    await written(hub, 1, body="Yes", content="choice", choice="yes-1")
    (shown,) = await ann.inbox()

    assert (shown["body"], shown["choice"]) == ("Yes", {"id": "yes-1", "label": "Yes"})


async def test_a_mail_address_is_no_whatsapp_number(ann: Caller) -> None:
    assert refused(await tried(ann, to="bob@people.example"), 422, "invalid")
