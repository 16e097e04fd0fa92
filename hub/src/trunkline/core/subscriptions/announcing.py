"""Announcing: what is stored becomes an occurrence for each who subscribed, in that transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from trunkline.core.addresses import canonical
from trunkline.core.agents.models import Agent
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import JobKind
from trunkline.core.messages.models import Direction, Message, Status
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.core.subscriptions import repository
from trunkline.core.subscriptions.models import (
    OF_CREDENTIALS,
    TOLD,
    EventName,
    Occurrence,
    OccurrenceState,
)
from trunkline.db.locks import hold
from trunkline.sdk import Clock, IdSource, Tx

GIVE_UP: Final = timedelta(days=1)
"""For so long an occurrence is tried."""
LONGEST_BURST: Final = 10
"""So many times its `settle_ms` an occurrence waits for more at most, however long one writes."""


@dataclass(frozen=True, slots=True)
class Announcements:
    """Makes occurrences. Every method runs inside the caller's transaction."""

    engine: Engine
    clock: Clock
    ids: IdSource

    def received(self, tx: Tx, workspace_id: str, agent: Agent, message: Message) -> None:
        """
        Let those who subscribed hear of a message that came in.

        With a `settle_ms` of the agent's, what one person writes within it is one occurrence. What
        needs no answer wakes nobody.
        """
        if message.automatic:
            return
        event, now = EventName.MESSAGE_RECEIVED, self.clock.now()
        settle = timedelta(milliseconds=agent.settle_ms)
        for id_, channel, _ in repository.wanting(tx, workspace_id, agent.id, event, now):
            if channel not in (None, message.channel):
                continue
            if settle and self._joined(tx, workspace_id, id_, message, settle, now):
                continue
            self._add(tx, workspace_id, id_, event, message, settle=settle, now=now)

    def moved(self, tx: Tx, workspace_id: str, message: Message, to: Status) -> None:
        """Let those who subscribed hear what became of an agent's own message."""
        if to not in TOLD or message.direction is not Direction.OUTBOUND:
            return
        event, now = EventName.MESSAGE_STATUS, self.clock.now()
        found = repository.wanting(tx, workspace_id, message.agent_id, event, now)
        for id_, channel, status in found:
            if channel in (None, message.channel) and status in (None, to.value):
                self._add(tx, workspace_id, id_, event, message, status=to, now=now)

    def credentials(self, tx: Tx, connection: str, holds: bool) -> None:
        """Let admins who subscribed hear that a provider refuses credentials, or takes them."""
        expired, recovered = OF_CREDENTIALS
        self._tell_admins(tx, DEFAULT_WORKSPACE, recovered if holds else expired, connection)

    def suspended(self, tx: Tx, workspace_id: str, agent_id: str, rule: str) -> None:
        """Let admins who subscribed hear of an agent that was suspended for how it acted."""
        event = EventName.AGENT_SUSPENDED
        self._tell_admins(tx, workspace_id, event, agent_id, agent_id=agent_id, status=rule)

    def approval(
        self, tx: Tx, workspace_id: str, approval_id: str, agent_id: str, status: str
    ) -> None:
        """Let admins who subscribed hear that something waits for a person, or is decided."""
        is_new = status == "pending"
        event = EventName.APPROVAL_NEEDED if is_new else EventName.APPROVAL_DECIDED
        self._tell_admins(tx, workspace_id, event, approval_id, agent_id=agent_id, status=status)

    def _tell_admins(
        self,
        tx: Tx,
        workspace_id: str,
        event: EventName,
        subject: str,
        *,
        agent_id: str = "",
        status: str | None = None,
    ) -> None:
        now = self.clock.now()
        for id_, _, _ in repository.wanting(tx, workspace_id, "", event, now):
            occurrence = Occurrence(
                id=self.ids.new("occ"),
                created_at=now,
                subscription_id=id_,
                event=event,
                agent_id=agent_id,
                message_id="",
                size=1,
                status=status,
                state=OccurrenceState.WAITING,
                tries=0,
                reason=None,
                occurred_at=now,
                deadline_at=now + GIVE_UP,
                finished_at=None,
                subject=subject,
            )
            repository.add(tx, workspace_id, occurrence)
            self.engine.enqueue(tx, workspace_id, JobKind.OCCURRENCE, occurrence.id, now)

    def _joined(
        self,
        tx: Tx,
        workspace_id: str,
        subscription_id: str,
        message: Message,
        settle: timedelta,
        now: datetime,
    ) -> bool:
        """Let a message join what the same person wrote just now; tell whether there is such."""
        hold(tx, "burst", workspace_id, subscription_id, canonical(message.from_address))
        before = repository.find_settling(tx, workspace_id, subscription_id, message.from_address)
        if before is None:
            return False
        newest = max(before.message_id, message.id)
        if not repository.join(tx, workspace_id, before.id, newest, now):
            return False
        due_at = min(now + settle, before.created_at + LONGEST_BURST * settle)
        self.engine.enqueue(tx, workspace_id, JobKind.OCCURRENCE, before.id, due_at)
        return True

    def _add(
        self,
        tx: Tx,
        workspace_id: str,
        subscription_id: str,
        event: EventName,
        message: Message,
        *,
        now: datetime,
        settle: timedelta = timedelta(),
        status: Status | None = None,
    ) -> None:
        occurrence = Occurrence(
            id=self.ids.new("occ"),
            created_at=now,
            subscription_id=subscription_id,
            event=event,
            agent_id=message.agent_id,
            message_id=message.id,
            size=1,
            status=status.value if status else None,
            state=OccurrenceState.SETTLING if settle else OccurrenceState.WAITING,
            tries=0,
            reason=None,
            occurred_at=now,
            deadline_at=now + GIVE_UP,
            finished_at=None,
        )
        repository.add(tx, workspace_id, occurrence)
        self.engine.enqueue(tx, workspace_id, JobKind.OCCURRENCE, occurrence.id, now + settle)
