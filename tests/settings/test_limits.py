"""What new agents may do, as people set it."""

from decimal import Decimal

import pytest

from tests.settings.given import load, refusal


def test_new_agents_have_limits_unless_somebody_says_none() -> None:
    by_default = load().limits
    none = load(
        """
        [limits]
        actions_per_minute = "none"
        spend_per_day = "None"
        prefixes_per_10_minutes = 3
        """
    ).limits

    assert (by_default.actions_per_minute, by_default.spend_per_day) == (10, Decimal(10))
    assert (none.actions_per_minute, none.spend_per_day) == (None, None)
    assert (none.actions_per_hour, none.prefixes_per_10_minutes) == (100, 3)


def test_each_limit_has_a_short_variable() -> None:
    limits = load(
        environ={
            "DEFAULT_MAX_ACTIONS_PER_MINUTE": "1",
            "DEFAULT_MAX_ACTIONS_PER_HOUR": "2",
            "DEFAULT_MAX_ACTIONS_PER_DAY": "3",
            "DEFAULT_MAX_SPEND_PER_DAY": "4.000001",
            "DEFAULT_MAX_SPEND_PER_MONTH": "none",
            "DEFAULT_MAX_CALLS_PER_DAY_SAME_NUMBER": "0",
            "TRUNKLINE_LIMITS__CALL_DURATION_MINUTES": "5",
        }
    ).limits

    assert limits.model_dump() == {
        "actions_per_minute": 1,
        "actions_per_hour": 2,
        "actions_per_day": 3,
        "spend_per_day": Decimal("4.000001"),
        "spend_per_month": None,
        "call_duration_minutes": 5,
        "calls_per_day_same_number": 0,
        "prefixes_per_10_minutes": 10,
    }


@pytest.mark.parametrize("nonsense", ["-1", "nan", "inf", "0.0000001", "true", '"many"', "1e12"])
def test_an_amount_that_is_none_is_refused(nonsense: str) -> None:
    assert "limits.spend_per_day" in refusal(f"[limits]\nspend_per_day = {nonsense}")


@pytest.mark.parametrize("nonsense", ["-1", "1.5", "true", '""', "nan"])
def test_a_number_of_actions_that_is_none_is_refused(nonsense: str) -> None:
    assert "limits.actions_per_day" in refusal(f"[limits]\nactions_per_day = {nonsense}")


def test_countries_are_codes() -> None:
    assert load('[money]\nallowed_countries = ["us", "*"]').money.allowed_countries == ("US", "*")
    assert "money.allowed_countries" in refusal('[money]\nallowed_countries = ["Germany"]')
