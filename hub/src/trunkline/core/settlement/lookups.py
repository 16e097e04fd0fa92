"""Asking a provider about a message."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from trunkline.core.connections.asking import AdapterFailed, ask
from trunkline.core.connections.registry import CannotOpen, Connection, Connections
from trunkline.core.messages.models import Message
from trunkline.sdk import EventLog, MessageProvider, ProviderError, Unsupported

T = TypeVar("T")


class NoAnswer(Exception):
    """The provider told nothing, which is logged: ask again later."""


@dataclass(frozen=True, slots=True)
class Lookups:
    """Asks, in time; whatever an adapter raises ends here."""

    connections: Connections
    log: EventLog
    timeout_s: float

    async def ask(
        self,
        message: Message,
        connection: Connection,
        question: Callable[[MessageProvider[Any]], Awaitable[T]],
    ) -> T:
        """Return what a connection's provider answers about a message, or raise NoAnswer."""
        try:
            async with asyncio.timeout(self.timeout_s):
                provider = await self.connections.provider(connection)
            return await ask(lambda: question(provider), self.timeout_s)
        except AdapterFailed as failed:
            self.log.error(
                "adapter.raised",
                provider=connection.spec.name,
                messageId=message.id,
                error_type=str(failed),
                exc_info=failed.__cause__,
            )
            raise NoAnswer from failed
        except (ProviderError, Unsupported, CannotOpen, TimeoutError) as error:
            self.log.warning(
                "message.cannot_look_up", messageId=message.id, error_type=type(error).__name__
            )
            raise NoAnswer from error
