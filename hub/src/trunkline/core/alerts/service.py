"""The verbs of alerts for operators: list, acknowledge, try the sinks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trunkline.core.alerts import repository
from trunkline.core.alerts.models import AlertKind, KeptAlert
from trunkline.core.alerts.sinks import Sinks
from trunkline.core.principal import Principal
from trunkline.core.problems import NotFound
from trunkline.sdk import Alert, Clock, Database, EventLog, IdSource, Severity, Tx

_BY_OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of a test alert at one sink; `reason` is why it was not taken."""

    sink: str
    min_severity: Severity
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """
    What operators do with alerts.

    Attributes:
        record: Records that somebody acknowledged an alert, in the transaction.
    """

    db: Database
    sinks: Sinks
    clock: Clock
    ids: IdSource
    log: EventLog
    record: Callable[[Tx, Principal, str], None]

    async def newest(
        self,
        principal: Principal,
        *,
        severity: Severity | None = None,
        is_open: bool | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> list[KeptAlert]:
        """Return alerts of a severity or a worse one, the newest first."""
        wanted = [each for each in Severity if severity is None or each.reaches(severity)]
        return await self.db.read(
            lambda tx: repository.newest(
                tx,
                principal.workspace_id,
                severities=wanted,
                is_open=is_open,
                before=before,
                limit=limit,
            )
        )

    async def acknowledge(self, principal: Principal, alert_id: str | None) -> Sequence[KeptAlert]:
        """
        Say that somebody sees to an alert, or to all that are open: it is not told again.

        Returns those that were open. What was acknowledged before stays as it is.

        Raises:
            NotFound: There is no such alert.
        """
        workspace_id, now = principal.workspace_id, self.clock.now()
        by = principal.kid or _BY_OPERATOR

        def fn(tx: Tx) -> list[KeptAlert]:
            if alert_id is not None and repository.find(tx, workspace_id, alert_id) is None:
                raise NotFound("alert")
            changed = repository.acknowledge(tx, workspace_id, by, now, alert_id)
            for each in changed:
                self.record(tx, principal, each)
            found = (repository.find(tx, workspace_id, each) for each in changed)
            return [each for each in found if each is not None]

        acknowledged = await self.db.write(fn)
        for each in acknowledged:
            self.log.info("alert.acknowledged", alertId=each.id, kind=each.kind.word, by=by)
        return acknowledged

    async def test(self, severity: Severity, only: str | None) -> list[Tried]:
        """
        Tell every sink, or one, that this is a test, whatever it is told otherwise.

        Raises:
            NotFound: There is no such sink.
        """
        named = [each for each in self.sinks.sinks if only in (None, each.name)]
        if only is not None and not named:
            raise NotFound("alert sink")
        now = self.clock.now()
        test = Alert(
            id=self.ids.new("alr"),
            kind=AlertKind.TEST.word,
            severity=severity,
            sentence=AlertKind.TEST.sentence,
            first_at=now,
            last_at=now,
        )
        came = await self.sinks.tell({each.name: [test] for each in named})
        return [
            Tried(sink=each.name, min_severity=each.min_severity, reason=came[each.name][0])
            for each in named
        ]
