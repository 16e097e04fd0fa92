"""Connections whose credentials were refused: asked seldom, for vendors lock accounts out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from trunkline.core.connections.troubles import TroubleKind, Troubles
from trunkline.sdk import Clock, EventLog

FIRST_REST_S: Final = 60.0
LONGEST_REST_S: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class _Refusal:
    rest_s: float
    until: datetime


class Refusals:
    """Which connections rest; each process remembers what it met itself, until it is restarted."""

    def __init__(self, clock: Clock, log: EventLog, troubles: Troubles) -> None:
        self._clock = clock
        self._log = log
        self._troubles = troubles
        self._refusals: dict[str, _Refusal] = {}

    def rests(self, connection: str) -> bool:
        """Tell whether another should be asked: not once its provider has taken its key again."""
        refusal = self._refusals.get(connection)
        if refusal is None:
            return False
        trouble = self._troubles.of(connection)
        if trouble is None or trouble.kind is not TroubleKind.CREDENTIALS:
            del self._refusals[connection]
            return False
        return self._clock.now() < refusal.until

    def note(self, connection: str) -> None:
        """Note that its provider refused its credentials: it rests, twice as long each time."""
        before = self._refusals.get(connection)
        if before is not None and self._clock.now() < before.until:
            return  # asked at the same time as the one before
        rest_s = FIRST_REST_S if before is None else min(2 * before.rest_s, LONGEST_REST_S)
        until = self._clock.now() + timedelta(seconds=rest_s)
        self._refusals[connection] = _Refusal(rest_s, until)
        self._log.warning(
            "connection.rests",
            connection=connection,
            reason="Its credentials were refused. Meanwhile the connections after it are asked.",
            until=until.isoformat(timespec="seconds"),
        )
