"""What a person decides about a message: what became of it, and that it is tried now."""

from collections.abc import Callable
from dataclasses import dataclass

from trunkline.core.compliance import repository as compliance
from trunkline.core.delivery.outcomes import Outcomes
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import JobKind
from trunkline.core.messages import repository, trail
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import (
    AttemptEntry,
    Direction,
    Evidence,
    Flag,
    HistoryEntry,
    Message,
    Source,
    Status,
)
from trunkline.core.principal import Principal
from trunkline.core.problems import NotFound, TooLate
from trunkline.sdk import Database, Tx

_BY_PERSON = Evidence(source=Source.PERSON)
_NOT_SENT = "A person found that it was not sent."


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """A message with all that was tried and learnt, oldest first."""

    message: Message
    history: tuple[HistoryEntry, ...]
    attempts: tuple[AttemptEntry, ...]


@dataclass(frozen=True, slots=True)
class Decisions:
    """The operator's verbs."""

    db: Database
    journal: Journal
    outcomes: Outcomes
    engine: Engine

    async def newest(
        self, principal: Principal, status: Status | None, limit: int, *, flagged: bool
    ) -> list[Message]:
        """Return the newest messages, of one status or of all, newest first."""
        return await self.db.read(
            lambda tx: repository.newest(
                tx, principal.workspace_id, status, limit, flagged=flagged
            ),
            heavy=True,
        )

    async def inspect(self, principal: Principal, message_id: str) -> Inspected:
        """Return all that is known of a message."""
        workspace_id = principal.workspace_id

        def fn(tx: Tx) -> Inspected:
            message = repository.find_message(tx, workspace_id, message_id)
            if message is None:
                raise NotFound("message")
            return Inspected(
                message=message,
                history=tuple(trail.read_history(tx, workspace_id, message_id)),
                attempts=tuple(trail.read_attempts(tx, workspace_id, message_id)),
            )

        return await self.db.read(fn)

    async def resolve(self, principal: Principal, message_id: str, *, sent: bool) -> Message:
        """
        Settle a message whose outcome is unknown by what a person found out.

        One that was not sent is tried again, if there is time and its text is still there.

        Raises:
            TooLate: Its outcome is known.
        """

        def decide(tx: Tx, workspace_id: str, message: Message) -> None:
            if message.status is not Status.UNKNOWN:
                rule = "only a message whose outcome is unknown can be resolved"
                raise TooLate(message.status.value, message_id, rule)
            if sent:
                self.journal.move(tx, workspace_id, message, Status.SENT, _BY_PERSON)
                repository.set_values(tx, workspace_id, message_id, reason=None)
            else:
                self._not_sent(tx, workspace_id, message)

        return await self._decided(principal, message_id, decide)

    async def resolve_opt_out(
        self, principal: Principal, message_id: str, *, opted_out: bool
    ) -> Message:
        """
        Settle whether the sender of a flagged inbound message wants no more texts.

        Raises:
            TooLate: It is in no such doubt.
        """

        def decide(tx: Tx, workspace_id: str, message: Message) -> None:
            if message.flag is not Flag.OPT_OUT:
                rule = "only a text that may ask for no more of them can be decided so"
                raise TooLate(message.status.value, message_id, rule)
            if opted_out:
                compliance.suppress_by_stop(
                    tx,
                    workspace_id,
                    self.journal.ids.new("row"),
                    message.from_address,
                    None,
                    self.journal.clock.now(),
                )
            repository.set_values(tx, workspace_id, message_id, flag=None)

        return await self._decided(principal, message_id, decide, Direction.INBOUND)

    async def retry(self, principal: Principal, message_id: str) -> Message:
        """
        Let the next attempt at a queued message begin now.

        Raises:
            TooLate: It is not queued. What failed is over: its agent may have sent it anew.
        """

        def decide(tx: Tx, workspace_id: str, message: Message) -> None:
            if message.status is not Status.QUEUED:
                rule = "only a queued message can be tried again; of any other, send a new one"
                raise TooLate(message.status.value, message_id, rule)
            self._due_now(tx, workspace_id, message_id)

        return await self._decided(principal, message_id, decide)

    def _not_sent(self, tx: Tx, workspace_id: str, message: Message) -> None:
        now = self.journal.clock.now()
        if message.deadline_at is not None and now > message.deadline_at:
            self.outcomes.expire(tx, workspace_id, message, _NOT_SENT, _BY_PERSON)
        elif self.journal.content(tx, workspace_id, message) is None:
            why = f"{_NOT_SENT} Its text is gone."
            self.outcomes.fail(tx, workspace_id, message, "expired", why, _BY_PERSON)
        else:
            self.journal.move(tx, workspace_id, message, Status.QUEUED, _BY_PERSON)
            repository.set_values(tx, workspace_id, message.id, reason=_NOT_SENT)
            self._due_now(tx, workspace_id, message.id)

    def _due_now(self, tx: Tx, workspace_id: str, message_id: str) -> None:
        now = self.journal.clock.now()
        repository.set_values(tx, workspace_id, message_id, due_at=now)
        self.engine.enqueue(tx, workspace_id, JobKind.ATTEMPT, message_id, now)

    async def _decided(
        self,
        principal: Principal,
        message_id: str,
        decide: Callable[[Tx, str, Message], None],
        direction: Direction = Direction.OUTBOUND,
    ) -> Message:
        workspace_id = principal.workspace_id

        def fn(tx: Tx) -> Message:
            message = repository.find_message(tx, workspace_id, message_id)
            if message is None or message.direction is not direction:
                raise NotFound("message")
            decide(tx, workspace_id, message)
            details = {"before": message.status.value}
            self.journal.audit.act(tx, principal, "message.resolved", message_id, details)
            decided = repository.find_message(tx, workspace_id, message_id)
            assert decided is not None
            return decided

        return await self.db.write(fn)
