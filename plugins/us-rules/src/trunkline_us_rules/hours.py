"""When people in the United States may be written to and called, by state, day and holiday."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from holidays import country_holidays

Window: TypeAlias = tuple[int, int] | None
"""From one full hour to another, of the recipient's time; None: not at all on that day."""

ALL_ZONES: Final = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
)
"""Where somebody may be of whom nobody knows where they are."""

_FURTHEST: Final = timedelta(days=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What is allowed on which day."""

    weekdays: Window = (9, 20)
    saturday: Window = (9, 20)
    sunday: Window = (12, 20)
    holiday: Window = None

    def on(self, day: date, *, is_holiday: bool) -> Window:
        """Return what is allowed on a day: of two rules the narrower."""
        by_day = {5: self.saturday, 6: self.sunday}.get(day.weekday(), self.weekdays)
        return _narrower(by_day, self.holiday) if is_holiday else by_day


def _narrower(one: Window, other: Window) -> Window:
    if one is None or other is None:
        return None
    return max(one[0], other[0]), min(one[1], other[1])


ANYWHERE: Final = Week()
"""
Within what every state allows that is not below: 47 CFR 64.1200(c)(1) has 8 to 21, several states
8 or 9 to 20, Texas noon on Sundays. Checked on 2026-11-21.
"""

STATES: Final[Mapping[str, Week]] = {
    "AL": Week(sunday=None),  # Ala. Code 8-19A
    "KY": Week(weekdays=(10, 20), saturday=(10, 20)),  # KRS 367.46955
    "LA": Week(sunday=None),  # PSC General Order R-29617; with consent too
    "MS": Week(sunday=None),  # Miss. Code 77-3-723
    "RI": Week(weekdays=(9, 18), saturday=(10, 17), sunday=None),  # Gen. Laws 5-61-3.6
}
"""Where less is allowed than `ANYWHERE`."""

STRICTEST: Final = Week(weekdays=(10, 18), saturday=(10, 17), sunday=None)
"""What all states allow: for somebody of whom nobody knows the state."""


def allowed_from(now: datetime, state: str | None, zones: Sequence[str]) -> datetime | None:
    """
    Return the first time, from now on, at which somebody may be contacted; None within a week.

    Of several zones it must be allowed in all; without any, wherever in the country they are.
    """
    week = STRICTEST if state is None else STATES.get(state, ANYWHERE)
    at = now
    while at - now <= _FURTHEST:
        latest = max(_from(at, week, ZoneInfo(zone)) for zone in zones or ALL_ZONES)
        if latest == at:
            return at
        at = latest
    return None


def _from(at: datetime, week: Week, zone: ZoneInfo) -> datetime:
    """Return the first time, from then on, that is allowed in a zone."""
    local = at.astimezone(zone)
    day = local.date()
    while True:
        window = week.on(day, is_holiday=day in _FEDERAL)
        if window is not None:
            opens, closes = (
                datetime.combine(day, time(hour), zone).astimezone(UTC) for hour in window
            )
            if at < closes:
                return max(at, opens)
        day += timedelta(days=1)


_FEDERAL: Final = country_holidays("US")
"""The federal holidays, with the days on which they are observed; of each year once it is asked."""
