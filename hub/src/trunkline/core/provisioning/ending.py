"""Canceling what an agent has queued that is no more."""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

import sqlalchemy as sa

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import AgentStatus
from trunkline.core.alerts.alarms import Alarms
from trunkline.core.alerts.models import AlertKind
from trunkline.core.engine.repository import Job
from trunkline.core.messages.models import Direction, Status
from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import TooLate
from trunkline.core.sending.service import Messages
from trunkline.db.schema import messages
from trunkline.sdk import Database, Tx

_AT_ONCE: Final = 100
_WAITING: Final = (Status.QUEUED.value, Status.HELD.value)


@dataclass(frozen=True, slots=True)
class Ending:
    """Does the jobs of agents that are no more."""

    db: Database
    messages: Messages
    alarms: Alarms

    async def work(self, job: Job) -> None:
        """Tell operators, and cancel what waits, a hundred at a time."""
        await self.db.write(partial(self._tell, job))
        principal = Principal(scope=Scope.LOCAL, workspace_id=job.workspace_id)
        last = ""
        while found := await self.db.read(partial(_waiting, job, last)):
            for message_id in found:
                with suppress(TooLate):
                    await self.messages.cancel(principal, job.subject_id, message_id)
            last = found[-1]

    def _tell(self, job: Job, tx: Tx) -> None:
        if _is_gone(tx, job):
            self.alarms.raise_in(tx, job.workspace_id, AlertKind.DEPROVISIONED, job.subject_id)


def _is_gone(tx: Tx, job: Job) -> bool:
    agent = agents.find_agent(tx, job.workspace_id, job.subject_id)
    return agent is not None and agent.status is AgentStatus.DEPROVISIONED


def _waiting(job: Job, after: str, tx: Tx) -> list[str]:
    if not _is_gone(tx, job):
        return []  # it is back
    return list(
        tx.execute(
            sa.select(messages.c.id)
            .where(
                messages.c.workspace_id == job.workspace_id,
                messages.c.agent_id == job.subject_id,
                messages.c.direction == Direction.OUTBOUND.value,
                messages.c.status.in_(_WAITING),
                messages.c.id > after,
            )
            .order_by(messages.c.id)
            .limit(_AT_ONCE)
        ).scalars()
    )
