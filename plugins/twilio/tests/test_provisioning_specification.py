"""Twilio's own specification judges what is asked about numbers, senders and accounts."""

from collections.abc import Iterator
from typing import Any, Final

import httpx2
import pytest

from plugins.twilio.tests.court import JUDGE, judging, specification, verdicts
from plugins.twilio.tests.numbers_suite import SETTINGS
from plugins.twilio.tests.provisioning_vendor import MG, NUMBER, PN, XE, campaign, number, service
from plugins.twilio.tests.registrations_suite import BRAND, CAMPAIGN
from plugins.twilio.tests.senders_suite import SENDER
from plugins.twilio.tests.vendor import CONFIG, refusal
from trunkline.sdk import (
    E164,
    NumberQuery,
    NumberSettings,
    NumberType,
    Quality,
    Readiness,
    RegistrationKind,
)
from trunkline.testing import provider_context
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.registrations import BRAND_STATES, TOLL_FREE_STATES
from trunkline_twilio.senders import STATES
from trunkline_twilio.sms import Twilio
from trunkline_twilio.whatsapp import TwilioWhatsApp

BELOW: Final = f"AC{'7' * 32}"
EXAMPLE_SENDER: Final = "+15017122661"
pytestmark = pytest.mark.skipif(not JUDGE.is_file(), reason="no specification beside the checkout")


@pytest.fixture(scope="module")
def court() -> Iterator[Any]:
    """The judge of every API that provisioning asks."""
    with judging(
        "twilio_api_v2010",
        "twilio_lookups_v2",
        "twilio_messaging_v1",
        "twilio_messaging_v2",
        "twilio_pricing_v1",
    ) as judge:
        yield judge


@pytest.fixture
def judge(court: Any) -> Any:
    """The server with nothing on its record."""
    court.entries.clear()
    court.faults.clear()
    return court


@pytest.fixture
async def twilio(judge: Any) -> Any:
    """An account with a Messaging Service."""
    config = {**CONFIG, "base_url": judge.url, "messaging_service_sid": MG}
    async with httpx2.AsyncClient() as http:
        yield Twilio(TwilioConfig.model_validate(config), provider_context(http))


@pytest.fixture
async def whatsapp(judge: Any) -> Any:
    """The same for WhatsApp."""
    async with httpx2.AsyncClient() as http:
        config = TwilioConfig.model_validate({**CONFIG, "base_url": judge.url})
        yield TwilioWhatsApp(config, provider_context(http))


def answer(judge: Any, operation: str, json: object, status: int = 200) -> None:
    """Let the judge answer an operation once so, if it is asked right."""
    then = {"status": status, "json": json}
    judge.add_faults([{"match": {"operationId": operation}, "then": then}])


@pytest.mark.parametrize(
    ("number_type", "found"),
    [
        (NumberType.LOCAL, ("+18089251571", 1_000_000, False, True)),
        (NumberType.MOBILE, ("+4759440374", None, True, False)),
        (NumberType.NATIONAL, ("+4759440374", None, True, False)),
        (NumberType.TOLL_FREE, ("+18001000052", 2_000_000, True, True)),
    ],
)
async def test_searching_is_right_and_the_specifications_own_offers_are_read(
    judge: Any, twilio: Twilio, number_type: NumberType, found: tuple[object, ...]
) -> None:
    query = NumberQuery(
        country="US",
        mms=True,
        voice=True,
        number_type=number_type,
        area_code="808",
        contains="925",
    )

    (offer,) = await twilio.search_numbers(query)

    assert (offer.number, offer.monthly_micros, offer.sms, offer.voice) == found
    assert not judge.violations()
    assert verdicts(judge)[1] == ("FetchPhoneNumberCountry", "accepted")


async def test_buying_setting_and_returning_are_right(judge: Any, twilio: Twilio) -> None:
    bare = NumberSettings(label="tl", sms_url=None, voice_url=None)
    answer(judge, "CreateIncomingPhoneNumber", number(), 201)
    answer(judge, "FetchService", service())
    answer(judge, "FetchPhoneNumber", refusal(404, 20404).json, 404)
    answer(judge, "FetchIncomingPhoneNumber", number())

    bought = await twilio.buy_number(E164(NUMBER), SETTINGS)
    await twilio.set_number(bought.provider_id, bare)
    await twilio.release_number(bought.provider_id)

    assert bought.provider_id == PN
    assert not judge.violations()
    assert verdicts(judge) == [
        ("CreateIncomingPhoneNumber", "accepted"),
        ("FetchService", "accepted"),
        ("UpdateIncomingPhoneNumber", "accepted"),
        ("FetchPhoneNumber", "accepted"),
        ("CreatePhoneNumber", "accepted"),
        ("FetchIncomingPhoneNumber", "accepted"),
        ("DeleteIncomingPhoneNumber", "accepted"),
    ]


async def test_finding_is_right_and_the_specifications_own_number_is_read(
    judge: Any, twilio: Twilio
) -> None:
    found = await twilio.find_number(E164("+18089255327"))
    labelled = await twilio.numbers_labelled("(808) 925-5327")

    assert found is not None
    assert labelled == [found]
    assert (found.mms, found.sms, found.settings.sms_url) == (True, False, None)
    assert not judge.violations()


async def test_whether_a_number_is_registered_is_asked_right(judge: Any, twilio: Twilio) -> None:
    owned = {"incoming_phone_numbers": [number()], "next_page_uri": None}
    answer(judge, "ListIncomingPhoneNumber", owned)
    answer(judge, "ListUsAppToPerson", {"compliance": [campaign()], "meta": {}})

    standing = await twilio.number_standing(E164(NUMBER))

    assert standing.readiness is Readiness.READY
    assert not judge.violations()
    assert [operation for operation, _ in verdicts(judge)] == [
        "ListIncomingPhoneNumber",
        "FetchPhoneNumber",
        "ListService",
        "FetchPhoneNumber",
        "ListUsAppToPerson",
    ]


async def test_the_verification_of_a_toll_free_number_is_asked_right(
    judge: Any, twilio: Twilio
) -> None:
    owned = {"incoming_phone_numbers": [number(phone="+18335550100")], "next_page_uri": None}
    answer(judge, "ListIncomingPhoneNumber", owned)

    standing = await twilio.number_standing(E164("+18335550100"))

    assert (standing.readiness, standing.vendor_status) == (Readiness.READY, "TWILIO_APPROVED")
    assert not judge.violations()


async def test_registering_is_right_and_the_specifications_own_examples_are_read(
    judge: Any, twilio: Twilio
) -> None:
    whole = {
        **CAMPAIGN,
        "OptInKeywords": "START\nJOIN",
        "OptOutMessage": "You will get no more texts.",
        "SubscriberOptIn": "true",
        "PrivacyPolicyUrl": "https://shop.example/privacy",
    }

    brand = await twilio.register(RegistrationKind.BRAND, "x", {**BRAND, "Mock": "true"})
    made = await twilio.register(RegistrationKind.CAMPAIGN, "x", whole)
    found = await twilio.registrations()

    assert brand.standing.readiness is Readiness.PENDING
    assert (made.kind, made.belongs_to) == (RegistrationKind.CAMPAIGN, f"BN{'a' * 32}")
    assert [each.standing.vendor_status for each in found] == ["APPROVED", "PENDING"]
    assert not judge.violations()


async def test_the_states_that_the_specification_has_are_known() -> None:
    schemas = specification("twilio_messaging_v1")["components"]["schemas"]
    brands = schemas["brand_registrations_enum_status"]["enum"]
    toll_free = schemas["tollfree_verification_enum_status"]["enum"]
    senders = specification("twilio_messaging_v2")["components"]["schemas"]

    assert set(brands) == BRAND_STATES.keys()
    assert set(toll_free) == TOLL_FREE_STATES.keys()
    assert set(senders["channels_sender_enum_status"]["enum"]) == STATES.keys()


async def test_what_is_asked_about_senders_is_right(judge: Any, whatsapp: TwilioWhatsApp) -> None:
    examples = specification("twilio_messaging_v2")["components"]["examples"]
    shown = {**examples["whatsapp_fetch"]["value"], "sender_id": f"whatsapp:{EXAMPLE_SENDER}"}
    answer(judge, "CreateChannelsSender", shown, 202)
    for _ in range(2):
        answer(judge, "FetchChannelsSender", shown)
    answer(judge, "ListChannelsSender", {"senders": [shown], "meta": {}})

    made = await whatsapp.register_sender(E164(EXAMPLE_SENDER), SENDER)
    await whatsapp.set_sender(XE, SENDER)
    found = await whatsapp.find_sender(E164(EXAMPLE_SENDER))
    await whatsapp.remove_sender(XE)

    assert found == made
    assert (made.standing.readiness, made.quality) == (Readiness.READY, Quality.HIGH)
    assert not judge.violations()
    assert [operation for operation, _ in verdicts(judge)] == [
        "CreateChannelsSender",
        "FetchChannelsSender",
        "UpdateChannelsSender",
        "FetchChannelsSender",
        "ListChannelsSender",
        "DeleteChannelsSender",
    ]


async def test_what_is_asked_about_accounts_below_is_right(judge: Any, twilio: Twilio) -> None:
    accounts = specification("twilio_api_v2010")["paths"]["/2010-04-01/Accounts.json"]["get"]
    examples = accounts["responses"]["200"]["content"]["application/json"]["examples"]
    answer(judge, "ListAccount", examples["readFull"]["value"])

    made = await twilio.create_subaccount("tl-ava")
    found = await twilio.subaccounts_named("friendly_name")
    await twilio.close_subaccount(BELOW)
    account = await twilio.verify()

    assert made.credentials["auth_token"] == "auth_token"
    assert len(found) == 1
    assert account.currency == "USD"
    assert not judge.violations()
    assert [operation for operation, _ in verdicts(judge)] == [
        "CreateAccount",
        "ListAccount",
        "UpdateAccount",
        "FetchAccount",
        "FetchBalance",
    ]


async def test_a_wrong_request_is_noticed(judge: Any, twilio: Twilio) -> None:
    await twilio._post(f"{twilio._account}/IncomingPhoneNumbers.json", {"PhoneNumbr": NUMBER})

    assert judge.violations()
