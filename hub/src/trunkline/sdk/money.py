"""Money as integers: micro-units of a currency, a millionth of its major unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

MICROS: Final = 1_000_000
"""Micro-units in one major unit."""


def major_units(micros: int) -> float:
    """Return `micros` in major units with at most six decimals, for JSON."""
    return round(micros / MICROS, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """
    A provider's published prices, used for estimates before it names the real one.

    Attributes:
        currency: ISO 4217 code of every price.
        source: Where the prices were read: a URL or a document's name.
        checked_on: The day they were read.
        sms_segment_micros: Price of one outbound segment in micro-units, by the ISO 3166 region of
            the recipient; ``*`` stands for every region not named.
    """

    currency: str
    source: str
    checked_on: date
    sms_segment_micros: Mapping[str, int]

    def sms_micros(self, region: str | None, segments: int) -> int | None:
        """Return the estimated price of a text in micro-units, or None when none is known."""
        default = self.sms_segment_micros.get("*")
        per_segment = self.sms_segment_micros.get(region or "*", default)
        return None if per_segment is None else per_segment * segments
