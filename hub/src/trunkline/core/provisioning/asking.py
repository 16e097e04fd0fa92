"""Asking a provider for what an agent is to have."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from trunkline.core.connections.asking import AdapterFailed, ask
from trunkline.core.connections.opening import CannotOpen
from trunkline.core.connections.registry import Connection, Connections
from trunkline.sdk import EventLog, NotSetUp, OutcomeUnknown, Provider, RetryLater, Unsupported

P = TypeVar("P", bound=Provider)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Vendors:
    """Asks adapters, whatever they raise."""

    connections: Connections
    log: EventLog
    timeout_s: float

    async def ask(
        self, connection: Connection, base: type[P], call: Callable[[P], Awaitable[T]]
    ) -> T:
        """
        Return what a provider answers.

        Raises:
            ProviderError: It refused, or nobody knows what came of it (`OutcomeUnknown`).
        """
        try:
            provider = await self.connections.opened(connection, base)
        except CannotOpen as error:
            raise RetryLater(str(error), unavailable=True) from None
        try:
            return await ask(partial(call, provider), self.timeout_s)
        except Unsupported as error:
            raise NotSetUp(str(error)) from None
        except TimeoutError:
            raise OutcomeUnknown("The provider did not answer in time.") from None
        except AdapterFailed as failed:
            self.log.error(
                "adapter.raised",
                provider=connection.spec.name,
                method="provisioning",
                error_type=str(failed),
                exc_info=failed.__cause__,
            )
            raise OutcomeUnknown("Its adapter failed; the log says where.") from None

    def connection(self, name: str, kind: str) -> Connection:
        """
        Return a connection that can be asked.

        Raises:
            NotSetUp: There is none by this name, or it is not usable.
        """
        connection = self.connections.find(name, kind)
        if connection is None or connection.fault:
            raise NotSetUp(f"The connection '{name}' cannot be used: see `trunkline doctor`.")
        return connection
