"""Money as integers: micro-units of a currency, a millionth of its major unit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
        mms_message_micros: Price of one outbound text with media, however long, in the same way.
        call_minute_micros: Price of each minute of an outbound call that has begun, likewise.
        tts_thousand_characters_micros: Price of a thousand characters that are spoken.
        stt_minute_micros: Price of a minute that is recognised; parts count as they are.
        storage_gigabyte_month_micros: Price of a gigabyte (10⁹ bytes) that is kept for a month.
    """

    currency: str
    source: str
    checked_on: date
    sms_segment_micros: Mapping[str, int] = field(default_factory=dict)
    mms_message_micros: Mapping[str, int] = field(default_factory=dict)
    call_minute_micros: Mapping[str, int] = field(default_factory=dict)
    tts_thousand_characters_micros: int | None = None
    stt_minute_micros: int | None = None
    storage_gigabyte_month_micros: int | None = None

    def sms_micros(self, region: str | None, segments: int) -> int | None:
        """Return the estimated price of a text in micro-units, or None when none is known."""
        per_segment = _price(self.sms_segment_micros, region)
        return None if per_segment is None else per_segment * segments

    def mms_micros(self, region: str | None) -> int | None:
        """Return the estimated price of a text with media, or None when none is known."""
        return _price(self.mms_message_micros, region)

    def call_micros(self, region: str | None, duration_s: int) -> int | None:
        """Return the estimated price of a call, each begun minute whole, or None."""
        per_minute = _price(self.call_minute_micros, region)
        return None if per_minute is None else per_minute * max(1, -(-duration_s // 60))


def _price(by_region: Mapping[str, int], region: str | None) -> int | None:
    return by_region.get(region or "*", by_region.get("*"))
