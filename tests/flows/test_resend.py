"""Mails through Resend's own adapter: sent with their key, and what Resend tells of them."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from plugins.resend.tests.api import Api, api
from plugins.resend.tests.vendor import (
    CAME,
    FILES,
    HUB,
    ID,
    KEY,
    PERSON,
    SECRET,
    announced,
    bounce,
    received,
    report,
    request,
)
from tests.flows.hubs import Caller, Served, StartHub
from trunkline.testing import Canned

COPY = "boss@people.example"


@pytest.fixture
def resend() -> Api:
    return api({"id": ID})


@pytest.fixture
def url(resend: Api) -> Iterator[str]:
    with resend.serving() as url:
        yield url


@pytest.fixture
async def hub(start_hub: StartHub, url: str) -> AsyncIterator[Served]:
    toml = f"""
[slots]
email = "resend"

[providers.resend]
api_key = "{KEY}"
webhook_secret = "{SECRET}"
base_url = "{url}"
"""
    async with start_hub(toml=toml) as hub:
        yield hub


@pytest.fixture
async def ann(hub: Served) -> Caller:
    await hub.local("agents_create", id="ann", values={"email": HUB})
    return hub.caller((await hub.local("tokens_issue", id="ann"))["token"])


async def tell(hub: Served, word: str, event: str, **more: Any) -> int:
    """Let Resend tell what became of the mail."""
    return await post(hub, report(word, **more).body, event)


async def post(hub: Served, body: bytes, event: str) -> int:
    """Let Resend tell something, signed at this moment."""
    told = request(body, event=event, sent_at=str(int(datetime.now(UTC).timestamp())))
    response = await hub.client.post(
        "/webhooks/connections/resend", content=told.body, headers=dict(told.headers)
    )
    return response.status_code


async def test_a_mail_goes_out_once_and_what_resend_tells_of_it_counts(
    hub: Served, ann: Caller, resend: Api
) -> None:
    mail = {"channel": "email", "to": PERSON, "subject": "Order 18", "body": "On its way."}
    answer = await ann.post("comms_send_message", {**mail, "cc": [COPY]})
    sent = answer.json()
    statuses = [await tell(hub, "delivered", "msg_1")]
    hard = bounce("Permanent", "NoEmail")
    statuses.append(await tell(hub, "bounced", "msg_2", to=[COPY], **hard))
    delivered = await ann.status(sent["messageId"])
    statuses.append(await tell(hub, "complained", "msg_3"))
    statuses.append(await tell(hub, "complained", "msg_3"))
    more = await ann.post("comms_send_message", mail)

    assert answer.status_code == 200, answer.text
    (asked,) = resend.asked
    assert asked.json["to"] == [PERSON]
    assert asked.json["headers"]["Message-ID"] in asked.json["headers"]["References"]
    assert asked.headers["Idempotency-Key"]
    assert statuses == [204] * 4
    assert delivered["status"] == "delivered"
    assert (more.status_code, more.json()["rule"]) == (403, "suppression")
    ends = hub.rows("SELECT state FROM inbound_events ORDER BY id")
    assert [row["state"] for row in ends] == ["handled", "ignored", "handled"]


async def test_a_mail_that_is_only_announced_comes_in_whole(
    hub: Served, ann: Caller, resend: Api
) -> None:
    resend.answers = [Canned(status=200, json=each) for each in 2 * (received(), FILES)]

    statuses = [await post(hub, announced().body, "msg_1") for _ in range(2)]

    (mail,) = await ann.inbox()
    assert statuses == [204, 204]
    assert (mail["from"], mail["subject"], mail["body"]) == (PERSON, "Re: Your order", "Thanks")
    assert [asked.path.partition("?")[0] for asked in resend.asked][:2] == [
        f"/emails/receiving/{CAME}",
        f"/emails/receiving/{CAME}/attachments",
    ]


async def test_a_mail_that_cannot_be_fetched_is_told_again_and_not_lost(
    hub: Served, ann: Caller, resend: Api
) -> None:
    resend.answers = [Canned(status=500)]
    refused = await post(hub, announced().body, "msg_1")
    resend.answers = [Canned(status=200, json=received(attachments=[]))]
    taken = await post(hub, announced().body, "msg_1")

    (mail,) = await ann.inbox()
    assert (refused, taken) == (503, 204)
    assert mail["body"] == "Thanks"


async def test_a_webhook_that_nobody_signed_changes_nothing(hub: Served, ann: Caller) -> None:
    forged = request(json.dumps({"type": "email.delivered"}).encode(), signatures=["v1,AAAA"])

    response = await hub.client.post(
        "/webhooks/connections/resend", content=forged.body, headers=dict(forged.headers)
    )

    assert response.status_code == 403
    assert hub.count("inbound_events") == 0
