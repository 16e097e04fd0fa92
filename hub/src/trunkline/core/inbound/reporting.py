"""Applying a report: it moves a status, is noted, or waits until its message is known."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from trunkline.core.addresses import canonical
from trunkline.core.calls import repository as calls
from trunkline.core.calls.telling import Telling
from trunkline.core.channels import kind_of
from trunkline.core.compliance.people import addresses_of
from trunkline.core.connections.registry import AnySpec, Connection, Connections
from trunkline.core.delivery.failing import close, closing, note_failure
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import JobKind
from trunkline.core.inbound import repository
from trunkline.core.inbound.letters import packed_event, place_of
from trunkline.core.inbound.repository import EventState, StoredEvent
from trunkline.core.messages import repository as messages
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import (
    FINAL,
    TAKEN,
    Evidence,
    Flag,
    Message,
    Source,
    Status,
)
from trunkline.core.messages.threads import note_ref
from trunkline.core.privacy.keys import Unreadable
from trunkline.core.settlement.prices import ask_later
from trunkline.sdk import CallReported, DeliveryStatus, Recorded, Reported, Tx

FIRST_LOOK: Final = timedelta(seconds=1)
"""After so long the message of an early report is looked for again."""
_OPEN: Final = frozenset({Status.HELD, Status.QUEUED, Status.SENDING, Status.UNKNOWN})
"""Nobody has proved yet that the message was taken, or was not."""
_ARRIVED: Final = frozenset({Status.DELIVERED, Status.READ})


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What an event came to."""

    state: EventState
    reason: str | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Reports:
    """Applies reports inside the transaction that stores them."""

    journal: Journal
    engine: Engine
    connections: Connections
    telling: Telling

    def apply(
        self, tx: Tx, stored: StoredEvent, event: Reported, connection: Connection
    ) -> Applied:
        """Apply a report and return what it came to."""
        workspace_id = stored.workspace_id
        found = self._reported(tx, stored, event, connection)
        if found is None:
            return self._of_no_message(tx, stored, event)
        message, stands = found
        # A connection may have several kinds: what its codes mean is its kind's.
        connection = self.connections.find(connection.name, kind_of(message.channel)) or connection
        evidence = Evidence(
            source=Source.CALLBACK, event_id=stored.id, vendor_status=event.vendor_status
        )
        if stands:
            self._know(tx, workspace_id, message, event, connection)
        event, said = self._judged(tx, stored, message, event) if stands else (event, None)
        if event.recipient and not _is_about(tx, workspace_id, message, event.recipient):
            return self._of_a_copy(tx, stored, message, event.recipient, event, connection)
        wish = closing(connection.spec, message, event.error_code, failed=False)
        if wish is not None:
            close(self.journal, tx, workspace_id, message, wish, stored.id)
        if event.status is None:
            self.journal.note(
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
            self.journal.note(tx, workspace_id, message.id, to.value, evidence, moved=False)
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
        self._move(tx, stored, message, event, to, evidence, connection.spec, said)
        return Applied(state=EventState.HANDLED, message_id=message.id)

    def _judged(
        self, tx: Tx, stored: StoredEvent, message: Message, event: Reported
    ) -> tuple[Reported, str | None]:
        """Return a report as it counts for its message, and what is to be said of that."""
        if not isinstance(event, CallReported):
            return event, None
        judged = self.telling.of_message(tx, stored.workspace_id, message, event, stored.id)
        if judged is None:
            return replace(event, status=None), None
        return replace(event, status=judged.status), judged.sentence

    def _of_no_message(self, tx: Tx, stored: StoredEvent, event: Reported) -> Applied:
        """Note what is told of a call that came in; anything else waits for its message."""
        if not isinstance(event, CallReported):
            return self.wait(tx, stored, event)
        workspace_id = stored.workspace_id
        call = calls.find_by_external_id(tx, workspace_id, stored.connection, event.provider_id)
        if call is None:
            return self.wait(tx, stored, event)
        self.telling.of_call(tx, workspace_id, call, event, stored.id)
        return Applied(state=EventState.HANDLED)

    def _of_a_copy(
        self,
        tx: Tx,
        stored: StoredEvent,
        message: Message,
        recipient: str,
        event: Reported,
        connection: Connection,
    ) -> Applied:
        """Note what is told of a copy: the message stands, the address of the copy may not."""
        evidence = Evidence(
            source=Source.CALLBACK, event_id=stored.id, vendor_status=event.vendor_status
        )
        workspace_id = stored.workspace_id
        self.journal.note(tx, workspace_id, message.id, message.status.value, evidence, moved=False)
        failed = event.status is DeliveryStatus.FAILED
        why = closing(connection.spec, message, event.error_code, failed=failed)
        # Anybody could name anybody.
        if why is not None and canonical(recipient) in self._copies(tx, workspace_id, message):
            close(self.journal, tx, workspace_id, message, why, stored.id, address=recipient)
        return Applied(
            state=EventState.IGNORED,
            reason="It is about another recipient of the message, such as a copy's.",
            message_id=message.id,
        )

    def _copies(self, tx: Tx, workspace_id: str, message: Message) -> frozenset[str]:
        """Return who had copies of a message, as long as that is kept."""
        try:
            content = self.journal.content(tx, workspace_id, message)
        except Unreadable:
            content = None
        return frozenset(map(canonical, (*content.cc, *content.bcc) if content else ()))

    def _move(
        self,
        tx: Tx,
        stored: StoredEvent,
        message: Message,
        event: Reported,
        to: Status,
        evidence: Evidence,
        spec: AnySpec,
        said: str | None,
    ) -> None:
        workspace_id = stored.workspace_id
        moved = self.journal.move(tx, workspace_id, message, to, evidence)
        if not moved:
            why = closing(spec, message, event.error_code, failed=to is Status.FAILED)
            if why is not None:  # it bounced after all
                close(self.journal, tx, workspace_id, message, why, stored.id)
            flag = _surprise(message, to)
            if flag is not None:
                messages.set_values(tx, workspace_id, message.id, flag=flag.value)
            return
        if to is Status.FAILED:
            note_failure(
                self.journal,
                tx,
                workspace_id,
                message,
                spec,
                event.error_code,
                stored.id,
                otherwise=said,
            )
        elif message.status in _OPEN or said is not None:
            # It told why the outcome was unknown until now, or since this transaction began.
            messages.set_values(tx, workspace_id, message.id, reason=said)
        if to in FINAL:
            ask_later(self.journal, self.engine, tx, workspace_id, message, spec)

    def wait(self, tx: Tx, stored: StoredEvent, event: Reported | Recorded) -> Applied:
        """
        Keep what is told of a message or call that nobody knows yet.

        It may have come before the answer to what it is about.
        """
        now = self.journal.clock.now()
        if isinstance(event, CallReported | Recorded):
            place = place_of(stored.workspace_id, stored.id)
            contact = f"connection:{stored.connection}"
            self.journal.vault.hold(tx, place, contact, packed_event(event))
        else:
            repository.add_early_report(tx, stored, event, now)
        self.engine.enqueue(tx, stored.workspace_id, JobKind.REPORT, stored.id, now + FIRST_LOOK)
        return Applied(state=EventState.WAITING, reason="Its message is not known yet.")

    def _know(
        self,
        tx: Tx,
        workspace_id: str,
        message: Message,
        event: Reported,
        connection: Connection,
    ) -> None:
        """Note the provider's id of a message, its name on its channel, and what it cost."""
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
        note_ref(tx, workspace_id, message, event.message_ref)
        if event.cost_micros is not None:
            self.journal.charge(tx, workspace_id, message.id, event.cost_micros, event.currency)

    def _reported(
        self, tx: Tx, stored: StoredEvent, event: Reported, connection: Connection
    ) -> tuple[Message, bool] | None:
        """
        Return the message a report is about, by the provider's id or the attempt it names.

        The second is False for a report about an attempt that is no longer the one that counts.
        """
        workspace_id = stored.workspace_id
        known = messages.find_by_external_id(tx, workspace_id, stored.connection, event.provider_id)
        if known is not None:  # whatever the URL says that it came by
            return known, True
        named = stored.attempt_id
        found = messages.find_by_attempt(tx, workspace_id, named) if named else None
        if found is None or found[2] != stored.connection:
            return None
        message, number, _ = found
        if message.connection != stored.connection:
            return message, False
        if message.external_id is None:  # a provider that drops repetitions knows but one attempt
            one = connection.spec.idempotency is not None
            return message, one or number == message.attempts
        return None if number == message.attempts else (message, False)


def _is_about(tx: Tx, workspace_id: str, message: Message, recipient: str) -> bool:
    """Tell whether an address is that of the message's own recipient, who may have several."""
    if canonical(recipient) == canonical(message.to_address):
        return True
    return canonical(recipient) in addresses_of(tx, workspace_id, message.to_address)


def _surprise(message: Message, to: Status) -> Flag | None:
    """Return why a person should look at a report that moves nothing, if one should."""
    if message.status is Status.FAILED and to in _ARRIVED:
        return Flag.CONTRADICTORY if message.external_id else Flag.SENT_AFTER_ALL
    return Flag.CONTRADICTORY if message.status in _ARRIVED and to is Status.FAILED else None
