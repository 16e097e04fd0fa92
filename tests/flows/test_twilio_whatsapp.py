"""A hub on WhatsApp by Twilio: who wrote is answered, by number and by id, at the door of texts."""

from collections.abc import AsyncIterator

import pytest

from plugins.twilio.tests.whatsapp_forms import USER_ID, WRITTEN
from tests.flows.hubs import Served, StartHub
from tests.flows.networks import ALICE, BOB
from tests.flows.test_twilio import Twilio, twilio  # noqa: F401 - a fixture


@pytest.fixture
async def hub(start_hub: StartHub, twilio: Twilio) -> AsyncIterator[Served]:  # noqa: F811
    """A hub that has both of an account's kinds."""
    toml = twilio.toml.replace("[slots]", '[slots]\nwhatsapp = "twilio"')
    async with start_hub(toml=toml) as hub:
        yield hub


@pytest.mark.parametrize("person", [BOB, USER_ID])
async def test_a_whatsapp_message_is_answered_and_its_answer_read(
    hub: Served,
    twilio: Twilio,  # noqa: F811
    person: str,
) -> None:
    ann = await hub.agent("ann")
    await hub.local("agents_set", id="ann", values={"whatsapp": ALICE})
    fields = {**WRITTEN, "From": f"whatsapp:{person}", "To": f"whatsapp:{ALICE}"}

    heard = await twilio.tell(hub, f"{hub.base_url}/webhooks/ann/sms", fields)
    sent = await ann.call("comms_send_message", channel="whatsapp", to=person, body="hello")
    (asked,) = twilio.asked
    await twilio.report(hub, "read")

    assert heard.status_code == 200
    assert sent["status"] == "sent"
    assert (asked["From"], asked["To"]) == (f"whatsapp:{ALICE}", f"whatsapp:{person}")
    assert (await ann.status(sent["messageId"]))["status"] == "read"


async def test_what_is_too_long_for_twilio_is_refused_before_twilio_does(
    hub: Served,
    twilio: Twilio,  # noqa: F811
) -> None:
    ann = await hub.agent("ann")
    await hub.local("agents_set", id="ann", values={"whatsapp": ALICE})
    long = {"channel": "whatsapp", "to": BOB, "body": "x" * 1601}

    answer = await ann.post("comms_send_message", long)

    assert (answer.status_code, answer.json()["field"]) == (422, "body")
    assert "'twilio' takes at most 1,600 characters" in answer.json()["detail"]
    assert twilio.asked == []


CHOICES = [{"id": "am", "label": "Morning"}, {"id": "pm", "label": "Afternoon"}]
PICKS = [
    {"Body": "2"},
    {"MessageType": "interactive", "Body": "Afternoon", "ListId": "pm", "ListTitle": "Afternoon"},
    {
        "MessageType": "button",
        "Body": "Afternoon",
        "ButtonText": "Afternoon",
        "ButtonPayload": "pm",
    },
]
"""An answer by number, and what templates with a list or with buttons bring back."""


@pytest.mark.parametrize("pick", PICKS)
async def test_choices_are_numbered_lines_and_every_kind_of_pick_is_read(
    hub: Served,
    twilio: Twilio,  # noqa: F811
    pick: dict[str, str],
) -> None:
    ann = await hub.agent("ann")
    await hub.local("agents_set", id="ann", values={"whatsapp": ALICE})
    fields = {**WRITTEN, "From": f"whatsapp:{BOB}", "To": f"whatsapp:{ALICE}"}
    door = f"{hub.base_url}/webhooks/ann/sms"
    await twilio.tell(hub, door, fields)
    offer = {"channel": "whatsapp", "to": BOB, "body": "When?", "choices": CHOICES}
    await ann.call("comms_send_message", **offer)
    await twilio.tell(hub, door, {**fields, "MessageSid": f"SM{'7' * 32}", **pick})

    assert twilio.asked[0]["Body"] == "When?\n1. Morning\n2. Afternoon"
    assert (await ann.inbox())[0]["choice"] == {"id": "pm", "label": "Afternoon"}


async def test_the_numbered_lines_count_as_well_as_the_text(
    hub: Served,
    twilio: Twilio,  # noqa: F811
) -> None:
    ann = await hub.agent("ann")
    await hub.local("agents_set", id="ann", values={"whatsapp": ALICE})
    fields = {**WRITTEN, "From": f"whatsapp:{BOB}", "To": f"whatsapp:{ALICE}"}
    await twilio.tell(hub, f"{hub.base_url}/webhooks/ann/sms", fields)
    long = {"channel": "whatsapp", "to": BOB, "body": "x" * 1590, "choices": CHOICES}

    answer = await ann.post("comms_send_message", long)

    assert answer.status_code == 422, answer.text
    assert twilio.asked == []
