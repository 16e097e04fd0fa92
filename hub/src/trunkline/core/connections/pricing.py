"""Prices that the settings name, in place of those that an adapter knows."""

from dataclasses import replace
from datetime import UTC, datetime

from trunkline.core.connections.registry import AnySpec
from trunkline.sdk import PriceList
from trunkline.settings.money import Prices


def priced(spec: AnySpec, prices: Prices | None, currency: str) -> AnySpec:
    """
    Return a provider with the prices of one of its connections.

    Of a list of countries each price stands for itself. Those in another currency than the
    adapter's stand alone; `currency` is theirs where neither names one.
    """
    if prices is None:
        return spec
    known = spec.prices
    wanted = prices.currency or (known.currency if known else currency)
    if known is None or known.currency != wanted:
        today = datetime.now(UTC).date()
        known = PriceList(currency=wanted, source="the settings", checked_on=today)
    return replace(
        spec,
        prices=replace(
            known,
            sms_segment_micros={**known.sms_segment_micros, **prices.sms_segment},
            mms_message_micros={**known.mms_message_micros, **prices.mms_message},
            call_minute_micros={**known.call_minute_micros, **prices.call_minute},
            tts_thousand_characters_micros=_or(
                prices.tts_thousand_characters, known.tts_thousand_characters_micros
            ),
            stt_minute_micros=_or(prices.stt_minute, known.stt_minute_micros),
            storage_gigabyte_month_micros=_or(
                prices.storage_gigabyte_month, known.storage_gigabyte_month_micros
            ),
        ),
    )


def _or(own: int | None, known: int | None) -> int | None:
    return known if own is None else own
