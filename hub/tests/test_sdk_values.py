"""Phone numbers, money, time and choices: the values everybody shares."""

import asyncio
from datetime import UTC, date, timedelta

import pytest

from trunkline.sdk import (
    MICROS,
    Capability,
    Choice,
    PriceList,
    SystemClock,
    e164,
    is_demo_number,
    major_units,
    shown_as,
)
from trunkline.testing import FakeClock

PRICES = PriceList(
    currency="USD",
    source="https://postbird.example/pricing",
    checked_on=date(2026, 1, 5),
    sms_segment_micros={"US": 7_500, "*": 40_000},
    mms_message_micros={"US": 20_000, "*": 90_000},
)


@pytest.mark.parametrize("number", ["+14155550100", "+4915112345678", "+2901234", "+" + "9" * 15])
def test_a_number_in_e164_form_is_taken_as_it_stands(number: str) -> None:
    assert e164(number) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "14155550100",
        "+0155550100",
        "+1 415 555 0100",
        "+1415555010x",
        "+14155550100\n",
        "+12345",
        "+" + "9" * 16,
        "+١٤١٥٥٥٥٠١٠٠",
    ],
)
def test_anything_else_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match=r"E\.164"):
        e164(text)


@pytest.mark.parametrize(
    ("number", "is_demo"),
    [
        ("+12025550100", True),
        ("+12025550199", True),
        ("+12025550200", False),
        ("+12025550099", False),
        ("+120255501000", False),
        ("12025550100", False),
    ],
)
def test_the_demo_numbers_are_the_hundred_kept_for_fiction(number: str, is_demo: bool) -> None:
    assert is_demo_number(number) is is_demo


@pytest.mark.parametrize(
    ("micros", "units"),
    [(0, 0.0), (7_500, 0.0075), (1, 0.000001), (12 * MICROS, 12.0), (-5, -5e-6)],
)
def test_money_leaves_in_major_units_with_six_decimals(micros: int, units: float) -> None:
    assert major_units(micros) == units


@pytest.mark.parametrize(
    ("region", "segments", "micros"), [("US", 2, 15_000), ("DE", 1, 40_000), (None, 3, 120_000)]
)
def test_a_text_costs_its_regions_price_or_that_of_all_others(
    region: str | None, segments: int, micros: int
) -> None:
    assert PRICES.sms_micros(region, segments) == micros


@pytest.mark.parametrize(("region", "micros"), [("US", 20_000), ("DE", 90_000), (None, 90_000)])
def test_a_text_with_media_has_a_price_of_its_own(region: str | None, micros: int) -> None:
    assert PRICES.mms_micros(region) == micros


def test_a_region_without_a_price_has_no_estimate() -> None:
    only_us = PriceList(
        currency="USD", source="x", checked_on=date(2026, 1, 5), sms_segment_micros={"US": 7_500}
    )

    assert only_us.sms_micros("DE", 1) is None
    assert only_us.sms_micros(None, 1) is None
    assert only_us.mms_micros("US") is None


async def test_the_machines_clock_is_aware_and_moves_forward() -> None:
    clock = SystemClock()
    now, started = clock.now(), clock.monotonic()

    await clock.sleep(0.01)

    assert now.tzinfo is UTC
    assert clock.monotonic() - started >= 0.009


async def test_a_fake_clocks_sleepers_wake_in_the_order_of_their_time() -> None:
    clock, woken = FakeClock(), list[float]()

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    sleepers = [asyncio.create_task(sleep(seconds)) for seconds in (30, 20, 10, 0)]
    await asyncio.sleep(0.01)
    assert woken == [0]

    clock.travel(20)
    await asyncio.sleep(0.01)
    assert woken == [0, 10, 20]

    clock.travel(10)
    await asyncio.gather(*sleepers)
    assert woken == [0, 10, 20, 30]


async def test_a_sleeper_that_was_cancelled_holds_up_nobody() -> None:
    clock = FakeClock()
    gone, patient = (asyncio.create_task(clock.sleep(5)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)

    clock.travel(5)

    await asyncio.wait_for(patient, timeout=1)


def test_a_fake_clock_that_is_set_back_keeps_counting() -> None:
    clock = FakeClock()
    started = clock.now()
    clock.travel(10)

    clock.travel(-3)

    assert clock.now() == started + timedelta(seconds=7)
    assert clock.monotonic() == 10


@pytest.mark.parametrize(
    ("count", "longest", "shown"),
    [
        (1, 20, Capability.WHATSAPP_BUTTONS),
        (3, 20, Capability.WHATSAPP_BUTTONS),
        (4, 20, Capability.WHATSAPP_LISTS),
        (1, 21, Capability.WHATSAPP_LISTS),
        (10, 24, Capability.WHATSAPP_LISTS),
        (11, 1, None),
        (1, 25, None),
    ],
)
def test_few_short_choices_are_buttons_and_up_to_ten_a_list(
    count: int, longest: int, shown: Capability | None
) -> None:
    choices = [Choice(id=str(number), label="é") for number in range(1, count)]

    assert shown_as([*choices, Choice(id="last", label="é" * longest)]) is shown
