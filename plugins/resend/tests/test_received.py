"""Mails that come in: what their webhook announces, and all of them once they are fetched."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plugins.resend.tests.api import api
from plugins.resend.tests.suite import ANNOUNCED
from plugins.resend.tests.vendor import (
    CAME,
    FILES,
    HUB,
    KEY,
    LINK,
    OF_THE_MAIL,
    PERSON,
    announced,
    received,
    refusal,
)
from trunkline.sdk import (
    Attachment,
    MailAuthentication,
    OutcomeUnknown,
    ProviderError,
    Received,
    ReceivedEmail,
    Rejected,
    RetryLater,
    Verdict,
)
from trunkline.testing import Canned
from trunkline_resend.webhooks import ResendWebhooks
from trunkline_resend.wire import Mailbox, mailbox

ADAPTER = ResendWebhooks()
WHOLE = replace(
    ANNOUNCED,
    body="Thanks",
    html="<p>Thanks</p>",
    reply_to="answers@people.example",
    in_reply_to="<msg_1@hub.example>",
    references=("<msg_0@hub.example>", "<msg_1@hub.example>"),
    attachments=(
        Attachment(
            name="receipt.pdf",
            content_type="application/pdf",
            size_bytes=2048,
            url=f"{LINK}#{OF_THE_MAIL}",
        ),
    ),
    incomplete=False,
)


def recipients(**changes: object) -> list[str]:
    events = ADAPTER.parse(announced(**changes))
    assert len({each.external_id for each in events}) == len(events)
    return [each.recipient for each in events if isinstance(each, Received)]


async def completed(**changes: object) -> ReceivedEmail:
    mail = await api(received(**changes), FILES).ask(lambda each: each.complete(ANNOUNCED))
    assert isinstance(mail, ReceivedEmail)
    return mail


# --- announced ------------------------------------------------------------------------------------


def test_a_mail_that_came_in_is_announced_without_its_words() -> None:
    assert ADAPTER.parse(announced()) == [ANNOUNCED]


def test_a_mail_is_told_once_for_each_address_that_it_came_to() -> None:
    assert recipients(received_for=[HUB, "Team <team@acme.example>", HUB]) == [
        HUB,
        "team@acme.example",
    ]


def test_the_address_that_a_mail_came_to_need_not_stand_in_it() -> None:
    assert recipients(received_for=["hidden@acme.example"]) == ["hidden@acme.example"]


def test_where_resend_does_not_say_who_got_it_everybody_who_is_named_counts() -> None:
    assert recipients(received_for=[], to=[HUB], cc=["a@x.example"], bcc=["b@x.example"]) == [
        HUB,
        "a@x.example",
        "b@x.example",
    ]


def test_a_mail_that_names_nobody_is_a_dead_letter_and_not_lost() -> None:
    with pytest.raises(ValueError, match="to whom it came"):
        recipients(received_for=[], to=[], cc=None, bcc=[])


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": None},
        {"cc": None, "bcc": None},
        {"attachments": []},
        {"message_id": None},
        {"message_id": "no id at all"},
        {"created_at": None},
        {"created_at": "2026-01-15 12:00:00.5+00"},
        {"attachments": [{"id": "x"}]},
    ],
)
def test_a_mail_that_lacks_something_is_announced_all_the_same(changes: dict[str, Any]) -> None:
    (event,) = ADAPTER.parse(announced(**changes))

    assert isinstance(event, ReceivedEmail)
    assert (event.provider_id, event.recipient, event.incomplete) == (CAME, HUB, True)


# --- completed ------------------------------------------------------------------------------------


async def test_a_mail_that_was_announced_is_fetched_with_its_attachments() -> None:
    resend = api(received(), FILES)

    mail = await resend.ask(lambda each: each.complete(ANNOUNCED))

    assert mail == WHOLE
    assert [(each.method, each.path) for each in resend.asked] == [
        ("GET", f"/emails/receiving/{CAME}"),
        ("GET", f"/emails/receiving/{CAME}/attachments?limit=100"),
    ]
    assert {each.headers["Authorization"] for each in resend.asked} == {f"Bearer {KEY}"}


async def test_a_mail_may_be_fetched_again() -> None:
    first, second = api(received(), FILES), api(received(), FILES)

    assert await first.ask(lambda each: each.complete(ANNOUNCED)) == await second.ask(
        lambda each: each.complete(ANNOUNCED)
    )


async def test_a_mail_without_attachments_takes_one_request() -> None:
    resend = api(received(attachments=[]))

    mail = await resend.ask(lambda each: each.complete(ANNOUNCED))

    assert mail == replace(WHOLE, attachments=())
    assert len(resend.asked) == 1


@pytest.mark.parametrize(
    "event", [WHOLE, Received(external_id="1", provider_id="1", sender="1", recipient="2", body="")]
)
async def test_what_is_whole_already_is_not_asked_for(event: Received) -> None:
    resend = api(received())

    assert await resend.ask(lambda each: each.complete(event)) is event
    assert resend.asked == []


async def test_a_mail_of_html_alone_has_no_text() -> None:
    mail = await completed(text=None)

    assert (mail.body, mail.html) == ("", "<p>Thanks</p>")


@pytest.mark.parametrize("created_at", ["2026-01-15 12:00:00.5+00", "yesterday", None])
async def test_when_a_mail_came_is_known_by_its_webhook(created_at: str | None) -> None:
    assert (await completed(created_at=created_at)).occurred_at == ANNOUNCED.occurred_at


async def test_a_mail_is_as_resend_has_it_and_not_as_it_was_announced() -> None:
    mail = await completed(
        **{"from": "new@x.example", "to": ["a@x.example"], "cc": ["b@x.example"], "reply_to": None},
        subject="New",
        message_id="<new@x.example>",
    )

    assert (mail.sender, mail.sender_name, mail.reply_to) == ("new@x.example", None, None)
    assert (mail.to, mail.cc) == (("a@x.example",), ("b@x.example",))
    assert (mail.subject, mail.message_id) == ("New", "<new@x.example>")


async def test_a_mail_of_text_alone_has_no_html() -> None:
    assert (await completed(html=None)).html is None


async def test_an_attachment_that_resend_does_not_list_has_no_url() -> None:
    files = [{"id": "other", "filename": None, "content_type": None, "size": None}]

    (attachment,) = (await completed(attachments=files)).attachments

    assert attachment == Attachment(name=None, content_type="application/octet-stream")


LONG_AGO = replace(
    ANNOUNCED, occurred_at=datetime(2026, 1, 15, 12, tzinfo=UTC) - timedelta(minutes=21)
)


@pytest.mark.parametrize("before", [(), (received(),)])
async def test_a_mail_that_resend_has_no_more_is_lost_for_good(before: tuple[object, ...]) -> None:
    missing = refusal(404, "not_found", "Email not found")

    with pytest.raises(Rejected, match="any more") as caught:
        await api(*before, missing).ask(lambda each: each.complete(LONG_AGO))

    assert caught.value.provider_code == "not_found"


async def test_a_mail_that_resend_has_only_just_announced_is_asked_for_again() -> None:
    missing = refusal(404, "not_found", "Email not found")

    with pytest.raises(RetryLater, match="yet"):
        await api(missing).ask(lambda each: each.complete(ANNOUNCED))


async def test_what_resend_refuses_to_give_is_not_lost() -> None:
    refused = refusal(422, "validation_error")

    with pytest.raises(OutcomeUnknown) as caught:
        await api(refused).ask(lambda each: each.complete(ANNOUNCED))

    assert caught.value.provider_code == "validation_error"


@pytest.mark.parametrize(
    "answers",
    [
        (Canned(status=404, content=b"<html>"),),
        (Canned(status=200, content=b"<html>"),),
        (Canned(status=200, content=b'{"id": "5676'),),
        (Canned(status=500),),
        (refusal(200, "not_found"),),
        (refusal(401, "restricted_api_key"),),
        (received(text=["x"]),),
        (received(), Canned(status=500)),
        (received(), Canned(status=200, content=b"<html>")),
        (received(), {"data": [{"id": "x", "download_url": "file:///etc/passwd"}]}),
    ],
)
async def test_half_a_mail_does_not_pass_for_the_whole(answers: tuple[object, ...]) -> None:
    with pytest.raises(ProviderError) as caught:
        await api(*answers).ask(lambda each: each.complete(ANNOUNCED))

    assert not [
        each for each in (PERSON, "Thanks") if each in f"{caught.value!r}{caught.value.__cause__}"
    ]


async def test_a_mail_that_is_cut_off_is_asked_for_again_later() -> None:
    with pytest.raises(OutcomeUnknown):
        await api(received(), promised=100_000).ask(lambda each: each.complete(ANNOUNCED))


async def test_an_id_cannot_lead_to_another_resource() -> None:
    resend = api(received(attachments=[]))

    await resend.ask(lambda each: each.complete(replace(ANNOUNCED, provider_id="../x?y")))

    assert resend.asked[0].path == "/emails/receiving/..%2Fx%3Fy"


@pytest.mark.parametrize(
    ("headers", "auto"),
    [
        ({}, False),
        (None, False),
        ({"Auto-Submitted": "no"}, False),
        ({"Auto-Submitted": {}}, False),
        ({"AUTO-SUBMITTED": "auto-replied"}, True),
        ({"auto-submitted": "Auto-Generated; owner=x"}, True),
        ({"Precedence": "Bulk"}, True),
        ({"Precedence": "list"}, True),
        ({"Precedence": "junk"}, True),
        ({"Precedence": "first-class"}, False),
        ({"List-Id": "<news.people.example>"}, True),
        ({"List-Unsubscribe": "<https://news.people.example/u>"}, True),
        ({"X-Autoreply": "yes"}, True),
        ({"X-Autorespond": "yes"}, True),
        ({"X-Autoresponder": "yes"}, True),
        ({"X-Auto-Reply-From": "pat@people.example"}, True),
        ({"X-Loop": "pat@people.example"}, True),
        ({"Precedence": "auto_reply"}, True),
        ({"Content-Type": "Multipart/Report; report-type=delivery-status"}, True),
        ({"Content-Type": "multipart/alternative; boundary=multipart/report"}, False),
        ({"Return-Path": " <> "}, True),
        ({"Return-Path": "<pat@people.example>"}, False),
    ],
)
async def test_what_a_program_answered_or_spread_is_known_by_its_headers(
    headers: dict[str, object] | None, auto: bool
) -> None:
    assert (await completed(headers=headers)).auto is auto


@pytest.mark.parametrize(
    ("headers", "in_reply_to", "references"),
    [
        ({}, None, ()),
        ({"In-Reply-To": "Pat's mail of Monday"}, None, ()),
        ({"in-reply-to": "  <a@x>\r\n (comment) <b@x> "}, "<a@x>", ()),
        ({"References": "<a@x><b@x>,\t<c@x>"}, None, ("<a@x>", "<b@x>", "<c@x>")),
        ({"References": ["<a@x>", "<b@x>"]}, None, ("<a@x>",)),
        ({"References": []}, None, ()),
        ({"References": {"value": "<a@x>"}, "Date": None, "X": 5}, None, ()),
        ({"References": "<a @x> <" + "a" * 999 + ">"}, None, ()),
    ],
)
async def test_what_a_mail_answers_is_read_however_it_is_written(
    headers: dict[str, Any], in_reply_to: str | None, references: tuple[str, ...]
) -> None:
    mail = await completed(headers=headers)

    assert (mail.in_reply_to, mail.references) == (in_reply_to, references)


async def test_whether_a_mail_is_from_where_it_says_is_believed_of_no_header() -> None:
    forged = {"Authentication-Results": "amazonses.com; spf=pass; dkim=pass; dmarc=pass"}

    found = (await completed(headers=forged)).authentication

    assert found == MailAuthentication()
    assert found.dmarc is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("text", "address", "name"),
    [
        ("pat@people.example", "pat@people.example", None),
        (" pat@people.example ", "pat@people.example", None),
        ("<pat@people.example>", "pat@people.example", None),
        ("Pat <pat@people.example>", "pat@people.example", "Pat"),
        ("Doe, Pat <pat@people.example>", "pat@people.example", "Doe, Pat"),
        ('"Doe, \\"Pat\\"" <pat@people.example> ', "pat@people.example", 'Doe, "Pat"'),
        ("boss@x.example <pat@people.example>", "pat@people.example", "boss@x.example"),
        ("<boss@x.example> <pat@people.example>", "pat@people.example", "boss@x.example"),
        ("MAILER-DAEMON", "MAILER-DAEMON", None),
        ("Grüße <grüße@people.example>", "grüße@people.example", "Grüße"),
    ],
)
def test_an_address_is_told_from_the_name_before_it(
    text: str, address: str, name: str | None
) -> None:
    assert mailbox(text) == Mailbox(address=address, name=name)


def test_a_mail_is_the_same_by_whatever_webhook_it_is_announced() -> None:
    one, again = announced(), announced()
    again = replace(again, headers={**again.headers, "svix-id": "msg_another"})

    assert ADAPTER.parse(one) == ADAPTER.parse(again)
