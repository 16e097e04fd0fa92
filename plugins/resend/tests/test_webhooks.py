"""What Resend reports of mails sent, and of domains and contacts, which the hub has no use for."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from plugins.resend.tests.test_mail import WORDS
from plugins.resend.tests.vendor import (
    EVENT,
    HUB,
    ID,
    PERSON,
    announced,
    bounce,
    report,
    request,
    webhook,
)
from trunkline.sdk import DeliveryStatus, FailureKind, Reported, WebhookReply
from trunkline_resend.failures import FAILURES
from trunkline_resend.webhooks import ResendWebhooks

ADAPTER = ResendWebhooks()
AT = datetime(2026, 1, 15, 12, 0, 0, 126_000, tzinfo=UTC)


def reported(word: str, **more: Any) -> Reported:
    (event,) = ADAPTER.parse(report(word, **more))
    assert isinstance(event, Reported)
    return event


def test_a_delivery_is_read_as_resend_tells_it() -> None:
    assert ADAPTER.parse(report("delivered")) == [
        Reported(
            external_id=f"{EVENT}:0",
            provider_id=ID,
            sender=HUB,
            recipient=PERSON,
            status=DeliveryStatus.DELIVERED,
            vendor_status="delivered",
            occurred_at=AT,
        )
    ]


def test_resends_own_message_id_is_passed_on_since_answers_name_it() -> None:
    assert reported("sent", message_id="<1@email.amazonses.com>").message_ref == (
        "<1@email.amazonses.com>"
    )
    assert reported("sent", message_id=None).message_ref is None
    assert reported("sent", message_id="1@email.amazonses.com").message_ref is None


@pytest.mark.parametrize("word", [each for each in WORDS if each not in ("queued", "canceled")])
def test_a_report_moves_a_mail_no_further_than_resend_says(word: str) -> None:
    event = reported(word)

    assert (event.status, event.error_code) == WORDS[word]
    assert event.vendor_status == word


@pytest.mark.parametrize(
    ("type_", "sub_type", "code", "kind"),
    [
        ("Permanent", "NoEmail", "Permanent.NoEmail", FailureKind.UNREACHABLE),
        ("Permanent", "General", "Permanent.General", FailureKind.UNREACHABLE),
        ("Permanent", "OfTomorrow", "Permanent", FailureKind.UNREACHABLE),
        ("Transient", "MailboxFull", "Transient.MailboxFull", FailureKind.TEMPORARY),
        ("Transient", "ContentRejected", "Transient.ContentRejected", FailureKind.REFUSED),
        ("Undetermined", "Undetermined", "Undetermined", FailureKind.UNEXPLAINED),
    ],
)
def test_a_bounce_tells_whether_the_address_is_any_good(
    type_: str, sub_type: str, code: str, kind: FailureKind
) -> None:
    event = reported("bounced", **bounce(type_, sub_type))

    assert (event.status, event.error_code) == (DeliveryStatus.FAILED, code)
    assert FAILURES[code].kind is kind


def test_a_complaint_is_of_somebody_who_has_the_mail_and_wants_no_more() -> None:
    event = reported("complained")

    assert event.status is DeliveryStatus.DELIVERED
    assert event.error_code is not None
    assert FAILURES[event.error_code].kind is FailureKind.OPTED_OUT


@pytest.mark.parametrize(
    ("word", "told", "code"),
    [
        ("failed", {"failed": {"reason": "reached_daily_quota"}}, "reached_daily_quota"),
        ("failed", {"failed": {"reason": "something_else"}}, "something_else"),
        ("failed", {"failed": {}}, "failed"),
        ("suppressed", {"suppressed": {"reason": "previous_bounce"}}, "previous_bounce"),
        ("suppressed", {"suppressed": {"reason": "previous_complaint"}}, "previous_complaint"),
        ("suppressed", {"suppressed": {"type": "Suppressed"}}, "suppressed"),
    ],
)
def test_a_mail_that_was_not_sent_is_told_with_the_reason(
    word: str, told: dict[str, Any], code: str
) -> None:
    event = reported(word, **told)

    assert (event.status, event.error_code) == (DeliveryStatus.FAILED, code)


def test_what_became_of_each_recipient_is_told_apart() -> None:
    events = ADAPTER.parse(report("bounced", to=[PERSON, "Boss <boss@people.example>"]))

    assert [
        (each.external_id, each.recipient) for each in events if isinstance(each, Reported)
    ] == [
        (f"{EVENT}:0", PERSON),
        (f"{EVENT}:1", "boss@people.example"),
    ]


def test_the_same_event_told_again_has_the_same_id_and_another_has_another() -> None:
    first, again, other = (
        ADAPTER.parse(told)[0].external_id
        for told in (
            report("opened"),
            replace(report("opened"), received_at=AT),
            webhook("email.opened", json.loads(report("opened").body)["data"], event="msg_2"),
        )
    )

    assert first == again != other


@pytest.mark.parametrize("type_", ["domain.updated", "contact.created", "broadcast.sent"])
def test_what_is_of_no_use_makes_no_event(type_: str) -> None:
    assert ADAPTER.parse(webhook(type_, {"id": "x", "name": "acme.example"})) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"email.sent"',
        b"<html>",
        b"\xff",
        b'{"type": "email.sent"',
        b'{"type": "email.sent"}',
        b'{"type": "email"}',
        b'{"type": 5}',
        report(PERSON).body,
        webhook(f"email.{PERSON}.sent", {}).body,
        report("sent").body.replace(ID.encode(), b""),
        report("sent").body.replace(b'["pat@people.example"]', b"[]"),
        report("sent").body.replace(b'["pat@people.example"]', b'"pat@people.example"'),
        report("sent").body.replace(b"2026-01-15T12:00:00.126Z", b"pat@people.example"),
        report("bounced", bounce={"type": PERSON, "subType": PERSON}).body,
        announced().body.replace(b"56761188-", b"../"),
        announced(**{"from": ""}).body,
        announced(created_at=f"yesterday, {PERSON}").body,
    ],
)
def test_what_is_not_as_resend_has_it_becomes_a_dead_letter_that_quotes_nobody(body: bytes) -> None:
    with pytest.raises(ValidationError) as caught:
        ADAPTER.parse(request(body))

    assert PERSON not in str(caught.value)


def test_a_new_field_changes_nothing() -> None:
    assert ADAPTER.parse(report("delivered", novelty={"a": [1]})) == ADAPTER.parse(
        report("delivered")
    )


def test_resend_hears_that_its_event_is_stored() -> None:
    assert ADAPTER.reply(report("delivered")) == WebhookReply(status=204)
