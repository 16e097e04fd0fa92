"""What limits are, what is counted against them, and what it means to be over one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from trunkline.core.limits.windows import Window

WORKSPACE: Final = "*"
TOKEN: Final = "token:"
"""What stands before a token's kid where its own caps are; no agent's id has a colon."""
"""Stands for all agents together, where an agent could be named."""

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
ACTION_WINDOWS: Final = (MINUTE_MS, HOUR_MS, DAY_MS)
SPEND_WINDOWS: Final = (DAY_MS, 30 * DAY_MS)
PREFIX_WINDOW_MS: Final = 10 * MINUTE_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    What an agent may do and spend, or all of them together; None is no limit.

    Attributes:
        spend_per_day, spend_per_month: Micro-units; a month is 30 days.
        call_minutes: How long what one call says may take.
        channels_off: Where it may not act at all.
    """

    actions_per_minute: int | None = None
    actions_per_hour: int | None = None
    actions_per_day: int | None = None
    spend_per_day: int | None = None
    spend_per_month: int | None = None
    call_minutes: int | None = None
    calls_per_day_same_number: int | None = None
    channels_off: frozenset[str] = frozenset()

    @property
    def actions(self) -> tuple[tuple[str, int | None], ...]:
        """The limit of each of `ACTION_WINDOWS`, with what it is called."""
        return (
            ("actions_per_minute", self.actions_per_minute),
            ("actions_per_hour", self.actions_per_hour),
            ("actions_per_day", self.actions_per_day),
        )

    @property
    def spend(self) -> tuple[tuple[str, int | None], ...]:
        """The cap of each of `SPEND_WINDOWS`, with what it is called."""
        return (
            ("spend_per_day", self.spend_per_day),
            ("spend_per_month", self.spend_per_month),
        )


NO_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """
    What an agent has done and spent.

    Attributes:
        last_ms: When it was written down last; a clock that is behind that is not believed.
        prefixes: Where its numbers began of late: pseudonyms, each with when that was last.
    """

    last_ms: int
    actions: tuple[Window, ...]
    spend: tuple[Window, ...]
    prefixes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The limits of an agent, a token or `WORKSPACE`, and what is counted against them."""

    agent_id: str
    limits: Limits
    counters: Counters

    @property
    def is_agents(self) -> bool:
        """Whether it is one agent's own."""
        return self.agent_id != WORKSPACE and not self.agent_id.startswith(TOKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """
    What bears on whether an agent may act once more.

    Attributes:
        accounts: The agent's own, and the workspace's; of those that have limits.
        calls: Those to the same number within a day, if that was asked.
    """

    accounts: tuple[Account, ...] = ()
    calls: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """
    One more act.

    Attributes:
        cost_micros: What it is expected to cost; None where nobody tells, which counts as nothing.
        minutes: How long a call takes at least; None of anything else.
        prefix: Pseudonym of what its number begins with; None where it goes to none.
    """

    channel: str
    cost_micros: int | None
    minutes: int | None = None
    prefix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceeded:
    """
    There is no room for one more.

    Attributes:
        code: ``rate_limited`` or ``spend_cap``.
        rule: The limit, by its name in the settings.
        retry_after_s: When there is; None if waiting does not help.
    """

    code: str
    rule: str
    sentence: str
    retry_after_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What an agent has done, and the most it may; None while no limit is in force."""

    actions_this_minute: int
    actions_today: int
    limits: Limits
