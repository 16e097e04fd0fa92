"""Reports that came before their messages were known: applied once they are."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from trunkline.core.connections.registry import Connections
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job, JobKind
from trunkline.core.inbound import repository
from trunkline.core.inbound.dispatch import Dispatch
from trunkline.core.inbound.letters import heard_in, place_of
from trunkline.core.inbound.reporting import FIRST_LOOK, Applied
from trunkline.core.inbound.repository import EventState, StoredEvent
from trunkline.core.messages.journal import Journal
from trunkline.core.privacy.keys import Unreadable
from trunkline.sdk import Database, InboundEvent, Tx

GIVE_UP: Final = timedelta(hours=24)
"""Until then a message of unknown outcome may still turn out to be the one reported on."""
_NOT_OURS: Final = Applied(state=EventState.IGNORED, reason="The hub sent no such message.")


@dataclass(frozen=True, slots=True)
class EarlyReports:
    """Does the jobs that look for the messages."""

    db: Database
    connections: Connections
    dispatch: Dispatch
    journal: Journal
    engine: Engine

    async def work(self, job: Job) -> None:
        """Apply a report that waits, or see to it that its message is looked for again."""
        await self.db.write(lambda tx: self._try(tx, job.workspace_id, job.subject_id))

    def _try(self, tx: Tx, workspace_id: str, event_id: str) -> None:
        found = repository.find_event(tx, workspace_id, event_id, hold=True)
        if found is None or found.state is not EventState.WAITING:
            return
        now = self.journal.clock.now()
        age = now - found.created_at
        connection = self.connections.account(found.connection)
        report = self._take(tx, workspace_id, event_id)
        end = _NOT_OURS
        if report is not None and connection is not None:
            stored = StoredEvent(
                id=event_id,
                workspace_id=workspace_id,
                connection=found.connection,
                external_id=found.external_id,
                kind=found.kind,
                agent_id=found.agent_id,
                attempt_id=found.attempt_id,
            )
            applied = self.dispatch.apply(tx, stored, report, connection)
            if applied.state is not EventState.WAITING:
                end = applied
            elif age < GIVE_UP:
                again_at = now + max(FIRST_LOOK, age)
                self.engine.enqueue(tx, workspace_id, JobKind.REPORT, event_id, again_at)
                return
            else:
                self._take(tx, workspace_id, event_id)
        repository.end_letter(
            tx, workspace_id, event_id, now, end.reason, end.message_id, state=end.state
        )

    def _take(self, tx: Tx, workspace_id: str, event_id: str) -> InboundEvent | None:
        """Return what waits, and remove it: what is told of calls lies in the vault."""
        report = repository.take_early_report(tx, workspace_id, event_id)
        if report is not None:
            return report
        place, vault = place_of(workspace_id, event_id), self.journal.vault
        try:
            letter = vault.held(tx, place)
            event = None if letter is None else heard_in(letter)
        except (Unreadable, ValueError):
            event = None
        vault.shred(tx, place)
        return event
