"""Amounts, markups and prices as people write them: exact, or refused with file and field."""

from decimal import Decimal

import pytest

from tests.settings.given import load, refusal


def test_amounts_are_read_as_they_were_written() -> None:
    settings = load(
        '[money]\ncurrency = "EUR"\nmarkup_percent = 12.5\ncheapest_first = ["telephony"]\n'
        '[prices.acme]\nsms_segment = {US = 0.0079, "*" = "0.050001"}\ncall_minute = 1\n'
        "stt_minute = 0.000001\n"
    )

    assert (settings.money.currency, settings.money.markup_percent) == ("EUR", Decimal("12.5"))
    assert settings.money.markup_basis_points == 1250
    assert settings.money.cheapest_first == ("telephony",)
    prices = settings.prices["acme"]
    assert prices.sms_segment == {"US": 7900, "*": 50_001}
    assert prices.call_minute == {"*": 1_000_000}
    assert prices.stt_minute == 1
    assert settings.origin_of("prices.acme.call_minute") == "trunkline.toml"


def test_the_environment_sets_a_price_and_a_markup() -> None:
    environ = {"TRUNKLINE_PRICES__ACME__STT_MINUTE": "0.25", "TRUNKLINE_MONEY__MARKUP_PERCENT": "7"}
    settings = load("", environ)

    assert settings.prices["acme"].stt_minute == 250_000
    assert settings.money.markup_basis_points == 700


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("stt_minute = 0.0000001", "stt_minute: give an amount with at most six decimals."),
        ("stt_minute = 1.2345678", "stt_minute: give an amount with at most six decimals."),
        ("stt_minute = -0.01", "stt_minute: give an amount from 0 to 1,000,000."),
        ("stt_minute = 1e30", "stt_minute: give an amount from 0 to 1,000,000."),
        ("stt_minute = nan", "stt_minute: give an amount such as 0.0079."),
        ("stt_minute = inf", "stt_minute: give an amount such as 0.0079."),
        ("stt_minute = true", "stt_minute: give an amount such as 0.0079."),
        ('stt_minute = "cheap"', "stt_minute: give an amount such as 0.0079."),
        ("sms_segment = {US = -1}", "sms_segment: US: give an amount from 0 to 1,000,000."),
        ("sms_segment = {usa = 1}", "sms_segment: name a country by its two letters"),
        ('currency = "dollar"', "currency: it must be a currency's code such as USD."),
        ("stt_minut = 1", "stt_minut is unknown; the nearest known key is prices.NAME.stt_minute."),
    ],
)
def test_a_price_that_is_none_is_refused_with_file_and_field(line: str, told: str) -> None:
    assert f"trunkline.toml: prices.acme.{told}" in refusal(f"[prices.acme]\n{line}\n")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("markup_percent = nan", "markup_percent: give a number."),
        ("markup_percent = -1", "markup_percent: give 0 to 1,000."),
        ("markup_percent = 1.125", "markup_percent: give per cent with at most two decimals."),
        ('currency = "usd"', "currency: it must be a currency's code such as USD."),
        ('cheapest_first = ["sms"]', "cheapest_first: 'sms' is no kind of provider: telephony"),
    ],
)
def test_money_that_is_nonsense_is_refused_with_file_and_field(line: str, told: str) -> None:
    assert f"trunkline.toml: money.{told}" in refusal(f"[money]\n{line}\n")
