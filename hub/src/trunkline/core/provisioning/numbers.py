"""A number: searched, bought just once, set, read back, assigned, and given back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final

from trunkline.core.connections.registry import Connection
from trunkline.core.provisioning import repository
from trunkline.core.provisioning.asking import Vendors
from trunkline.core.provisioning.assigning import Assigning
from trunkline.core.provisioning.models import Aim, Part, Quoted, Row, Step
from trunkline.core.provisioning.moves import (
    AT_ONCE,
    MOST_TRIES,
    Move,
    after,
    configured,
    failed,
    on,
    set_otherwise,
    watched,
)
from trunkline.core.provisioning.urls import Urls
from trunkline.sdk import (
    E164,
    TELEPHONY,
    Capability,
    Clock,
    NumberOffer,
    NumberQuery,
    OwnedNumber,
    Readiness,
    Rejected,
    RetryLater,
    Standing,
    TelephonyProvider,
    Tx,
    major_units,
)

PRICE_SETTING: Final = "[provisioning] max_number_price_per_month"
_READY: Final = Standing(readiness=Readiness.READY)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Does the steps of numbers."""

    vendors: Vendors
    assigning: Assigning
    urls: Urls
    clock: Clock
    max_monthly_micros: int

    async def quoted(self, connection: Connection, query: NumberQuery) -> list[Quoted]:
        """Return what is on sale, cheapest first, and why the hub would not buy it."""
        offers = await self.vendors.ask(
            connection, TelephonyProvider, lambda each: each.search_numbers(query)
        )
        quoted = [Quoted(offer=each, why_not=self._against(each)) for each in offers]
        return sorted(quoted, key=lambda each: each.offer.monthly_micros or 0)

    async def move(self, row: Row) -> Move:
        """Do the next step."""
        connection = self.vendors.connection(row.connection, TELEPHONY.name)
        if row.step is Step.RELEASING:
            return await self._release(connection, row)
        if row.aim is not Aim.HAVE:
            return await self._end(connection, row)
        steps = {
            Step.WANTED: self._search,
            Step.SEARCHED: self._ask,
            Step.BUYING: self._buy,
            Step.BOUGHT: self._configure,
            Step.CONFIGURED: self._verify,
            Step.VERIFIED: self._assign,
            Step.ASSIGNED: self._watch,
        }
        do = steps.get(row.step)
        return Move(row=row) if do is None else await do(connection, row)

    # --- to have one ------------------------------------------------------------------------------

    async def _search(self, connection: Connection, row: Row) -> Move:
        quoted = await self.quoted(connection, NumberQuery(country=row.country or "", voice=True))
        able = [each.offer for each in quoted if each.why_not is None]
        if not able:
            why = next((each.why_not for each in quoted if each.why_not), None)
            return failed(row, why or "No numbers are on sale in this country: name another.")
        if row.tries >= MOST_TRIES:
            return failed(row, "Others bought every number that was chosen: try again later.")
        chosen = replace(row, step=Step.SEARCHED, reason=None)
        return Move(row=chosen, due_in=AT_ONCE, within=partial(_choose, able))

    async def _ask(self, _: Connection, row: Row) -> Move:
        """Write down that it is asked for: whether it is ours has to be looked up from now on."""
        return on(replace(row, asked_at=self.clock.now()), Step.BUYING)

    async def _buy(self, connection: Connection, row: Row) -> Move:
        """Buy the number that was written down, unless it is ours already."""
        assert row.address is not None  # it was chosen
        found = await self._look(connection, row)
        if found is None:
            number, settings = E164(row.address), self.urls.of_number(row.connection, row.label)
            try:
                found = await self.vendors.ask(
                    connection,
                    TelephonyProvider,
                    lambda each: each.buy_number(number, settings),
                )
            except Rejected as error:
                found = await self._look(connection, row)  # our own purchase may be why
                if found is None:
                    return self._another(connection, row, error)
        bought = replace(row, address=found.number, provider_id=found.provider_id)
        return on(bought, Step.BOUGHT)

    def _another(self, connection: Connection, row: Row, error: Rejected) -> Move:
        """Choose another number, once it is sure that this one is not on its way to us."""
        if row.reason is not None and not self._is_over(connection, row):
            return after(row, RetryLater(str(error)))
        if error.provider_code == "address_required" or row.tries >= MOST_TRIES:
            return failed(row, str(error))
        again = replace(row, step=Step.WANTED, address=None, asked_at=None, tries=row.tries + 1)
        return Move(row=replace(again, reason=None), due_in=AT_ONCE)

    async def _look(self, connection: Connection, row: Row) -> OwnedNumber | None:
        """Return what the account has of this purchase: by its number, and by our own name."""
        number = E164(row.address or "")
        found = await self.vendors.ask(
            connection, TelephonyProvider, lambda each: each.find_number(number)
        )
        if found is not None and found.settings.label == row.label:
            return found
        labelled = await self.vendors.ask(
            connection, TelephonyProvider, lambda each: each.numbers_labelled(row.label)
        )
        return labelled[0] if labelled else None

    async def _configure(self, connection: Connection, row: Row) -> Move:
        settings = self.urls.of_number(row.connection, row.label)
        found = await self._own(connection, row)
        if found is None:
            return failed(row, "The provider does not have the number any more.")
        # Also one that was bought so: its adapter may have more to do than a purchase does.
        provider_id = found.provider_id
        await self.vendors.ask(
            connection, TelephonyProvider, lambda each: each.set_number(provider_id, settings)
        )
        return configured(replace(row, provider_id=found.provider_id))

    async def _verify(self, connection: Connection, row: Row) -> Move:
        found = await self._own(connection, row)
        if found is None or not self._is_set(found, row):
            return set_otherwise(row)
        return on(row, Step.VERIFIED)

    async def _assign(self, connection: Connection, row: Row) -> Move:
        standing = await self._standing(connection, row)
        return watched_from(on(row, Step.ASSIGNED, self.assigning.assign), standing)

    async def _watch(self, connection: Connection, row: Row) -> Move:
        standing = await self._standing(connection, row)
        return replace(watched(row, standing), within=self.assigning.note)

    async def _own(self, connection: Connection, row: Row) -> OwnedNumber | None:
        number = E164(row.address or "")
        return await self.vendors.ask(
            connection, TelephonyProvider, lambda each: each.find_number(number)
        )

    def _is_set(self, found: OwnedNumber, row: Row) -> bool:
        wanted = self.urls.of_number(row.connection, row.label)
        return (
            found.settings.label == wanted.label
            and (not found.sms or found.settings.sms_url == wanted.sms_url)
            and (not found.voice or found.settings.voice_url == wanted.voice_url)
        )

    async def _standing(self, connection: Connection, row: Row) -> Standing:
        if Capability.NUMBER_STANDING not in connection.spec.capabilities:
            return _READY
        number = E164(row.address or "")
        return await self.vendors.ask(
            connection, TelephonyProvider, lambda each: each.number_standing(number)
        )

    # --- to have none -----------------------------------------------------------------------------

    async def _end(self, connection: Connection, row: Row) -> Move:
        if row.step in (Step.WANTED, Step.SEARCHED, Step.FAILED):
            return Move(row=None)
        if row.step is Step.BUYING:
            found = await self._look(connection, row)
            if found is None:
                return (
                    Move(row=None)
                    if self._is_over(connection, row)
                    else after(row, RetryLater("Its purchase may still be under way."))
                )
            return on(
                replace(row, address=found.number, provider_id=found.provider_id), Step.BOUGHT
            )
        if row.aim is Aim.GONE:
            return on(row, Step.RELEASING)
        return Move(row=replace(row, step=Step.KEPT, readiness=None, reason=None, tries=0))

    async def _release(self, connection: Connection, row: Row) -> Move:
        provider_id = row.provider_id
        if provider_id is not None:
            await self.vendors.ask(
                connection, TelephonyProvider, lambda each: each.release_number(provider_id)
            )
        if row.aim is Aim.HAVE:
            return failed(row, row.reason or "It was given back.")
        return Move(row=None)

    def _is_over(self, connection: Connection, row: Row) -> bool:
        """Tell whether the provider can be doing nothing any more of what it was asked."""
        latency = timedelta(seconds=connection.spec.accept_latency_s)
        return row.asked_at is None or self.clock.now() > row.asked_at + latency

    def _against(self, offer: NumberOffer) -> str | None:
        if offer.address_requirement != "none":
            where = {"local": "in its country", "foreign": "abroad"}
            place = where.get(offer.address_requirement, "anywhere")
            return (
                f"Numbers of this country want an address {place} that the provider has checked: "
                "register one in its console and buy there, or name another country."
            )
        if offer.monthly_micros is None:
            return f"The provider does not tell what it costs, and {PRICE_SETTING} is a limit."
        if offer.monthly_micros > self.max_monthly_micros:
            price = f"{major_units(offer.monthly_micros):.2f} {offer.currency or ''}".strip()
            return f"It costs {price} a month, more than {PRICE_SETTING} allows: raise that."
        return None


def watched_from(move: Move, standing: Standing) -> Move:
    """Return a move that ends with something assigned, which is looked at again."""
    assert move.row is not None
    return replace(
        watched(move.row, standing),
        within=move.within,
    )


def _choose(offers: Sequence[NumberOffer], tx: Tx, row: Row) -> Row:
    """Write the first number down that nobody else has chosen."""
    taken = repository.addresses_in_use(tx, row.workspace_id, Part.PHONE)
    offer = next((each for each in offers if each.number not in taken), None)
    if offer is None:
        return replace(row, step=Step.FAILED, reason="Every number on sale was just chosen.")
    return replace(
        row,
        address=offer.number,
        monthly_micros=offer.monthly_micros,
        currency=offer.currency,
    )
