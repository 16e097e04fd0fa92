"""Numbers of the simulated network: what is on sale, bought, set and given back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from trunkline.sdk import (
    E164,
    NumberOffer,
    NumberOperations,
    NumberQuery,
    NumberSettings,
    NumberType,
    OutcomeUnknown,
    OwnedNumber,
    Readiness,
    Registration,
    RegistrationKind,
    Rejected,
    Standing,
)
from trunkline_demo.account import HeldNumber, HeldRegistration
from trunkline_demo.config import DemoConfig
from trunkline_demo.faults import OF_PURCHASES, Fault
from trunkline_demo.line import Line
from trunkline_demo.network import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Numbers on sale in a country: `first` and those after it."""

    country: str
    first: str
    count: int
    number_type: NumberType
    monthly_micros: int
    mms: bool = False
    address_requirement: str = "none"


SHELVES: Final[Sequence[Shelf]] = (
    Shelf(
        country="US",
        first="+12025550110",
        count=40,
        number_type=NumberType.LOCAL,
        monthly_micros=1_150_000,
        mms=True,
    ),
    Shelf(
        country="GB",
        first="+442079460100",
        count=50,
        number_type=NumberType.LOCAL,
        monthly_micros=1_500_000,
    ),
    Shelf(
        country="SE",
        first="+46846500410",
        count=20,
        number_type=NumberType.LOCAL,
        monthly_micros=12_000_000,  # dearer than an operator may want
    ),
    Shelf(
        country="DE",
        first="+493023125010",
        count=20,
        number_type=NumberType.LOCAL,
        monthly_micros=1_900_000,
        address_requirement="local",
    ),
    Shelf(  # sold out
        country="AU",
        first="+61255501200",
        count=0,
        number_type=NumberType.LOCAL,
        monthly_micros=3_000_000,
    ),
)
"""Numbers that are nobody's in real life."""

NOT_REGISTERED: Final = (
    "The simulated carriers take no texts of applications from this number: register a brand and "
    "a campaign first."
)
_NATIONAL: Final = re.compile(r"\+(1|44|46|49|61)")


class DemoNumbers(NumberOperations):
    """The operations on numbers; the provider of texts has them."""

    _network: Network
    _line: Line
    _config: DemoConfig

    async def search_numbers(self, query: NumberQuery) -> list[NumberOffer]:
        await self._network.ask(self._line)
        taken = {each.number for each in self._network.account.books.numbers.values()}
        offers = (each for shelf in SHELVES for each in _offers(shelf) if each.number not in taken)
        return [each for each in offers if _fits(each, query)][: query.limit]

    async def buy_number(self, number: E164, settings: NumberSettings) -> OwnedNumber:
        fault = await self._network.ask(self._line, of=OF_PURCHASES, takes=True)
        books = self._network.account.books
        offer = next(
            (each for shelf in SHELVES for each in _offers(shelf) if each.number == number), None
        )
        is_taken = any(each.number == number for each in books.numbers.values())
        if offer is None or is_taken or fault is Fault.NUMBER_TAKEN:
            raise Rejected("Somebody else has this number by now.", provider_code="number_taken")
        if offer.address_requirement != "none":
            raise Rejected(
                "This number wants an address in its country, proven to the simulated network.",
                provider_code="address_required",
            )
        held = HeldNumber(id=self._line.new_id(), number=number, label=settings.label)
        _set(held, settings)
        books.numbers[held.id] = held
        books.bought += 1
        self._network.account.keep()
        if fault in (Fault.FAILED_AFTER_BUYING, Fault.DROPPED_AFTER):
            raise OutcomeUnknown("The simulated network failed.", provider_code=fault)
        return _owned(held)

    async def find_number(self, number: E164) -> OwnedNumber | None:
        await self._network.ask(self._line)
        found = self._network.account.books.numbers.values()
        return next((_owned(each) for each in found if each.number == number), None)

    async def numbers_labelled(self, label: str) -> list[OwnedNumber]:
        await self._network.ask(self._line)
        found = self._network.account.books.numbers.values()
        return [_owned(each) for each in found if each.label == label]

    async def set_number(self, provider_id: str, settings: NumberSettings) -> OwnedNumber:
        await self._network.ask(self._line)
        held = self._network.account.books.numbers.get(provider_id)
        if held is None:
            raise Rejected("The account has no such number.")
        _set(held, settings)
        self._network.account.keep()
        return _owned(held)

    async def release_number(self, provider_id: str) -> None:
        await self._network.ask(self._line)
        books = self._network.account.books
        if books.numbers.pop(provider_id, None) is not None:
            books.released += 1
            self._network.account.keep()

    async def number_standing(self, number: E164) -> Standing:
        await self._network.ask(self._line)
        if not self._config.us_registration or not number.startswith("+1"):
            return Standing(readiness=Readiness.READY)
        of = [each for each in self._registrations() if each.kind is RegistrationKind.CAMPAIGN]
        if not of:
            return Standing(readiness=Readiness.MISSING, sentence=NOT_REGISTERED)
        return of[-1].standing

    async def register(
        self, kind: RegistrationKind, name: str, facts: Mapping[str, str]
    ) -> Registration:
        await self._network.ask(self._line)
        if kind is RegistrationKind.BRAND and not facts.get("company_name"):
            raise Rejected("company_name is missing: say how the business is called.")
        books = self._network.account.books
        brand = facts.get("brand")
        if kind is RegistrationKind.CAMPAIGN and brand not in books.registrations:
            raise Rejected("brand is missing: name the brand that the campaign is of.")
        held = HeldRegistration(
            id=self._line.new_id(),
            kind=kind.value,
            name=name,
            asked_at=self._line.now(),
            belongs_to=brand,
        )
        books.registrations[held.id] = held
        self._network.account.keep()
        return self._registration(held)

    async def registrations(self) -> list[Registration]:
        await self._network.ask(self._line)
        return self._registrations()

    def _registrations(self) -> list[Registration]:
        held = self._network.account.books.registrations.values()
        return [self._registration(each) for each in held]

    def _registration(self, held: HeldRegistration) -> Registration:
        review = timedelta(milliseconds=self._config.review_ms)
        is_over = self._line.now() >= held.asked_at + review
        return Registration(
            provider_id=held.id,
            kind=RegistrationKind(held.kind),
            name=held.name,
            standing=Standing(
                readiness=Readiness.READY if is_over else Readiness.PENDING,
                vendor_status="approved" if is_over else "in_review",
                sentence=None if is_over else "The simulated carriers look at it for a moment.",
            ),
            belongs_to=held.belongs_to,
        )


def _offers(shelf: Shelf) -> list[NumberOffer]:
    first = int(shelf.first)
    return [
        NumberOffer(
            number=E164(f"+{first + place}"),
            country=shelf.country,
            number_type=shelf.number_type,
            sms=True,
            mms=shelf.mms,
            voice=True,
            monthly_micros=shelf.monthly_micros,
            currency="USD",
            address_requirement=shelf.address_requirement,
        )
        for place in range(shelf.count)
    ]


def _fits(offer: NumberOffer, query: NumberQuery) -> bool:
    national = _NATIONAL.sub("", offer.number)
    return (
        offer.country == query.country
        and (not query.sms or offer.sms)
        and (not query.mms or offer.mms)
        and (not query.voice or offer.voice)
        and query.number_type in (None, offer.number_type)
        and national.startswith(query.area_code or "")
        and (query.contains or "") in offer.number
    )


def _set(held: HeldNumber, settings: NumberSettings) -> None:
    held.label = settings.label
    held.sms_url, held.voice_url = settings.sms_url, settings.voice_url
    held.call_status_url = settings.call_status_url


def _owned(held: HeldNumber) -> OwnedNumber:
    shelf = next(
        (each for each in SHELVES if int(each.first) <= int(held.number) < int(each.first) + 100),
        None,
    )
    return OwnedNumber(
        provider_id=held.id,
        number=held.number,
        settings=NumberSettings(
            label=held.label,
            sms_url=held.sms_url,
            voice_url=held.voice_url,
            call_status_url=held.call_status_url,
        ),
        mms=shelf is not None and shelf.mms,
        voice=True,
    )
