"""What was done and what it cost, and the figures that are added up of that."""

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Self

WHOLE_BASIS_POINTS: Final = 10_000
"""A markup of as many basis points doubles a price."""


class ActionType(StrEnum):
    """What was paid for. Only the first is an act of the agent's."""

    MESSAGE = "message"
    """By whatever channel: a call that speaks is one too."""
    INBOUND_CALL = "inbound_call"
    SPEECH = "speech"
    STORAGE = "storage"
    RECOGNITION = "recognition"


UNITS: Final = {
    ActionType.INBOUND_CALL.value: "second",
    ActionType.SPEECH.value: "character",
    ActionType.STORAGE.value: "byte",
    ActionType.RECOGNITION.value: "second",
}
"""What each is counted in; a message by its channel."""


class UsageState(StrEnum):
    """Whether the money is gone."""

    SPENT = "spent"
    RESERVED = "reserved"
    """Nobody knows whether it happened: the money is neither gone nor free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """
    An act, or a part of one, and what it cost.

    Attributes:
        units, unit: How much of what the provider counts in, if it tells.
        cost_micros, currency: None where nobody tells.
        cost_final: It is the provider's own figure.
        estimate_micros: Ours from before that, in the same currency.
        billed_micros: The cost with the markup that was set then.
        details: JSON of what else the price rests on.
        simulated: Its agent was: nothing left the hub, and no money was spent.
    """

    id: str
    created_at: datetime
    agent_id: str
    action_type: str
    channel: str
    connection: str
    provider: str
    state: UsageState
    units: int | None = None
    unit: str | None = None
    cost_micros: int | None = None
    currency: str | None = None
    cost_final: bool = False
    estimate_micros: int | None = None
    markup_basis_points: int = 0
    billed_micros: int | None = None
    message_id: str | None = None
    call_id: str | None = None
    external_id: str | None = None
    details: str | None = None
    simulated: bool = False

    @property
    def day(self) -> str:
        """The day it counts for (UTC)."""
        return self.created_at.date().isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCost:
    """
    What was paid beside what carries a message: it is spent, and is not given back.

    Attributes:
        row_id: Of the usage that it becomes.
        part: ``speech``, ``storage`` or ``recognition``.
        message_id: The message it was for, if that is stored by now.
        units: Of what the provider counts in, if it tells.
        cost_micros, currency: None where nobody tells.
        cost_final: The provider told it; otherwise it is by its prices.
    """

    row_id: str
    agent_id: str
    channel: str
    part: str
    connection: str
    provider: str
    message_id: str | None
    units: int | None
    cost_micros: int | None
    currency: str | None
    cost_final: bool
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCost:
    """
    What a provider told of a call that came in: those that go out are messages.

    Attributes:
        duration_s: In whole seconds; None where nobody told yet.
        cost_micros, currency: None where nobody told yet.
        known_micros: What had been told that it cost before.
    """

    call_id: str
    agent_id: str
    connection: str
    provider: str
    duration_s: int | None
    cost_micros: int | None
    currency: str | None
    simulated: bool
    known_micros: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """
    Sums in one currency; money in its micro-units.

    Attributes:
        unknown, reserved: Acts of which nobody knows whether they happened, and what they would
            cost. They are neither among the actions nor in the cost.
        unpriced: Acts and parts of which nobody tells what they cost.
        estimated, confirmed: Our figure and the provider's, of what it has confirmed.
    """

    actions: int = 0
    unknown: int = 0
    unpriced: int = 0
    rate_limit_hits: int = 0
    cost: int = 0
    billed: int = 0
    reserved: int = 0
    estimated: int = 0
    confirmed: int = 0

    def __add__(self, other: Self) -> Self:
        """Return both together."""
        return type(self)(**{name: getattr(self, name) + getattr(other, name) for name in FIGURES})

    def __neg__(self) -> Self:
        """Return what takes these away again."""
        return type(self)(**{name: -getattr(self, name) for name in FIGURES})

    def __bool__(self) -> bool:
        """Tell whether any is not zero."""
        return any(getattr(self, name) for name in FIGURES)


FIGURES: Final = tuple(field.name for field in fields(Figures))


def figures_of(usage: Usage) -> Figures:
    """Return what a usage adds to the totals of its currency."""
    is_act = usage.action_type == ActionType.MESSAGE
    cost = usage.cost_micros
    if usage.state is UsageState.RESERVED:
        return Figures(unknown=int(is_act), unpriced=int(cost is None), reserved=cost or 0)
    is_confirmed = usage.cost_final and cost is not None
    return Figures(
        actions=int(is_act),
        unpriced=int(cost is None),
        cost=cost or 0,
        billed=usage.billed_micros or 0,
        estimated=(usage.estimate_micros or 0) if is_confirmed else 0,
        confirmed=(cost or 0) if is_confirmed else 0,
    )


def billed(cost_micros: int | None, markup_basis_points: int) -> int | None:
    """Return a cost with its markup, rounded half up."""
    if cost_micros is None:
        return None
    whole = WHOLE_BASIS_POINTS
    return (cost_micros * (whole + markup_basis_points) + whole // 2) // whole


class Span(StrEnum):
    """How long a total goes back; each begins at midnight UTC."""

    DAY = "day"
    WEEK = "week"
    """From Monday."""
    MONTH = "month"
    ALL = "all"
    VENDOR = "vendor"
    """A day of one connection, all agents together."""

    def starts_on(self, day: date) -> str:
        """Return when the span begins in which a day is."""
        if self is Span.WEEK:
            day -= timedelta(days=day.weekday())
        elif self is Span.MONTH:
            day = day.replace(day=1)
        elif self is Span.ALL:
            return ""
        return day.isoformat()
