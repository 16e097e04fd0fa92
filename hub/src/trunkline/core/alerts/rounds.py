"""A round: what is due is told, each sink its share, and it is written down when it is due next."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from trunkline.core.alerts import repository
from trunkline.core.alerts.alarms import ROUND, Alarms
from trunkline.core.alerts.models import AlertKind, KeptAlert
from trunkline.core.alerts.sinks import LOG, Sink, Sinks
from trunkline.core.alerts.times import REPEAT
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job, JobKind
from trunkline.sdk import Alert, Clock, Database, Severity, Tx

MOST_SINGLE: Final = 3
"""More than so many at once are told as one."""
_MOST: Final = 200
_LEASE: Final = timedelta(seconds=60)
_LONGEST_WAIT: Final = timedelta(minutes=15)
_MOST_LISTED: Final = 50
_URGENT: Final = (Severity.CRITICAL, Severity.HIGH)
DIGEST: Final = "digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """Does the one job that tells alerts."""

    db: Database
    engine: Engine
    clock: Clock
    alarms: Alarms
    sinks: Sinks
    _failing: set[str] = field(default_factory=set)

    async def work(self, job: Job) -> None:
        """Tell what is due, and let the next round be due when the next alert is."""
        workspace_id, now = job.workspace_id, self.clock.now()
        taken = await self.db.write(
            lambda tx: repository.take_due(tx, workspace_id, now, now + _LEASE, _MOST)
        )
        waits = {each.id: self.alarms.times.waits_until(each.severity, now) for each in taken}
        due = [each for each in taken if waits[each.id] is None]
        untaken = await self._tell(due) if due else set()
        await self.db.write(lambda tx: self._settle(tx, workspace_id, now, taken, waits, untaken))

    async def _tell(self, due: Sequence[KeptAlert]) -> set[str]:
        """Tell alerts, and return the ids of those that no sink took which was to be told."""
        alerts = sorted(map(told_of, due), key=lambda each: list(Severity).index(each.severity))
        parcels = {sink.name: parcels_of(sink, alerts) for sink in self.sinks.sinks}
        came = await self.sinks.tell(parcels)
        wanted, took = set[str](), set[str]()
        for name, reasons in came.items():
            pairs = list(zip(parcels[name], reasons, strict=True))
            self._note_failure(name, pairs)
            if name != LOG:
                wanted |= {each for alert, _ in pairs for each in _ids(alert)}
                took |= {each for alert, reason in pairs if not reason for each in _ids(alert)}
        return wanted - took

    def _note_failure(self, name: str, pairs: Sequence[tuple[Alert, str | None]]) -> None:
        """Make a failing sink an alert; not of alerts about failing sinks, or it never ends."""
        if all(reason is None for _, reason in pairs):
            if name in self._failing:
                self._failing.discard(name)
                self.alarms.over(AlertKind.SINK_FAILED, name)
        elif any(reason and not _is_about_sinks(alert) for alert, reason in pairs):
            self._failing.add(name)
            self.alarms.note(AlertKind.SINK_FAILED, name)

    def _settle(
        self,
        tx: Tx,
        workspace_id: str,
        now: datetime,
        taken: Sequence[KeptAlert],
        waits: dict[str, datetime | None],
        untaken: Collection[str],
    ) -> None:
        for each in sorted(taken, key=lambda alert: alert.id):
            current = repository.find(tx, workspace_id, each.id, hold=True)
            if current is None or current.acknowledged_at is not None:
                continue
            if (until := waits[each.id]) is not None:
                repository.change(tx, workspace_id, each.id, due_at=until)
            elif each.id in untaken:
                wait = min(max(_LEASE, (now - each.last_at) / 2), _LONGEST_WAIT)
                repository.change(tx, workspace_id, each.id, due_at=now + wait)
            else:
                due_at = self._again(each, current, now)
                repository.change(
                    tx, workspace_id, each.id, told=each.told + 1, told_at=now, due_at=due_at
                )
        if (at := repository.next_due(tx, workspace_id)) is not None:
            self.engine.enqueue(tx, workspace_id, JobKind.ALERT, ROUND, max(at, now))

    def _again(self, told: KeptAlert, current: KeptAlert, now: datetime) -> datetime | None:
        """Return when an alert that was told is told again."""
        if current.over_at is not None:
            return now if told.over_at is None else None  # it ended while it was told
        return now + REPEAT if current.severity is Severity.CRITICAL else None


def told_of(kept: KeptAlert) -> Alert:
    """Return an alert as sinks are told it."""
    return Alert(
        id=kept.id,
        kind=kept.kind.word,
        severity=kept.severity,
        subject=kept.subject,
        sentence=kept.kind.sentence,
        count=kept.count,
        first_at=kept.created_at,
        last_at=kept.last_at,
        telling=kept.told + 1,
        over=kept.over_at is not None,
    )


def parcels_of(sink: Sink, alerts: Sequence[Alert]) -> list[Alert]:
    """Return what a sink is told: what is urgent one by one, if it is few, and the rest as one."""
    its = [
        each
        for each in alerts
        if each.severity.reaches(sink.min_severity)
        and not (_is_about_sinks(each) and each.subject == sink.name)
    ]
    urgent = [each for each in its if each.severity in _URGENT]
    calm = [each for each in its if each.severity not in _URGENT]
    singly = urgent if len(urgent) <= MOST_SINGLE else [digest_of(urgent)]
    return [*singly, *([digest_of(calm)] if calm else [])]


def digest_of(alerts: Sequence[Alert]) -> Alert:
    """Return several alerts as one; a single one is itself."""
    first = alerts[0]
    if len(alerts) == 1:
        return first
    more = len(alerts) - _MOST_LISTED
    left = f" The first {_MOST_LISTED}; trunkline alerts list has all." if more > 0 else ""
    return Alert(
        id=first.id,
        kind=DIGEST,
        severity=first.severity,
        sentence=f"{len(alerts)} alerts, the worst first.{left}",
        count=len(alerts),
        first_at=min(each.first_at for each in alerts),
        last_at=max(each.last_at for each in alerts),
        telling=first.telling,
        parts=tuple(alerts),
    )


def _ids(alert: Alert) -> list[str]:
    return [each.id for each in alert.parts] or [alert.id]


def _is_about_sinks(alert: Alert) -> bool:
    return all(each.kind == AlertKind.SINK_FAILED.word for each in (alert.parts or (alert,)))
