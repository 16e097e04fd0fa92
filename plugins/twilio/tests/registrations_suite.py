"""What the adapter must get right about what carriers want registered."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from plugins.twilio.tests.asking import BROKEN, Asking
from plugins.twilio.tests.provisioning_vendor import (
    BRITISH,
    MG,
    NUMBER,
    OTHER_MG,
    PN,
    TOLL_FREE,
    Fault,
    Vendor,
    campaign,
    number,
    service,
)
from trunkline.sdk import (
    E164,
    Readiness,
    RegistrationKind,
    Rejected,
    Standing,
)
from trunkline.testing import Canned, Drop

CAMPAIGN: Final[Mapping[str, str]] = {
    "BrandRegistrationSid": f"BN{'9' * 32}",
    "Description": "Answers to customers who asked something of the shop.",
    "MessageFlow": "People text the number that stands on the shop's page.",
    "MessageSamples": "Your order 17 is on its way.\nYour table is booked for eight.",
    "UsAppToPersonUsecase": "MIXED",
    "HasEmbeddedLinks": "false",
    "HasEmbeddedPhone": "false",
}
BRAND: Final = {
    "CustomerProfileBundleSid": f"BU{'1' * 32}",
    "A2PProfileBundleSid": f"BU{'2' * 32}",
}


class RegistrationsSuite(Asking):
    """What the adapter must get right about what carriers want registered."""

    # --- whether carriers take its texts ----------------------------------------------------------

    async def standing(self, vendor: Vendor, phone: str = NUMBER) -> Standing:
        vendor.countries.setdefault(NUMBER, "US")
        return await self.ask(vendor, lambda each: each.number_standing(E164(phone)))

    @pytest.mark.parametrize(
        ("status", "readiness"),
        [
            ("VERIFIED", Readiness.READY),
            ("IN_PROGRESS", Readiness.PENDING),
            ("PENDING", Readiness.PENDING),
            ("PONDERING", Readiness.PENDING),
            ("FAILED", Readiness.REJECTED),
            ("SUSPENDED", Readiness.REJECTED),
        ],
    )
    async def test_a_us_number_stands_as_the_campaign_of_its_service_does(
        self, status: str, readiness: Readiness
    ) -> None:
        vendor = Vendor(
            numbers={PN: number()},
            services={OTHER_MG: service(OTHER_MG), MG: service()},
            pools={MG: {PN}},
            campaigns={
                OTHER_MG: [campaign("VERIFIED")],
                MG: [campaign(status, errors=[{"error_code": 30897, "fields": ["MESSAGE_FLOW"]}])],
            },
        )

        found = await self.standing(vendor)

        assert (found.readiness, found.vendor_status) == (readiness, status)
        assert (found.sentence is None) == (readiness is Readiness.READY)
        assert ("30897" in (found.sentence or "")) == (readiness is Readiness.REJECTED)

    @pytest.mark.parametrize(
        ("services", "campaigns", "words"),
        [
            ({}, {}, "put the number into"),
            ({MG: service()}, {}, "register one"),
            ({MG: service()}, {MG: [campaign(mock=True)]}, "register one"),
        ],
    )
    async def test_a_us_number_without_a_campaign_says_what_to_do(
        self, services: Any, campaigns: Any, words: str
    ) -> None:
        pools = {MG: {PN}} if services else {}
        vendor = Vendor(numbers={PN: number()}, services=services, pools=pools, campaigns=campaigns)

        found = await self.standing(vendor)

        assert found.readiness is Readiness.MISSING
        assert words in (found.sentence or "")

    @pytest.mark.parametrize(
        ("verifications", "readiness"),
        [
            (["TWILIO_APPROVED"], Readiness.READY),
            (["TWILIO_REJECTED", "TWILIO_APPROVED"], Readiness.READY),
            (["PENDING_REVIEW"], Readiness.PENDING),
            (["IN_REVIEW"], Readiness.PENDING),
            (["TWILIO_REJECTED"], Readiness.REJECTED),
            ([], Readiness.MISSING),
        ],
    )
    async def test_a_toll_free_number_stands_as_its_verification_does(
        self, verifications: list[str], readiness: Readiness
    ) -> None:
        told = [{"status": each, "tollfree_phone_number_sid": PN} for each in verifications]
        vendor = Vendor(numbers={PN: number(phone=TOLL_FREE)}, verifications=told)

        found = await self.standing(vendor, TOLL_FREE)

        assert found.readiness is readiness
        assert (found.sentence is None) == (readiness is Readiness.READY)

    async def test_numbers_of_other_countries_need_no_registration(self) -> None:
        vendor = Vendor(numbers={PN: number(phone="+16045550100")})
        vendor.countries["+16045550100"] = "CA"

        assert (await self.standing(vendor, BRITISH)).readiness is Readiness.READY
        assert (await self.standing(vendor, "+16045550100")).readiness is Readiness.READY

    async def test_a_number_that_the_account_lacks_is_not_registered(self) -> None:
        found = await self.standing(Vendor())

        assert found.readiness is Readiness.MISSING
        assert "buy it first" in (found.sentence or "")

    @pytest.mark.parametrize(("answer", "kind"), BROKEN)
    async def test_a_standing_that_cannot_be_read_is_none(
        self, answer: Canned | Drop, kind: type[Exception]
    ) -> None:
        vendor = Vendor(
            numbers={PN: number()},
            services={MG: service()},
            pools={MG: {PN}},
            faults=[Fault("GET", "Usa2p", answer)],
        )
        with pytest.raises(kind):
            await self.standing(vendor)

    # --- registering ------------------------------------------------------------------------------

    async def test_a_brand_and_a_campaign_are_registered_and_found_by_their_facts(self) -> None:
        vendor = Vendor(services={MG: service()})
        ask = self.ask
        brand = await ask(vendor, lambda each: each.register(RegistrationKind.BRAND, "x", BRAND))
        made = await ask(
            vendor,
            lambda each: each.register(RegistrationKind.CAMPAIGN, "x", CAMPAIGN),
            messaging_service_sid=MG,
        )

        found = await ask(vendor, lambda each: each.registrations(), messaging_service_sid=MG)

        assert [each.provider_id for each in found] == [brand.provider_id, made.provider_id]
        assert [each.standing.readiness for each in found] == [Readiness.PENDING] * 2
        assert brand.facts == BRAND
        assert made.facts.items() <= CAMPAIGN.items()
        assert found[1].belongs_to == brand.provider_id
        samples = next(body for *_, path, _, body in vendor.asked if path.endswith("Usa2p"))
        assert samples["MessageSamples"] == CAMPAIGN["MessageSamples"].split("\n")

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"Description": ""}, "Description is missing"),
            ({"Description": "too short, secret-"}, "Description has 40"),
            ({"MessageSamples": "Only one sample of secret-"}, "two to five"),
            ({"MessageSamples": "Only one sample\nSecond of secret-"}, "MessageSamples has 20"),
            ({"secret-": "x"}, "none but these"),
            ({"MessagingServiceSid": "secret-"}, "MessagingServiceSid"),
        ],
    )
    async def test_a_fact_that_is_missing_or_wrong_is_named_without_what_it_says(
        self, changes: dict[str, str], words: str
    ) -> None:
        vendor = Vendor(services={MG: service()})
        facts = {"MessagingServiceSid": MG, **CAMPAIGN, **changes}

        with pytest.raises(Rejected, match=words) as caught:
            await self.ask(
                vendor, lambda each: each.register(RegistrationKind.CAMPAIGN, "x", facts)
            )

        assert "secret-" not in str(caught.value)
        assert vendor.asked == []

    @pytest.mark.parametrize(
        ("status", "readiness"),
        [
            ("APPROVED", Readiness.READY),
            ("IN_REVIEW", Readiness.PENDING),
            ("FAILED", Readiness.REJECTED),
            ("SUSPENDED", Readiness.REJECTED),
            ("DELETION_PENDING", Readiness.REJECTED),
            ("PONDERING", Readiness.PENDING),
        ],
    )
    async def test_a_brand_stands_as_twilio_says(self, status: str, readiness: Readiness) -> None:
        brand = {"sid": f"BN{'1' * 32}", "status": status, "errors": [{"error_code": 30701}]}

        (found,) = await self.ask(Vendor(brands=[brand]), lambda each: each.registrations())

        assert found.standing.readiness is readiness
        assert ("30701" in (found.standing.sentence or "")) == (readiness is Readiness.REJECTED)
