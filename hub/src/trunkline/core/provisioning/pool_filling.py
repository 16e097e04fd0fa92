"""Filling the pool of WhatsApp senders: one job, whoever's hub does it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from trunkline.core.connections.registry import Connection
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job, JobKind
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.core.problems import Missing
from trunkline.core.provisioning import pool_rows, repository
from trunkline.core.provisioning.models import Aim, Part, Row, Step
from trunkline.core.provisioning.pool_rows import Pooled, PoolStatus
from trunkline.core.provisioning.pool_sources import PoolSources
from trunkline.sdk import Clock, Database, EventLog, IdSource, Tx

_SUBJECT: Final = "whatsapp"
_AFTER_FAILURE: Final = (
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
)
_LOOK_IN: Final = timedelta(hours=6)
_BLOCKED: Final = timedelta(minutes=5)


def look_at_pool(engine: Engine, tx: Tx, workspace_id: str, due_at: datetime) -> None:
    """Let the pool be looked at: a place may be empty by then."""
    engine.enqueue(tx, workspace_id, JobKind.SENDER_POOL, _SUBJECT, due_at)


@dataclass(frozen=True, slots=True)
class Filling:
    """
    Keeps the places of the pool filled.

    A place of the pool is a row with a number of its own, so that however many hubs fill it, no
    more is bought than there are places. What stands in a place is provisioned as an agent's is.
    """

    db: Database
    engine: Engine
    clock: Clock
    ids: IdSource
    log: EventLog
    sources: PoolSources

    async def begin(self) -> None:
        """Let the engine fill the pool, if there is to be one."""
        now = self.clock.now()
        if self.sources.size:
            await self.db.write(lambda tx: look_at_pool(self.engine, tx, DEFAULT_WORKSPACE, now))

    async def work(self, job: Job) -> None:
        """Fill the places that are empty, or whose time has come to be tried again."""
        if self.sources.size == 0:
            return  # another hub of the database may have one
        try:
            whatsapp, phone = self.sources.found()
        except Missing as problem:
            self.log.warning("sender_pool.cannot_fill", reason=problem.detail)
            due_at = self.clock.now() + _BLOCKED
            await self.db.write(lambda tx: look_at_pool(self.engine, tx, job.workspace_id, due_at))
            return
        begun = await self.db.write(lambda tx: self._fill(tx, job.workspace_id, whatsapp, phone))
        if begun:
            self.log.info("sender_pool.filling", count=begun)

    def _fill(
        self, tx: Tx, workspace_id: str, whatsapp: Connection, phone: Connection | None
    ) -> int:
        """Begin with the places that are empty; return how many, and look again in time."""
        pool_rows.hold_pool(tx, workspace_id)
        now, begun = self.clock.now(), 0
        due_at = now + _LOOK_IN
        tries: dict[int, int] = {}
        pooled = pool_rows.all_pooled(tx, workspace_id)
        for each in pooled:
            if each.status is not PoolStatus.FAILED or each.slot is None:
                continue
            again_at = each.updated_at + _AFTER_FAILURE[min(each.tries, len(_AFTER_FAILURE) - 1)]
            if again_at > now:
                due_at = min(due_at, again_at)
                continue
            pool_rows.clear(tx, each)
            tries[each.slot] = each.tries + 1
        taken = {each.slot for each in pooled} - tries.keys()
        for slot in range(1, self.sources.size + 1):
            if slot not in taken:
                self._prepare(tx, workspace_id, slot, tries.get(slot, 0), whatsapp, phone)
                begun += 1
        look_at_pool(self.engine, tx, workspace_id, due_at)
        return begun

    def _prepare(
        self,
        tx: Tx,
        workspace_id: str,
        slot: int,
        tries: int,
        whatsapp: Connection,
        phone: Connection | None,
    ) -> None:
        """Write down what is to stand in a place, and let the engine begin with it."""
        now = self.clock.now()
        pooled = replace(
            Pooled(
                id=self.ids.new("row"),
                workspace_id=workspace_id,
                slot=slot,
                sender_row=self.ids.new("row"),
                updated_at=now,
            ),
            tries=tries,
        )
        pool_rows.add(tx, pooled)
        sender = Row(
            id=pooled.sender_row,
            workspace_id=workspace_id,
            agent_id=pooled.owner,
            part=Part.WHATSAPP,
            aim=Aim.HAVE,
            step=Step.WANTED,
            connection=whatsapp.name,
            country=self.sources.country if phone is not None else None,
        )
        rows = [sender]
        if phone is not None:
            number = replace(sender, id=self.ids.new("row"), part=Part.PHONE, connection=phone.name)
            rows.append(number)
        for row in rows:
            repository.add(tx, row, now)
            self.engine.enqueue(tx, workspace_id, JobKind.PROVISION, row.id, now)
