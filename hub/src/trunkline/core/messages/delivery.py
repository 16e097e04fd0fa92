"""One attempt to hand a message to its provider. The only file that calls a provider's sends."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Final

from trunkline.core.connections.registry import CannotOpen, Connection, Connections
from trunkline.core.messages import idempotency, repository, trail
from trunkline.core.messages.content import Content
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Evidence, Message, Source, Status
from trunkline.sdk import (
    E164,
    AuthFailed,
    CallbackKind,
    CallbackUrl,
    Clock,
    Database,
    DatabaseFailed,
    EventLog,
    OutboundSms,
    OutcomeUnknown,
    OutOfCredit,
    Overloaded,
    ProviderError,
    Receipt,
    Rejected,
    RetryLater,
    Tx,
    Unsupported,
    major_units,
)

_OPEN_RETRY_S: Final = 5.0
_LONGEST_RETRY_S: Final = 900.0

_RECORD_TRIES: Final = 30
_RECORD_PAUSE_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A message with its stored attempt, ready to be handed over."""

    id: str
    workspace_id: str
    message: Message
    content: Content
    connection: Connection


class Delivery:
    """Makes attempts and records what came of them."""

    def __init__(
        self,
        db: Database,
        connections: Connections,
        journal: Journal,
        clock: Clock,
        log: EventLog,
        callback_url: CallbackUrl,
        *,
        timeout_s: float,
    ) -> None:
        self._db = db
        self._connections = connections
        self._journal = journal
        self._clock = clock
        self._log = log
        self._callback_url = callback_url
        self._timeout_s = timeout_s

    async def attempt(self, attempt: Attempt) -> Message:
        """Hand the message over and return it as it stands then, whatever the provider says."""
        started = self._clock.monotonic()
        outcome = await self._call(attempt)
        message = await self._recorded(attempt, outcome)
        self._log.info(
            f"{message.channel}.{message.status}",
            agentId=message.agent_id,
            channel=message.channel.value,
            action="send",
            messageId=message.id,
            provider=message.provider,
            durationMs=round((self._clock.monotonic() - started) * 1000, 1),
            cost=None if message.cost_micros is None else major_units(message.cost_micros),
            errorCode=message.error_code,
            reason=message.reason,
        )
        return message

    async def _call(self, attempt: Attempt) -> Receipt | ProviderError:
        """Return what the provider said; whatever an adapter raises ends here."""
        sms = OutboundSms(
            sender=E164(attempt.message.from_address),
            recipient=E164(attempt.message.to_address),
            body=attempt.content.body,
            idempotency_key=attempt.message.id,
            status_url=self._callback_url(
                CallbackKind.MESSAGE_STATUS, attempt.message.agent_id, attempt.id
            ),
            media_urls=attempt.content.media_urls,
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                provider = await self._connections.provider(attempt.connection)
        except (CannotOpen, TimeoutError):
            return RetryLater("The provider could not be opened.", retry_after_s=_OPEN_RETRY_S)
        try:
            async with asyncio.timeout(self._timeout_s):
                receipt = await provider.send_sms(sms)
            return _checked(receipt)
        except ProviderError as error:
            return error
        except Unsupported as error:
            return Rejected(str(error))
        except TimeoutError:
            return OutcomeUnknown("The provider did not answer in time.")
        except BaseException as error:  # an adapter may raise anything, SystemExit too
            self._log.error(
                "adapter.raised",
                provider=attempt.connection.spec.name,
                messageId=attempt.message.id,
                error_type=type(error).__name__,
                exc_info=error,
            )
            if isinstance(error, KeyboardInterrupt) or _is_being_cancelled():
                raise
            return OutcomeUnknown("The provider's adapter failed.")

    async def _recorded(self, attempt: Attempt, outcome: Receipt | ProviderError) -> Message:
        """
        Store what the provider said and return the message.

        Nobody else knows it: a database that refuses is asked again for half a minute. After that
        the message is still `sending`, which the next start of the hub turns into `unknown`.
        """
        for tries_left in reversed(range(_RECORD_TRIES)):
            try:
                return await self._db.write(partial(self._record, attempt=attempt, outcome=outcome))
            except (DatabaseFailed, Overloaded) as error:
                self._log.error(
                    "delivery.not_recorded",
                    messageId=attempt.message.id,
                    outcome=type(outcome).__name__,
                    error_type=type(error).__name__,
                )
                if tries_left:
                    await self._clock.sleep(_RECORD_PAUSE_S)
            except Exception as error:  # noqa: BLE001 - an adapter may answer anything
                self._log.error(
                    "adapter.answer_unusable",
                    provider=attempt.connection.spec.name,
                    messageId=attempt.message.id,
                    exc_info=error,
                )
                outcome = OutcomeUnknown("The provider's adapter gave an unusable answer.")
        return attempt.message

    def _record(self, tx: Tx, attempt: Attempt, outcome: Receipt | ProviderError) -> Message:
        if isinstance(outcome, Receipt):
            self._record_receipt(tx, attempt, outcome)
        elif isinstance(outcome, OutcomeUnknown):
            self._record_unknown(tx, attempt, outcome)
        else:
            self._record_refusal(tx, attempt, outcome)
        message = repository.find_message(tx, attempt.workspace_id, attempt.message.id)
        assert message is not None
        return message

    def _record_receipt(self, tx: Tx, attempt: Attempt, receipt: Receipt) -> None:
        workspace_id, message = attempt.workspace_id, attempt.message
        self._end(tx, attempt, "sent", external_id=receipt.provider_id)
        repository.set_external_id(tx, workspace_id, message.id, receipt.provider_id)
        if receipt.cost_micros is not None:
            repository.set_values(
                tx,
                workspace_id,
                message.id,
                cost=receipt.cost_micros,
                currency=receipt.currency,
                cost_final=True,
            )
        to = Status(receipt.status.value)
        self._journal.move(tx, workspace_id, message, to, Evidence(source=Source.SEND))

    def _record_unknown(self, tx: Tx, attempt: Attempt, error: OutcomeUnknown) -> None:
        self._end(tx, attempt, "unknown", provider_code=error.provider_code)
        moved = self._journal.move(
            tx,
            attempt.workspace_id,
            attempt.message,
            Status.UNKNOWN,
            Evidence(source=Source.SEND),
        )
        if moved:
            repository.set_values(
                tx, attempt.workspace_id, attempt.message.id, reason=str(error)[:300]
            )

    def _record_refusal(self, tx: Tx, attempt: Attempt, error: ProviderError) -> None:
        workspace_id, message = attempt.workspace_id, attempt.message
        code, retry_after_s = _code_of(error)
        self._end(tx, attempt, "failed", provider_code=error.provider_code)
        moved = self._journal.move(
            tx, workspace_id, message, Status.FAILED, Evidence(source=Source.SEND)
        )
        if moved:  # a callback may have proved meanwhile that it was taken after all
            repository.set_values(
                tx,
                workspace_id,
                message.id,
                error_code=code,
                reason=str(error)[:300],
                retry_after_s=retry_after_s,
                cost=0,
                cost_final=True,
            )
            idempotency.free(tx, workspace_id, message.id)

    def _end(
        self,
        tx: Tx,
        attempt: Attempt,
        state: str,
        *,
        external_id: str | None = None,
        provider_code: str | None = None,
    ) -> None:
        trail.end_attempt(
            tx,
            attempt.workspace_id,
            attempt.id,
            state=state,
            now=self._clock.now(),
            external_id=external_id,
            provider_code=provider_code,
        )


def _is_being_cancelled() -> bool:
    """Tell whether somebody cancels this task, or an adapter only raised as if."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _checked(receipt: object) -> Receipt:
    """Return the receipt; anything else proves nothing, so the outcome is not known."""
    if not isinstance(receipt, Receipt) or not receipt.provider_id:
        raise OutcomeUnknown("The provider's adapter returned no receipt.")
    if not isinstance(receipt.cost_micros, int | None):
        raise OutcomeUnknown("The provider's adapter returned a cost that is no number.")
    return receipt


def _bounded(retry_after_s: float) -> float:
    """Return a vendor's wish within reason: some send centuries, and some send no number."""
    if not 0 < retry_after_s < _LONGEST_RETRY_S:  # also false for NaN
        return 1.0 if retry_after_s <= 0 else _LONGEST_RETRY_S
    return retry_after_s


def _code_of(error: ProviderError) -> tuple[str, float | None]:
    if isinstance(error, RetryLater):
        return "provider_unavailable", _bounded(error.retry_after_s)
    if isinstance(error, AuthFailed | OutOfCredit):
        return "provider_auth", None
    return "provider_rejected", None
