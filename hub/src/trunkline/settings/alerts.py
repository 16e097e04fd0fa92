"""Settings of alerts: who is told when something is wrong, and when they are left in peace."""

import re
from datetime import time
from typing import Annotated, Final
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field

from trunkline.sdk import E164, Severity
from trunkline.settings.section import Section
from trunkline.settings.values import Names

_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_ADDRESS: Final = r"^[^\s@]+@[^\s@]+\.[^\s@]+$"


def _hours(value: str) -> str:
    found = _HOURS.fullmatch(value)
    if found is None or value[:5] == value[6:]:
        raise ValueError('it must be two different times, such as "22:00-07:00"')
    return value


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("it must be a time zone such as Europe/Berlin")
    return value


def _number(value: str) -> str:
    try:
        return str(E164(value))
    except ValueError:
        raise ValueError("it must be a number such as +12025550150") from None


Number = Annotated[str, AfterValidator(_number)]


class AlertsSettings(Section):
    """Who is told when something is wrong."""

    sinks: Names | None = Field(
        default=None,
        description="Where alerts are told, beside `trunkline alerts list`: `log`, `webhook`, "
        "`email`, `sms`, `whatsapp`, or a plugin's. Default: the log, and all that are set up "
        "below or in `[sinks.NAME]`.",
    )
    min_severity: Severity = Field(
        default=Severity.LOW,
        description="Less than this is told nowhere: `CRITICAL`, `HIGH`, `MEDIUM` or `LOW`. The "
        "same key of `[sinks.NAME]` stands above it for one of them.",
    )
    quiet_hours: Annotated[str, AfterValidator(_hours)] | None = Field(
        default=None,
        description="When only what is CRITICAL is told, such as `22:00-07:00`; the rest waits.",
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        default="UTC", description="The time zone of the quiet hours, and of the daily digest."
    )
    from_agent: str | None = Field(
        default=None,
        description="The agent whose channels carry alerts by `email`, `sms` and `whatsapp`, by "
        "the rules and limits of every act.",
    )
    email: str | None = Field(default=None, pattern=_ADDRESS, description="Who gets them by mail.")
    phone: Number | None = Field(default=None, description="Who gets them as a text.")
    whatsapp: Number | None = Field(default=None, description="Who gets them by WhatsApp.")
    whatsapp_template: str | None = Field(
        default=None,
        description="The approved template that carries them there, with one variable for the "
        "text. Without one WhatsApp takes them only within 24 hours after its owner wrote.",
    )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timezone)

    @property
    def quiet(self) -> tuple[time, time] | None:
        """When the quiet hours begin and end."""
        if self.quiet_hours is None:
            return None
        begins, _, ends = self.quiet_hours.partition("-")
        return time.fromisoformat(begins), time.fromisoformat(ends)
