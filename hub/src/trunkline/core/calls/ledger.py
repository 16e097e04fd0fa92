"""The ledger of calls: a row for each, which moves forward by what somebody tells of it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from trunkline.core.calls import repository
from trunkline.core.calls.models import OVER, Call, CallState, Told
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import JobKind
from trunkline.core.messages.models import Direction, Message, Source, Status
from trunkline.core.usage.ledger import Ledger as Usage
from trunkline.core.usage.models import CallCost
from trunkline.sdk import AnsweredBy, Clock, IdSource, Tx
from trunkline.sdk.calls import MAX_DURATION_S, RING_S

CHANNEL: Final = "voice"
FIRST_LOOK: Final = timedelta(minutes=1)
"""After so long a call is asked for whose provider has not told of its end."""
LONGEST_OUTBOUND: Final = timedelta(seconds=RING_S + MAX_DURATION_S)
"""So long a call of ours rings and lasts at most."""

_BORN: Final = {
    Status.SENT: CallState.QUEUED,
    Status.DELIVERED: CallState.QUEUED,
    Status.UNKNOWN: CallState.UNKNOWN,
}
"""How a call stands at first, by what its message moves to. Of any other move there is none."""
_FOLLOWS: Final = {
    Status.SENT: CallState.QUEUED,
    Status.UNKNOWN: CallState.UNKNOWN,
    Status.FAILED: CallState.FAILED,
    Status.QUEUED: CallState.FAILED,
}
"""Where a call that goes on stands once its message has moved."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Writes down calls. Every method runs inside the caller's transaction."""

    clock: Clock
    ids: IdSource
    engine: Engine
    usage: Usage

    def moved(self, tx: Tx, workspace_id: str, message: Message, to: Status) -> None:
        """
        Follow a message: a call begins where a provider has it, or may have it.

        Of other channels' messages nothing is looked up.
        """
        if message.channel != CHANNEL or message.direction is not Direction.OUTBOUND:
            return
        call = repository.find_of_message(tx, workspace_id, message.id)
        if call is None or (call.status in OVER and to is Status.SENT):
            if to in _BORN:
                self._begin(tx, workspace_id, message, _BORN[to])
            return
        if to is Status.SENT and message.external_id and not call.external_id:
            repository.set_values(tx, workspace_id, call.id, external_id=message.external_id)
        state = _FOLLOWS.get(to)
        goes_on = call.status not in OVER
        if to is Status.SENT and call.status is not CallState.UNKNOWN:
            goes_on = False  # it got further by now
        if state is not None and goes_on and call.status is not state:
            self._move(tx, workspace_id, call, state, Told(status=None, source=Source.SEND))

    def of_message(self, tx: Tx, workspace_id: str, message: Message) -> Call:
        """Return the call of a message that a provider surely has; it may be news."""
        call = repository.find_of_message(tx, workspace_id, message.id)
        return call or self._begin(tx, workspace_id, message, CallState.QUEUED)

    def begin(self, tx: Tx, workspace_id: str, call: Call, event_id: str | None) -> None:
        """Store a call that has just begun, and watch it."""
        repository.add_call(tx, workspace_id, call)
        self._note(tx, workspace_id, call.id, call.status.value, Source.CALLBACK, event_id)
        self._watch(tx, workspace_id, call)

    def note(self, tx: Tx, workspace_id: str, call: Call, told: Told) -> Call:
        """Write down what somebody tells of a call, and return the call as it stands then."""
        held = repository.find_call(tx, workspace_id, call.id, hold=True)
        assert held is not None  # calls are not deleted
        values: dict[str, Any] = {}
        if held.external_id is None and told.external_id is not None:
            values["external_id"] = told.external_id
        if held.duration_s is None and told.duration_s is not None:
            values["duration_s"] = told.duration_s
        known = held.answered_by not in (None, AnsweredBy.UNKNOWN)
        if told.answered_by is not None and not known:
            values["answered_by"] = told.answered_by.value
        if told.cost_micros is not None:
            values |= {"cost": told.cost_micros, "currency": told.currency}
        if values:
            repository.set_values(tx, workspace_id, call.id, **values)
        if told.status is None:
            word = held.status.value
            self._note(tx, workspace_id, call.id, word, told.source, told.event_id, moved=False)
        else:
            self._move(tx, workspace_id, held, CallState(told.status.value), told)
        standing = repository.find_call(tx, workspace_id, call.id)
        assert standing is not None
        if values and standing.direction is Direction.INBOUND:
            self.usage.called(
                tx,
                workspace_id,
                CallCost(
                    call_id=standing.id,
                    agent_id=standing.agent_id,
                    connection=standing.connection,
                    provider=standing.provider,
                    duration_s=standing.duration_s,
                    cost_micros=standing.cost_micros,
                    currency=standing.currency,
                    simulated=standing.simulated,
                    known_micros=held.cost_micros,
                ),
            )
        return standing

    def give_up(self, tx: Tx, workspace_id: str, call: Call, reason: str) -> bool:
        """Call a call unknown that is surely over and of which nobody tells how."""
        told = Told(status=None, source=Source.LOOKUP)
        moved = self._move(tx, workspace_id, call, CallState.UNKNOWN, told)
        if moved:
            repository.set_values(tx, workspace_id, call.id, reason=reason)
        return moved

    def ask_again(self, tx: Tx, workspace_id: str, call: Call) -> None:
        """Let a call that goes on be asked for again: each wait is as long as the call is old."""
        now = self.clock.now()
        age = max(now - call.created_at, FIRST_LOOK)
        at = min(now + age, max(call.over_by, now + FIRST_LOOK))
        self.engine.enqueue(tx, workspace_id, JobKind.CALL, call.id, at)

    def recorded(
        self, tx: Tx, workspace_id: str, call: Call, event_id: str, *, empty: bool
    ) -> None:
        """
        Note that something was recorded in a call, or that there was nothing to record.

        Either way it was answered before, though perhaps nobody told of that.
        """
        begun = CallState.IN_PROGRESS
        if repository.move(tx, workspace_id, call.id, begun, self.clock.now()):
            self._note(tx, workspace_id, call.id, begun.value, Source.CALLBACK, event_id)
        word = "not-recorded" if empty else "recorded"
        self._note(tx, workspace_id, call.id, word, Source.CALLBACK, event_id, moved=False)

    def _begin(self, tx: Tx, workspace_id: str, message: Message, state: CallState) -> Call:
        now = self.clock.now()
        call = Call(
            id=self.ids.new("call"),
            created_at=now,
            agent_id=message.agent_id,
            direction=Direction.OUTBOUND,
            connection=message.connection,
            provider=message.provider,
            external_id=message.external_id,
            from_address=message.from_address,
            to_address=message.to_address,
            status=state,
            over_by=now + LONGEST_OUTBOUND,
            message_id=message.id,
            simulated=message.simulated,
        )
        repository.add_call(tx, workspace_id, call)
        self._note(tx, workspace_id, call.id, state.value, Source.SEND, None)
        if state is not CallState.UNKNOWN:  # else its message is asked for
            self._watch(tx, workspace_id, call)
        return call

    def _move(self, tx: Tx, workspace_id: str, call: Call, to: CallState, told: Told) -> bool:
        moved = repository.move(tx, workspace_id, call.id, to, self.clock.now())
        self._note(tx, workspace_id, call.id, to.value, told.source, told.event_id, moved=moved)
        if not moved:
            return False
        at = told.at or self.clock.now()
        if to is CallState.IN_PROGRESS and call.answered_at is None:
            repository.set_values(tx, workspace_id, call.id, answered_at=at)
        elif to in OVER:
            values: dict[str, Any] = {"ended_at": at, "reason": None}
            lasted_s = call.duration_s if told.duration_s is None else told.duration_s
            if to is CallState.COMPLETED and call.answered_at is None and lasted_s is not None:
                # A duration is in whole seconds, and no call is answered before it begins.
                since = at - timedelta(seconds=lasted_s)
                values["answered_at"] = max(since, call.created_at)
            repository.set_values(tx, workspace_id, call.id, **values)
        elif to is not CallState.UNKNOWN and call.status is CallState.UNKNOWN:
            self._watch(tx, workspace_id, call)  # it was placed after all
        return True

    def _watch(self, tx: Tx, workspace_id: str, call: Call) -> None:
        at = self.clock.now() + FIRST_LOOK
        self.engine.enqueue(tx, workspace_id, JobKind.CALL, call.id, at)

    def _note(
        self,
        tx: Tx,
        workspace_id: str,
        call_id: str,
        status: str,
        source: Source,
        event_id: str | None,
        *,
        moved: bool = True,
    ) -> None:
        repository.add_event(
            tx,
            workspace_id,
            self.ids.new("row"),
            call_id,
            status,
            source=source,
            event_id=event_id,
            moved=moved,
            now=self.clock.now(),
        )
