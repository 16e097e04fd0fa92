"""What becomes of the queue of an agent that is suspended, and of one that is resumed."""

from dataclasses import dataclass
from typing import Final

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import AgentStatus
from trunkline.core.delivery.outcomes import Outcomes
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job, JobKind
from trunkline.core.gate.blocks import SUSPENSION
from trunkline.core.messages import repository
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Evidence, Message, Source, Status
from trunkline.sdk import Database, Tx

_SLICE: Final = 100
_WAITS: Final = "Its agent is suspended: it waits until an operator resumes the agent."
_TOO_LONG: Final = "Its agent was suspended for too long."
_BY_PERSON: Final = Evidence(source=Source.PERSON)


@dataclass(frozen=True, slots=True)
class Holding:
    """Holds messages and lets them go. Every method runs inside the caller's transaction."""

    journal: Journal
    engine: Engine
    outcomes: Outcomes

    def hold(self, tx: Tx, workspace_id: str, message: Message) -> bool:
        """Hold a queued message; its next job is to give it up, once its time has passed."""
        if not self.journal.move(tx, workspace_id, message, Status.HELD, _BY_PERSON):
            return False
        now = self.journal.clock.now()
        repository.set_values(
            tx,
            workspace_id,
            message.id,
            rule=SUSPENSION,
            reason=_WAITS,
            due_at=message.due_at or now,
        )
        over_at = message.deadline_at or now
        self.engine.enqueue(tx, workspace_id, JobKind.ATTEMPT, message.id, over_at)
        return True

    def hold_overtaken(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """
        Hold a message whose turn has come.

        Its agent may be resumed at this moment by somebody who does not see it held: it is looked
        at again.
        """
        if self.hold(tx, workspace_id, message):
            now = self.journal.clock.now()
            self.engine.enqueue(tx, workspace_id, JobKind.SUSPENSION, message.agent_id, now)

    def let_go(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """Queue a held message again; the gate looks at it anew before it is sent."""
        if not self.journal.move(tx, workspace_id, message, Status.QUEUED, _BY_PERSON):
            return
        due_at = message.due_at or self.journal.clock.now()
        repository.set_values(tx, workspace_id, message.id, rule=None, reason=None)
        self.engine.enqueue(tx, workspace_id, JobKind.ATTEMPT, message.id, due_at)

    def give_up(self, tx: Tx, workspace_id: str, message_id: str) -> None:
        """Give a held message up whose time has passed; nothing happens to any other."""
        message = repository.find_message(tx, workspace_id, message_id)
        if message is None or message.status is not Status.HELD or message.deadline_at is None:
            return
        if self.journal.clock.now() >= message.deadline_at:
            self.outcomes.expire(tx, workspace_id, message, _TOO_LONG)


@dataclass(frozen=True, slots=True)
class Suspensions:
    """Does the jobs that go through the queue of an agent."""

    db: Database
    holding: Holding

    async def work(self, job: Job) -> None:
        """Hold what a suspended agent has queued, or let go what is held of one that may act."""
        while await self.db.write(lambda tx: self._slice(tx, job.workspace_id, job.subject_id)):
            pass

    def _slice(self, tx: Tx, workspace_id: str, agent_id: str) -> bool:
        """See to some messages; tell whether to look again, how the agent stands too."""
        agent = agents.find_agent(tx, workspace_id, agent_id)
        if agent is None:
            return False
        suspended = agent.status is AgentStatus.SUSPENDED
        standing = Status.QUEUED if suspended else Status.HELD
        rule = None if suspended else SUSPENSION
        found = repository.waiting(tx, workspace_id, agent_id, standing, rule, _SLICE)
        for message in found:
            if suspended:
                self.holding.hold(tx, workspace_id, message)
            else:
                self.holding.let_go(tx, workspace_id, message)
        return bool(found)
