"""One attempt to hand a message to its provider. The only file that calls a provider's sends."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final

from trunkline.core.channels import rules_of
from trunkline.core.channels.base import Outgoing
from trunkline.core.connections.asking import AdapterFailed, ask
from trunkline.core.connections.opening import CannotOpen
from trunkline.core.connections.registry import Connections
from trunkline.core.connections.routes import Later, Route, Routes
from trunkline.core.delivery.attempts import Attempt, Switch, key_of
from trunkline.core.delivery.beginning import Beginning
from trunkline.core.delivery.outcomes import Outcomes, is_plain
from trunkline.core.media.service import MediaStore
from trunkline.core.messages import repository
from trunkline.core.messages.content import Content
from trunkline.core.messages.models import Message, Status
from trunkline.core.messages.reply_addresses import ReplyAddresses
from trunkline.core.problems import Problem
from trunkline.metrics import Metrics
from trunkline.sdk import (
    AuthFailed,
    CallbackKind,
    CallbackUrl,
    Clock,
    Database,
    DatabaseFailed,
    EventLog,
    MessageProvider,
    NotSetUp,
    Outbound,
    OutboundCall,
    OutcomeUnknown,
    OutOfCredit,
    Overloaded,
    Overtaken,
    ProviderError,
    Receipt,
    Rejected,
    RetryLater,
    TelephonyProvider,
    Tx,
    Unsupported,
    major_units,
)

_OPEN_RETRY_S: Final = 5.0
_LOOK_AGAIN_S: Final = 0.5
"""A suspension, or a STOP, counts within a second: the gate's word is good for half of it."""
_NOT_TAKEN: Final = (RetryLater, AuthFailed, OutOfCredit, NotSetUp)
"""What one connection surely has not taken, and another may: it is not the message's fault."""
_OPERATORS_CODES: Final = frozenset({"provider_auth", "provider_credit", "provider_setup"})
_RECORD_TRIES: Final = 30
_RECORD_PAUSE_S: Final = 1.0


class Delivery:
    """Makes attempts and records what came of them."""

    def __init__(
        self,
        db: Database,
        connections: Connections,
        routes: Routes,
        reply_addresses: ReplyAddresses,
        media: MediaStore,
        outcomes: Outcomes,
        beginning: Beginning,
        clock: Clock,
        log: EventLog,
        metrics: Metrics,
        callback_url: CallbackUrl,
        *,
        is_public: bool,
        timeout_s: float,
        may_ask: Callable[[float], bool],
    ) -> None:
        """
        Take what an attempt needs.

        `is_public` says that providers can call the hub's callback URLs; `may_ask` tells whether an
        attempt that began then is surely still this process's.
        """
        self._db = db
        self._connections = connections
        self._routes = routes
        self._reply_addresses = reply_addresses
        self._media = media
        self._outcomes = outcomes
        self._beginning = beginning
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self._callback_url = callback_url
        self._is_public = is_public
        self._timeout_s = timeout_s
        self._may_ask = may_ask
        self.under_way: set[str] = set()
        """The attempts that this process is making."""

    async def attempt(self, attempt: Attempt, route: Route) -> Message:
        """
        Hand the message over and return it as it stands then, whatever the providers say.

        What the route's connection surely has not taken goes to the next that can take it, at once.
        """
        started = self._clock.monotonic()
        if attempt.switch is not None:
            self._tell_switch(attempt, attempt.switch)
        self.under_way.add(attempt.id)
        try:
            message, following, onward = await self._made(attempt, route)
        finally:
            self.under_way.discard(attempt.id)
        try:
            self._tell(message, started)
            await self._routes.save()
            if following is not None and onward is not None:
                return await self.attempt(following, onward)
        finally:
            if onward is not None:
                onward.leave()
        return message

    async def _made(
        self, attempt: Attempt, route: Route
    ) -> tuple[Message, Attempt | None, Route | None]:
        """Ask the provider and store what it said; return what follows, and on which route."""
        outcome = await self._call(attempt)
        if not isinstance(outcome, _StoodStill):
            route.note(outcome)
        route.leave()
        onward = await self._onward(attempt, outcome)
        awaits = attempt.awaits or route.passed_over is not None or isinstance(outcome, RetryLater)
        if isinstance(outcome, AuthFailed | OutOfCredit | NotSetUp) and (onward or awaits):
            outcome = RetryLater(str(outcome), provider_code=outcome.provider_code)
        try:
            message, following = await self._recorded(attempt, outcome, onward)
        except BaseException:
            if onward is not None:
                onward.leave()
            raise
        return message, following and replace(following, awaits=awaits), onward

    async def _onward(self, attempt: Attempt, outcome: Receipt | ProviderError) -> Route | None:
        """Return the route to the next connection, if this one surely has not taken the message."""
        if not isinstance(outcome, _NOT_TAKEN) or isinstance(outcome, _StoodStill):
            return None
        if attempt.resend or not attempt.others:
            return None
        try:
            route = await self._routes.later(attempt.others)
        except (DatabaseFailed, Overloaded):
            return None  # what came of this attempt is to be stored all the same
        return route if isinstance(route, Route) else None

    def _tell(self, message: Message, started: float) -> None:
        tell = self._log.warning if message.error_code in _OPERATORS_CODES else self._log.info
        tell(
            f"{message.channel}.{message.status}",
            agentId=message.agent_id,
            channel=message.channel,
            action="send",
            messageId=message.id,
            provider=message.provider,
            durationMs=round((self._clock.monotonic() - started) * 1000, 1),
            cost=None if message.cost_micros is None else major_units(message.cost_micros),
            errorCode=message.error_code,
            reason=message.reason,
        )

    def _tell_switch(self, attempt: Attempt, switch: Switch) -> None:
        self._metrics.failover(before=switch.before, after=attempt.connection.name)
        self._log.warning(
            "message.switched_provider",
            messageId=attempt.message.id,
            agentId=attempt.message.agent_id,
            before=switch.before,
            after=attempt.connection.name,
            reason=switch.why,
        )

    async def _call(self, attempt: Attempt) -> Receipt | ProviderError:
        """Return what the provider said; whatever an adapter raises ends here."""
        message = attempt.message
        rules = rules_of(message.channel)
        outgoing = Outgoing(
            message_id=message.id,
            sender=message.from_address,
            recipient=message.to_address,
            key=key_of(message.id, attempt.connection.spec),
            status_url=self._callback(attempt, rules.reports_at),
            able=attempt.connection.spec.capabilities,
            recording_url=self._callback(attempt, CallbackKind.RECORDING),
            references=attempt.references,
            reply_address=self._reply_addresses.of(message.from_address, message.thread),
            to_automatic=message.automatic,
        )
        if rules.only_speaks:
            limits = self._beginning.gate.limits
            minutes = await limits.call_minutes(attempt.workspace_id, message.agent_id)
            outgoing = replace(outgoing, most_minutes=minutes)
        content = await self._content(attempt)
        if isinstance(content, ProviderError):
            return content
        outbound = rules.outbound(content, outgoing)
        try:
            async with asyncio.timeout(self._timeout_s):
                provider = await self._connections.opened(attempt.connection, MessageProvider)
        except CannotOpen as error:
            if isinstance(error.__cause__, AuthFailed | OutOfCredit | NotSetUp):
                return error.__cause__
            return _unopened(str(error))
        except TimeoutError:
            return _unopened("It took too long.")
        obstacle = await self._obstacle(attempt)
        if obstacle is not None:
            return _StoodStill(obstacle)
        return await self._ask(provider, attempt, outbound)

    async def _obstacle(self, attempt: Attempt) -> str | None:
        """
        Return why an attempt is not to be made after all, if it was slow to get here.

        What the gate says against it now is found, and written down, at the next attempt.
        """
        took_s = self._clock.monotonic() - attempt.begun_s
        if took_s > self._timeout_s or not self._may_ask(attempt.begun_s):
            return "The hub stood still before it could ask the provider."
        if took_s < _LOOK_AGAIN_S:
            return None
        message, looked_s = attempt.message, self._clock.monotonic()
        look = partial(
            self._beginning.gate.look,
            workspace_id=attempt.workspace_id,
            agent_id=message.agent_id,
            rules=rules_of(message.channel),
            sender=message.from_address,
            recipient=message.to_address,
            content=attempt.content,
            leaves=not attempt.connection.spec.simulated,
        )
        try:
            block = await self._db.read(look)
        except (DatabaseFailed, Overloaded) as error:
            return f"The hub could not look whether it may go out still. {error}"
        is_fresh = self._clock.monotonic() - looked_s < _LOOK_AGAIN_S
        return None if block is None and is_fresh else "It was stopped before it could go out."

    async def _content(self, attempt: Attempt) -> Content | ProviderError:
        """Return what to send, as the provider can fetch its media; or why it surely was not."""
        agent_id = attempt.message.agent_id
        try:
            return await self._media.outgoing(attempt.workspace_id, agent_id, attempt.content)
        except Problem as gone:
            return Rejected(f"A medium that goes with it cannot be read: {gone.detail}")
        except (DatabaseFailed, Overloaded) as error:
            return RetryLater(f"Its media could not be looked up. {error}")

    def _callback(self, attempt: Attempt, kind: CallbackKind) -> str | None:
        """Return where to report an attempt: vendors refuse a text with a URL they cannot call."""
        if not self._is_public and not attempt.connection.spec.simulated:
            return None
        return self._callback_url(kind, attempt.message.agent_id, attempt.id)

    async def _ask(
        self, provider: MessageProvider[Any], attempt: Attempt, outbound: Outbound
    ) -> Receipt | ProviderError:
        try:
            return _checked(await ask(lambda: _handed(provider, outbound), self._timeout_s))
        except ProviderError as error:
            return error
        except Unsupported as error:
            return Rejected(str(error))
        except TimeoutError:
            return OutcomeUnknown("The provider did not answer in time.")
        except AdapterFailed as failed:
            self._log.error(
                "adapter.raised",
                provider=attempt.connection.spec.name,
                messageId=attempt.message.id,
                error_type=str(failed),
                exc_info=failed.__cause__,
            )
            return OutcomeUnknown("The provider's adapter failed.")

    async def _recorded(
        self, attempt: Attempt, outcome: Receipt | ProviderError, onward: Route | None
    ) -> tuple[Message, Attempt | None]:
        """
        Store what the provider said; return the message, and its next attempt if it goes `onward`.

        Nobody else knows it: a database that refuses is asked again for half a minute. After that
        the message is still `sending`, which `Recovery` turns into `unknown`.
        """
        for tries_left in reversed(range(_RECORD_TRIES)):
            try:
                if is_plain(outcome, attempt):
                    with suppress(Overtaken):
                        took = partial(self._outcomes.took, attempt=attempt, receipt=outcome)
                        return await self._db.write(took), None
                return await self._db.write(
                    partial(self._end, attempt=attempt, outcome=outcome, onward=onward)
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
                if onward is None:
                    outcome = OutcomeUnknown("The provider's adapter gave an unusable answer.")
                onward = None
        return attempt.message, None

    def _end(
        self,
        tx: Tx,
        *,
        attempt: Attempt,
        outcome: Receipt | ProviderError,
        onward: Route | None,
    ) -> tuple[Message, Attempt | None]:
        """Record an outcome and begin what follows from it, in one transaction."""
        message = self._outcomes.record(tx, attempt, outcome, goes_on=onward is not None)
        is_ours = message.status is Status.QUEUED and message.attempts == attempt.number
        if onward is None or not is_ours:
            return message, None
        following = self._beginning.begin(
            tx, attempt.workspace_id, message.id, Status.QUEUED, self._clock.monotonic(), onward
        )
        if isinstance(following, Later):
            self._outcomes.put_off(tx, attempt.workspace_id, message.id, following)
        standing = repository.find_message(tx, attempt.workspace_id, message.id) or message
        return standing, None if isinstance(following, Later) else following


async def _handed(provider: MessageProvider[Any], outbound: Outbound) -> Receipt:
    if isinstance(outbound, OutboundCall) and isinstance(provider, TelephonyProvider):
        return await provider.place_call(outbound)
    return await provider.send(outbound)


def _unopened(why: str) -> RetryLater:
    sentence = f"The provider could not be opened. {why}"
    return RetryLater(sentence, retry_after_s=_OPEN_RETRY_S, unavailable=True)


class _StoodStill(RetryLater):
    """Nothing was asked of the provider: the hub had stood still."""


def _checked(receipt: object) -> Receipt:
    """Return the receipt; anything else proves nothing, so the outcome is not known."""
    if not isinstance(receipt, Receipt) or not receipt.provider_id:
        raise OutcomeUnknown("The provider's adapter returned no receipt.")
    if not isinstance(receipt.cost_micros, int | None):
        raise OutcomeUnknown("The provider's adapter returned a cost that is no number.")
    return receipt
