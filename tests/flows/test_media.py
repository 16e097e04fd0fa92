"""Pictures and the like: URLs that go out with a text, come in with one, and end with it."""

from typing import Any

import pytest

from tests.flows.hubs import ANN, BEN, HANDSET, Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network, Vendor
from tests.flows.results import bare, facts_of, problem_of

MEDIA = ["https://media.example/a.jpg?sig=x%2Fy&n=2", "https://media.example:8443/b.png"]
ONE, BOTH = {"mediaUrl": MEDIA[0]}, {"mediaUrls": MEDIA}
SHOWN_ONE = {"mediaUrl": MEDIA[0], "mediaCount": 1}
SHOWN_BOTH = {"mediaUrl": MEDIA[0], "mediaUrls": MEDIA, "mediaCount": 2}
PICTURE = {"channel": "sms", "to": HANDSET, "body": "look"}


def media_of(message: dict[str, Any]) -> dict[str, Any]:
    """Return what a message shows of its media."""
    return {name: value for name, value in message.items() if name.startswith("media")}


async def handset(hub: Served, address: str) -> list[dict[str, Any]]:
    """Return what arrived at a handset, newest first."""
    items = (await hub.client.get(f"/demo/handsets/{address}/messages")).json()["items"]
    return [item for item in items if item["direction"] == "inbound"]


# --- out ------------------------------------------------------------------------------------------


@pytest.mark.both(slow=True)
@pytest.mark.parametrize(("given", "shown"), [(ONE, SHOWN_ONE), (BOTH, SHOWN_BOTH)])
async def test_media_arrive_with_their_text(
    served: Served, ann: Caller, given: dict[str, Any], shown: dict[str, Any]
) -> None:
    sent = await ann.send(HANDSET, "look", **given)
    (arrived,) = await handset(served, HANDSET)

    assert (arrived["body"], media_of(arrived)) == ("look", shown)
    assert (sent["status"], sent["channel"]) == ("sent", "sms")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_media_go_and_come_over_mcp_too(
    served: Served, ann: Caller, ben: Caller, mode: str
) -> None:
    async with ann.mcp(mode) as client:
        await client.call_tool("comms_send_message", {**PICTURE, "to": BEN, **BOTH})
    await served.until(ben.inbox, lambda messages: len(messages) == 1)
    async with ben.mcp(mode) as client:
        result = await client.call_tool("comms_get_messages", {})

    (message,) = facts_of(result)["messages"]
    shown = {**message, "mediaUrl": bare(message["mediaUrl"])}
    shown["mediaUrls"] = [bare(each) for each in message["mediaUrls"]]
    assert media_of(shown) == SHOWN_BOTH


@pytest.mark.parametrize("body", ["", " \n"])
async def test_media_need_no_words(served: Served, ann: Caller, body: str) -> None:
    await ann.send(HANDSET, body, **ONE)

    assert [each["body"] for each in await handset(served, HANDSET)] == [body]


async def test_a_text_with_media_is_one_unit_at_a_price_of_its_own(
    served: Served, ann: Caller
) -> None:
    sent = await ann.send(HANDSET, "x" * 1600, **BOTH)
    traced = await served.until_status(ann, sent["messageId"], "delivered")

    assert (sent["segments"], sent["cost"], sent["costFinal"]) == (1, 0.02, False)
    assert (traced["cost"], traced["costFinal"]) == (0.02, True)


async def test_after_a_stop_no_media_go_out_either(served: Served, ann: Caller) -> None:
    await Vendor(served).text(HANDSET, ANN, "STOP")
    blocked = await ann.try_send(HANDSET, "look", mediaUrl=MEDIA[0])

    assert (blocked.status_code, blocked.json()["rule"]) == (403, "suppression")
    assert await handset(served, HANDSET) == []
    assert [media_of(message) for message in await ann.inbox()] == [{"mediaCount": 1}, {}]


async def test_a_provider_that_cannot_send_media_is_not_asked_to(start_hub: StartHub) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        refused = await ann.try_send(BOB, "look", mediaUrl=MEDIA[0])
        async with ann.mcp() as client:
            result = await client.call_tool("comms_send_message", {**PICTURE, "to": BOB, **BOTH})
        rows = hub.count("messages")
        await ann.send(BOB, "look")

    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (422, "unsupported")
    assert problem["field"] == "mediaUrl"
    assert "'wire'" in problem["detail"]
    assert "ask the operator" in problem["detail"]
    assert problem_of(result) == problem
    assert rows == 0
    assert [sms.media for sms in network.asked] == [()]


# --- the same send again --------------------------------------------------------------------------


async def test_the_same_text_with_other_media_is_another_text(ann: Caller) -> None:
    answers = [
        await ann.send(HANDSET, "look", **media)
        for media in ({}, ONE, {"mediaUrl": MEDIA[1]}, BOTH, {"mediaUrls": MEDIA[::-1]})
    ]

    assert [answer["replayed"] for answer in answers] == [False] * 5


async def test_the_same_media_are_the_same_text_however_they_are_given(
    served: Served, ann: Caller
) -> None:
    first = await ann.send(HANDSET, "look", **ONE)
    again = await ann.send(HANDSET, "look", mediaUrls=MEDIA[:1])

    assert (again["messageId"], again["replayed"]) == (first["messageId"], True)
    assert len(await handset(served, HANDSET)) == 1


async def test_a_key_stands_for_its_media_too(ann: Caller) -> None:
    first = await ann.send(HANDSET, "look", idempotencyKey="k1", **ONE)
    again = await ann.send(HANDSET, "look", idempotencyKey="k1", **ONE)
    other = await ann.try_send(HANDSET, "look", idempotencyKey="k1", mediaUrls=MEDIA)

    assert (again["messageId"], again["replayed"]) == (first["messageId"], True)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


# --- in -------------------------------------------------------------------------------------------


async def test_media_that_arrive_are_shown_as_data_from_outside(
    served: Served, ann: Caller
) -> None:
    await Vendor(served).text(HANDSET, ANN, "", media_urls=(*MEDIA, "https://x.example/\u202ea"))
    (message,) = await ann.inbox()
    alone = (await ann.get(f"/api/v1/messages/{message['id']}")).json()

    handles = [each.pop("attachments") for each in (message, alone)]  # which are being fetched
    first, again = ([each["id"] for each in found] for found in handles)
    assert (len(first), first) == (3, again)
    assert message == alone
    assert message["untrusted"] is True
    assert message["mediaUrls"] == [*MEDIA, "https://x.example/a"]
    assert (message["body"], message["mediaCount"]) == ("", 3)


async def test_a_handset_answers_with_a_picture(served: Served, ann: Caller) -> None:
    await ann.send(HANDSET, "where are you?")
    path = f"/demo/handsets/{HANDSET}/reply"
    reply = await served.client.post(path, json={"body": "here", **ONE})
    (message,) = await ann.inbox(unread=True)

    assert reply.json()["status"] == "accepted"
    assert (message["body"], media_of(message)) == ("here", SHOWN_ONE)


# --- their end ------------------------------------------------------------------------------------


async def test_of_media_whose_text_is_shredded_only_their_number_is_left(
    served: Served, ann: Caller
) -> None:
    sent = await ann.send(HANDSET, "look", **BOTH)
    await served.until_status(ann, sent["messageId"], "delivered")
    await Vendor(served).text(HANDSET, ANN, "nice", media_urls=(MEDIA[0],))
    (received,) = await ann.inbox(unread=True)
    await ann.send(HANDSET, "thanks", replyTo=received["id"])
    messages = {message["id"]: message for message in await ann.inbox()}

    ended = [messages[id_] for id_ in (sent["messageId"], received["id"])]
    assert [each["bodyState"] for each in ended] == ["shredded", "shredded"]
    assert [media_of(each) for each in ended] == [{"mediaCount": 2}, {"mediaCount": 1}]


async def test_media_are_kept_with_the_texts_that_are_kept(served: Served, ann: Caller) -> None:
    await served.local("privacy_keep", id="ann", channel="sms", days=30)
    sent = await ann.send(HANDSET, "look", **BOTH)
    await served.until_status(ann, sent["messageId"], "delivered")
    (message,) = await ann.inbox()

    assert (message["bodyState"], media_of(message)) == ("kept", SHOWN_BOTH)
