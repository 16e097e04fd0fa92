"""Applying an event: a text becomes a message, a report moves a status. Only SQL, no I/O."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import Agent
from trunkline.core.compliance import repository as compliance
from trunkline.core.compliance.optout import OptWord
from trunkline.core.connections.registry import Connection
from trunkline.core.forwarding.service import Forwarding
from trunkline.core.inbound import repository
from trunkline.core.inbound.repository import EventState, StoredEvent
from trunkline.core.inbound.seeing import SeenText
from trunkline.core.messages import repository as messages
from trunkline.core.messages.content import Content
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import (
    NOT_DELIVERED,
    TAKEN,
    UNDELIVERED,
    BodyState,
    Channel,
    Direction,
    Evidence,
    Flag,
    Message,
    Source,
    Status,
)
from trunkline.core.numbers import spellings
from trunkline.sdk import InboundEvent, Reported, Tx

_OPEN: Final = frozenset({Status.QUEUED, Status.SENDING, Status.UNKNOWN})
"""Nobody has proved yet that the message was taken, or was not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What an event came to."""

    state: EventState
    reason: str | None = None
    message_id: str | None = None


class Dispatch:
    """Applies events inside the transaction that stores them."""

    def __init__(self, journal: Journal, forwarding: Forwarding) -> None:
        self._journal = journal
        self._forwarding = forwarding

    def take_in(
        self,
        tx: Tx,
        stored: StoredEvent,
        event: InboundEvent,
        connection: Connection,
        came_at: datetime | None = None,
    ) -> Applied | None:
        """
        Apply an event and store how it ended; None, with no effect, if it was stored before.

        `came_at` is given of one that had to wait.
        """
        if repository.is_known(tx, stored):
            return None
        self.opt_out(tx, stored, event, came_at)
        applied = self.apply(tx, stored, event, connection)
        self.store(tx, stored, applied)
        return applied

    def store(self, tx: Tx, stored: StoredEvent, applied: Applied) -> None:
        """Insert an event with its end."""
        repository.add_event(
            tx,
            stored,
            applied.state,
            self._journal.clock.now(),
            reason=applied.reason,
            message_id=applied.message_id,
        )

    def opt_out(
        self, tx: Tx, stored: StoredEvent, event: InboundEvent, came_at: datetime | None = None
    ) -> None:
        """
        Close or open the sender's number if the text asks for it, whatever else becomes of it.

        A START that had to wait opens nothing that was closed after it came.
        """
        if not isinstance(event, SeenText):
            return
        if event.asks is OptWord.STOP:
            compliance.suppress_by_stop(
                tx,
                stored.workspace_id,
                self._journal.ids.new("row"),
                event.sender,
                stored.id,
                self._journal.clock.now(),
            )
        elif event.asks is OptWord.START:
            compliance.lift(tx, stored.workspace_id, event.sender, event.recipient, came_at)

    def apply(
        self, tx: Tx, stored: StoredEvent, event: InboundEvent, connection: Connection
    ) -> Applied:
        """Apply one event and return what it came to."""
        if isinstance(event, SeenText):
            return self._receive(tx, stored, event, connection)
        if isinstance(event, Reported):
            return self._report(tx, stored, event, connection)
        return Applied(state=EventState.IGNORED, reason="The hub has no use for this event.")

    def _receive(
        self, tx: Tx, stored: StoredEvent, event: SeenText, connection: Connection
    ) -> Applied:
        agent = _owner(tx, stored, event.recipient)
        if agent is None:
            return Applied(state=EventState.IGNORED, reason="No agent has the number written to.")
        content = Content(body=event.body, media_urls=tuple(each.url for each in event.media))
        message = Message(
            id=self._journal.ids.new("msg"),
            created_at=self._journal.clock.now(),
            agent_id=agent.id,
            channel=Channel.SMS,
            direction=Direction.INBOUND,
            from_address=event.sender,
            to_address=event.recipient,
            body_state=BodyState.HELD,
            connection=stored.connection,
            provider=connection.spec.name,
            external_id=event.provider_id,
            status=Status.RECEIVED,
            segments=None,
            cost_micros=None,
            currency=None,
            cost_final=False,
            error_code=None,
            rule=None,
            reason=None,
            retry_after_s=None,
            reply_to=None,
            acknowledged_at=None,
            media_count=len(content.media_urls),
            flag=Flag.OPT_OUT if event.asks is OptWord.UNCLEAR else None,
        )
        evidence = Evidence(source=Source.CALLBACK, event_id=stored.id)
        self._journal.store(tx, stored.workspace_id, message, content, evidence)
        self._forwarding.announce(tx, stored.workspace_id, agent, message.id)
        return Applied(state=EventState.HANDLED, message_id=message.id)

    def _report(
        self, tx: Tx, stored: StoredEvent, event: Reported, connection: Connection
    ) -> Applied:
        workspace_id = stored.workspace_id
        found = self._reported(tx, stored, event, connection)
        if found is None:
            return Applied(state=EventState.IGNORED, reason="The hub sent no such message.")
        message, stands = found
        evidence = Evidence(
            source=Source.CALLBACK, event_id=stored.id, vendor_status=event.vendor_status
        )
        if stands:
            self._know(tx, workspace_id, message, event, connection)
        if event.status is None:
            self._journal.note(
                tx, workspace_id, message.id, message.status.value, evidence, moved=False
            )
            messages.set_values(tx, workspace_id, message.id, flag=Flag.UNKNOWN_STATUS.value)
            return Applied(
                state=EventState.IGNORED,
                reason="The provider used a status that its adapter does not know.",
                message_id=message.id,
            )
        to = Status(event.status.value)
        if not stands and (to is Status.FAILED or message.status not in _OPEN):
            self._journal.note(tx, workspace_id, message.id, to.value, evidence, moved=False)
            if to in TAKEN and message.status in TAKEN:
                flag = Flag.SENT_TWICE.value
                messages.set_values(tx, workspace_id, message.id, flag=flag)
            return Applied(
                state=EventState.IGNORED,
                reason="It is about an earlier attempt; a later one decides.",
                message_id=message.id,
            )
        if not stands:  # it got through after all
            self._know(tx, workspace_id, message, event, connection)
        moved = self._journal.move(tx, workspace_id, message, to, evidence)
        if moved and to is Status.FAILED:
            messages.set_values(
                tx, workspace_id, message.id, error_code=NOT_DELIVERED, reason=UNDELIVERED
            )
        elif moved and message.status in _OPEN:
            # It told why the outcome was unknown until now, or since this transaction began.
            messages.set_values(tx, workspace_id, message.id, reason=None)
        return Applied(state=EventState.HANDLED, message_id=message.id)

    def _know(
        self,
        tx: Tx,
        workspace_id: str,
        message: Message,
        event: Reported,
        connection: Connection,
    ) -> None:
        """Note the provider's id of a message, and what it cost."""
        if message.connection != connection.name:
            messages.set_values(
                tx,
                workspace_id,
                message.id,
                connection=connection.name,
                provider=connection.spec.name,
                external_id=event.provider_id,
            )
        elif message.external_id is None:
            messages.set_external_id(
                tx, workspace_id, message.id, connection.name, event.provider_id
            )
        if event.cost_micros is not None:
            messages.set_values(
                tx,
                workspace_id,
                message.id,
                cost=event.cost_micros,
                currency=event.currency,
                cost_final=True,
            )

    def _reported(
        self, tx: Tx, stored: StoredEvent, event: Reported, connection: Connection
    ) -> tuple[Message, bool] | None:
        """
        Return the message a report is about, by the attempt it names or the provider's id.

        The second is False for a report about an attempt that is no longer the one that counts.
        """
        workspace_id = stored.workspace_id
        message, number, over = None, None, stored.connection
        if stored.attempt_id is not None:
            found = messages.find_by_attempt(tx, workspace_id, stored.attempt_id)
            if found is not None:
                message, number, over = found
        if message is None:
            message = messages.find_by_external_id(
                tx, workspace_id, stored.connection, event.provider_id
            )
        if message is None or over != stored.connection:
            return None
        if message.direction is not Direction.OUTBOUND or message.from_address != event.sender:
            return None
        if message.connection != stored.connection:
            return message, False
        if message.external_id is None:  # a provider that drops repetitions knows but one attempt
            one = connection.spec.idempotency is not None
            return message, one or number in (None, message.attempts)
        if message.external_id == event.provider_id:
            return message, True
        return None if number == message.attempts else (message, False)


def _owner(tx: Tx, stored: StoredEvent, number: str) -> Agent | None:
    found = (
        agents.find_agent_by_phone(tx, stored.workspace_id, spelling)
        for spelling in spellings(number)
    )
    agent = next(filter(None, found), None)
    return (
        agent if stored.agent_id is None or agent is None or agent.id == stored.agent_id else None
    )
