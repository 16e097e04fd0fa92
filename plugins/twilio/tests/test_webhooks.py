"""What the suites cannot know: Twilio's fields, and what it wants to hear."""

import json
from urllib.parse import urlencode

import pytest

from plugins.twilio.tests.vendor import (
    HUB,
    MEDIA_RECEIVED,
    PERSON,
    RECEIVED,
    REPORTED,
    SID,
    STATUS_URL,
    json_webhook,
    report,
    request,
    signature,
    webhook,
)
from trunkline.sdk import E164, DeliveryStatus, OptOut, Received, Reported, WebhookReply
from trunkline_twilio.webhooks import TwilioWebhooks

ADAPTER = TwilioWebhooks()
URL = "https://hub.example/webhooks/agent-1/sms"


def test_an_inbound_text_is_read_as_twilio_sends_it() -> None:
    assert ADAPTER.parse(webhook(RECEIVED)) == [
        Received(
            external_id=f"{RECEIVED['MessageSid']}:received",
            provider_id=RECEIVED["MessageSid"],
            sender=E164(PERSON),
            recipient=E164(HUB),
            body="Grüße & more",
        )
    ]


@pytest.mark.parametrize("sender", ["22395", "ACMEBANK"])
def test_case_b3_a_text_may_come_from_a_short_code_or_a_name(sender: str) -> None:
    (event,) = ADAPTER.parse(webhook({**RECEIVED, "From": sender}))

    assert isinstance(event, Received)
    assert event.sender == sender


@pytest.mark.parametrize("sender", ["+266696687", "266696687", "+7378742833", "+2562533", "+8566"])
def test_case_b3_what_stands_for_a_number_that_was_withheld_is_no_number(sender: str) -> None:
    (event,) = ADAPTER.parse(webhook({**RECEIVED, "From": sender}))

    assert isinstance(event, Received)
    assert event.sender in ("anonymous", "restricted", "blocked", "unknown")


@pytest.mark.parametrize(
    ("told", "opt_out"), [("STOP", OptOut.STOP), ("START", OptOut.START), ("HELP", None)]
)
def test_case_c3_what_twilio_made_of_a_text_is_told(told: str, opt_out: OptOut | None) -> None:
    (event,) = ADAPTER.parse(webhook({**RECEIVED, "OptOutType": told}))

    assert isinstance(event, Received)
    assert event.opt_out is opt_out


def test_a_failure_is_reported_with_twilios_code() -> None:
    assert ADAPTER.parse(report("undelivered", ErrorCode="30003")) == [
        Reported(
            external_id=f"{SID}:undelivered",
            provider_id=SID,
            sender=E164(HUB),
            status=DeliveryStatus.FAILED,
            vendor_status="undelivered",
            error_code="30003",
        )
    ]


def test_a_status_is_read_by_either_of_its_names() -> None:
    fields = {name: value for name, value in REPORTED.items() if name != "MessageStatus"}

    (event,) = ADAPTER.parse(webhook(fields, STATUS_URL))

    assert isinstance(event, Reported)
    assert event.status is DeliveryStatus.DELIVERED


def test_what_a_get_tells_in_its_query_is_read_alike() -> None:
    url = f"{URL}?{urlencode(RECEIVED)}"

    assert ADAPTER.parse(request(url, method="GET", signed=signature(url))) == ADAPTER.parse(
        webhook(RECEIVED)
    )


def test_a_forms_query_tells_nothing() -> None:
    url = f"{URL}?{urlencode({'From': '+14155550177', 'Body': 'STOP'})}"

    assert ADAPTER.parse(webhook(RECEIVED, url)) == ADAPTER.parse(webhook(RECEIVED))


def test_a_new_parameter_changes_nothing() -> None:
    assert ADAPTER.parse(webhook({**RECEIVED, "Zzz": "1"})) == ADAPTER.parse(webhook(RECEIVED))


@pytest.mark.parametrize(
    "broken",
    [
        {**RECEIVED, "MessageSid": ""},
        {**RECEIVED, "From": "whatsapp:+14155550199"},
        {**RECEIVED, "To": "12345"},
        {**RECEIVED, "NumMedia": "some"},
        {name: value for name, value in RECEIVED.items() if name != "Body"},
        {**REPORTED, "From": "whatsapp:+14155550199"},
    ],
)
def test_a_form_that_cannot_be_read_raises(broken: dict[str, str]) -> None:
    with pytest.raises((ValueError, KeyError)) as caught:
        ADAPTER.parse(webhook(broken))

    assert "4155550199" not in str(caught.value)


@pytest.mark.parametrize(
    "cut",
    [
        {"MessageSid": f"{RECEIVED['MessageSid']}NumMedia0"},
        {"MessageSid": RECEIVED["MessageSid"][:-1]},
        {"MessageSid": f"SM{'G' * 32}"},
        {"SmsSid": f"{RECEIVED['SmsSid']}SmsStatusreceived"},
        {"SmsMessageSid": "SM1"},
        {"AccountSid": f"{RECEIVED['AccountSid']}ApiVersion2010-04-01"},
        {"MessagingServiceSid": "MG1"},
        {"From": f"{PERSON}FromCityBERLIN"},
        {"To": f"{HUB}ToCityBERLIN"},
        {"NumMedia": "0NumSegments1"},
    ],
)
def test_case_c15_a_form_that_was_cut_anew_at_its_borders_cannot_be_read(
    cut: dict[str, str],
) -> None:
    with pytest.raises(ValueError, match="validation error"):
        ADAPTER.parse(webhook({**RECEIVED, **cut}))


@pytest.mark.parametrize(
    "cut",
    [
        {"MessageSid": f"{SID}MessageStatusdelivered"},
        {"MessageStatus": f"deliveredSmsSid{SID}"},
        {"ErrorCode": f"30003From{HUB}"},
    ],
)
def test_case_c15_nor_can_a_report(cut: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        ADAPTER.parse(webhook({**REPORTED, **cut}, STATUS_URL))


def test_case_c16_a_report_may_name_a_sender_of_letters() -> None:
    (event,) = ADAPTER.parse(webhook({**REPORTED, "From": "Trunkline"}, STATUS_URL))

    assert isinstance(event, Reported)
    assert (event.sender, event.status) == ("Trunkline", DeliveryStatus.DELIVERED)


@pytest.mark.parametrize("number", [0, 1])
def test_case_c10_the_type_of_each_medium_is_told(number: int) -> None:
    (event,) = ADAPTER.parse(webhook(MEDIA_RECEIVED))

    assert isinstance(event, Received)
    assert event.media[number].content_type == MEDIA_RECEIVED[f"MediaContentType{number}"]


def test_a_body_that_is_no_text_raises() -> None:
    body = urlencode({**RECEIVED, "Body": b"\xff\xfe"}).encode()
    told = request(URL, body=body, signed="", content_type="application/x-www-form-urlencoded")

    with pytest.raises(UnicodeDecodeError):
        ADAPTER.parse(told)


def test_json_is_not_how_texts_are_told_and_raises() -> None:
    with pytest.raises(ValueError, match="forms"):
        ADAPTER.parse(json_webhook(json.dumps(RECEIVED).encode(), URL))


def test_an_inbound_text_is_answered_with_empty_twiml() -> None:
    assert ADAPTER.reply(webhook(RECEIVED)) == WebhookReply(
        status=200, content_type="text/xml", body=b"<Response/>"
    )


def test_a_status_is_answered_with_nothing() -> None:
    assert ADAPTER.reply(report("delivered")) == WebhookReply(status=204)
