"""The work on a part of an agent: one step after the other, each stored before the next."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from trunkline.core.alerts.alarms import Alarms
from trunkline.core.alerts.models import AlertKind
from trunkline.core.audit.models import HUB
from trunkline.core.audit.service import Audit
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job, JobKind
from trunkline.core.provisioning import repository
from trunkline.core.provisioning.accounts import Accounts
from trunkline.core.provisioning.assigning import used_by
from trunkline.core.provisioning.carriers import Carriers
from trunkline.core.provisioning.domains import Domains, Voices
from trunkline.core.provisioning.models import Aim, Part, Row, Step
from trunkline.core.provisioning.moves import AT_ONCE, Move, after
from trunkline.core.provisioning.numbers import Numbers
from trunkline.core.provisioning.pool import SenderPool
from trunkline.core.provisioning.senders import Senders
from trunkline.sdk import Clock, Database, EventLog, ProviderError, Readiness, Tx

ENDS: Final = (Step.ASSIGNED, Step.KEPT, Step.FAILED)
"""Steps that the record tells of, beside that a part is gone."""


@dataclass(frozen=True, slots=True)
class Work:
    """Does the jobs of provisioning."""

    db: Database
    engine: Engine
    clock: Clock
    log: EventLog
    alarms: Alarms
    numbers: Numbers
    senders: Senders
    domains: Domains
    voices: Voices
    accounts: Accounts
    carriers: Carriers
    pool: SenderPool
    audit: Audit

    async def work(self, job: Job) -> None:
        """Go on with a row for as long as there is something to do at once."""
        row = await self.db.read(lambda tx: repository.find(tx, job.workspace_id, job.subject_id))
        while row is not None:
            move = await self._move(row)
            row = await self._stored(row, move)

    async def _move(self, row: Row) -> Move:
        steps: Mapping[Part, Callable[[Row], Awaitable[Move]]] = {
            Part.PHONE: self.numbers.move,
            Part.WHATSAPP: self.senders.move,
            Part.EMAIL: self.domains.move,
            Part.VOICE_AI: self.voices.move,
            Part.ACCOUNT: self.accounts.move,
            Part.BRAND: self.carriers.move,
            Part.CAMPAIGN: self.carriers.move,
        }
        if row.step is Step.RELEASING:
            user = await self.db.read(lambda tx: used_by(tx, row))
            if user is not None:  # somebody gave it to an agent by hand
                why = f"The agent {user} has it, so it is not given back."
                kept = replace(row, step=Step.KEPT, aim=Aim.KEEP, reason=why, tries=0)
                return Move(row=kept)
        awaited = await self.accounts.awaited(row)
        if awaited is not None:
            return awaited
        try:
            return await steps[row.part](row)
        except ProviderError as error:
            move = after(row, error)
            self.log.warning(
                "provisioning.step_failed",
                agentId=row.agent_id,
                channel=row.part.value,
                step=row.step.value,
                reason=str(error),
            )
            return move

    async def _stored(self, before: Row, move: Move) -> Row | None:
        """Store what came of a step, and return the row if it goes on at once."""
        return await self.db.write(lambda tx: self._store(tx, before, move))

    def _store(self, tx: Tx, before: Row, move: Move) -> Row | None:
        workspace_id, row = before.workspace_id, move.row
        if row is None:
            if repository.remove(tx, before):
                self.pool.ended(tx, before)
                self._record(tx, before, "gone")
                return None
            return repository.find(tx, workspace_id, before.id)  # it is wanted again by now
        known = repository.find(tx, workspace_id, row.id)
        if known is None or known.version != row.version:
            return known
        due_in = move.due_in
        if move.within is not None:
            settled = move.within(tx, row)
            due_in = AT_ONCE if settled.step is not row.step else due_in
            row = settled
        now = self.clock.now()
        if not repository.store(tx, row, now):
            return repository.find(tx, workspace_id, row.id)
        self.pool.follow(tx, row)
        if row.step is not before.step and row.step in ENDS:
            self._record(tx, row, row.step.value)
        self._alarm(tx, before, row)
        if due_in is not None and due_in > AT_ONCE:
            self.engine.enqueue(tx, workspace_id, JobKind.PROVISION, row.id, now + due_in)
        if due_in != AT_ONCE:
            return None
        return replace(row, version=row.version + 1)

    def _record(self, tx: Tx, row: Row, came: str) -> None:
        """Record what provisioning came to; the name of a part's row tells which number it was."""
        details = {"part": row.part.value, "connection": row.connection, "row": row.id, "as": came}
        self.audit.note(
            tx, "provisioning.ended", HUB, row.agent_id, details, workspace_id=row.workspace_id
        )

    def _alarm(self, tx: Tx, before: Row, row: Row) -> None:
        """Tell operators of what they have to see to."""
        if row.step is Step.FAILED and before.step is not Step.FAILED:
            self.alarms.raise_in(tx, row.workspace_id, AlertKind.PROVISIONING_FAILED, row.agent_id)
        if row.readiness is Readiness.REJECTED and before.readiness is not Readiness.REJECTED:
            self.alarms.raise_in(tx, row.workspace_id, AlertKind.SENDER_REJECTED, row.agent_id)
