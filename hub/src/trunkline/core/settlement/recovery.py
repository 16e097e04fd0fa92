"""After a crash: an attempt that was never ended has an outcome that nobody knows."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from trunkline.audit_verifier import RESTORED as RECORD_RESTORED
from trunkline.core.audit.models import HUB
from trunkline.core.delivery.deliver import Delivery
from trunkline.core.duplicates import repository as duplicates
from trunkline.core.engine import repository as jobs
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.marks import RESTORED, clear_mark, find_mark
from trunkline.core.engine.repository import JobKind
from trunkline.core.messages import repository, trail
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Evidence, Source, Status
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.sdk import Tx

REASON = "The hub stopped before the provider's answer was stored."
_RESTORED = "The database was restored from a backup; it may have been sent since."


@dataclass(frozen=True, slots=True)
class Recovery:
    """Settles what the dead left. Every method runs inside the caller's transaction."""

    journal: Journal
    engine: Engine
    delivery: Delivery

    def settle_dead(self, tx: Tx, executor: str) -> int:
        """Call each message unknown that a dead executor left in `sending`; return how many."""
        return self._settle(tx, trail.leftover_attempts(tx, executor))

    def settle_forgotten(self, tx: Tx, others: Collection[str], begun_before: datetime) -> int:
        """
        Do the same for old attempts that nobody makes: neither this process nor one of `others`.

        Their executors are gone for good; or the database stored an attempt and could not say so.
        """
        forgotten = trail.forgotten_attempts(tx, others, begun_before)
        under_way = self.delivery.under_way
        return self._settle(tx, [each for each in forgotten if each[1] not in under_way])

    def settle_restored(self, tx: Tx) -> int | None:
        """
        Distrust what a restored database says is yet to be done; None if it was not restored.

        Whatever was due may have been done after the backup was made. So it is unknown, whoever was
        at work on it, and a person decides: a provider's memory, too, is not what it was then. What
        is due later is still due: nobody can have begun it. Returns how many messages are unknown.
        """
        if find_mark(tx, DEFAULT_WORKSPACE, RESTORED) is None:
            return None
        now = self.journal.clock.now()
        for workspace_id, attempt_id, _ in trail.unended_attempts(tx):
            trail.end_attempt(tx, workspace_id, attempt_id, state="unknown", now=now)
        distrusted = repository.distrust(tx, now, _RESTORED)
        duplicates.distrust(tx, now, _RESTORED)
        for workspace_id, message_id in distrusted:
            repository.set_values(tx, workspace_id, message_id, duplicated=False)  # that, too
            evidence = Evidence(source=Source.RESTORE)
            status = Status.UNKNOWN.value
            self.journal.note(tx, workspace_id, message_id, status, evidence, moved=True)
            if (message := repository.find_message(tx, workspace_id, message_id)) is not None:
                self.journal.accounts.doubted(tx, workspace_id, message)
            for kind in (JobKind.ATTEMPT, JobKind.RECONCILE):
                jobs.cancel(tx, workspace_id, kind, message_id)
        jobs.release_all(tx)
        clear_mark(tx, DEFAULT_WORKSPACE, RESTORED)
        # What had been recorded since the backup is lost, and verification knows it by this row.
        details = {"unknown": len(distrusted)}
        self.journal.audit.note(tx, RECORD_RESTORED, HUB, "database", details)
        return len(distrusted)

    def _settle(self, tx: Tx, leftovers: list[tuple[str, str, str]]) -> int:
        now = self.journal.clock.now()
        for workspace_id, attempt_id, message_id in leftovers:
            trail.end_attempt(tx, workspace_id, attempt_id, state="unknown", now=now)
            message = repository.find_message(tx, workspace_id, message_id)
            if message is None:
                continue
            evidence = Evidence(source=Source.SEND)
            if self.journal.move(tx, workspace_id, message, Status.UNKNOWN, evidence):
                repository.set_values(tx, workspace_id, message_id, reason=REASON)
                self.engine.enqueue(tx, workspace_id, JobKind.RECONCILE, message_id, now)
        return len(leftovers)
