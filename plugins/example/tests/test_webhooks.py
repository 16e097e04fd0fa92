"""What the suite cannot know: Postbird's fields and its five minutes."""

from datetime import timedelta

import pytest

from plugins.example.tests.postbird import CONFIG, RECEIVED, REPORTED, SENT_AT, webhook
from trunkline.sdk import E164, BadSignature, DeliveryStatus, Received, Reported, Unreadable
from trunkline_example.config import ExampleConfig
from trunkline_example.webhooks import PostbirdWebhooks

CONFIGURED = ExampleConfig.model_validate(CONFIG)
ADAPTER = PostbirdWebhooks()


def test_an_inbound_text_is_read_as_postbird_sends_it() -> None:
    assert ADAPTER.parse(webhook(RECEIVED)) == [
        Received(
            external_id="ev_1",
            provider_id="tx_9",
            sender=E164("+14155550199"),
            recipient=E164("+14155550100"),
            body="Grüße",
        )
    ]


def test_a_failure_is_reported_with_postbirds_code() -> None:
    failed = {**REPORTED, "status": "undelivered", "error_code": "unreachable"}

    assert ADAPTER.parse(webhook(failed)) == [
        Reported(
            external_id="ev_2",
            provider_id="tx_1",
            sender=E164("+14155550100"),
            status=DeliveryStatus.FAILED,
            vendor_status="undelivered",
            error_code="unreachable",
            cost_micros=7_900,
            currency="USD",
        )
    ]


def test_an_event_the_hub_has_no_use_for_is_none() -> None:
    assert ADAPTER.parse(webhook({"event_id": "ev_4", "type": "invoice.ready"})) == []


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {**RECEIVED, "event_id": 7},
        {**RECEIVED, "from": ""},
        {**RECEIVED, "text": None},
        {**REPORTED, "status": 3},
    ],
)
def test_an_event_that_cannot_be_read_becomes_a_dead_letter(broken: dict[str, object]) -> None:
    (letter,) = ADAPTER.parse(webhook(broken))

    assert isinstance(letter, Unreadable)
    assert letter.reason.startswith("Not as Postbird's manual has it: ")


@pytest.mark.parametrize(
    "off", [timedelta(minutes=-5, seconds=-1), timedelta(minutes=5, seconds=1)]
)
def test_a_signature_more_than_five_minutes_off_is_refused(off: timedelta) -> None:
    with pytest.raises(BadSignature, match="five minutes"):
        ADAPTER.verify(webhook(RECEIVED, signed_at=SENT_AT + off), CONFIGURED)


@pytest.mark.parametrize("off", [timedelta(minutes=-5), timedelta(minutes=5)])
def test_a_signature_within_five_minutes_is_accepted(off: timedelta) -> None:
    ADAPTER.verify(webhook(RECEIVED, signed_at=SENT_AT + off), CONFIGURED)


def test_a_signature_with_another_accounts_secret_is_refused() -> None:
    other = ExampleConfig.model_validate({**CONFIG, "signing_secret": "somebody else's"})

    with pytest.raises(BadSignature):
        ADAPTER.verify(webhook(RECEIVED), other)
