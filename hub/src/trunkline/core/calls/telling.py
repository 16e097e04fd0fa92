"""What providers tell of a call, by themselves or when asked, and what it says of its message."""

from dataclasses import dataclass

from trunkline.core.calls.judging import Verdict, verdict
from trunkline.core.calls.ledger import Ledger
from trunkline.core.calls.models import OVER, Call, Told
from trunkline.core.messages import repository as messages
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Message, Source
from trunkline.core.privacy.keys import Unreadable
from trunkline.sdk import CallReport, CallReported, CallStatus, Tx


@dataclass(frozen=True, slots=True)
class Telling:
    """Applies reports on calls inside the caller's transaction."""

    journal: Journal
    ledger: Ledger

    def of_call(
        self,
        tx: Tx,
        workspace_id: str,
        call: Call,
        told: CallReport | CallReported,
        event_id: str | None = None,
    ) -> Call:
        """Write down what is told of a call, and return the call as it stands then."""
        is_callback = isinstance(told, CallReported)
        return self.ledger.note(
            tx,
            workspace_id,
            call,
            Told(
                status=told.call_status,
                source=Source.CALLBACK if is_callback else Source.LOOKUP,
                event_id=event_id,
                at=told.occurred_at if isinstance(told, CallReported) else None,
                external_id=told.provider_id,
                answered_by=told.answered_by,
                duration_s=told.duration_s,
                cost_micros=told.cost_micros,
                currency=told.currency,
            ),
        )

    def of_message(
        self,
        tx: Tx,
        workspace_id: str,
        message: Message,
        told: CallReport | CallReported,
        event_id: str | None = None,
    ) -> Verdict | None:
        """
        Write down what is told of a message's call, and return what that says of the message.

        None: the provider used a word that its adapter does not know.
        """
        messages.hold_message(tx, workspace_id, message.id)  # always before its call
        call = self.ledger.of_message(tx, workspace_id, message)
        call = self.of_call(tx, workspace_id, call, told, event_id)
        if told.call_status is None:
            return None
        status = CallStatus(call.status.value) if call.status in OVER else told.call_status
        is_heard = status is CallStatus.COMPLETED
        spoken_ms = self._spoken_ms(tx, workspace_id, message) if is_heard else 0
        return verdict(status, call.answered_by, call.duration_s, spoken_ms, told.found_out_s)

    def _spoken_ms(self, tx: Tx, workspace_id: str, message: Message) -> int:
        try:
            content = self.journal.content(tx, workspace_id, message)
        except Unreadable:
            content = None
        return content.spoken_ms if content else 0
