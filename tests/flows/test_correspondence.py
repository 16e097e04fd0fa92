"""Mails between people and agents: names, answers, reminders, and addresses in any case."""

import pytest

from tests.flows.houses import refused
from tests.flows.hubs import Caller, Served
from tests.flows.mails import ANN, BOB, EVE, Post, ann, arrives, hub, mail, post

__all__ = ["ann", "hub", "post"]


async def test_an_agents_name_stands_before_its_address(
    hub: Served, ann: Caller, post: Post
) -> None:
    await hub.local("agents_set", id="ann", values={"display_name": "Ann from Café"})
    await mail(ann)
    (shown,) = await ann.inbox()

    assert post.sent[0].sender_name == shown["fromName"] == "Ann from Café"


@pytest.mark.parametrize("answer_to", [None, "office@people.example"])
async def test_an_answer_needs_no_address(
    hub: Served, ann: Caller, post: Post, answer_to: str | None
) -> None:
    await arrives(hub, 1, subject="Hello", message_id="<b@p>", reply_to=answer_to)
    (asked,) = await ann.inbox()
    await mail(ann, to=None, subject=None, replyTo=asked["id"])

    assert post.sent[0].recipient == (answer_to or BOB)
    assert post.sent[0].subject == "Re: Hello"


async def test_an_agent_follows_up_in_its_own_thread(hub: Served, ann: Caller, post: Post) -> None:
    first = await mail(ann, bcc=["bee@people.example"])
    again = await mail(ann, to=None, subject=None, body="Any news?", replyTo=first["messageId"])
    other = {"to": EVE, "body": "Any news?", "replyTo": first["messageId"]}
    elsewhere = await ann.post("comms_send_message", {"channel": "email", **other})
    newest, oldest = await ann.inbox()

    assert (post.sent[1].recipient, post.sent[1].subject) == (BOB, "Re: Order 18")
    assert post.sent[1].in_reply_to == post.sent[0].message_id
    assert newest["threadId"] == oldest["threadId"] == first["messageId"]
    assert (newest["replyTo"], oldest["read"]) == (first["messageId"], False)
    assert (again["status"], oldest["bcc"]) == ("sent", ["bee@people.example"])
    assert refused(elsewhere, 422, "invalid")
    assert elsewhere.json()["field"] == "replyTo"


@pytest.mark.both
async def test_each_channel_counts_its_own_messages(hub: Served, ann: Caller) -> None:
    await mail(ann)
    await arrives(hub, 1, message_id="<b@p>")
    await hub.local("agents_set", id="ann", values={"phone": "+12025550101"})
    channels = (await ann.post("comms_get_channel_status", {})).json()["channels"]

    assert channels["email"]["monthlyMessages"] == 1  # what was sent
    assert channels["phone"]["monthlyMessages"] == 0


@pytest.mark.both
async def test_an_address_is_the_same_in_any_case(hub: Served, ann: Caller, post: Post) -> None:
    await hub.local("agents_set", id="ann", values={"email": "Ann@Agents.example"})
    sent = await mail(ann, to="BOB@people.example")
    twin = await mail(ann, to="Bob@People.example")
    contact = {"contactNumber": "bOb@people.example"}
    await arrives(hub, 1, recipient="ANN@agents.example", message_id="<b@p>")
    waited = await ann.post(
        "comms_wait_for_reply", {"from": "BOB@people.example", "timeoutSeconds": 1}
    )
    found = await ann.post("comms_get_messages", contact)
    after = await mail(ann, to="BOB@people.example")

    assert post.sent[0].recipient == "BOB@people.example"
    assert twin["messageId"] == sent["messageId"] != after["messageId"]
    assert waited.json()["from"] == BOB
    assert [each["direction"] for each in found.json()["messages"]] == ["inbound", "outbound"]


@pytest.mark.usefixtures("ann")
async def test_two_agents_have_not_one_address_in_two_cases(hub: Served) -> None:
    given = {"id": "ben", "values": {"email": ANN.upper()}}
    answer = await hub.operator.post("/api/v1/tools/agents_create", json=given)

    assert refused(answer, 422, "invalid")
