"""Asking a provider about a message."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from trunkline.core.calls.ledger import CHANNEL
from trunkline.core.calls.models import Call
from trunkline.core.connections.asking import AdapterFailed, ask
from trunkline.core.connections.opening import CannotOpen
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.messages.models import Message
from trunkline.sdk import (
    Capability,
    EventLog,
    MessageProvider,
    ProviderError,
    Report,
    TelephonyProvider,
    Unsupported,
)

T = TypeVar("T")


class NoAnswer(Exception):
    """The provider told nothing, which is logged: ask again later."""


@dataclass(frozen=True, slots=True)
class Lookups:
    """Asks, in time; whatever an adapter raises ends here."""

    connections: Connections
    log: EventLog
    timeout_s: float

    def can(self, connection: Connection, channel: str) -> bool:
        """Tell whether a connection's provider can be asked about one message or call."""
        of_one = Capability.CALL_LOOKUP if channel == CHANNEL else Capability.LOOKUP_BY_ID
        return not connection.fault and of_one in connection.spec.capabilities

    async def fetch(
        self, message: Message | Call, connection: Connection, provider_id: str
    ) -> Report | None:
        """Return what a provider knows of a message, or of a call, or raise NoAnswer."""
        is_call = isinstance(message, Call) or message.channel == CHANNEL

        async def question(provider: MessageProvider[Any]) -> Report | None:
            if not is_call:
                return await provider.fetch(provider_id)
            if not isinstance(provider, TelephonyProvider):
                raise Unsupported("looking up calls")
            return await provider.fetch_call(provider_id)

        return await self.ask(message, connection, question)

    async def ask(
        self,
        message: Message | Call,
        connection: Connection,
        question: Callable[[MessageProvider[Any]], Awaitable[T]],
    ) -> T:
        """Return what a connection's provider answers about a message, or raise NoAnswer."""
        try:
            async with asyncio.timeout(self.timeout_s):
                provider = await self.connections.opened(connection, MessageProvider)
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
