"""What the suites cannot know: the exact requests to Twilio, over a real connection."""

import socket
from base64 import b64decode
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

from plugins.twilio.tests.loopback import api, ask
from plugins.twilio.tests.vendor import (
    ACCOUNT,
    CONFIG,
    FORM,
    HUB,
    PATH,
    PERSON,
    SENT_AT,
    SID,
    TOKEN,
    message,
    page,
)  # fmt: skip
from trunkline.sdk import (
    E164,
    Account,
    AuthFailed,
    DeliveryStatus,
    Media,
    OutboundSms,
    OutcomeUnknown,
    Receipt,
    Report,
    RetryLater,
)
from trunkline.testing import BaseTelephonyConformance, Canned, Wire, provider_context
from trunkline_twilio.callbacks import RETRIES
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.sms import open_twilio

SMS: OutboundSms = BaseTelephonyConformance.sms
MEDIA = ("https://media.example/a.jpg?x=1&y=2", "https://media.example/b.png")


async def test_a_text_is_posted_as_the_specification_says() -> None:
    twilio = api(message(), status=201)

    receipt = await twilio.ask(open_twilio, lambda each: each.send(SMS))

    assert receipt == Receipt(provider_id=SID)
    ((method, path, headers, body),) = twilio.asked
    assert (method, path) == ("POST", f"{PATH}.json")
    assert headers["Content-Type"] == FORM
    scheme, _, credentials = headers["Authorization"].partition(" ")
    assert (scheme, b64decode(credentials).decode()) == ("Basic", f"{ACCOUNT}:{TOKEN}")
    assert parse_qsl(body) == [
        ("To", PERSON),
        ("From", HUB),
        ("Body", "Héllo, wörld 👋"),
        ("StatusCallback", f"{SMS.status_url}{RETRIES}"),
    ]


async def test_media_without_words_are_a_text_too() -> None:
    twilio = api(message(), status=201)

    await twilio.ask(
        open_twilio,
        lambda each: each.send(replace(SMS, body="", media=tuple(Media(url=url) for url in MEDIA))),
    )

    form = parse_qsl(twilio.asked[0][3], keep_blank_values=True)
    assert form[2:] == [
        ("Body", ""),
        ("StatusCallback", f"{SMS.status_url}{RETRIES}"),
        ("MediaUrl", MEDIA[0]),
        ("MediaUrl", MEDIA[1]),
    ]


async def test_an_answer_that_is_cut_off_leaves_the_outcome_unknown() -> None:
    twilio = api(message(), status=201, promised=100_000)

    with pytest.raises(OutcomeUnknown):
        await twilio.ask(open_twilio, lambda each: each.send(SMS))


async def test_a_port_where_nobody_listens_is_safe_to_try_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(RetryLater):
        await ask(f"http://127.0.0.1:{port}", open_twilio, lambda each: each.send(SMS))


async def test_a_text_is_looked_up_by_its_id() -> None:
    twilio = api(
        message(
            status="undelivered",
            error_code=30007,
            date_created="Thu, 15 Jan 2026 13:00:00 +0100",
            price="-0.01",
            price_unit="USD",
        )
    )

    found = await twilio.ask(open_twilio, lambda each: each.fetch(SID))

    assert [(method, path) for method, path, _, _ in twilio.asked] == [
        ("GET", f"{PATH}/{SID}.json")
    ]
    assert found == Report(
        provider_id=SID,
        sender=HUB,
        recipient=PERSON,
        status=DeliveryStatus.FAILED,
        vendor_status="undelivered",
        body="Héllo, wörld 👋",
        media_count=0,
        created_at=SENT_AT,
        error_code="30007",
        cost_micros=10_000,
        currency="USD",
    )
    assert found.created_at is not None
    assert found.created_at.tzinfo is UTC


async def test_an_id_cannot_lead_to_another_resource() -> None:
    twilio = api(message())

    await twilio.ask(open_twilio, lambda each: each.fetch("../Calls?x="))

    assert twilio.asked[0][1] == f"{PATH}/..%2FCalls%3Fx%3D.json"


async def test_the_texts_between_two_numbers_are_listed_in_one_request_if_they_fit() -> None:
    twilio = api(page(message()))

    found = await twilio.ask(open_twilio, lambda each: each.find(E164(HUB), E164(PERSON), SENT_AT))

    assert [each.provider_id for each in found] == [SID]
    ((method, path, _, _),) = twilio.asked
    query = dict(parse_qsl(urlsplit(path).query))
    assert (method, urlsplit(path).path) == ("GET", f"{PATH}.json")
    assert query == {"To": PERSON, "From": HUB, "PageSize": "1000"}


@pytest.mark.parametrize(
    "changes",
    [
        {"price": None, "price_unit": "USD"},
        {"price": "-0.0075", "price_unit": None},
        {"price": None, "price_unit": None},
    ],
)
async def test_half_a_price_is_none(changes: dict[str, object]) -> None:
    found = await api(message(**changes)).ask(open_twilio, lambda each: each.fetch(SID))

    assert found is not None
    assert (found.cost_micros, found.currency) == (None, None)


async def test_a_text_without_a_date_is_listed_as_it_may_be_the_one() -> None:
    wire = Wire(Canned(status=200, json=page(message(date_created=None))))
    config = TwilioConfig.model_validate(CONFIG)

    async with wire.client() as http, open_twilio(config, provider_context(http)) as twilio:
        found = await twilio.find(E164(HUB), E164(PERSON), datetime(2030, 1, 1, tzinfo=UTC))

    assert [each.created_at for each in found] == [None]


@pytest.mark.parametrize(
    "changes",
    [
        {"sid": ""},
        {"status": None},
        {"date_created": "yesterday"},
        {"date_created": "Fri, 24 May 99999999999999999999 17:18:27 +0000"},
        {"price": "free"},
        {"price_unit": "dollars"},
        {"to": 14155550199},
    ],
)
async def test_a_message_that_cannot_be_read_is_not_guessed_at(changes: dict[str, object]) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        await api(message(**changes)).ask(open_twilio, lambda each: each.fetch(SID))

    assert "4155550199" not in f"{caught.value}{caught.value.__cause__}"


# --- keys, services, names ------------------------------------------------------------------------

KEY = {"api_key_sid": f"SK{'5' * 32}", "api_key_secret": "key-secret"}
SERVICE = f"MG{'6' * 32}"
NAME = {"sender_name": "Trunkline", "sender_name_prefixes": ["+49", "+44"]}


def credentials(headers: dict[str, str]) -> str:
    return b64decode(headers["Authorization"].removeprefix("Basic ")).decode()


async def test_case_c16_an_api_key_asks_in_the_tokens_stead() -> None:
    twilio = api(message(), status=201)

    await twilio.ask(open_twilio, lambda each: each.send(SMS), **KEY)

    ((_, path, headers, _),) = twilio.asked
    assert path == f"{PATH}.json"
    assert credentials(headers) == f"SK{'5' * 32}:key-secret"


async def test_case_c16_an_api_key_is_verified_by_what_it_may_ask() -> None:
    twilio = api(page(message()))

    account = await twilio.ask(open_twilio, lambda each: each.verify(), **KEY)

    assert account == Account()
    assert [(method, path) for method, path, _, _ in twilio.asked] == [
        ("GET", f"{PATH}.json?PageSize=1")
    ]


async def test_case_c16_a_text_goes_through_the_messaging_service_from_the_agents_number() -> None:
    twilio = api(message(status="accepted"), status=201)

    await twilio.ask(open_twilio, lambda each: each.send(SMS), messaging_service_sid=SERVICE)

    form = dict(parse_qsl(twilio.asked[0][3]))
    assert (form["From"], form["MessagingServiceSid"]) == (HUB, SERVICE)


async def test_case_c16_what_a_service_sent_is_found_whoever_it_says_sent_it() -> None:
    sids = [f"SM{digit * 32}" for digit in "1234"]
    twilio = api(
        page(
            message(sid=sids[0], messaging_service_sid=SERVICE, **{"from": None}),
            message(sid=sids[1], messaging_service_sid=SERVICE, **{"from": "+14155550177"}),
            message(sid=sids[2]),
            message(sid=sids[3], **{"from": "+14155550177"}),
        )
    )

    found = await twilio.ask(
        open_twilio, lambda each: each.find(HUB, PERSON, SENT_AT), messaging_service_sid=SERVICE
    )

    assert [each.provider_id for each in found] == sids[:3]
    assert dict(parse_qsl(urlsplit(twilio.asked[0][1]).query)) == {
        "To": PERSON,
        "PageSize": "1000",
    }


@pytest.mark.parametrize(
    ("recipient", "sender"),
    [("+4915112345678", "Trunkline"), ("+447700900123", "Trunkline"), (PERSON, HUB)],
)
async def test_case_c16_a_name_sends_where_it_may(recipient: str, sender: str) -> None:
    twilio = api(message(), status=201)
    await twilio.ask(open_twilio, lambda each: each.send(replace(SMS, recipient=recipient)), **NAME)
    looked_up = api(page())
    await looked_up.ask(open_twilio, lambda each: each.find(HUB, recipient, SENT_AT), **NAME)

    assert dict(parse_qsl(twilio.asked[0][3]))["From"] == sender
    assert dict(parse_qsl(urlsplit(looked_up.asked[0][1]).query))["From"] == sender


async def test_case_c11_without_a_status_url_none_is_given() -> None:
    twilio = api(message(), status=201)

    await twilio.ask(open_twilio, lambda each: each.send(replace(SMS, status_url=None)))

    assert "StatusCallback" not in dict(parse_qsl(twilio.asked[0][3]))


async def test_what_twilio_takes_and_fails_at_once_keeps_its_code() -> None:
    twilio = api(message(status="failed", error_code=30034), status=201)

    receipt = await twilio.ask(open_twilio, lambda each: each.send(SMS))

    assert receipt == Receipt(provider_id=SID, status=DeliveryStatus.FAILED, error_code="30034")


async def test_a_message_is_deleted_by_its_id() -> None:
    twilio = api(None, status=204)

    await twilio.ask(open_twilio, lambda each: each.delete_message(SID))

    ((method, path, _, _),) = twilio.asked
    assert (method, path) == ("DELETE", f"{PATH}/{SID}.json")


@pytest.mark.parametrize(
    ("status", "code", "raised"),
    [
        (404, 20404, None),
        (409, 20009, RetryLater),
        (401, 20003, AuthFailed),
        (500, 0, OutcomeUnknown),
    ],
)
async def test_a_message_that_is_gone_is_deleted_and_any_other_refusal_is_told(
    status: int, code: int, raised: type[Exception] | None
) -> None:
    twilio = api({"code": code, "message": "no", "status": status}, status=status)

    with pytest.raises(raised) if raised else nullcontext():
        await twilio.ask(open_twilio, lambda each: each.delete_message(SID))
