"""Phone numbers at Twilio: those that can be bought, and those that the account has."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final
from urllib.parse import quote, urlencode

from pydantic import AfterValidator, Field

from trunkline.sdk import (
    E164,
    MICROS,
    NumberOffer,
    NumberOperations,
    NumberQuery,
    NumberSettings,
    NumberType,
    OutcomeUnknown,
    OwnedNumber,
    e164,
)
from trunkline_twilio.api import PAGE_SIZE, Answer, Form, Page, read
from trunkline_twilio.callbacks import read_back, written
from trunkline_twilio.number_failures import NUMBER_FAILURES
from trunkline_twilio.services import Services

_PATHS: Final[Mapping[NumberType, str]] = {
    NumberType.LOCAL: "Local",
    NumberType.MOBILE: "Mobile",
    NumberType.NATIONAL: "National",
    NumberType.TOLL_FREE: "TollFree",
}
"""In the order in which they are tried where none is asked for."""
_AREA_CODES: Final = ("US", "CA")
"""Where Twilio knows area codes ("AvailablePhoneNumbers", its OpenAPI file of April 2026)."""


class Numbers(Services, NumberOperations):
    """One open Twilio account, for its numbers."""

    async def search_numbers(self, query: NumberQuery) -> list[NumberOffer]:
        types = [query.number_type] if query.number_type else [*_PATHS]
        for number_type in types:
            found = await self._for_sale(query, number_type)
            if found:
                prices = await self._prices(query.country)
                return [each.offer(number_type, prices) for each in found[: query.limit]]
        return []

    async def buy_number(self, number: E164, settings: NumberSettings) -> OwnedNumber:
        form: Form = {"PhoneNumber": number, **_form(settings)}
        response = await self._post(f"{self._account}/IncomingPhoneNumbers.json", form)
        bought = read(_Number, self._succeeded(response, NUMBER_FAILURES)).owned()
        if bought.number != number:
            raise OutcomeUnknown("Twilio's answer is about another number.")
        return bought

    async def find_number(self, number: E164) -> OwnedNumber | None:
        # Twilio also lists numbers that only hold these digits.
        found = await self._owned(PhoneNumber=number)
        return next((each for each in found if each.number == number), None)

    async def numbers_labelled(self, label: str) -> list[OwnedNumber]:
        found = await self._owned(FriendlyName=label)
        return [each for each in found if each.settings.label == label]

    async def set_number(self, provider_id: str, settings: NumberSettings) -> OwnedNumber:
        uri = self._number(provider_id)
        await self._check_service()
        self._succeeded(await self._post(uri, _form(settings)), NUMBER_FAILURES)
        await self._join_service(provider_id)
        return read(_Number, self._succeeded(await self._get(uri))).owned()

    async def release_number(self, provider_id: str) -> None:
        await self._delete(self._number(provider_id))

    async def _for_sale(self, query: NumberQuery, number_type: NumberType) -> "list[_Offered]":
        wanted: dict[str, str | int] = {"PageSize": min(query.limit, PAGE_SIZE)}
        abilities = {"Sms": query.sms, "Mms": query.mms, "Voice": query.voice}
        wanted |= {f"{name}Enabled": "true" for name, is_wanted in abilities.items() if is_wanted}
        contains = query.contains
        if query.area_code and query.country in _AREA_CODES:
            wanted["AreaCode"] = query.area_code
        elif query.area_code:
            contains = contains or query.area_code
        if contains:
            wanted["Contains"] = contains
        path = f"{self._account}/AvailablePhoneNumbers/{query.country}/{_PATHS[number_type]}.json"
        response = self._if_any(await self._get(f"{path}?{urlencode(wanted)}"))
        if response is None:
            return []  # Twilio has none such in this country
        return read(_Offers, response).available_phone_numbers

    async def _prices(self, country: str) -> "_Prices":
        """Return what numbers of a country cost a month, as far as Twilio tells."""
        uri = f"/v1/PhoneNumbers/Countries/{country}"
        response = self._if_any(await self._get(uri, self._config.host("pricing")))
        return _Prices() if response is None else read(_Prices, response)

    async def _owned(self, **wanted: str) -> list[OwnedNumber]:
        query = urlencode({**wanted, "PageSize": PAGE_SIZE})
        pages = await self._listed(f"{self._account}/IncomingPhoneNumbers.json?{query}", _Owned)
        return [each.owned() for page in pages for each in page.incoming_phone_numbers]

    def _number(self, provider_id: str) -> str:
        return f"{self._account}/IncomingPhoneNumbers/{quote(provider_id, safe='')}.json"


def _form(settings: NumberSettings) -> Form:
    """Return how a number is set: without a URL of its own, one that Twilio has stays away."""
    return {
        "FriendlyName": settings.label,
        "SmsUrl": written(settings.sms_url),
        "SmsMethod": "POST",
        "VoiceUrl": written(settings.voice_url),
        "VoiceMethod": "POST",
        "StatusCallback": written(settings.call_status_url),
        "StatusCallbackMethod": "POST",
    }


# --- what comes back ------------------------------------------------------------------------------


class _Abilities(Answer):
    sms: bool = False
    mms: bool = False
    voice: bool = False


class _Offered(Answer):
    """What is read of a number for sale."""

    number: Annotated[E164, AfterValidator(e164)] = Field(alias="phone_number")
    country: str = Field(alias="iso_country", pattern="^[A-Z]{2}$")
    address_requirements: str = Field("none", pattern="^[a-z]{1,16}$")
    capabilities: _Abilities = Field(default_factory=_Abilities)

    def offer(self, number_type: NumberType, prices: "_Prices") -> NumberOffer:
        """Return it in the hub's words."""
        monthly_micros, currency = prices.of(number_type)
        return NumberOffer(
            number=self.number,
            country=self.country,
            number_type=number_type,
            sms=self.capabilities.sms,
            mms=self.capabilities.mms,
            voice=self.capabilities.voice,
            monthly_micros=monthly_micros,
            currency=currency,
            address_requirement=self.address_requirements,
        )


class _Offers(Answer):
    available_phone_numbers: list[_Offered]


class _Price(Answer):
    number_type: str
    current_price: Decimal = Field(allow_inf_nan=False, ge=0)


class _Prices(Answer):
    """What is read of what a country's numbers cost a month."""

    phone_number_prices: list[_Price] = Field(default_factory=list)
    price_unit: str = Field("", pattern="^([A-Za-z]{3})?$")

    def of(self, number_type: NumberType) -> tuple[int, str] | tuple[None, None]:
        """Return the price in micro-units with its currency."""
        name = number_type.value.replace("_", " ")
        for price in self.phone_number_prices:
            if price.number_type == name and self.price_unit:
                return round(price.current_price * MICROS), self.price_unit.upper()
        return None, None


class _Number(Answer):
    """What is read of a number of the account."""

    sid: str = Field(pattern="^PN[0-9a-fA-F]{32}$")
    number: Annotated[E164, AfterValidator(e164)] = Field(alias="phone_number")
    friendly_name: str | None = None
    capabilities: _Abilities = Field(default_factory=_Abilities)
    sms_url: str | None = None
    sms_application_sid: str | None = None
    voice_url: str | None = None
    voice_application_sid: str | None = None
    trunk_sid: str | None = None
    status_callback: str | None = None

    def owned(self) -> OwnedNumber:
        """Return it in the hub's words: a URL that Twilio does not go by is none."""
        is_routed = self.voice_application_sid or self.trunk_sid
        return OwnedNumber(
            provider_id=self.sid,
            number=self.number,
            settings=NumberSettings(
                label=self.friendly_name or "",
                sms_url=None if self.sms_application_sid else read_back(self.sms_url),
                voice_url=None if is_routed else read_back(self.voice_url),
                call_status_url=read_back(self.status_callback),
            ),
            sms=self.capabilities.sms,
            mms=self.capabilities.mms,
            voice=self.capabilities.voice,
        )


class _Owned(Page):
    incoming_phone_numbers: list[_Number]
