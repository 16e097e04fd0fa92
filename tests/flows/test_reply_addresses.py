"""Answers to an agent's reply address find their thread without In-Reply-To; forged ones do not."""

import pytest

from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.mails import ANN, BOB, EVE, POST, Post, arrives

PLUS = f'{POST}\n[messages]\nplus_address_domains = ["Agents.Example"]\n'


async def ann_of(hub: Served) -> Caller:
    await hub.local("agents_create", id="ann", values={"email": ANN})
    return hub.caller((await hub.local("tokens_issue", id="ann"))["token"])


async def write(ann: Caller, **more: object) -> str:
    mail = {"to": BOB, "subject": "Order 18", "body": "It is on its way.", **more}
    sent = await ann.call("comms_send_message", channel="email", **mail)
    return str(sent["messageId"])


async def test_an_answer_that_names_nothing_finds_its_thread_by_its_address(
    start_hub: StartHub,
) -> None:
    post = Post()
    async with start_hub(plugins=post.plugins(), toml=PLUS) as hub:
        ann = await ann_of(hub)
        first = await write(ann)
        address = post.sent[0].reply_to
        assert address is not None
        await arrives(hub, 1, recipient=address.upper(), subject="boards", message_id="<b@p>")
        await arrives(hub, 2, sender=EVE, recipient=ANN, to=[address], message_id="<e@p>")
        eves, bobs, _ = await ann.inbox()
        await write(ann, replyTo=bobs["id"], subject=None)

    assert (bobs["threadId"], bobs["replyTo"], bobs["to"]) == (first, first, ANN)
    assert eves["threadId"] == first
    assert "warnings" not in bobs
    assert "no part" in eves["warnings"][0]
    assert post.sent[1].reply_to == address


@pytest.mark.parametrize("change", ["cut", "letter", "other agent", "made up"])
async def test_a_forged_token_leads_into_no_thread_and_its_mail_is_kept(
    start_hub: StartHub, change: str
) -> None:
    post = Post()
    async with start_hub(plugins=post.plugins(), toml=PLUS) as hub:
        ann = await ann_of(hub)
        await hub.local("agents_create", id="ben", values={"email": "ben@agents.example"})
        await write(ann)
        address = post.sent[0].reply_to or ""
        forged = {
            "cut": address.replace("@", "", 1)[:-15] + "@agents.example",
            "letter": address.replace("+t-a", "+t-b"),
            "other agent": address.replace("ann+", "ben+"),
            "made up": ANN.replace("@", f"+t-{'a' * 39}@"),
        }[change]
        assert forged != address
        await arrives(hub, 1, recipient=forged, message_id="<b@p>")
        rows = hub.rows("SELECT id, thread FROM messages WHERE direction = 'inbound'")

    assert [row["thread"] == row["id"] for row in rows] == [True]


async def test_where_nobody_says_that_a_mailbox_takes_them_none_is_made(
    start_hub: StartHub,
) -> None:
    post = Post()
    async with start_hub(plugins=post.plugins(), toml=POST) as hub:
        ann = await ann_of(hub)
        await write(ann)
        await arrives(hub, 1, recipient="ann+shop@agents.example", message_id="<b@p>")
        (came, _) = await ann.inbox()

    assert post.sent[0].reply_to is None
    assert came["to"] == ANN
