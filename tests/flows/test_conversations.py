"""Who has a part in a conversation of mails, and by what names its mails are known."""

from typing import Any

import pytest

from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.mails import ANN, BOB, EVE, POST, Post, ann, arrives, hub, mail, post, tell
from tests.flows.subscribers import Rpc, subscribable, to
from trunkline.testing import FakeClock

__all__ = ["ann", "hub", "post"]

DORA, CARL = "dora@people.example", "carl@people.example"
SES = "<0100018f-1@email.amazonses.example>"


async def answers(hub: Served, ann: Caller, number: int, **mail: Any) -> dict[str, Any]:
    """Let an answer come in and return it as it is shown."""
    told = {"subject": "Re: Order 18", "message_id": f"<{number}@people.example>", **mail}
    await arrives(hub, number, **told)
    return dict((await ann.inbox())[0])


# --- who has a part -------------------------------------------------------------------------------


@pytest.mark.both
@pytest.mark.parametrize("field", ["cc", "bcc"])
async def test_whom_the_agent_sent_a_copy_answers_in_the_conversation(
    hub: Served, ann: Caller, post: Post, field: str
) -> None:
    first = (await mail(ann, **{field: [DORA]}))["messageId"]
    await tell(hub, {"id": "post-1", "status": "delivered"})
    shown = await answers(hub, ann, 1, sender="Dora@People.example", in_reply_to=ref(post, 0))

    assert (shown["threadId"], shown.get("warnings")) == (first, None)


@pytest.mark.parametrize("field", ["to", "cc"])
async def test_whom_a_person_wrote_to_as_well_answers_in_the_conversation(
    hub: Served, ann: Caller, field: str
) -> None:
    first = await answers(hub, ann, 1, **{field: [ANN, DORA]})
    shown = await answers(hub, ann, 2, sender=DORA, in_reply_to="<1@people.example>")

    assert (shown["threadId"], shown.get("warnings")) == (first["id"], None)


async def test_nobody_is_brought_into_a_conversation_by_whoever_forges_a_sender(
    hub: Served, ann: Caller, post: Post
) -> None:
    first = (await mail(ann))["messageId"]
    await answers(hub, ann, 1, cc=[EVE], dmarc="fail", in_reply_to=ref(post, 0))
    shown = await answers(hub, ann, 2, sender=EVE, in_reply_to=ref(post, 0))

    assert shown["threadId"] != first
    assert "no part" in shown["warnings"][0]


async def test_an_agent_is_no_other_in_its_own_conversation(hub: Served, ann: Caller) -> None:
    await answers(hub, ann, 1, to=[ANN.upper(), "ann+more@agents.example"])

    assert hub.rows("SELECT copies FROM messages") == [{"copies": None}]


# --- what mails are called ------------------------------------------------------------------------


def ref(post: Post, number: int) -> str:
    return post.sent[number].message_id


async def test_an_answer_refers_to_all_that_the_mail_before_it_did(
    hub: Served, ann: Caller, post: Post
) -> None:
    parent = await answers(hub, ann, 1, in_reply_to="<b@x>", references=["<a@x>", "<b@x>"])
    await mail(ann, subject=None, replyTo=parent["id"])
    again = await answers(
        hub, ann, 2, in_reply_to=ref(post, 0), references=["<a@x>", "<b@x>", ref(post, 0)]
    )
    await mail(ann, subject=None, replyTo=again["id"])

    assert post.sent[0].in_reply_to == "<1@people.example>"
    assert post.sent[0].references == ("<a@x>", "<b@x>", "<1@people.example>")
    assert post.sent[1].in_reply_to == "<2@people.example>"
    assert post.sent[1].references == (
        *("<a@x>", "<b@x>", "<1@people.example>", ref(post, 0), "<2@people.example>"),
    )


@pytest.mark.both
async def test_an_answer_may_name_a_mail_as_its_provider_did(hub: Served, ann: Caller) -> None:
    first = (await mail(ann))["messageId"]
    await tell(hub, {"id": "post-1", "status": "sent", "ref": SES})
    shown = await answers(hub, ann, 1, in_reply_to=SES)

    assert (shown["threadId"], shown["replyTo"]) == (first, first)


@pytest.mark.usefixtures("attentive")
async def test_the_name_that_a_provider_told_early_is_kept(start_hub: StartHub, post: Post) -> None:
    clock = FakeClock()
    async with start_hub(plugins=post.plugins(), toml=POST, clock=clock) as hub:
        await hub.local("agents_create", id="ann", values={"email": ANN})
        ann = hub.caller((await hub.local("tokens_issue", id="ann"))["token"])
        await tell(hub, {"id": "post-1", "status": "delivered", "ref": SES})
        first = (await mail(ann))["messageId"]
        clock.travel(5)
        await hub.until_status(ann, first, "delivered")

        assert hub.rows("SELECT vendor_ref FROM messages") == [{"vendor_ref": SES}]


async def test_a_mail_that_comes_back_is_known_by_its_providers_name(
    hub: Served, ann: Caller
) -> None:
    first = (await mail(ann))["messageId"]
    await tell(hub, {"id": "post-1", "status": "sent", "ref": SES})
    shown = await answers(hub, ann, 1, sender=ANN, message_id=SES)

    assert (shown["threadId"], shown["automatic"]) == (first, True)


@pytest.mark.parametrize("name", ["", " ", "<a b@x>", "<a@x>\r\nBcc: <b@x>", "<" + "a" * 999 + ">"])
async def test_what_is_no_name_is_none(hub: Served, ann: Caller, name: str) -> None:
    await mail(ann)
    await tell(hub, {"id": "post-1", "status": "delivered", "ref": name})

    (row,) = hub.rows("SELECT status, vendor_ref FROM messages")
    assert row == {"status": "delivered", "vendor_ref": None}


# --- who else reads -------------------------------------------------------------------------------


async def test_everybody_whom_a_mail_is_addressed_to_is_shown(hub: Served, ann: Caller) -> None:
    to = [ANN.upper(), "ann+more@agents.example", CARL, DORA, CARL]
    shown = await answers(hub, ann, 1, to=to, cc=[EVE])

    assert (shown["to"], shown["alsoTo"], shown["cc"]) == (ANN, [CARL, DORA], [EVE])


async def test_a_mail_to_the_agent_alone_is_to_nobody_else(hub: Served, ann: Caller) -> None:
    assert "alsoTo" not in await answers(hub, ann, 1, to=[ANN])


# --- what comes back ------------------------------------------------------------------------------


@pytest.mark.both
async def test_a_mail_that_was_delivered_may_bounce_after_all(hub: Served, ann: Caller) -> None:
    sent = (await mail(ann))["messageId"]
    await tell(hub, {"id": "post-1", "status": "delivered"})
    await tell(hub, {"id": "post-1", "status": "failed", "code": "no_mailbox"})
    await tell(hub, {"id": "post-1", "status": "delivered", "recipient": BOB})
    stands = await ann.status(sent)

    assert (stands["status"], stands["providerCode"]) == ("failed", "no_mailbox")
    moves = [each["status"] for each in stands["history"] if each["moved"]]
    assert moves == ["sending", "sent", "delivered", "failed"]


@pytest.mark.usefixtures("attentive")
async def test_a_mail_from_the_agents_own_address_is_no_reply(hub: Served, ann: Caller) -> None:
    shown = await answers(hub, ann, 1, sender=ANN.upper(), references=["<x@y>"])

    assert shown["automatic"] is True
    assert "own address" in shown["warnings"][0]


# --- leaving --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "body", "closed"),
    [
        ("unsubscribe", "", True),
        ("Unsubscribe", " \n", True),
        ("unsubscribe", "How do I do that?", False),
        ("START", "", False),
        ("Your order", "", False),
    ],
)
async def test_who_leaves_by_a_subject_alone_gets_nothing_more(
    hub: Served, ann: Caller, subject: str, body: str, closed: bool
) -> None:
    await answers(hub, ann, 1, subject=subject, body=body)

    assert hub.count("suppressions") == closed


# --- waking hosts ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("attentive")
async def test_what_a_program_wrote_wakes_no_host(start_hub: StartHub, post: Post) -> None:
    async with subscribable() as host:
        settings = host.settings.replace("[slots]", POST.strip())
        async with start_hub(plugins=post.plugins(), toml=settings) as hub:
            await hub.local("agents_create", id="ann", values={"email": ANN})
            ann = hub.caller((await hub.local("tokens_issue", id="ann"))["token"])
            await Rpc(ann).get("events/subscribe", **to(host.url))
            await arrives(hub, 1, auto=True, message_id="<away@p>")
            assert hub.count("occurrences") == 0
            await arrives(hub, 2, message_id="<b@p>")
            assert hub.count("occurrences") == 1
