"""What an agent may do and spend, as an admin's operation and as the operator's."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from trunkline.core.channels import NAMES
from trunkline.core.hub import Hub
from trunkline.core.limits.models import Limits
from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import Invalid
from trunkline.sdk.money import MICROS
from trunkline.surfaces.operations import Annotations, AnyOperation, Operation, of_operator, shaped
from trunkline.surfaces.operator_shapes import AgentValues
from trunkline.surfaces.schemas import schema_of
from trunkline.surfaces.shapes import Arguments, Given, Line, Result, money

MOST: Final = 10**9
"""The highest limit."""


def _micros(given: object) -> object:
    """Read an amount of major units as micro-units, exactly."""
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise PydanticCustomError("amount", "Give a number, such as 10.00")
    micros = Decimal(str(given)) * MICROS
    if not micros.is_finite() or not 0 <= micros <= MOST * MICROS:
        raise PydanticCustomError("amount", f"Give 0 to {MOST:,}")
    if micros != micros.to_integral_value():
        raise PydanticCustomError("amount", "Give an amount with at most six decimals")
    return int(micros)


_Times = Annotated[Annotated[int, Field(ge=0, le=MOST)] | None, Field(default=None)]
Spend = Annotated[
    int | None,
    BeforeValidator(_micros),
    WithJsonSchema({"type": "number", "minimum": 0}),
    Field(default=None),
]


class LimitsGiven(Given):
    """Limits by name. One that is left out stays as it is."""

    max_actions_per_minute: _Times
    max_actions_per_hour: _Times
    max_actions_per_day: _Times
    max_spend_per_day: Spend
    max_spend_per_month: Spend
    max_call_duration_minutes: _Times
    max_calls_per_day_to_same_number: _Times
    unlimited: list[Line] | None = Field(
        default=None, description="Names of limits to take away, such as maxActionsPerHour."
    )
    channels: dict[str, bool] | None = Field(
        default=None, description="false: the agent may not use it, such as {sms: false}."
    )


class LimitsShape(Result):
    """All limits of an agent; null: none. `channels` holds those that it may not use."""

    max_actions_per_minute: int | None
    max_actions_per_hour: int | None
    max_actions_per_day: int | None
    max_spend_per_day: float | None
    max_spend_per_month: float | None
    max_call_duration_minutes: int | None
    max_calls_per_day_to_same_number: int | None
    channels: dict[str, bool]


_FIELD_OF: Final[Mapping[str, str]] = {
    "maxActionsPerMinute": "actions_per_minute",
    "maxActionsPerHour": "actions_per_hour",
    "maxActionsPerDay": "actions_per_day",
    "maxSpendPerDay": "spend_per_day",
    "maxSpendPerMonth": "spend_per_month",
    "maxCallDurationMinutes": "call_minutes",
    "maxCallsPerDayToSameNumber": "calls_per_day_same_number",
}
"""What the hub calls each limit."""


class SetAgentLimitsArguments(Arguments):
    """Arguments of comms_set_agent_limits."""

    agent_id: Line = Field(description="The agent; * is all agents of the hub together.")
    limits: LimitsGiven


class SetAgentLimitsResult(Result):
    """Result of comms_set_agent_limits: all limits as they are then."""

    agent_id: str
    limits: LimitsShape


async def _set_agent_limits(
    hub: Hub, by: Principal, _: str, given: SetAgentLimitsArguments
) -> SetAgentLimitsResult:
    limits = await _changed(hub, by, given.agent_id, given.limits)
    return SetAgentLimitsResult(agent_id=given.agent_id, limits=_shown(limits))


async def _agents_limits(
    hub: Hub, by: Principal, _: str, given: AgentValues
) -> SetAgentLimitsResult:
    if given.values:
        limits = await _changed(hub, by, given.id, _read(given.values))
    else:
        limits = await hub.limits.show(by, given.id)
    return SetAgentLimitsResult(agent_id=given.id, limits=_shown(limits))


async def _changed(hub: Hub, by: Principal, agent_id: str, given: LimitsGiven) -> Limits:
    channels, unlimited = given.channels or {}, given.unlimited or ()
    if not channels.keys() <= {*NAMES}:
        raise Invalid("limits.channels", f"name some of {', '.join(NAMES)}.")
    if not {*unlimited} <= _FIELD_OF.keys():
        raise Invalid("limits.unlimited", f"name some of {', '.join(_FIELD_OF)}.")
    change: dict[str, int | None] = {_FIELD_OF[each]: None for each in unlimited}
    for name, field in _FIELD_OF.items():
        most: int | None = getattr(given, _snake(name))
        if most is not None and name in unlimited:
            raise Invalid(f"limits.{name}", "give a number, or name it in unlimited, not both.")
        if most is not None:
            change[field] = most
    return await hub.limits.change(by, agent_id, change, channels)


def _read(values: Mapping[str, str | None]) -> LimitsGiven:
    """Return limits as the command line gives them: KEY=VALUE."""
    read: dict[str, Any] = {"unlimited": [], "channels": {}}
    for key, value in values.items():
        if key in NAMES:
            if value not in ("on", "off"):
                raise Invalid(key, "give on or off.")
            read["channels"][key] = value == "on"
        elif value in (None, "none"):
            read["unlimited"].append(key)
        else:
            read[key] = _number(key, value)
    return shaped(LimitsGiven, read, lambda: schema_of(LimitsGiven, "validation"))


def _number(key: str, value: str) -> int | float:
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise Invalid(key, "give a number, or none.") from None
    return int(number) if number.is_finite() and number == int(number) else float(number)


def _shown(limits: Limits) -> LimitsShape:
    values: dict[str, Any] = {
        _snake(name): getattr(limits, field) for name, field in _FIELD_OF.items()
    }
    for name in ("max_spend_per_day", "max_spend_per_month"):
        values[name] = money(values[name])
    return LimitsShape(**values, channels=dict.fromkeys(sorted(limits.channels_off), False))


def _snake(name: str) -> str:
    return re.sub("([A-Z])", r"_\1", name).lower()


SET_AGENT_LIMITS: AnyOperation = Operation(
    name="comms_set_agent_limits",
    title="Set an agent's limits",
    description="Set how often an agent may act and how much it may spend. A limit that is left "
    "out stays. It holds from the next message on.",
    scope=Scope.ADMIN,
    annotations=Annotations(read_only=False, idempotent=True),
    arguments=SetAgentLimitsArguments,
    result=SetAgentLimitsResult,
    run=_set_agent_limits,
)
AGENTS_LIMITS: AnyOperation = of_operator(
    "agents_limits",
    "Show or set an agent's limits",
    AgentValues,
    _agents_limits,
    SetAgentLimitsResult,
    Annotations(read_only=False),
)
