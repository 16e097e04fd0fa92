"""When alerts are told: at once, with others at the next half hour or day, and not at night."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from trunkline.sdk import Severity

REPEAT: Final = timedelta(minutes=15)
"""What is critical is told again after so long."""
_HALF_HOUR_S: Final = 1800
_DAILY: Final = time(9, 0)
"""What is of little weight is told then, each day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """
    The hours of an operator.

    Attributes:
        quiet: When quiet hours begin and end, by the clocks of `zone`; an end before the beginning
            is on the next day.
    """

    zone: ZoneInfo
    quiet: tuple[time, time] | None

    def due(self, severity: Severity, now: datetime) -> datetime:
        """Return when something that has just happened is told."""
        if severity is Severity.MEDIUM:
            passed_s = int(now.timestamp()) // _HALF_HOUR_S * _HALF_HOUR_S
            return datetime.fromtimestamp(passed_s + _HALF_HOUR_S, UTC)
        return self._next(_DAILY, now) if severity is Severity.LOW else now

    def waits_until(self, severity: Severity, now: datetime) -> datetime | None:
        """Return when the quiet hours end for which something waits; None if it does not."""
        if self.quiet is None or severity is Severity.CRITICAL:
            return None
        begins, ends = self.quiet
        clock = now.astimezone(self.zone).time()
        is_quiet = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
        return self._next(ends, now) if is_quiet else None

    def _next(self, clock: time, now: datetime) -> datetime:
        """
        Return when clocks show a time next.

        In autumn they may show it twice in a night; what they skip in spring comes an hour late.
        """
        today = datetime.combine(now.astimezone(self.zone).date(), clock, self.zone)
        for days in range(3):
            first = today + timedelta(days=days)
            once, again = first.astimezone(UTC), first.replace(fold=1).astimezone(UTC)
            for at in (once, max(once, again)):
                if at > now:
                    return at
        raise AssertionError("no day is that long")
