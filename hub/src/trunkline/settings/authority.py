"""What agents may do: how often, and for how much."""

from decimal import Decimal
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from trunkline.settings.section import Section

NONE: Final = "none"
"""What is written where there shall be no limit."""


def _or_none(value: object) -> object:
    """Read ``none``, which TOML has no value for."""
    return None if isinstance(value, str) and value.strip().lower() == NONE else value


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("it must be a number or none")  # noqa: TRY004 - pydantic collects these
    return value


_Times = Annotated[
    Annotated[int, Field(ge=0, le=10**9)] | None,
    BeforeValidator(_or_none),
    BeforeValidator(_no_bool),
]
_Money = Annotated[
    Annotated[Decimal, Field(ge=0, le=10**9, decimal_places=6, allow_inf_nan=False)] | None,
    BeforeValidator(_or_none),
    BeforeValidator(_no_bool),
]


class LimitsSettings(Section):
    """
    What a new agent may do; an operator sets others for one agent. `none` is no limit.

    In the demo an agent has no limits unless one is set here.
    """

    actions_per_minute: _Times = Field(
        default=10, description="Messages and calls that a new agent may begin within a minute."
    )
    actions_per_hour: _Times = Field(default=100, description="The same within an hour.")
    actions_per_day: _Times = Field(default=500, description="The same within 24 hours.")
    spend_per_day: _Money = Field(
        default=Decimal(10),
        description="What a new agent may spend within 24 hours, in major units of whatever its "
        "providers charge in.",
    )
    spend_per_month: _Money = Field(default=Decimal(100), description="The same within 30 days.")
    call_duration_minutes: _Times = Field(
        default=10, description="Minutes that what a new agent says in one call may take."
    )
    calls_per_day_same_number: _Times = Field(
        default=2, description="How often a new agent may call one number within 24 hours."
    )
    prefixes_per_10_minutes: _Times = Field(
        default=10,
        description="In how many ranges of numbers (all but the last four digits) an agent with "
        "limits may act within ten minutes; with one more it is suspended.",
    )
