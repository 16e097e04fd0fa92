"""Settings of money: amounts as people write them, and prices in place of an adapter's."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from trunkline.sdk import KINDS, MICROS
from trunkline.settings.values import Names

ANYWHERE: Final = "*"
"""What is written where every country shall be allowed."""

_MOST: Final = 1_000_000
_MOST_PERCENT: Final = 1000
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_REGION: Final = re.compile(r"[A-Z]{2}|\*")


def _decimal(value: object) -> Decimal:
    """Return a number as it was written: 0.0079 of a file is no binary fraction."""
    if isinstance(value, int | float | str | Decimal) and not isinstance(value, bool):
        try:
            number = Decimal(str(value).strip())
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite():
            return number
    raise ValueError("give a number")


def _micros(value: object) -> int:
    """Return an amount in micro-units."""
    try:
        amount = _decimal(value)
    except ValueError:
        raise ValueError("give an amount such as 0.0079") from None
    if not 0 <= amount <= _MOST:
        raise ValueError(f"give an amount from 0 to {_MOST:,}")
    micros = amount * MICROS
    if micros != micros.to_integral_value():
        raise ValueError("give an amount with at most six decimals")
    return int(micros)


def _percent(value: object) -> Decimal:
    percent = _decimal(value)
    if not 0 <= percent <= _MOST_PERCENT:
        raise ValueError(f"give 0 to {_MOST_PERCENT:,}")
    if percent * 100 != (percent * 100).to_integral_value():
        raise ValueError("give per cent with at most two decimals")
    return percent


def _currency(value: object) -> object:
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise ValueError("it must be a currency's code such as USD")
    return value


def _by_region(value: object) -> object:
    """Check prices by the country of the recipient, and say which of them is wrong."""
    if not isinstance(value, Mapping):
        value = {"*": value}  # one price for every country
    prices: dict[str, int] = {}
    for region, amount in value.items():
        if not _REGION.fullmatch(str(region)):
            raise ValueError('name a country by its two letters, such as US, or "*" for all others')
        try:
            prices[region] = _micros(amount)
        except ValueError as error:
            raise ValueError(f"{region}: {error}") from None
    return prices


def _countries(values: tuple[str, ...]) -> tuple[str, ...]:
    codes = tuple(each.upper() for each in values)
    if any(each != ANYWHERE and not re.fullmatch("[A-Z]{2}", each) for each in codes):
        raise ValueError("it must hold two-letter country codes such as US, or *")
    return codes


def _kinds(value: object) -> object:
    names = value.split(",") if isinstance(value, str) else value
    names = [str(name).strip() for name in names] if isinstance(names, list | tuple) else [""]
    if unknown := [name for name in names if name not in KINDS]:
        raise ValueError(f"{unknown[0]!r} is no kind of provider: {', '.join(KINDS)}")
    return tuple(names)


Micros = Annotated[int, BeforeValidator(_micros)]
"""An amount in major units, such as 0.0079, read as micro-units."""
Percent = Annotated[Decimal, BeforeValidator(_percent)]
Currency = Annotated[str, BeforeValidator(_currency)]
ByRegion = Annotated[dict[str, int], BeforeValidator(_by_region)]


class MoneySettings(BaseModel):
    """What things cost, and what is billed for them."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    currency: Currency = Field(
        default="USD",
        description="The currency that sums are told in. What was paid in another is told apart: "
        "nothing is converted.",
    )
    markup_percent: Percent = Field(
        default=Decimal(0),
        description="What is billed above the cost, in per cent with at most two decimals. It "
        "holds for what is done from then on.",
    )
    allowed_countries: Annotated[Names, AfterValidator(_countries)] = Field(
        default=(),
        description="Two-letter codes of the countries whose numbers agents may write to and "
        "call; * is every one. Default: an agent's own, by its country or its number. In the demo "
        "every one.",
    )
    cheapest_first: Annotated[tuple[str, ...], BeforeValidator(_kinds)] = Field(
        default=(),
        description="Kinds, such as telephony, of whose slot the connection comes first that "
        "carries the very message for least. Those without a known price, or with one in another "
        "currency, come last.",
    )

    @property
    def markup_basis_points(self) -> int:
        """The markup in hundredths of a per cent."""
        return int(self.markup_percent * 100)


class Prices(BaseModel):
    """Prices of one connection, each in place of the one that its adapter knows."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    currency: Currency | None = None
    sms_segment: ByRegion = {}
    mms_message: ByRegion = {}
    call_minute: ByRegion = {}
    tts_thousand_characters: Micros | None = None
    stt_minute: Micros | None = None
    storage_gigabyte_month: Micros | None = None
