"""The kinds of vendors there are, and how they take requests."""

from enum import Enum, StrEnum
from typing import Final


class Flavour(StrEnum):
    """How a lost answer may be resolved with a vendor."""

    KEY = "key"
    LOOKUP = "lookup"
    NONE = "none"


FLAVOURS: Final = tuple(Flavour)


class Weather(Enum):
    """How a vendor takes one request."""

    FAIR = "fair"
    SLOW = "slow"
    DROPPED = "dropped"
    LOST = "lost"
    LATE = "late"
    BUSY = "busy"
    AWAY = "away"
    REFUSED = "refused"
    LOCKED = "locked"
    BROKEN = "broken"
    SILLY = "silly"


FAIR_WEATHER: Final = {Weather.FAIR: 1}
STORM: Final = {
    Weather.FAIR: 8,
    Weather.SLOW: 2,  # accepts in time, and answers too late
    Weather.DROPPED: 3,  # accepts, and the answer is lost
    Weather.LOST: 2,  # the request is lost on its way
    Weather.LATE: 2,  # accepts long after the hub has stopped to wait
    Weather.BUSY: 5,
    Weather.AWAY: 2,  # in maintenance, and says so
    Weather.REFUSED: 1,
    Weather.LOCKED: 1,
    Weather.BROKEN: 1,  # the adapter raises anything, having sent
    Weather.SILLY: 1,  # the adapter returns nothing, having sent
}
