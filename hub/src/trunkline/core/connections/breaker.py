"""The circuit breaker of each connection: a provider in trouble is left alone for a while."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from trunkline.core.alerts.alarms import Alarms
from trunkline.core.alerts.models import AlertKind
from trunkline.core.connections import repository
from trunkline.core.connections.repository import Standing
from trunkline.metrics import Metrics
from trunkline.sdk import Clock, Database, DatabaseFailed, EventLog, IdSource, Overloaded

FAILURES: Final = 5
"""So many in a row open it."""
FIRST_PAUSE_S: Final = 30.0
LONGEST_PAUSE_S: Final = 600.0
_PROBE_LOOK_S: Final = 2.0
"""How soon to look again while somebody tries."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to ask a connection once, given when its breaker was at `version`."""

    connection: str
    version: int


@dataclass(slots=True)
class _Breaker:
    """
    What this process knows of one connection.

    Attributes:
        version: Counts the changes, so that an answer to an older question changes nothing.
        unsaved: The others do not know of the last change yet.
        probed: Somebody tries just now whether the provider does well again.
    """

    standing: Standing = field(default_factory=Standing)
    version: int = 0
    unsaved: bool = False
    probed: bool = False


class Breakers:
    """
    The breakers of all connections.

    What is asked on every send is kept in memory. The rows say it to the other hubs of the
    database, and are written on changes only: a send over a provider that does well costs nothing.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: IdSource,
        log: EventLog,
        metrics: Metrics,
        alarms: Alarms,
        *,
        probe_s: float,
    ) -> None:
        """`probe_s` is how long one may take that tries whether a provider does well again."""
        self._db = db
        self._clock = clock
        self._ids = ids
        self._log = log
        self._metrics = metrics
        self._alarms = alarms
        self._probe_s = probe_s
        self._breakers: dict[str, _Breaker] = {}

    def open_until(self, connection: str) -> datetime | None:
        """Return when to look again at a connection that is left alone; None if it may be asked."""
        breaker, now = self._of(connection), self._clock.now()
        until = breaker.standing.open_until
        if until is None or until <= now:
            return None
        return min(until, now + timedelta(seconds=_PROBE_LOOK_S)) if breaker.probed else until

    def is_open(self, connection: str) -> bool:
        """Tell whether a connection is in trouble; it is until somebody has tried it again."""
        return self._of(connection).standing.open_until is not None

    async def permit(self, connection: str) -> Permit | None:
        """
        Return leave to ask a connection, or None while it is left alone.

        Once its time is over one of all hubs may try it, and the others wait for what comes of it.
        """
        breaker = self._of(connection)
        seen, now = breaker.standing, self._clock.now()
        if seen.open_until is None:
            return Permit(connection, breaker.version)
        if seen.open_until > now:
            return None
        if breaker.unsaved:
            await self._save(connection, breaker)
        until = now + timedelta(seconds=self._probe_s)
        self._change(connection, Standing(seen.failures, until), unsaved=True)
        breaker.probed, permit = True, Permit(connection, breaker.version)
        won = await self._db.write(lambda tx: repository.take_probe(tx, connection, seen, until))
        breaker.unsaved = False
        return permit if won else None

    def note(self, permit: Permit, *, trouble: bool) -> None:
        """Note how a provider answered that was asked by a permit."""
        breaker = self._of(permit.connection)
        if permit.version != breaker.version:
            return
        failures = breaker.standing.failures + 1 if trouble else 0
        if trouble and failures >= FAILURES:
            doubled_s = FIRST_PAUSE_S * 2.0 ** min(failures - FAILURES, 10)
            until = self._clock.now() + timedelta(seconds=min(doubled_s, LONGEST_PAUSE_S))
            self._change(permit.connection, Standing(failures, until), unsaved=True)
            self._log.warning(
                "connection.circuit_opened",
                connection=permit.connection,
                failures=failures,
                until=until.isoformat(timespec="seconds"),
            )
            self._alarms.note(AlertKind.PROVIDER_DOWN, permit.connection)
        elif breaker.standing.open_until is not None:
            self._change(permit.connection, Standing(), unsaved=True)
            self._log.info("connection.circuit_closed", connection=permit.connection)
            self._alarms.over(AlertKind.PROVIDER_DOWN, permit.connection)
        else:
            breaker.standing = Standing(failures)

    async def save(self) -> None:
        """Tell the other hubs what has changed here, if anything has."""
        for connection, breaker in list(self._breakers.items()):  # more may come meanwhile
            if breaker.unsaved:
                await self._save(connection, breaker)

    async def refresh(self) -> None:
        """Learn what the other hubs have written."""
        before = {name: each.version for name, each in self._breakers.items() if not each.unsaved}
        rows = await self._db.read(repository.read_standings)
        for name in rows.keys() | before.keys():
            row, breaker = rows.get(name, Standing()), self._of(name)
            same = breaker.version == before.get(name, 0) and not breaker.unsaved
            seen = breaker.standing
            if same and row.open_until != seen.open_until:
                self._change(name, row)
                breaker.probed = None not in (row.open_until, seen.open_until) and (
                    row.failures == seen.failures
                )

    async def _save(self, connection: str, breaker: _Breaker) -> None:
        row_id, now, version = self._ids.new("row"), self._clock.now(), breaker.version
        standing = breaker.standing
        try:
            await self._db.write(
                lambda tx: repository.write_standing(tx, row_id, connection, standing, now)
            )
        except (DatabaseFailed, Overloaded) as error:
            self._log.warning(
                "connection.state_not_saved", connection=connection, reason=str(error)
            )
        else:
            breaker.unsaved = breaker.version != version

    def _of(self, connection: str) -> _Breaker:
        return self._breakers.setdefault(connection, _Breaker())

    def _change(self, connection: str, standing: Standing, *, unsaved: bool = False) -> None:
        breaker = self._of(connection)
        breaker.standing, breaker.unsaved, breaker.probed = standing, unsaved, False
        breaker.version += 1
        self._metrics.circuit(connection=connection, is_open=standing.open_until is not None)
