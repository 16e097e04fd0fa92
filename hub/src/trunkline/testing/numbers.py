"""What an adapter that buys numbers must do, whoever wrote it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, ClassVar, Final

import pytest

from trunkline.sdk import (
    E164,
    TELEPHONY,
    NumberOffer,
    NumberOperations,
    NumberQuery,
    NumberSettings,
    OutcomeUnknown,
    OwnedNumber,
    Rejected,
)
from trunkline.testing.suite import BaseConformance

_LABEL: Final = "tl-0199c2a04d5b7c3e8f10a2b3c4d5e6f7"
_SETTINGS: Final = NumberSettings(
    label=_LABEL,
    sms_url="https://hub.example/webhooks/connections/test/sms",
    voice_url="https://hub.example/webhooks/connections/test/voice",
    call_status_url="https://hub.example/webhooks/connections/test/call-status",
)


class BaseNumberConformance(BaseConformance):
    """
    Subclass it as ``TestXxx`` and play a vendor that remembers what it sold.

    Attributes:
        query: What the vendor has an offer for, that needs no proven address.
        nowhere: What it has none for.
    """

    kind = TELEPHONY.name
    query: ClassVar[NumberQuery] = NumberQuery(country="US")
    nowhere: ClassVar[NumberQuery] = NumberQuery(country="AQ")

    @asynccontextmanager
    async def account(self, trouble: str | None = None) -> AsyncIterator[NumberOperations]:
        """
        Open the provider on an account that has no numbers yet.

        Of a purchase, ``taken`` means that somebody else was quicker, ``failed_after_buying`` that
        the vendor sold the number and answered with an error of its own (HTTP 500).
        """
        raise NotImplementedError
        yield

    def done(
        self, work: Callable[[NumberOperations], Awaitable[Any]], trouble: str | None = None
    ) -> Any:
        """Return what comes of work on an account."""

        async def do() -> Any:
            async with self.account(trouble) as provider:
                return await work(provider)

        return asyncio.run(do())

    async def offer(self, provider: NumberOperations) -> NumberOffer:
        """Return the first offer that needs no address."""
        offers = await provider.search_numbers(self.query)
        return next(each for each in offers if each.address_requirement == "none")

    async def bought(
        self, provider: NumberOperations, settings: NumberSettings = _SETTINGS
    ) -> OwnedNumber:
        """Buy the first offer."""
        return await provider.buy_number((await self.offer(provider)).number, settings)

    def test_offers_are_what_was_asked_for(self) -> None:
        offers: list[NumberOffer] = self.done(lambda each: each.search_numbers(self.query))

        assert offers
        assert len(offers) <= self.query.limit
        assert len({each.number for each in offers}) == len(offers)
        for each in offers:
            assert each.country == self.query.country
            assert each.sms or not self.query.sms
            assert each.voice or not self.query.voice
            assert each.address_requirement in ("none", "any", "local", "foreign")
            assert (each.monthly_micros is None) == (each.currency is None)

    def test_no_more_are_offered_than_were_asked_for(self) -> None:
        offers = self.done(lambda each: each.search_numbers(replace(self.query, limit=1)))

        assert len(offers) == 1

    def test_where_there_is_none_no_number_is_offered(self) -> None:
        assert self.done(lambda each: each.search_numbers(self.nowhere)) == []

    def test_what_was_bought_is_found_by_number_and_by_label(self) -> None:
        async def work(provider: NumberOperations) -> tuple[OwnedNumber, Any, Any]:
            bought = await self.bought(provider)
            found = await provider.find_number(bought.number)
            return bought, found, await provider.numbers_labelled(_LABEL)

        bought, found, labelled = self.done(work)

        assert bought.provider_id
        assert found == bought
        assert labelled == [bought]

    def test_a_number_is_set_as_it_was_bought_to_be(self) -> None:
        async def work(provider: NumberOperations) -> OwnedNumber | None:
            return await provider.find_number((await self.bought(provider)).number)

        assert self.done(work).settings == _SETTINGS

    def test_what_is_set_is_read_back(self) -> None:
        other = NumberSettings(
            label="tl-other", sms_url="https://elsewhere.example/sms", voice_url=None
        )

        async def work(provider: NumberOperations) -> tuple[OwnedNumber, OwnedNumber | None]:
            bought = await self.bought(provider)
            told = await provider.set_number(bought.provider_id, other)
            return told, await provider.find_number(bought.number)

        told, found = self.done(work)

        assert told.settings == other
        assert found is not None
        assert found.settings == other

    def test_nothing_is_found_that_is_not_there(self) -> None:
        async def work(provider: NumberOperations) -> tuple[Any, Any]:
            offer = await self.offer(provider)
            return (
                await provider.find_number(offer.number),
                await provider.numbers_labelled("tl-nobody"),
            )

        assert self.done(work) == (None, [])

    def test_a_number_is_given_back_once_and_again(self) -> None:
        async def work(provider: NumberOperations) -> OwnedNumber | None:
            bought = await self.bought(provider)
            await provider.release_number(bought.provider_id)
            await provider.release_number(bought.provider_id)
            return await provider.find_number(bought.number)

        assert self.done(work) is None

    def test_a_number_that_somebody_else_bought_is_refused(self) -> None:
        async def work(provider: NumberOperations) -> OwnedNumber | None:
            number = (await self.offer(provider)).number
            with pytest.raises(Rejected) as refused:
                await provider.buy_number(number, _SETTINGS)
            assert number not in str(refused.value)
            return await provider.find_number(number)

        assert self.done(work, "taken") is None

    def test_a_purchase_that_fails_after_buying_is_unknown_and_then_found(self) -> None:
        async def work(provider: NumberOperations) -> tuple[E164, Any, Any]:
            number = (await self.offer(provider)).number
            with pytest.raises(OutcomeUnknown):
                await provider.buy_number(number, _SETTINGS)
            return (
                number,
                await provider.find_number(number),
                await provider.numbers_labelled(_LABEL),
            )

        number, found, labelled = self.done(work, "failed_after_buying")

        assert found is not None
        assert found.number == number
        assert [each.number for each in labelled] == [number]
