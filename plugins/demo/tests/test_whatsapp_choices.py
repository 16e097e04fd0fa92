"""Choices on the simulated network's WhatsApp: what it shows, and what a tap tells."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from plugins.demo.tests.test_whatsapp import NOBODYS, PERSON, opened, outbound, shown
from plugins.demo.tests.wire import AGENT, Demo, problem
from trunkline.sdk import (
    Choice,
    Media,
    ReceivedWhatsApp,
    Rejected,
    WhatsAppContent,
    WhatsAppProvider,
)


@pytest.fixture
async def provider(demo: Demo) -> AsyncIterator[WhatsAppProvider]:
    async with opened(demo) as provider:
        yield provider


DAYS = tuple(Choice(id=str(at), label=f"Day {at}") for at in range(1, 12))


@pytest.mark.parametrize(
    "more",
    [
        {"choices": DAYS},
        {"choices": (Choice(id="1", label="x" * 25),)},
        {"choices": (Choice(id="1", label="Yes"), Choice(id="1", label="No"))},
        {"choices": DAYS[:2], "body": " "},
        {"choices": DAYS[:2], "media": (Media(url="https://media.example/1.jpg"),)},
        {"choices": DAYS[:2], "template": "thanks_en"},
    ],
)
async def test_choices_that_whatsapp_cannot_show_are_refused(
    demo: Demo, provider: WhatsAppProvider, more: dict[str, Any]
) -> None:
    await demo.post(f"{PERSON}/messages", {"to": AGENT, "body": "Hello"})
    with pytest.raises(Rejected):
        await provider.send(outbound(**{"body": "When?", **more}))

    assert len((await shown(demo))["messages"]) == 1


async def test_a_tap_that_the_hub_does_not_take_can_be_tried_again(
    demo: Demo, provider: WhatsAppProvider
) -> None:
    await demo.post(f"{PERSON}/messages", {"to": AGENT, "body": "Hello"})
    sent = await provider.send(outbound("When?", choices=DAYS[:2]))
    tap = {"to": AGENT, "message": sent.provider_id, "choice": "2"}
    demo.hub.answer = 503
    lost = await demo.post(f"{PERSON}/pick", tap)
    demo.hub.answer = 204
    taken = await demo.post(f"{PERSON}/pick", tap)
    events = await demo.hub.events(3, demo.config)
    *_, told = (each for each in events if isinstance(each, ReceivedWhatsApp))

    assert lost.json()["status"] == "failed"
    assert (taken.json()["status"], taken.json()["choice"]) == ("delivered", "2")
    assert told.content is WhatsAppContent.CHOICE
    assert (told.choice, told.body, told.quoted_id) == ("2", "Day 2", sent.provider_id)


async def test_only_what_a_message_offers_can_be_tapped_and_by_whom_it_was_sent_to(
    demo: Demo, provider: WhatsAppProvider
) -> None:
    own = (await demo.post(f"{PERSON}/messages", {"to": AGENT, "body": "Hello"})).json()
    sent = await provider.send(outbound("When?", choices=DAYS[:2]))
    tap = {"to": AGENT, "message": sent.provider_id, "choice": "2"}
    nobodys = await demo.post(f"/demo/whatsapp/people/{NOBODYS}/pick", tap)
    for wrong in ({"choice": "3"}, {"message": own["id"]}):
        assert problem(await demo.post(f"{PERSON}/pick", {**tap, **wrong}))[:2] == (422, "invalid")

    assert problem(nobodys)[:2] == (404, "not_found")
    assert (await shown(demo))["messages"][-1]["picked"] is None
