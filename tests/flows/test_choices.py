"""Choices: offered as the channel can show them, and picked by a tap, a number or a word."""

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

import pytest

from tests.flows.houses import refused
from tests.flows.hubs import ANN, HANDSET, Caller, Served, StartHub
from tests.flows.mails import ANN as ANNS_MAIL
from tests.flows.mails import BOB as BOBS_MAIL
from tests.flows.mails import POST, Post, arrives
from tests.flows.networks import ALICE, BOB, Vendor
from tests.flows.ticks import CHAT, Ticks, written
from trunkline.sdk import Capability


@pytest.fixture
async def hub(start_hub: StartHub) -> AsyncIterator[Served]:
    async with start_hub() as hub:
        yield hub


@pytest.fixture
async def ann(hub: Served) -> Caller:
    return await hub.agent("ann", ANN)


CHOICES = [{"id": "am", "label": "Morning"}, {"id": "pm", "label": "Afternoon"}]


async def newest(caller: Caller) -> dict[str, Any]:
    return (await caller.inbox(limit=1))[0]


async def answered(hub: Served, ann: Caller, text: str, name: str) -> dict[str, Any]:
    """Let the handset answer Ann, and return what she reads."""
    await Vendor(hub).text(HANDSET, ANN, text, name)
    shown = await newest(ann)
    assert shown["body"] == text
    return shown


async def test_a_text_numbers_its_choices_and_an_answer_picks_one_once(
    hub: Served, ann: Caller
) -> None:
    sent = await ann.send(HANDSET, "When shall we come?", choices=CHOICES)
    shown = await hub.client.get(f"/demo/handsets/{HANDSET}/messages")
    (own,) = await ann.inbox()
    picked = await answered(hub, ann, " 2. ", "pick-1")
    again = await answered(hub, ann, "1", "pick-2")

    (asked,) = shown.json()["items"]
    assert asked["body"] == "When shall we come?\n1. Morning\n2. Afternoon"
    assert own["choices"] == CHOICES
    assert picked["choice"] == {"id": "pm", "label": "Afternoon"}
    assert picked["replyTo"] == sent["messageId"]
    assert "choice" not in again


async def test_a_label_picks_whatever_its_case_and_what_is_no_choice_is_a_text(
    hub: Served, ann: Caller
) -> None:
    await ann.send(HANDSET, "When?", choices=CHOICES)
    other = await answered(hub, ann, "Later maybe", "label-1")
    picked = await answered(hub, ann, "mORNING!", "label-2")

    assert "choice" not in other
    assert picked["choice"] == {"id": "am", "label": "Morning"}


async def test_yes_and_no_can_be_picked_though_yes_also_opts_in(hub: Served, ann: Caller) -> None:
    await ann.send(HANDSET, "Shall we come?", choices=[{"label": "Yes"}, {"label": "No"}])
    picked = await answered(hub, ann, "Yes", "yes-1")

    assert picked["choice"] == {"id": "1", "label": "Yes"}


@pytest.mark.parametrize("label", ["Red", "Off", "Delete", "Fin", "Halt", "Slut"])
async def test_an_ordinary_word_that_some_language_stops_with_is_picked_and_closes_nothing(
    hub: Served, ann: Caller, label: str
) -> None:
    await ann.send(HANDSET, "Which?", choices=[{"label": label}, {"label": "Blue"}])
    picked = await answered(hub, ann, label.lower(), "red-1")
    bare = await answered(hub, ann, label, "red-2")

    assert picked["choice"] == {"id": "1", "label": label}
    assert "choice" not in bare
    flagged = (await hub.local("messages_list", flagged=True))["messages"]
    assert [each["id"] for each in flagged] == [bare["id"]]
    assert (await ann.send(HANDSET, "Noted."))["status"] == "sent"


async def test_a_label_that_opts_out_is_refused_by_its_place(ann: Caller) -> None:
    answer = await ann.try_send(HANDSET, "Well?", choices=[{"label": "Go"}, {"label": "Cancel"}])
    assert refused(answer, 422, "invalid")
    assert answer.json()["field"] == "choices.1.label"


async def test_only_what_was_offered_last_can_be_picked(hub: Served, ann: Caller) -> None:
    await ann.send(HANDSET, "When, the first?", choices=CHOICES)
    await ann.send(HANDSET, "Where?", choices=[{"label": "Here"}, {"label": "There"}])
    await ann.send(HANDSET, "No hurry.")
    picked = await answered(hub, ann, "1", "last-1")

    assert picked["choice"] == {"id": "1", "label": "Here"}


async def test_a_one_that_answers_no_choices_is_a_text(hub: Served, ann: Caller) -> None:
    await ann.send(HANDSET, "How many?")
    assert "choice" not in await answered(hub, ann, "1", "none-1")


@pytest.mark.parametrize(
    ("choices", "code"),
    [
        ([{"label": "Yes"}, {"label": "yes."}], "invalid"),
        ([{"id": "a", "label": "Yes"}, {"id": "a", "label": "No"}], "invalid"),
        ([{"label": "Two\nlines"}], "invalid"),
        ([{"label": "x" * 73}], "invalid"),
        ([{"label": f"Label {at}"} for at in range(11)], "invalid"),
        ([{"label": "Yes"}, {"label": "Stop"}], "invalid"),
        ([{"id": "a b", "label": "Yes"}], "invalid"),
    ],
)
async def test_choices_that_do_not_work_are_refused(
    ann: Caller, choices: list[dict[str, str]], code: str
) -> None:
    answer = await ann.try_send(HANDSET, "Well?", choices=choices)
    assert refused(answer, 422, code), answer.text


@pytest.fixture
def ticks(request: pytest.FixtureRequest) -> Ticks:
    return Ticks(more=getattr(request, "param", ()))


@pytest.fixture
async def chat(start_hub: StartHub, ticks: Ticks) -> AsyncIterator[Served]:
    async with start_hub(plugins=ticks.plugins(), toml=CHAT) as hub:
        yield hub


async def on_whatsapp(hub: Served, **more: Any) -> Caller:
    await hub.local("agents_create", id="ann", values={"whatsapp": ALICE})
    ann = hub.caller((await hub.local("tokens_issue", id="ann"))["token"])
    await written(hub, 1)
    given = {"channel": "whatsapp", "to": BOB, "body": "When?", "choices": CHOICES, **more}
    assert (await ann.call("comms_send_message", **given))["status"] == "sent"
    return ann


@pytest.mark.parametrize("ticks", [(Capability.WHATSAPP_BUTTONS,)], indirect=True)
async def test_whatsapp_has_buttons_and_the_tap_comes_back_by_id(
    chat: Served, ticks: Ticks
) -> None:
    ann = await on_whatsapp(chat)
    await written(chat, 2, body="Afternoon", content="choice", choice="pm")
    shown = await newest(ann)

    assert [(each.id, each.label) for each in ticks.sent[0].choices] == [
        ("am", "Morning"),
        ("pm", "Afternoon"),
    ]
    assert ticks.sent[0].body == "When?"
    assert shown["choice"] == {"id": "pm", "label": "Afternoon"}


@pytest.mark.parametrize("ticks", [(Capability.WHATSAPP_BUTTONS,)], indirect=True)
async def test_what_was_tapped_cannot_be_picked_again_in_words(chat: Served) -> None:
    ann = await on_whatsapp(chat)
    await written(chat, 2, body="Other", content="choice", choice="of another message")
    await written(chat, 3, body="2")
    in_words = await newest(ann)
    again = {"channel": "whatsapp", "to": BOB, "body": "Sure?", "choices": CHOICES}
    await ann.call("comms_send_message", **again)
    await written(chat, 4, body="Afternoon", content="choice", choice="pm")
    await written(chat, 5, body="1")

    assert in_words["choice"] == {"id": "pm", "label": "Afternoon"}
    assert "choice" not in await newest(ann)


@pytest.mark.both
async def test_whatsapp_without_buttons_numbers_them(chat: Served, ticks: Ticks) -> None:
    ann = await on_whatsapp(chat)
    await written(chat, 2, body="2", content="reaction")
    reaction = await newest(ann)
    await written(chat, 3, body="2")

    assert (ticks.sent[0].choices, ticks.sent[0].body) == ((), "When?\n1. Morning\n2. Afternoon")
    assert "choice" not in reaction
    assert (await newest(ann))["choice"] == {"id": "pm", "label": "Afternoon"}


async def test_stop_is_stop_also_where_it_was_offered_something(chat: Served) -> None:
    ann = await on_whatsapp(chat)
    await written(chat, 2, body="STOP")
    await written(chat, 3, body="START")
    shown = await newest(ann)

    assert "choice" not in shown


async def test_a_template_and_choices_do_not_go_together_on_whatsapp(chat: Served) -> None:
    ann = await on_whatsapp(chat)
    answer = await ann.post(
        "comms_send_message",
        {
            "channel": "whatsapp",
            "to": BOB,
            "body": "",
            "templateId": "HX1",
            "choices": CHOICES,
        },
    )
    assert refused(answer, 422, "unsupported")


async def test_a_mail_has_a_list_of_links_and_its_first_line_picks(start_hub: StartHub) -> None:
    post = Post()
    async with start_hub(plugins=post.plugins(), toml=POST) as hub:
        await hub.local("agents_create", id="ann", values={"email": ANNS_MAIL})
        ann = hub.caller((await hub.local("tokens_issue", id="ann"))["token"])
        await ann.call(
            "comms_send_message",
            channel="email",
            to=BOBS_MAIL,
            subject="Friday",
            body="When?",
            html="<p>When?</p>",
            choices=[{"id": "am", "label": "A & <M>"}, {"label": "Afternoon"}],
        )
        (mail,) = post.sent
        assert mail.html is not None
        links = re.findall(r'href="mailto:([^?]+)\?subject=([^"]*)&amp;body=([^"]*)"', mail.html)
        await arrives(hub, 1, subject="Re: Friday", body=f"{unquote(links[0][2])}\n\n> When?")
        shown = await newest(ann)

    assert mail.body == "When?\n1. A & <M>\n2. Afternoon"
    assert "A &amp; &lt;M&gt;</a></li>" in mail.html
    assert [unquote(each[1]) for each in links] == ["Re: Friday"] * 2
    assert shown["choice"] == {"id": "am", "label": "A & <M>"}
