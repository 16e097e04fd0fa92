"""What a mail in the mailbox tells, apart from what the suite asks."""

from datetime import UTC, datetime

import pytest

from plugins.smtp.tests.listeners import BOUNCE, COMPLAINT, mail
from trunkline.sdk import InboundEvent, ReceivedEmail, Reported
from trunkline_smtp.events import events_of

CAME_AT = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
WRITTEN_AT = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def told(raw: bytes, came_at: datetime | None = CAME_AT) -> list[InboundEvent]:
    return list(
        events_of(
            raw,
            place="7:1",
            came_at=came_at,
            own_address="own@example.com",
            trusted_hosts=frozenset(),
        )
    )


def test_a_mail_that_says_nothing_of_itself_is_one_to_the_mailbox() -> None:
    (event,) = told(b"\r\nHi\r\n", None)

    assert isinstance(event, ReceivedEmail)
    assert (event.sender, event.recipient, event.occurred_at) == ("", "own@example.com", None)
    assert (event.provider_id, event.body.strip()) == ("7:1", "Hi")


def test_the_id_of_a_mail_is_the_same_in_every_release() -> None:
    # A mailbox that numbers its mails anew is told again: with other ids each would come twice.
    (event,) = told(mail(1))

    assert event.external_id == ("b01b83cff18de1caa402a5e440ecc4d9fb79f421d49f4ecae210f39f9522cef8")


@pytest.mark.parametrize("raw", [mail(1), BOUNCE, COMPLAINT])
def test_a_mail_came_when_the_mailbox_says_and_else_when_it_was_written(raw: bytes) -> None:
    dated = raw.replace(b"Subject:", b"Date: Mon, 30 Nov 2026 12:00:00 +0000\r\nSubject:", 1)

    for came_at in (CAME_AT, None):
        for event in told(dated, came_at):
            assert isinstance(event, ReceivedEmail | Reported)
            assert event.occurred_at == (came_at or WRITTEN_AT)


@pytest.mark.parametrize(
    "raw",
    [
        BOUNCE.replace(b"Message-ID: <att_1@hub.example>\r\n", b""),
        COMPLAINT.replace(b"Message-ID: <att_2@hub.example>\r\n", b""),
        COMPLAINT.replace(b"Feedback-Type: abuse", b"Feedback-Type: not-spam"),
    ],
)
def test_a_report_that_closes_no_address_stays_a_mail(raw: bytes) -> None:
    assert [type(event) for event in told(raw)] == [ReceivedEmail]


def test_a_word_of_a_bounce_that_is_too_long_is_cut() -> None:
    (event, _) = told(BOUNCE.replace(b"Action: failed", b"Action: " + b"x" * 99, 1))

    assert isinstance(event, Reported)
    assert event.status is event.error_code is None
    assert event.vendor_status == "x" * 64


@pytest.mark.parametrize(
    "noted",
    [
        "Delivered-To: hub@gmail.example",
        "X-Original-To: ava@agents.example\r\nDelivered-To: hub@mailbox.example",
        "Delivered-To: hub@mailbox.example\r\nDelivered-To: ava@agents.example",
        "Delivered-To: agents.example-ava@agents.example",
        "X-Delivered-To: ava@agents.example",
        "X-Gm-Original-To: ava@agents.example\r\nDelivered-To: hub@gmail.example",
        "X-Nothing: told",
    ],
)
def test_whom_a_mail_was_written_to_is_told_beside_the_account_that_it_lies_in(noted: str) -> None:
    raw = f"{noted}\r\nFrom: rosa@people.example\r\nTo: Ava <ava@agents.example>\r\n\r\nHi"
    (event,) = told(raw.encode())

    assert isinstance(event, ReceivedEmail)
    assert "ava@agents.example" in event.delivered_to
    assert event.delivered_to[-1] == "own@example.com"
