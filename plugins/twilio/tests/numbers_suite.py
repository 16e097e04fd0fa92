"""What the adapter must get right about numbers: to find, buy, set and return them."""

from typing import Final

import pytest

from plugins.twilio.tests.asking import BROKEN, Asking
from plugins.twilio.tests.provisioning_vendor import (
    BRITISH,
    MG,
    NUMBER,
    OTHER_MG,
    PN,
    PRICES,
    RETRIES,
    TOLL_FREE,
    Fault,
    Vendor,
    number,
    offer,
    service,
)
from plugins.twilio.tests.vendor import refusal
from trunkline.sdk import (
    E164,
    NotSetUp,
    NumberQuery,
    NumberSettings,
    NumberType,
    OutcomeUnknown,
    Rejected,
)
from trunkline.testing import Canned, Drop

SETTINGS: Final = NumberSettings(
    label="tl-agent-ava",
    sms_url="https://hub.example/webhooks/ava/sms",
    voice_url="https://hub.example/webhooks/ava/voice",
    call_status_url="https://hub.example/webhooks/ava/call-status",
)


class NumbersSuite(Asking):
    """What the adapter must get right about numbers: to find, buy, set and return them."""

    # --- searching --------------------------------------------------------------------------------

    async def test_numbers_for_sale_are_told_with_what_they_cost_a_month(self) -> None:
        shown = [offer(), offer("+14155550101", address_requirements="local")]
        vendor = Vendor(sale={("US", "Local"): shown}, prices={"US": PRICES})
        query = NumberQuery(country="US", voice=True, area_code="415", contains="5501", limit=2)

        first, second = await self.ask(vendor, lambda each: each.search_numbers(query))

        assert (first.number, first.country, first.number_type) == (NUMBER, "US", NumberType.LOCAL)
        assert (first.sms, first.mms, first.voice) == (True, False, True)
        assert (first.monthly_micros, first.currency) == (1_150_000, "USD")
        assert (first.address_requirement, second.address_requirement) == ("none", "local")
        _, host, path, asked, _ = vendor.asked[0]
        assert (host, path.rsplit("/", 1)[1]) == ("api.twilio.com", "Local.json")
        assert asked == {
            "PageSize": ["2"],
            "SmsEnabled": ["true"],
            "VoiceEnabled": ["true"],
            "AreaCode": ["415"],
            "Contains": ["5501"],
        }
        assert vendor.asked[1][1] == "pricing.twilio.com"

    async def test_no_more_offers_come_than_were_asked_for(self) -> None:
        shown = [offer(f"+1415555010{each}") for each in range(5)]
        vendor = Vendor(sale={("US", "Local"): shown})

        found = await self.ask(
            vendor, lambda each: each.search_numbers(NumberQuery(country="US", limit=3))
        )

        assert len(found) == 3

    async def test_a_country_without_numbers_has_none_and_is_no_failure(self) -> None:
        vendor = Vendor()

        found = await self.ask(vendor, lambda each: each.search_numbers(NumberQuery(country="AQ")))

        assert found == []
        assert vendor.called() == [
            "GET Local.json",
            "GET Mobile.json",
            "GET National.json",
            "GET TollFree.json",
        ]

    async def test_a_type_that_was_asked_for_is_the_only_one_looked_for(self) -> None:
        vendor = Vendor(sale={("US", "TollFree"): [offer(TOLL_FREE)]}, prices={"US": PRICES})
        query = NumberQuery(country="US", number_type=NumberType.TOLL_FREE)

        (found,) = await self.ask(vendor, lambda each: each.search_numbers(query))

        assert (found.number_type, found.monthly_micros) == (NumberType.TOLL_FREE, 2_150_000)
        assert vendor.called()[0] == "GET TollFree.json"

    async def test_a_price_that_twilio_does_not_tell_is_none(self) -> None:
        mobile = {("GB", "Mobile"): [offer(BRITISH, iso_country="GB")]}
        for prices in ({}, {"GB": {**PRICES, "iso_country": "GB"}}):
            vendor = Vendor(sale=dict(mobile), prices=prices)

            (found,) = await self.ask(
                vendor, lambda each: each.search_numbers(NumberQuery(country="GB"))
            )

            assert (found.monthly_micros, found.currency) == (None, None)

    async def test_where_twilio_knows_no_area_codes_the_digits_are_looked_for_anywhere(
        self,
    ) -> None:
        vendor = Vendor(sale={("GB", "Local"): []})
        query = NumberQuery(country="GB", area_code="161", number_type=NumberType.LOCAL)

        await self.ask(vendor, lambda each: each.search_numbers(query))

        assert vendor.asked[0][3]["Contains"] == ["161"]
        assert "AreaCode" not in vendor.asked[0][3]

    # --- buying -----------------------------------------------------------------------------------

    async def test_a_number_is_bought_once_with_its_label_and_its_webhooks(self) -> None:
        vendor = Vendor(sale={("US", "Local"): [offer()]})

        bought = await self.ask(vendor, lambda each: each.buy_number(E164(NUMBER), SETTINGS))

        assert (bought.number, bought.settings) == (NUMBER, SETTINGS)
        assert bought.provider_id in vendor.numbers
        assert vendor.called() == ["POST IncomingPhoneNumbers.json"]
        assert vendor.asked[0][4] == {
            "PhoneNumber": [NUMBER],
            "FriendlyName": ["tl-agent-ava"],
            "SmsUrl": [f"https://hub.example/webhooks/ava/sms{RETRIES}"],
            "SmsMethod": ["POST"],
            "VoiceUrl": [f"https://hub.example/webhooks/ava/voice{RETRIES}"],
            "VoiceMethod": ["POST"],
            "StatusCallback": [f"https://hub.example/webhooks/ava/call-status{RETRIES}"],
            "StatusCallbackMethod": ["POST"],
        }

    async def test_a_number_that_is_taken_meanwhile_is_refused_for_good(self) -> None:
        with pytest.raises(Rejected, match="not for sale") as caught:
            await self.ask(Vendor(), lambda each: each.buy_number(E164(NUMBER), SETTINGS))

        assert caught.value.provider_code == "21422"
        assert NUMBER[2:] not in str(caught.value)

    @pytest.mark.parametrize(("code", "kind"), [(21631, Rejected), (10002, NotSetUp)])
    async def test_what_keeps_a_number_from_being_bought_says_what_to_do(
        self, code: int, kind: type[Exception]
    ) -> None:
        fault = Fault("POST", "IncomingPhoneNumbers.json", refusal(400, code))
        with pytest.raises(kind, match=r"address|upgrade"):
            await self.ask(
                Vendor(faults=[fault]), lambda each: each.buy_number(E164(NUMBER), SETTINGS)
            )

    @pytest.mark.parametrize(("answer", "kind"), BROKEN)
    async def test_only_what_was_surely_not_bought_may_be_bought_again(
        self, answer: Canned | Drop, kind: type[Exception]
    ) -> None:
        fault = Fault("POST", "IncomingPhoneNumbers.json", answer)
        vendor = Vendor(sale={("US", "Local"): [offer()]}, faults=[fault])

        with pytest.raises(kind):
            await self.ask(vendor, lambda each: each.buy_number(E164(NUMBER), SETTINGS))

        assert vendor.called() == ["POST IncomingPhoneNumbers.json"]

    async def test_a_number_whose_answer_was_lost_is_found_by_its_number_and_its_label(
        self,
    ) -> None:
        fault = Fault("POST", "IncomingPhoneNumbers.json", refusal(500, 20500), after=True)
        vendor = Vendor(sale={("US", "Local"): [offer()]}, faults=[fault])
        with pytest.raises(OutcomeUnknown):
            await self.ask(vendor, lambda each: each.buy_number(E164(NUMBER), SETTINGS))

        found = await self.ask(vendor, lambda each: each.find_number(E164(NUMBER)))
        labelled = await self.ask(vendor, lambda each: each.numbers_labelled("tl-agent-ava"))

        assert found is not None
        assert labelled == [found]
        assert found.settings == SETTINGS

    async def test_an_answer_about_another_number_is_none(self) -> None:
        answer = Canned(status=201, json=number(phone="+14155550177"))
        vendor = Vendor(faults=[Fault("POST", "IncomingPhoneNumbers.json", answer)])

        with pytest.raises(OutcomeUnknown):
            await self.ask(vendor, lambda each: each.buy_number(E164(NUMBER), SETTINGS))

    # --- finding ----------------------------------------------------------------------------------

    async def test_only_the_very_number_and_the_very_label_are_found(self) -> None:
        longer = number(f"PN{'2' * 32}", f"{NUMBER}7", friendly_name="tl-agent-ava-2")
        vendor = Vendor(numbers={longer["sid"]: longer})

        assert await self.ask(vendor, lambda each: each.find_number(E164(NUMBER))) is None
        assert await self.ask(vendor, lambda each: each.numbers_labelled("tl-agent-ava")) == []

    async def test_every_page_of_the_numbers_with_a_label_is_read(self) -> None:
        named = [
            number(f"PN{each:032d}", f"+1415555010{each}", friendly_name="tl") for each in range(5)
        ]
        vendor = Vendor(numbers={each["sid"]: each for each in named}, page_size=2)

        found = await self.ask(vendor, lambda each: each.numbers_labelled("tl"))

        assert len(found) == 5
        assert len(vendor.asked) == 3

    async def test_a_list_that_cannot_be_read_to_its_end_is_no_list(self) -> None:
        named = [number(f"PN{n:032d}", f"+1415555{n:04d}", friendly_name="tl") for n in range(20)]
        vendor = Vendor(numbers={each["sid"]: each for each in named}, page_size=2)

        with pytest.raises(OutcomeUnknown):
            await self.ask(vendor, lambda each: each.numbers_labelled("tl"))

    @pytest.mark.parametrize(("answer", "kind"), BROKEN)
    async def test_a_look_up_that_fails_never_proves_that_nothing_was_bought(
        self, answer: Canned | Drop, kind: type[Exception]
    ) -> None:
        fault = Fault("GET", "IncomingPhoneNumbers.json", answer)

        with pytest.raises(kind):
            await self.ask(Vendor(faults=[fault]), lambda each: each.find_number(E164(NUMBER)))
        with pytest.raises(kind):
            await self.ask(Vendor(faults=[fault]), lambda each: each.numbers_labelled("tl"))

    # --- setting and giving back ------------------------------------------------------------------

    async def test_a_number_is_set_and_read_back(self) -> None:
        vendor = Vendor(numbers={PN: number()})

        found = await self.ask(vendor, lambda each: each.set_number(PN, SETTINGS))

        assert (found.provider_id, found.settings) == (PN, SETTINGS)
        assert [method for method, *_ in vendor.asked] == ["POST", "GET"]

    async def test_what_is_read_back_counts_and_not_what_the_change_was_answered(self) -> None:
        # Another program of the operator's sets it at the same moment.
        answer = Canned(status=200, json=number(sms_url=SETTINGS.sms_url))
        theirs = number(sms_url="https://elsewhere.example/sms", friendly_name="theirs")
        vendor = Vendor(numbers={PN: theirs}, faults=[Fault("POST", f"{PN}.json", answer)])

        found = await self.ask(vendor, lambda each: each.set_number(PN, SETTINGS))

        assert found.settings.sms_url == "https://elsewhere.example/sms"
        assert found.settings.label == "theirs"

    async def test_a_side_without_a_url_has_none_afterwards(self) -> None:
        vendor = Vendor(numbers={PN: number(sms_url="https://old.example/sms")})
        bare = NumberSettings(label="tl", sms_url=None, voice_url=None)

        found = await self.ask(vendor, lambda each: each.set_number(PN, bare))

        assert found.settings == bare
        assert vendor.numbers[PN]["sms_url"] == vendor.numbers[PN]["voice_url"] == ""

    @pytest.mark.parametrize(
        ("changes", "sides"),
        [
            ({"sms_application_sid": f"AP{'1' * 32}"}, ("sms_url",)),
            ({"voice_application_sid": f"AP{'1' * 32}"}, ("voice_url",)),
            ({"trunk_sid": f"TK{'1' * 32}"}, ("voice_url",)),
        ],
    )
    async def test_a_url_that_twilio_does_not_go_by_is_not_read_back(
        self, changes: dict[str, str], sides: tuple[str, ...]
    ) -> None:
        vendor = Vendor(numbers={PN: number(**changes)})

        found = await self.ask(vendor, lambda each: each.set_number(PN, SETTINGS))

        told = {name: getattr(found.settings, name) for name in ("sms_url", "voice_url")}
        assert [name for name, url in told.items() if url is None] == [*sides]

    async def test_a_number_of_a_connection_with_a_messaging_service_joins_it(self) -> None:
        vendor = Vendor(numbers={PN: number()}, services={MG: service()})

        for _ in range(2):
            found = await self.ask(
                vendor, lambda each: each.set_number(PN, SETTINGS), messaging_service_sid=MG
            )

        assert found.settings == SETTINGS
        assert vendor.pools[MG] == {PN}
        assert vendor.called().count("POST PhoneNumbers") == 1

    async def test_a_messaging_service_that_keeps_texts_to_itself_is_for_an_operator(self) -> None:
        deaf = service(use_inbound_webhook_on_number=False)
        vendor = Vendor(numbers={PN: number()}, services={MG: deaf})

        with pytest.raises(NotSetUp, match="sender's webhook"):
            await self.ask(
                vendor, lambda each: each.set_number(PN, SETTINGS), messaging_service_sid=MG
            )

        assert vendor.numbers[PN] == number()

    async def test_a_number_in_another_service_says_so(self) -> None:
        pools = {OTHER_MG: {PN}}
        vendor = Vendor(numbers={PN: number()}, services={MG: service()}, pools=pools)

        with pytest.raises(NotSetUp, match="another Messaging Service"):
            await self.ask(
                vendor, lambda each: each.set_number(PN, SETTINGS), messaging_service_sid=MG
            )

    async def test_a_number_that_is_given_back_is_gone_and_may_be_so_already(self) -> None:
        vendor = Vendor(numbers={PN: number()})

        for _ in range(2):
            await self.ask(vendor, lambda each: each.release_number(PN))

        assert vendor.numbers == {}
        assert vendor.called() == [f"DELETE {PN}.json"] * 2

    async def test_a_404_that_is_not_twilios_does_not_prove_that_a_number_is_gone(self) -> None:
        fault = Fault("DELETE", f"{PN}.json", Canned(status=404, json={}))
        with pytest.raises(Rejected):
            await self.ask(Vendor(faults=[fault]), lambda each: each.release_number(PN))
