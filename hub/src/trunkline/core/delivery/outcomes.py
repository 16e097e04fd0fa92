"""What an attempt came to, written down with everything that follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, TypeGuard

from trunkline.core.addresses import is_same
from trunkline.core.channels import rules_of
from trunkline.core.connections.routes import Later
from trunkline.core.delivery.attempts import Attempt
from trunkline.core.delivery.failing import close, close_window, note_failure, shown
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import JobKind
from trunkline.core.gate.acts import recipients_of
from trunkline.core.messages import idempotency, repository, trail
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import (
    GIVEN_UP,
    Evidence,
    Flag,
    Message,
    Source,
    Status,
)
from trunkline.sdk import (
    AuthFailed,
    DeliveryStatus,
    FailureKind,
    NotSetUp,
    OptedOut,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Receipt,
    RetryLater,
    Tx,
)

FIRST_BACKOFF_S: Final = 2.0
LONGEST_RETRY_S: Final = 900.0
"""A wait between two attempts, also where a vendor wishes for more: some send centuries."""
_FIRST_QUESTION_S: Final = 2.0
_CODES: Final[Mapping[type[ProviderError], str]] = {
    OptedOut: "opted_out",
    AuthFailed: "provider_auth",
    OutOfCredit: "provider_credit",
    NotSetUp: "provider_setup",
}
"""The code that a refusal is told with; any other is `provider_rejected`."""

_BY_SEND: Final = Evidence(source=Source.SEND)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Records outcomes. Every method runs inside the caller's transaction."""

    journal: Journal
    engine: Engine

    def record(
        self, tx: Tx, attempt: Attempt, outcome: Receipt | ProviderError, *, goes_on: bool = False
    ) -> Message:
        """
        End an attempt, move its message, and return the message as it stands then.

        With `goes_on` a message that is queued again gets no job: the caller goes on with it.
        """
        if isinstance(outcome, Receipt):
            self._receipt(tx, attempt, outcome)
        elif self._end(tx, attempt, outcome):
            if isinstance(outcome, OutcomeUnknown) or attempt.resend:
                self._unknown(tx, attempt, outcome)
            elif isinstance(outcome, RetryLater):
                self._again(tx, attempt, outcome, goes_on=goes_on)
            else:
                self._refusal(tx, attempt, outcome)
        message = repository.find_message(tx, attempt.workspace_id, attempt.message.id)
        assert message is not None
        return message

    def took(self, tx: Tx, attempt: Attempt, receipt: Receipt) -> Message:
        """
        Record the usual outcome, which is plain: the provider has the message, and that is all.

        Nothing is looked up, so that a server is asked once.

        Raises:
            Overtaken: The message has moved meanwhile. Nothing was stored; `record` sees to it.
        """
        workspace_id, now = attempt.workspace_id, self.journal.clock.now()
        message = repository.take(tx, workspace_id, attempt.message, receipt.provider_id, now)
        trail.end_attempt(
            tx, workspace_id, attempt.id, state="sent", now=now, external_id=receipt.provider_id
        )
        self.journal.note(tx, workspace_id, message.id, Status.SENT.value, _BY_SEND, moved=True)
        self.journal.announce(tx, workspace_id, message, Status.SENT)
        self.journal.accounts.taken(tx, workspace_id, message)
        return message

    def _receipt(self, tx: Tx, attempt: Attempt, receipt: Receipt) -> None:
        workspace_id = attempt.workspace_id
        message = replace(attempt.message, external_id=receipt.provider_id)
        trail.end_attempt(
            tx,
            workspace_id,
            attempt.id,
            state="sent",
            now=self.journal.clock.now(),
            external_id=receipt.provider_id,
        )
        to = Status(receipt.status.value)
        moved = self.journal.move(tx, workspace_id, message, to, _BY_SEND)
        if not moved:
            self._flag_surprise(tx, attempt, receipt)
            self.journal.accounts.taken(tx, workspace_id, message)
        repository.set_external_id(
            tx, workspace_id, message.id, attempt.connection.name, receipt.provider_id
        )
        reason = attempt.switch.sentence(attempt.connection.name) if attempt.switch else None
        if moved and (message.reason is not None or reason is not None or attempt.resend):
            repository.set_values(tx, workspace_id, message.id, reason=reason, due_at=None)
        if moved and to is Status.FAILED:
            spec = attempt.connection.spec
            note_failure(self.journal, tx, workspace_id, message, spec, receipt.error_code)
        if receipt.cost_micros is not None:
            self.journal.charge(tx, workspace_id, message.id, receipt.cost_micros, receipt.currency)

    def _flag_surprise(self, tx: Tx, attempt: Attempt, receipt: Receipt) -> None:
        """Flag a message that had been given up, or that another attempt had proved to be taken."""
        standing = repository.find_message(tx, attempt.workspace_id, attempt.message.id)
        assert standing is not None
        known = standing.connection, standing.external_id or receipt.provider_id
        flag = None
        if standing.status in GIVEN_UP and standing.external_id is None:
            flag = Flag.SENT_AFTER_ALL
        elif known != (attempt.connection.name, receipt.provider_id):
            flag = Flag.SENT_TWICE
        if flag is not None:
            repository.set_values(tx, attempt.workspace_id, standing.id, flag=flag.value)

    def _end(self, tx: Tx, attempt: Attempt, error: ProviderError) -> bool:
        """End an attempt that brought no receipt; tell whether it is still the newest."""
        trail.end_attempt(
            tx,
            attempt.workspace_id,
            attempt.id,
            state="unknown" if isinstance(error, OutcomeUnknown) else "failed",
            now=self.journal.clock.now(),
            provider_code=error.provider_code,
        )
        message = repository.find_message(tx, attempt.workspace_id, attempt.message.id)
        return message is not None and message.attempts == attempt.number

    def _unknown(self, tx: Tx, attempt: Attempt, error: ProviderError) -> None:
        workspace_id, message = attempt.workspace_id, attempt.message
        self.journal.move(tx, workspace_id, message, Status.UNKNOWN, _BY_SEND)
        standing = repository.find_message(tx, workspace_id, message.id)
        if standing is None or standing.status is not Status.UNKNOWN:
            return  # a callback has told meanwhile
        repository.set_values(tx, workspace_id, message.id, reason=str(error)[:300])
        wait_s = self._wait_s(attempt.number, error) if attempt.resend else _FIRST_QUESTION_S
        self._ask(tx, attempt, wait_s)

    def put_off(self, tx: Tx, workspace_id: str, message_id: str, later: Later) -> None:
        """Let a queued message wait longer, if there is time for that."""
        message = repository.find_message(tx, workspace_id, message_id)
        if message is None or message.status is not Status.QUEUED:
            return
        if message.deadline_at is not None and later.at > message.deadline_at:
            self.expire(tx, workspace_id, message, later.why)
            return
        repository.set_values(tx, workspace_id, message_id, reason=later.why, due_at=later.at)
        self.engine.enqueue(tx, workspace_id, JobKind.ATTEMPT, message_id, later.at)

    def _again(self, tx: Tx, attempt: Attempt, error: RetryLater, *, goes_on: bool) -> None:
        """Queue the message for another attempt, if there is time for one."""
        workspace_id, message = attempt.workspace_id, attempt.message
        if goes_on:
            if self.journal.move(tx, workspace_id, message, Status.QUEUED, _BY_SEND):
                repository.set_values(tx, workspace_id, message.id, reason=str(error)[:300])
            return
        due_at = self.journal.clock.now() + timedelta(seconds=self._wait_s(attempt.number, error))
        if message.deadline_at is not None and due_at > message.deadline_at:
            self.expire(tx, workspace_id, message, str(error))
        elif self.journal.move(tx, workspace_id, message, Status.QUEUED, _BY_SEND):
            repository.set_values(
                tx, workspace_id, message.id, reason=str(error)[:300], due_at=due_at
            )
            self.engine.enqueue(tx, workspace_id, JobKind.ATTEMPT, message.id, due_at)

    def _refusal(self, tx: Tx, attempt: Attempt, error: ProviderError) -> None:
        code = next(
            (code for kind, code in _CODES.items() if isinstance(error, kind)),
            "provider_rejected",
        )
        workspace_id, message = attempt.workspace_id, attempt.message
        theirs = shown(error.provider_code)
        known = attempt.connection.spec.failures.get(theirs or "")
        if known is not None and known.kind is FailureKind.OUT_OF_WINDOW:
            code = known.kind.value
        sentence = f"{_whose(attempt, error)}{error}"
        self.fail(tx, workspace_id, message, code, sentence, provider_code=theirs)
        if isinstance(error, OptedOut):
            why = rules_of(message.channel).closing[FailureKind.OPTED_OUT]
            close(self.journal, tx, workspace_id, message, why)
        if code == FailureKind.OUT_OF_WINDOW.value:
            close_window(self.journal, tx, workspace_id, message)

    def expire(
        self,
        tx: Tx,
        workspace_id: str,
        message: Message,
        why: str,
        evidence: Evidence = _BY_SEND,
    ) -> None:
        """Give a message up whose time has passed: it surely was not sent."""
        sentence = f"{why} Its time has passed and it was given up."
        self.fail(tx, workspace_id, message, "expired", sentence, evidence)

    def fail(
        self,
        tx: Tx,
        workspace_id: str,
        message: Message,
        code: str,
        reason: str,
        evidence: Evidence = _BY_SEND,
        provider_code: str | None = None,
    ) -> None:
        """Let a message fail that surely was not sent; its key is free again."""
        if self.journal.move(tx, workspace_id, message, Status.FAILED, evidence):
            # Not moved, a callback has proved meanwhile that it was taken after all.
            repository.set_values(
                tx,
                workspace_id,
                message.id,
                error_code=code,
                provider_code=provider_code,
                reason=reason[:300],
                due_at=None,
            )
            self.journal.release(tx, workspace_id, message.id)
            idempotency.free(tx, workspace_id, message.id)

    def _ask(self, tx: Tx, attempt: Attempt, wait_s: float) -> None:
        due_at = self.journal.clock.now() + timedelta(seconds=wait_s)
        self.engine.enqueue(tx, attempt.workspace_id, JobKind.RECONCILE, attempt.message.id, due_at)

    def _wait_s(self, number: int, error: ProviderError) -> float:
        """Return exponential backoff with full jitter, or the vendor's wish if that is longer."""
        backoff_s = min(LONGEST_RETRY_S, FIRST_BACKOFF_S * 2.0 ** min(number - 1, 20))
        wish_s = _bounded(error.retry_after_s) if isinstance(error, RetryLater) else 0.0
        return max(self._jitter() * backoff_s, wish_s * (1 + 0.1 * self._jitter()))

    def _jitter(self) -> float:
        drawn = int.from_bytes(self.journal.ids.secret(4))
        return drawn / 0x1_0000_0000


def is_plain(outcome: Receipt | ProviderError, attempt: Attempt) -> TypeGuard[Receipt]:
    """Tell whether nothing follows from an outcome but that the message is sent."""
    message = attempt.message
    return (
        isinstance(outcome, Receipt)
        and outcome.status is DeliveryStatus.SENT
        and outcome.cost_micros is None
        and message.reply_to is None
        and message.reason is None
        and attempt.switch is None
        and not attempt.resend
        and not message.duplicated
    )


def _whose(attempt: Attempt, error: ProviderError) -> str:
    """Return the argument that names the recipient who was refused, where there are several."""
    refused, content = getattr(error, "recipient", None), attempt.content
    if refused is None or not (content.cc or content.bcc):
        return ""
    for field, address in recipients_of(attempt.message.to_address, content):
        if is_same(address, refused):
            return f"{field}: "
    return ""


def _bounded(retry_after_s: float) -> float:
    """Return a vendor's wish within reason: some send no number, and some one below zero."""
    if not 0 < retry_after_s < LONGEST_RETRY_S:  # also false for NaN
        return 1.0 if retry_after_s <= 0 else LONGEST_RETRY_S
    return retry_after_s
