"""
One provider's package takes another's place: a line of the settings changes, conversations go on.

What else an operator says is the new account's credentials. The old connection's table may stay for
as long as something is still to come of what went out by it; the tests at the end show both ways.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import pytest

from plugins.greenapi.tests.double import Double
from plugins.greenapi.tests.vendor import HUB as NUMBER
from plugins.greenapi.tests.vendor import PERSON as READER
from plugins.resend.tests.api import api
from plugins.resend.tests.vendor import HUB, ID, KEY, PERSON, SECRET
from plugins.smtp.tests.badbox import BadBox
from plugins.smtp.tests.servers import aiosmtpd
from plugins.twilio.tests.vendor import ANSWERS
from plugins.twilio.tests.whatsapp_forms import USER_ID
from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.makes import Chat, Mail
from tests.flows.test_resend import tell
from tests.flows.test_twilio import Twilio, twilio
from trunkline.core.inbound import listening
from trunkline.loading import Plugins, load_plugins
from trunkline.testing import Canned
from trunkline_smtp import listening as looking

__all__ = ["clock", "twilio"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(listening, "_FIRST_PAUSE_S", 0.02)


def only(kind: str, name: str) -> Plugins:
    """Return the installed plugins as if of a kind there were one provider's package alone."""
    plugins = load_plugins()
    alone = {name: plugins.providers[kind][name]}
    return replace(plugins, providers={**plugins.providers, kind: alone})


async def agent(hub: Served, **values: str) -> Caller:
    """Create an agent with an address."""
    await hub.local("agents_create", id="ann", values=values)
    return hub.caller((await hub.local("tokens_issue", id="ann"))["token"])


# --- e-mail ---------------------------------------------------------------------------------------


@pytest.fixture
async def mail() -> AsyncIterator[Mail]:
    """Both, with what a hub must be told of each."""
    resend, box = api({"id": ID}), BadBox()
    with resend.serving() as url:
        async with aiosmtpd(security="none") as (smtp_port, kept), box.up() as imap_port:
            by_api = f"""
[providers.resend]
api_key = "{KEY}"
webhook_secret = "{SECRET}"
base_url = "{url}"
"""
            by_mail = f"""
[providers.smtp]
host = "127.0.0.1"
port = {smtp_port}
security = "none"
imap_host = "127.0.0.1"
imap_port = {imap_port}
imap_security = "none"
imap_user = "{HUB}"
imap_password = "secret"
"""
            yield Mail(resend, kept, box, {"resend": by_api, "smtp": by_mail})


async def write(ann: Caller, **more: Any) -> dict[str, Any]:
    """Send a mail that must be taken."""
    given = {"to": PERSON, "body": "On its way.", "subject": "Order 18", **more}
    return await ann.call("comms_send_message", channel="email", **given)


def ref_of(sent: dict[str, Any]) -> str:
    """Return the Message-ID of a mail of ours."""
    return f"<{sent['messageId']}@{HUB.rpartition('@')[2]}>"


async def newest(hub: Served, ann: Caller, count: int) -> dict[str, Any]:
    """Return the newest message, once there are so many."""
    shown: list[dict[str, Any]] = await hub.until(ann.inbox, lambda all_: len(all_) >= count)
    return shown[0]


async def test_a_mail_thread_goes_on_from_resend_over_a_mail_server_and_back(
    start_hub: StartHub, mail: Mail
) -> None:
    async with start_hub(toml=mail.toml("resend"), plugins=only("email", "resend")) as hub:
        ann = await agent(hub, email=HUB)
        first = await write(ann)
        await mail.answer_by_resend(hub, ref_of(first), 1)
        came = await newest(hub, ann, 2)

    async with start_hub(toml=mail.toml("smtp"), plugins=only("email", "smtp")) as hub:
        ann = hub.caller(ann.token)
        second = await write(ann, subject=None, replyTo=came["id"])
        await mail.answer_by_imap(hub, ref_of(second), 2)
        again = await newest(hub, ann, 4)

    async with start_hub(toml=mail.toml("resend"), plugins=only("email", "resend")) as hub:
        ann = hub.caller(ann.token)
        third = await write(ann, subject=None, replyTo=again["id"])
        shown = await ann.inbox()

    (raw,) = (each.original_content for each in mail.smtp.mails)
    assert raw is not None
    sent = message_from_bytes(raw, policy=policy.default)
    assert [each["provider"] for each in (first, second, third)] == ["resend", "smtp", "resend"]
    assert {each["threadId"] for each in shown} == {first["messageId"]}
    assert (sent["From"], sent["To"], sent["Subject"]) == (HUB, PERSON, "Re: Your order")
    assert sent["In-Reply-To"] == "<answer-1@people.example>"
    headers = mail.resend.asked[-1].json["headers"]
    assert headers["In-Reply-To"] == "<answer-2@people.example>"
    assert headers["References"].split() == [
        ref_of(first),
        "<answer-1@people.example>",
        ref_of(second),
        "<answer-2@people.example>",
        ref_of(third),  # for Resend gives a mail another Message-ID
    ]


async def test_what_comes_later_of_a_mail_counts_while_its_connection_is_left_in_the_settings(
    start_hub: StartHub, mail: Mail
) -> None:
    async with start_hub(toml=mail.toml("resend")) as hub:
        ann = await agent(hub, email=HUB)
        one, two = await write(ann), await write(ann, body="It comes tomorrow.")

    async with start_hub(toml=mail.toml("smtp", tables=("resend",))) as hub:
        assert await tell(hub, "delivered", "msg_1") == 204
        kept = await hub.caller(ann.token).status(one["messageId"])

    async with start_hub(toml=mail.toml("smtp"), plugins=only("email", "smtp")) as hub:
        gone = await tell(hub, "delivered", "msg_2")
        unheard = await hub.caller(ann.token).status(two["messageId"])

    assert (kept["status"], gone, unheard["status"]) == ("delivered", 404, "sent")


# --- WhatsApp -------------------------------------------------------------------------------------


@pytest.fixture
def chat(twilio: Twilio) -> Iterator[Chat]:
    """Both, with what a hub must be told of each."""
    green = Double()
    with green.serving() as url:
        yield Chat(twilio, green, url)


async def say(ann: Caller, body: str, to: str = READER, **more: Any) -> Any:
    """Try to send a WhatsApp message."""
    message = {"channel": "whatsapp", "to": to, "body": body, **more}
    return await ann.post("comms_send_message", message)


async def test_a_whatsapp_talk_goes_on_from_twilio_over_greenapi_and_back(
    start_hub: StartHub, chat: Chat
) -> None:
    async with start_hub(toml=chat.toml("twilio"), plugins=only("whatsapp", "twilio")) as hub:
        ann = await agent(hub, whatsapp=NUMBER)
        await chat.written_by_twilio(hub)
        (came,) = await ann.inbox()
        first = (await say(ann, "one", replyTo=came["id"])).json()
        await chat.twilio.report(hub, "delivered")

    async with start_hub(toml=chat.toml("greenapi"), plugins=only("whatsapp", "greenapi")) as hub:
        ann = hub.caller(ann.token)
        second = (await say(ann, "two", replyTo=came["id"])).json()
        chat.written_by_phone(1)
        newer = await newest(hub, ann, 4)
        third = (await say(ann, "three", replyTo=newer["id"])).json()
        stands = await ann.status(first["messageId"])

    async with start_hub(toml=chat.toml("twilio"), plugins=only("whatsapp", "twilio")) as hub:
        ann = hub.caller(ann.token)
        fourth = (await say(ann, "four")).json()
        talk = await ann.inbox(contactNumber=READER)

    sent = [(each["status"], each["provider"]) for each in (first, second, third, fourth)]
    assert sent == [("sent", name) for name in ("twilio", "greenapi", "greenapi", "twilio")]
    assert stands["status"] == "delivered"
    waiting = [each["body"] for each in chat.green.queue]
    assert [each["message"] for each in waiting] == ["two", "three"]
    assert [each.get("quotedMessageId") for each in waiting] == [None, "F7AEC1B71"]
    assert [each["Body"] for each in chat.twilio.asked] == ["one", "four"]
    assert len(talk) == 6


async def test_what_greenapi_cannot_keep_is_refused_with_a_sentence_and_stays_unsent(
    start_hub: StartHub, chat: Chat
) -> None:
    other = "+14155552671"
    async with start_hub(toml=chat.toml("twilio")) as hub:
        ann = await agent(hub, whatsapp=NUMBER)
        await hub.local("agents_create", id="ben", values={"whatsapp": other})
        ben = hub.caller((await hub.local("tokens_issue", id="ben"))["token"])
        await chat.written_by_twilio(hub, USER_ID, 8)
        await chat.written_by_twilio(hub, number=7, to=other)
        assert (await say(ann, "to an id", USER_ID)).json()["status"] == "sent"
        assert (await say(ben, "from another number")).json()["status"] == "sent"

    async with start_hub(toml=chat.toml("greenapi"), plugins=only("whatsapp", "greenapi")) as hub:
        ann, ben = hub.caller(ann.token), hub.caller(ben.token)
        template = await say(ann, "", templateId=f"HX{'1' * 32}", templateVars={"1": "Pat"})
        nobodys = await say(ann, "still there?", USER_ID)
        elsewhere = await say(ben, "from another number still")

    said = [(each.status_code, each.json()["code"]) for each in (template, nobodys, elsewhere)]
    assert said == [(422, "unsupported"), (422, "provider_rejected"), (424, "provider_setup")]
    for answer, sentence in (
        (template, "'greenapi' has no templates"),
        (nobodys, "number"),
        (elsewhere, "sends from its linked phone only"),
    ):
        assert sentence in answer.json()["detail"]
    assert chat.green.queue == []


# --- what was under way ---------------------------------------------------------------------------


async def test_what_still_waited_goes_out_by_the_old_one_or_not_at_all(
    start_hub: StartHub, chat: Chat, clock: Ahead
) -> None:
    """The swap with its table left in, and without."""
    chat.twilio.answer = Canned(status=429, json={"code": 20429}, headers={"Retry-After": "30"})
    async with start_hub(toml=chat.toml("twilio"), clock=clock) as hub:
        ann = await agent(hub, whatsapp=NUMBER)
        await chat.written_by_twilio(hub)
        waits = (await say(ann, "waits")).json()
        more = (await say(ann, "waits too", validForSeconds=600)).json()

    chat.twilio.answer = ANSWERS["accepted"]
    chat.twilio.asked.clear()
    both = chat.toml("greenapi", tables=("twilio",))
    alone = chat.toml("greenapi")
    async with start_hub(toml=alone, plugins=only("whatsapp", "greenapi"), clock=clock) as hub:
        clock.travel(60)
        await keep_still()
        still = await hub.caller(ann.token).status(waits["messageId"])
        clock.travel(600)
        ended = await hub.until_status(hub.caller(ann.token), more["messageId"], "failed")

    async with start_hub(toml=both, clock=clock) as hub:
        clock.travel(3600)
        await hub.until_status(hub.caller(ann.token), waits["messageId"], "sent")

    assert (waits["status"], more["status"], still["status"]) == ("queued", "queued", "queued")
    assert ended["reason"].startswith("The connection 'twilio' cannot be used.")
    assert [each["Body"] for each in chat.twilio.asked] == ["waits"]
    assert chat.green.queue == []


async def test_what_twilio_may_have_taken_is_never_sent_again_by_greenapi(
    start_hub: StartHub, chat: Chat, clock: Ahead
) -> None:
    chat.twilio.answer = None
    async with start_hub(toml=chat.toml("twilio"), clock=clock) as hub:
        ann = await agent(hub, whatsapp=NUMBER)
        await chat.written_by_twilio(hub)
        lost = (await say(ann, "perhaps")).json()

    async with start_hub(
        toml=chat.toml("greenapi"), plugins=only("whatsapp", "greenapi"), clock=clock
    ) as hub:
        for _ in range(3):
            clock.travel(1200)
            await keep_still()
        stands = await hub.caller(ann.token).status(lost["messageId"])

    assert (lost["status"], stands["status"]) == ("unknown", "unknown")
    assert (len(chat.twilio.asked), chat.green.queue) == (1, [])


# --- both at once, in their order -----------------------------------------------------------------


@pytest.mark.parametrize("is_lost", [False, True])
async def test_a_mail_that_resend_refuses_for_its_key_goes_by_mail_server_and_a_lost_one_does_not(
    start_hub: StartHub, mail: Mail, is_lost: bool
) -> None:
    refusal = {"name": "restricted_api_key", "message": "No.", "statusCode": 401}
    mail.resend.answers = [Canned(status=401, json=refusal)]
    if is_lost:
        mail.resend.promised = 10_000
    async with start_hub(toml=mail.toml("resend", "smtp")) as hub:
        sent = await write(await agent(hub, email=HUB))

    by_smtp = [] if is_lost else [PERSON]
    assert (sent["status"], sent["provider"]) == (
        ("unknown", "resend") if is_lost else ("sent", "smtp")
    )
    assert [to for each in mail.smtp.mails for to in each.rcpt_tos] == by_smtp


@pytest.mark.parametrize("is_lost", [False, True])
async def test_what_twilio_refuses_for_its_token_goes_by_greenapi_and_what_was_lost_does_not(
    start_hub: StartHub, chat: Chat, is_lost: bool
) -> None:
    async with start_hub(toml=chat.toml("twilio", "greenapi")) as hub:
        ann = await agent(hub, whatsapp=NUMBER)
        await chat.written_by_twilio(hub)
        chat.twilio.answer = None if is_lost else ANSWERS["bad_credentials"]
        sent = (await say(ann, "hello")).json()

    assert (sent["status"], sent["provider"]) == (
        ("unknown", "twilio") if is_lost else ("sent", "greenapi")
    )
    assert len(chat.green.queue) == (0 if is_lost else 1)
