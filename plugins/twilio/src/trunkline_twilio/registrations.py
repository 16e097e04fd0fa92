"""What US carriers want of a number before it may text: brands and campaigns (A2P 10DLC)."""

import re
from collections.abc import Mapping
from typing import Final

from pydantic import Field

from trunkline.sdk import (
    E164,
    NumberOperations,
    Readiness,
    Registration,
    RegistrationKind,
    Rejected,
    Standing,
)
from trunkline_twilio.api import Answer, NewerPage, read
from trunkline_twilio.facts import BRAND_FACTS, CAMPAIGN_FACTS, SERVICE, form_of
from trunkline_twilio.numbers import Numbers

_TOLL_FREE: Final = re.compile(r"\+18(00|33|44|55|66|77|88)[0-9]{7}")
_BRANDS: Final = "/v1/a2p/BrandRegistrations"

_WAIT: Final = "Twilio and the carriers look at it, which may take three weeks: wait."
BRAND_STATES: Final[Mapping[str, Readiness]] = {
    "APPROVED": Readiness.READY,
    "PENDING": Readiness.PENDING,
    "IN_REVIEW": Readiness.PENDING,
    "FAILED": Readiness.REJECTED,
    "SUSPENDED": Readiness.REJECTED,
    "DELETION_PENDING": Readiness.REJECTED,
    "DELETION_FAILED": Readiness.REJECTED,
}
"""Every status of a brand (Twilio's OpenAPI file messaging_v1, April 2026)."""
CAMPAIGN_STATES: Final[Mapping[str, Readiness]] = {
    "VERIFIED": Readiness.READY,
    "PENDING": Readiness.PENDING,
    "IN_PROGRESS": Readiness.PENDING,
    "FAILED": Readiness.REJECTED,
    "SUSPENDED": Readiness.REJECTED,
}
"""What a campaign's status means, of which the same file has examples only."""
TOLL_FREE_STATES: Final[Mapping[str, Readiness]] = {
    "TWILIO_APPROVED": Readiness.READY,
    "PENDING_REVIEW": Readiness.PENDING,
    "IN_REVIEW": Readiness.PENDING,
    "TWILIO_REJECTED": Readiness.REJECTED,
}
"""Every status of the verification of a toll-free number (the same file)."""


class Registrations(Numbers, NumberOperations):
    """One open Twilio account, for what is registered with carriers."""

    async def number_standing(self, number: E164) -> Standing:
        if not number.startswith("+1"):
            return Standing(readiness=Readiness.READY)
        owned = await self.find_number(number)
        if owned is None:
            return _missing("The Twilio account does not have this number: buy it first.")
        if _TOLL_FREE.fullmatch(number):
            return await self._toll_free(owned.provider_id)
        if await self._country(number) != "US":
            return Standing(readiness=Readiness.READY)
        return await self._long_code(owned.provider_id)

    async def register(
        self, kind: RegistrationKind, name: str, facts: Mapping[str, str]
    ) -> Registration:
        if kind is RegistrationKind.BRAND:
            form = form_of(facts, BRAND_FACTS)
            response = await self._post(_BRANDS, form, self._config.host("messaging"))
            return read(_Brand, self._succeeded(response)).registration()
        own = self._config.messaging_service_sid
        service = facts.get(SERVICE, own or "")
        if not re.fullmatch("MG[0-9a-fA-F]{32}", service):
            raise Rejected(f"{SERVICE} is missing or none: name the Messaging Service, MG….")
        form = form_of(facts, CAMPAIGN_FACTS)
        uri = f"/v1/Services/{service}/Compliance/Usa2p"
        response = await self._post(uri, form, self._config.host("messaging"))
        return read(_Campaign, self._succeeded(response)).registration(own)

    async def registrations(self) -> list[Registration]:
        pages = await self._listed_at("messaging", _BRANDS, _Brands)
        found = [each.registration() for page in pages for each in page.data]
        own = self._config.messaging_service_sid
        for service in await self._services():
            found += [each.registration(own) for each in await self._campaigns(service)]
        return found

    async def _long_code(self, number_sid: str) -> Standing:
        service = await self._service_of(number_sid)
        if service is None:
            return _missing(
                "US carriers take texts from registered numbers only: put the number into a "
                "Messaging Service that has an A2P 10DLC campaign."
            )
        campaigns = [each for each in await self._campaigns(service) if not each.mock]
        if not campaigns:
            return _missing(
                "US carriers take texts from registered numbers only: the number's Messaging "
                "Service has no A2P 10DLC campaign, so register one for it."
            )
        campaigns.sort(key=lambda each: each.status != "VERIFIED")
        return campaigns[0].standing()

    async def _campaigns(self, service: str) -> "list[_Campaign]":
        path = f"/v1/Services/{service}/Compliance/Usa2p"
        pages = await self._listed_at("messaging", path, _Campaigns)
        return [each for page in pages for each in page.compliance]

    async def _toll_free(self, number_sid: str) -> Standing:
        pages = await self._listed_at(
            "messaging",
            "/v1/Tollfree/Verifications",
            _Verifications,
            TollfreePhoneNumberSid=number_sid,
        )
        found = [each for page in pages for each in page.verifications]
        if not found:
            return _missing(
                "Carriers take texts from verified toll-free numbers only: have it verified under "
                "Phone Numbers, Regulatory compliance, in Twilio's console."
            )
        found.sort(key=lambda each: each.status != "TWILIO_APPROVED")
        return found[0].standing()

    async def _country(self, number: str) -> str | None:
        """Return the country of a number: only Twilio can tell those of +1 apart."""
        uri = f"/v2/PhoneNumbers/%2B{number.removeprefix('+')}"
        response = await self._get(uri, self._config.host("lookups"))
        return read(_Lookup, self._succeeded(response)).country_code


def _missing(sentence: str) -> Standing:
    return Standing(readiness=Readiness.MISSING, sentence=sentence)


# --- what comes back ------------------------------------------------------------------------------


class _Error(Answer):
    error_code: int | None = None


class _Told(Answer):
    """What is read of anything that carriers look at."""

    errors: list[_Error] | None = None

    def told(self, readiness: Readiness, status: str, what: str) -> Standing:
        """Return how it stands, and what to do about it."""
        if readiness is Readiness.READY:
            return Standing(readiness=readiness, vendor_status=status)
        codes = ", ".join(str(each.error_code) for each in self.errors or () if each.error_code)
        sentence = _WAIT
        if readiness is Readiness.REJECTED:
            because = f" ({codes})" if codes else ""
            sentence = f"{what} is refused{because}: correct it in Twilio's console."
        return Standing(readiness=readiness, vendor_status=status, sentence=sentence)


class _Brand(_Told):
    sid: str = Field(pattern="^BN[0-9a-fA-F]{32}$")
    status: str = Field(pattern="^[A-Z_]{1,32}$")
    customer_profile_bundle_sid: str | None = None
    a2p_profile_bundle_sid: str | None = None

    def registration(self) -> Registration:
        """Return it in the hub's words."""
        facts = {
            "CustomerProfileBundleSid": self.customer_profile_bundle_sid,
            "A2PProfileBundleSid": self.a2p_profile_bundle_sid,
        }
        readiness = BRAND_STATES.get(self.status, Readiness.PENDING)
        return Registration(
            provider_id=self.sid,
            kind=RegistrationKind.BRAND,
            standing=self.told(readiness, self.status, "The A2P 10DLC brand"),
            facts={name: value for name, value in facts.items() if value},
        )


class _Brands(NewerPage):
    data: list[_Brand]


class _Campaign(_Told):
    sid: str = Field(pattern="^QE[0-9a-fA-F]{32}$")
    status: str = Field(alias="campaign_status", pattern="^[A-Z_]{1,32}$")
    brand_registration_sid: str | None = None
    messaging_service_sid: str | None = None
    us_app_to_person_usecase: str | None = None
    mock: bool = False

    def standing(self) -> Standing:
        """Return how it stands."""
        readiness = CAMPAIGN_STATES.get(self.status, Readiness.PENDING)
        return self.told(readiness, self.status, "The A2P 10DLC campaign")

    def registration(self, own: str | None) -> Registration:
        """Return it in the hub's words; `own` is the service that facts need not name."""
        service = self.messaging_service_sid
        facts = {
            SERVICE: None if service == own else service,
            "BrandRegistrationSid": self.brand_registration_sid,
            "UsAppToPersonUsecase": self.us_app_to_person_usecase,
        }
        return Registration(
            provider_id=self.sid,
            kind=RegistrationKind.CAMPAIGN,
            standing=self.standing(),
            facts={name: value for name, value in facts.items() if value},
            belongs_to=self.brand_registration_sid,
        )


class _Campaigns(NewerPage):
    compliance: list[_Campaign]


class _Verification(_Told):
    status: str = Field(pattern="^[A-Z_]{1,32}$")

    def standing(self) -> Standing:
        """Return how it stands."""
        readiness = TOLL_FREE_STATES.get(self.status, Readiness.PENDING)
        return self.told(readiness, self.status, "The toll-free number's verification")


class _Verifications(NewerPage):
    verifications: list[_Verification]


class _Lookup(Answer):
    country_code: str | None = None
