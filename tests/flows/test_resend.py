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
from trunkline.sdk import NotSetUp
from trunkline.testing import Canned
from trunkline_resend.webhook_settings import EVENTS

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


# --- a webhook that the adapter has set up itself -------------------------------------------------

DOOR = "https://hub.example/webhooks/connections/resend"
MADE = {"id": "479e3145-dd38-476b-932c-529ceb705947", "endpoint": DOOR, "status": "enabled"}
SETTING_UP = (
    {"object": "list", "data": [], "has_more": False},
    {"id": MADE["id"], "signing_secret": SECRET},
    {"object": "list", "data": [{**MADE, "events": [*EVENTS]}], "has_more": False},
    {**MADE, "events": [*EVENTS], "signing_secret": SECRET},
)


async def test_what_the_adapter_has_kept_vouches_for_the_webhook_that_it_set_up(
    start_hub: StartHub,
) -> None:
    vendor = api(*SETTING_UP)
    with vendor.serving() as url:
        toml = f"""
[slots]
email = "resend"

[providers.resend]
api_key = "{KEY}"
base_url = "{url}"
"""
        async with start_hub(toml=toml) as hub:
            assert await tell(hub, "delivered", "msg_1") == 403

            connections = hub.running.hub.connections
            connection = connections.account("resend")
            assert connection is not None
            provider: Any = await connections.provider(connection)
            await provider.set_webhook(DOOR)

            assert await tell(hub, "delivered", "msg_1") == 204
            forged = report("delivered").body.replace(b"delivered", b"opened")
            other = request(forged, event="msg_2", signatures=["v1,c2lnbmF0dXJl"])
            answer = await hub.client.post(
                "/webhooks/connections/resend", content=forged, headers=dict(other.headers)
            )
            assert answer.status_code == 403
            assert SECRET not in repr(hub.rows("SELECT * FROM connection_secrets"))


async def test_the_operators_own_secret_counts_and_the_webhooks_does_not(
    start_hub: StartHub,
) -> None:
    own = "whsec_b3duLXNlY3JldC1vZi10aGUtb3BlcmF0b3I="
    vendor = api(*SETTING_UP)
    with vendor.serving() as url:
        toml = f"""
[providers.resend]
api_key = "{KEY}"
base_url = "{url}"
webhook_secret = "{own}"
"""
        async with start_hub(toml=toml) as hub:
            connections = hub.running.hub.connections
            connection = connections.account("resend")
            assert connection is not None
            provider: Any = await connections.provider(connection)
            with pytest.raises(NotSetUp):
                await provider.set_webhook(DOOR)
            await provider._secrets.put("webhook_secret", SECRET)

            assert await tell(hub, "delivered", "msg_1") == 403
