"""Every attempt after the answer: retries, scheduled messages, batches, safe resends."""

from dataclasses import dataclass

from trunkline.core.agents import repository as agents
from trunkline.core.channels import rules_of
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.connections.routes import Later, Routes
from trunkline.core.delivery.beginning import Beginning
from trunkline.core.delivery.deliver import Delivery
from trunkline.core.delivery.holding import Holding
from trunkline.core.delivery.outcomes import Outcomes
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job, JobKind
from trunkline.core.gate.able import carriers
from trunkline.core.messages import repository, trail
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Message, Status
from trunkline.sdk import Database, Tx


class NoConnection(Exception):
    """A message's connection is not configured any more, or not usable: an operator must look."""


@dataclass(frozen=True, slots=True)
class Redelivery:
    """Does the jobs that hand a message over."""

    db: Database
    connections: Connections
    routes: Routes
    beginning: Beginning
    delivery: Delivery
    outcomes: Outcomes
    holding: Holding
    journal: Journal
    engine: Engine

    async def work(self, job: Job) -> None:
        """
        Make the next attempt at a queued message; the rows tell whether it is still wanted.

        Raises:
            NoConnection: No connection can be used that may carry it.
        """
        workspace_id, message_id = job.workspace_id, job.subject_id
        try:
            candidates = await self.db.read(
                lambda tx: self._candidates(tx, workspace_id, message_id, Status.QUEUED)
            )
        except NoConnection as gone:
            why = str(gone)
            if await self.db.write(lambda tx: self._expire(tx, workspace_id, message_id, why)):
                return
            raise
        if not candidates:
            await self.db.write(lambda tx: self.holding.give_up(tx, workspace_id, message_id))
            return
        later = await self._attempt(workspace_id, message_id, Status.QUEUED, candidates)
        if later is not None:
            await self.db.write(
                lambda tx: self.outcomes.put_off(tx, workspace_id, message_id, later)
            )

    async def resend(self, workspace_id: str, message_id: str) -> None:
        """Send a message of unknown outcome again, to a provider that drops it if it has it."""
        candidates = await self.db.read(
            lambda tx: self._candidates(tx, workspace_id, message_id, Status.UNKNOWN)
        )
        if not candidates:
            return
        later = await self._attempt(workspace_id, message_id, Status.UNKNOWN, candidates)
        if later is not None:
            await self.db.write(
                lambda tx: self.engine.enqueue(
                    tx, workspace_id, JobKind.RECONCILE, message_id, later.at
                )
            )

    async def _attempt(
        self,
        workspace_id: str,
        message_id: str,
        standing: Status,
        candidates: tuple[Connection, ...],
    ) -> Later | None:
        """Make an attempt over the first candidate that may be asked now, or say when one may."""
        route = await self.routes.later(candidates)
        if isinstance(route, Later):
            return route
        try:
            begun_s = self.journal.clock.monotonic()
            attempt = await self.db.write(
                lambda tx: self.beginning.begin(
                    tx, workspace_id, message_id, standing, begun_s, route
                )
            )
            if isinstance(attempt, Later):
                return attempt
            if attempt is not None:
                await self.delivery.attempt(attempt, route)
        finally:
            route.leave()
        return None

    def _expire(self, tx: Tx, workspace_id: str, message_id: str, why: str) -> bool:
        """Give up a queued message that nothing can carry, if its time has passed."""
        message = repository.find_message(tx, workspace_id, message_id)
        if message is None or message.status is not Status.QUEUED:
            return True
        is_over = message.deadline_at is not None and message.deadline_at < self.journal.clock.now()
        if is_over:
            self.outcomes.expire(tx, workspace_id, message, why)
        return is_over

    def _candidates(
        self, tx: Tx, workspace_id: str, message_id: str, standing: Status
    ) -> tuple[Connection, ...]:
        """Return what may carry a message that is `standing` there, best first; else nothing."""
        message = repository.find_message(tx, workspace_id, message_id)
        if message is None or message.status is not standing:
            return ()
        rules = rules_of(message.channel)
        own = self.connections.find(message.connection, rules.kind)
        if own is None:
            raise _no_connection(message)
        agent = agents.find_agent(tx, workspace_id, message.agent_id)
        was_unknown = trail.unknown_since(tx, workspace_id, message_id) is not None
        content = self.journal.content(tx, workspace_id, message)
        is_portable = content is None or rules.is_portable(content)
        if agent is not None and is_portable and not was_unknown:
            needs = rules.needs(with_media=message.media_count > 0)
            candidates = self.connections.candidates(own, agent, needs)
            candidates = candidates if content is None else carriers(rules, content, candidates)
            candidates = self.beginning.gate.order.of(
                candidates,
                rules,
                message.to_address,
                message.segments or 1,
                with_media=message.media_count > 0,
            )
        else:  # whoever may have it is not passed over: it would be sent twice
            candidates = () if own.fault else (own,)
        if not candidates:
            raise _no_connection(message)
        return candidates


def _no_connection(message: Message) -> NoConnection:
    return NoConnection(f"The connection '{message.connection}' cannot be used.")
