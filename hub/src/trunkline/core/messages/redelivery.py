"""Every attempt after the answer: retries, scheduled messages, batches, safe resends."""

from dataclasses import dataclass, replace

from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job
from trunkline.core.gate.gate import Gate
from trunkline.core.messages import idempotency, repository, trail
from trunkline.core.messages.attempts import Attempt
from trunkline.core.messages.content import Content
from trunkline.core.messages.delivery import Delivery
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Evidence, Flag, Message, Source, Status
from trunkline.core.messages.outcomes import Outcomes
from trunkline.sdk import E164, Database, Tx


class Gone(Exception):
    """A message's connection is not configured any more, or not usable: an operator must look."""


@dataclass(frozen=True, slots=True)
class Redelivery:
    """Does the jobs that hand a message over."""

    db: Database
    gate: Gate
    connections: Connections
    delivery: Delivery
    outcomes: Outcomes
    journal: Journal
    engine: Engine

    async def work(self, job: Job) -> None:
        """Make the next attempt at a queued message; the rows tell whether it is still wanted."""
        begun_s = self.journal.clock.monotonic()
        attempt = await self.db.write(
            lambda tx: self.begin(tx, job.workspace_id, job.subject_id, Status.QUEUED, begun_s)
        )
        if attempt is not None:
            await self.delivery.attempt(attempt)

    async def resend(self, workspace_id: str, message_id: str) -> None:
        """Send a message of unknown outcome again, to a provider that drops it if it has it."""
        begun_s = self.journal.clock.monotonic()
        attempt = await self.db.write(
            lambda tx: self.begin(tx, workspace_id, message_id, Status.UNKNOWN, begun_s)
        )
        if attempt is not None:
            await self.delivery.attempt(attempt)

    def begin(
        self, tx: Tx, workspace_id: str, message_id: str, standing: Status, begun_s: float
    ) -> Attempt | None:
        """
        Store the next attempt at a message that is `standing` there, if the gate lets it pass.

        Raises:
            Gone: Its connection cannot be used.
        """
        message = repository.find_message(tx, workspace_id, message_id)
        if message is None or message.status is not standing:
            return None
        content = self._content_in_time(tx, workspace_id, message)
        if content is None:
            return None
        recipient = E164(message.to_address)
        block = self.gate.recheck(tx, workspace_id, message.agent_id, recipient)
        if block is not None:
            if standing is Status.QUEUED:
                self._block(tx, workspace_id, message, block.rule, block.sentence)
            else:
                repository.set_values(tx, workspace_id, message_id, flag=Flag.UNKNOWN.value)
            return None
        connection = self._connection(message)
        evidence = Evidence(source=Source.SEND)
        if not self.journal.move(tx, workspace_id, message, Status.SENDING, evidence):
            return None
        number = message.attempts + 1
        repository.set_values(tx, workspace_id, message_id, attempts=number, due_at=None)
        attempt = Attempt(
            id=self.journal.ids.new("att"),
            workspace_id=workspace_id,
            message=replace(message, status=Status.SENDING, attempts=number),
            content=content,
            connection=connection,
            number=number,
            begun_s=begun_s,
            resend=standing is Status.UNKNOWN,
        )
        trail.add_attempt(
            tx,
            workspace_id,
            attempt.id,
            attempt.message,
            executor=self.engine.executor,
            now=self.journal.clock.now(),
        )
        return attempt

    def _content_in_time(self, tx: Tx, workspace_id: str, message: Message) -> Content | None:
        """Return what to send; None, having given the message up, once its time has passed."""
        now = self.journal.clock.now()
        late = message.deadline_at is not None and now > message.deadline_at
        content = None if late else self.journal.content(tx, workspace_id, message)
        if content is None and message.status is Status.QUEUED:
            self.outcomes.expire(tx, workspace_id, message, message.reason or "It had to wait.")
        elif content is None:
            repository.set_values(tx, workspace_id, message.id, flag=Flag.UNKNOWN.value)
        return content

    def _block(self, tx: Tx, workspace_id: str, message: Message, rule: str, why: str) -> None:
        self.journal.move(tx, workspace_id, message, Status.BLOCKED, Evidence(source=Source.SEND))
        repository.set_values(
            tx,
            workspace_id,
            message.id,
            error_code="blocked",
            rule=rule,
            reason=why,
            due_at=None,
            cost=0,
            cost_final=True,
        )
        idempotency.free(tx, workspace_id, message.id)

    def _connection(self, message: Message) -> Connection:
        connection = self.connections.find(message.connection)
        if connection is None or connection.fault:
            raise Gone(f"The connection '{message.connection}' cannot be used.")
        return connection
