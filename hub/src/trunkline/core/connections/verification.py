"""Asking providers whether connections hold, before a send has to find out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from trunkline.core.connections.asking import AdapterFailed, ask
from trunkline.core.connections.opening import CannotOpen
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.connections.troubles import Troubles, told
from trunkline.sdk import (
    Account,
    Clock,
    EventLog,
    NotConfigured,
    Provider,
    ProviderError,
    RetryLater,
    Unsupported,
    major_units,
)

FIRST_AFTER_S: Final = 5.0
"""Of a hub's life: its start has enough to do."""
AGAIN_AFTER_S: Final = 60.0
"""For those in trouble."""
ALL_EVERY: Final = 5
"""Every so many times all are asked."""
_ANSWERS_WITHIN_S: Final = 10.0


class Held(StrEnum):
    """Whether a connection holds."""

    YES = "yes"
    NO = "no"
    UNTOLD = "untold"
    """Its adapter cannot ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What came of asking about one connection, and a sentence for the operator."""

    connection: str
    kind: str
    provider: str
    held: Held
    sentence: str
    account: Account | None = None


class Verification:
    """Verifies connections: when somebody asks, and by itself every few minutes."""

    def __init__(
        self,
        connections: Connections,
        troubles: Troubles,
        clock: Clock,
        log: EventLog,
        *,
        timeout_s: float,
    ) -> None:
        self._connections = connections
        self._troubles = troubles
        self._clock = clock
        self._log = log
        self._timeout_s = min(timeout_s, _ANSWERS_WITHIN_S)
        self._cannot: set[str] = set()
        connections.follow(self._cannot.discard)

    async def verify(self, connections: Sequence[Connection]) -> list[Verified]:
        """Ask about connections, all at once; nothing is sent."""
        return await asyncio.gather(*(self._verify(each) for each in connections))

    async def try_out(self, connection: Connection) -> Account | Exception:
        """Ask about a connection that is none yet: what its provider says, or why it does not."""
        return await self._answer(connection, self._connections.tried(connection))

    async def run(self) -> None:
        """Ask by itself, until cancelled, so that readiness knows before anybody sends."""
        await self._clock.sleep(FIRST_AFTER_S)
        times = 0
        while True:
            await self.verify([each for each in self._connections.all() if self._asks(each, times)])
            await self._clock.sleep(AGAIN_AFTER_S)
            times += 1

    def _asks(self, connection: Connection, times: int) -> bool:
        """Tell whether a connection is to be asked about by itself this time."""
        if connection.fault or connection.spec.simulated or connection.name in self._cannot:
            return False
        in_trouble = self._troubles.of(connection.name) or (
            self._connections.why_not_open(connection.name)
        )
        return times % ALL_EVERY == 0 or bool(in_trouble)

    async def _verify(self, connection: Connection) -> Verified:
        account = None
        if connection.fault:
            held, sentence = Held.NO, f"It cannot be used: {connection.fault}"
        else:
            answer = await self._answer(connection, self._standing(connection))
            self._troubles.note(connection.name, answer)
            if isinstance(answer, Account):
                held, sentence, account = Held.YES, described(answer), answer
            elif isinstance(answer, Unsupported):
                self._cannot.add(connection.name)
                held, sentence = Held.UNTOLD, "Its adapter cannot ask; the first send shows."
            else:
                held, sentence = Held.NO, told(answer)
        return Verified(
            connection=connection.name,
            kind=connection.kind,
            provider=connection.spec.name,
            held=held,
            sentence=sentence,
            account=account,
        )

    @asynccontextmanager
    async def _standing(self, connection: Connection) -> AsyncIterator[Provider]:
        yield await self._connections.provider(connection)

    async def _answer(
        self, connection: Connection, opening: AbstractAsyncContextManager[Provider]
    ) -> Account | Exception:
        """Return what the provider says, or the error that there was instead."""
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(self._timeout_s):
                    provider = await stack.enter_async_context(opening)
                account: object = await ask(provider.verify, self._timeout_s)
        except (ProviderError, Unsupported) as error:
            return error
        except CannotOpen as error:
            cause = error.__cause__
            unopened = NotConfigured(f"It could not be opened: {error}")
            return cause if isinstance(cause, ProviderError) else unopened
        except TimeoutError:
            return RetryLater("The provider does not answer.", unavailable=True)
        except AdapterFailed as failed:
            self._log.error(
                "adapter.raised",
                provider=connection.spec.name,
                method="verify",
                error_type=str(failed),
                exc_info=failed.__cause__,
            )
            return NotConfigured("Its adapter failed; the log says where.")
        no_account = NotConfigured("Its adapter answered with something that is no Account.")
        return account if isinstance(account, Account) else no_account


def described(account: Account) -> str:
    """Return what a provider tells of an account."""
    name = f" '{account.name}'" if account.name else ""
    balance = ""
    if account.balance_micros is not None:
        balance = f", balance {major_units(account.balance_micros):.2f} {account.currency or ''}"
    notes = "".join(f" {note}" for note in account.notes)
    return f"The provider knows the account{name}{balance.rstrip()}.{notes}"
