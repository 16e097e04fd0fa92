"""One attempt to hand a message to its provider. The only file that calls a provider's sends."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from trunkline.core.connections.registry import CannotOpen, Connections
from trunkline.core.messages.attempts import Attempt
from trunkline.core.messages.models import Message
from trunkline.core.messages.outcomes import Outcomes
from trunkline.sdk import (
    E164,
    CallbackKind,
    CallbackUrl,
    Clock,
    Database,
    DatabaseFailed,
    EventLog,
    OutboundSms,
    OutcomeUnknown,
    Overloaded,
    ProviderError,
    Receipt,
    Rejected,
    RetryLater,
    TelephonyProvider,
    Unsupported,
    major_units,
)

_OPEN_RETRY_S: Final = 5.0
_RECORD_TRIES: Final = 30
_RECORD_PAUSE_S: Final = 1.0


class Delivery:
    """Makes attempts and records what came of them."""

    def __init__(
        self,
        db: Database,
        connections: Connections,
        outcomes: Outcomes,
        clock: Clock,
        log: EventLog,
        callback_url: CallbackUrl,
        *,
        timeout_s: float,
        may_ask: Callable[[float], bool],
    ) -> None:
        """`may_ask` tells whether an attempt that began then is surely still this process's."""
        self._db = db
        self._connections = connections
        self._outcomes = outcomes
        self._clock = clock
        self._log = log
        self._callback_url = callback_url
        self._timeout_s = timeout_s
        self._may_ask = may_ask

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
        if not self._may_ask(attempt.begun_s):
            return RetryLater("The hub stood still before it could ask the provider.")
        return await self._ask(provider, attempt, sms)

    async def _ask(
        self, provider: TelephonyProvider, attempt: Attempt, sms: OutboundSms
    ) -> Receipt | ProviderError:
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
                return await self._db.write(
                    partial(self._outcomes.record, attempt=attempt, outcome=outcome)
                )
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
