"""Asking the connections of a slot one after the other, until one does what it is asked."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from trunkline.core.connections.asking import AdapterFailed, ask
from trunkline.core.connections.opening import CannotOpen
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.connections.routes import Later, Routes
from trunkline.sdk import (
    EventLog,
    OutcomeUnknown,
    Provider,
    ProviderError,
    RetryLater,
    Unsupported,
)

P = TypeVar("P", bound=Provider)
T = TypeVar("T")
_NO_ANSWER: Final = "It did not answer in time."


class NoneDid(Exception):
    """
    No connection did what was asked; the text is a sentence for operator and agent.

    `error` is what the last one that was asked raised; None where none could be asked.
    """

    def __init__(self, sentence: str, error: ProviderError | Unsupported | None) -> None:
        super().__init__(sentence)
        self.error = error


@dataclass(frozen=True, slots=True)
class InTurn:
    """
    Asks for what may be done twice, or surely was not done: not for sends.

    That the first connection of a slot was passed over is a warning in the log.
    """

    connections: Connections
    routes: Routes
    log: EventLog

    async def ask(
        self,
        candidates: Sequence[Connection],
        base: type[P],
        call: Callable[[P], Awaitable[T]],
        *,
        timeout_s: float,
        final: tuple[type[ProviderError], ...] = (),
    ) -> tuple[Connection, T]:
        """
        Return what the first of `candidates` answers that does it, and which one that was.

        An error of a kind in `final` is raised as it is: another connection would say the same, or
        must not be asked.

        Raises:
            NoneDid: None did.
            Overloaded: There is no room for another call.
        """
        left, why, last = list(candidates), "", None
        while left:
            route = await self.routes.first(left)
            if isinstance(route, Later):
                raise NoneDid(why or route.why, last)
            connection, left = route.connection, list(route.others)
            why = route.passed_over or why
            try:
                provider = await self.connections.opened(connection, base)
                answer = await ask(partial(call, provider), timeout_s)
            except final as error:
                route.note(error)
                raise
            except CannotOpen as error:
                why = str(error)
            except (ProviderError, Unsupported, TimeoutError, AdapterFailed) as error:
                told = _told(error)
                if isinstance(told, ProviderError):
                    route.note(told)
                why, last = str(told), told
            else:
                route.note(None)
                if connection.name != candidates[0].name:
                    self.log.warning(
                        "connection.passed_over",
                        connection=candidates[0].name,
                        instead=connection.name,
                        kind=connection.kind,
                        reason=why,
                    )
                return connection, answer
            finally:
                route.leave()
                await self.routes.save()
        raise NoneDid(why or "No connection can do it.", last)


def _told(error: Exception) -> ProviderError | Unsupported:
    if isinstance(error, ProviderError | Unsupported):
        return error
    if isinstance(error, TimeoutError):
        return RetryLater(_NO_ANSWER, unavailable=True)
    return OutcomeUnknown("Its adapter failed; the log says where.")
