"""Prices of the settings in place of an adapter's."""

from dataclasses import replace
from datetime import date
from typing import cast

from tests.core.test_configuring import SPEC
from trunkline.core.connections.configuring import configure
from trunkline.core.connections.registry import AnySpec
from trunkline.sdk import PriceList
from trunkline.settings.money import Prices

LIST = PriceList(
    currency="USD",
    source="https://example.com/prices",
    checked_on=date(2026, 11, 1),
    sms_segment_micros={"US": 7900, "*": 50_000},
    stt_minute_micros=10_000,
)


def priced(known: PriceList | None, own: Prices, currency: str = "USD") -> PriceList:
    """Return the prices of a connection to a provider that knows some."""
    spec = replace(cast(AnySpec, SPEC), prices=known)
    (connection,) = configure(
        {"telephony": {"acme": spec}},
        {"acme": {"api_key": "k"}},
        {},
        {},
        lambda name, key: "trunkline.toml",
        {"acme": own, "other": Prices(stt_minute=1)},
        currency,
    )
    assert connection.spec.prices is not None
    return connection.spec.prices


def test_each_price_stands_in_place_of_the_adapters_and_the_others_stay() -> None:
    own = Prices(sms_segment={"US": 0.01, "DE": 0.08}, tts_thousand_characters=0.3)

    prices = priced(LIST, own)

    assert prices.sms_segment_micros == {"US": 10_000, "*": 50_000, "DE": 80_000}
    assert prices.tts_thousand_characters_micros == 300_000
    assert (prices.stt_minute_micros, prices.currency) == (10_000, "USD")


def test_prices_in_another_currency_stand_alone() -> None:
    prices = priced(LIST, Prices(currency="EUR", sms_segment={"US": 0.01}))

    assert prices.currency == "EUR"
    assert prices.sms_segment_micros == {"US": 10_000}
    assert prices.stt_minute_micros is None


def test_a_provider_without_prices_gets_them_in_the_hubs_currency() -> None:
    prices = priced(None, Prices(stt_minute=0.02), "GBP")

    assert (prices.currency, prices.stt_minute_micros) == ("GBP", 20_000)
