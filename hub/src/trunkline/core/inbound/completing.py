"""Fetching what a webhook only announced, before anything of it is stored."""

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from trunkline.core.channels import kind_of
from trunkline.core.connections.asking import AdapterFailed, ask
from trunkline.core.connections.opening import CannotOpen
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.inbound.parsing import Read, checked
from trunkline.sdk import (
    EventLog,
    MessageProvider,
    Overloaded,
    ProviderError,
    Received,
    Rejected,
    Unsupported,
)

_WITHIN_S: Final = 10.0
"""A provider that hears nothing for longer tells of the same again."""
_AGAIN_S: Final = 30.0
_BROKEN: Final = "The adapter could not fetch what the provider only announced."
_GONE: Final = "The provider only announced it, and has it no more."


@dataclass(frozen=True, slots=True)
class Completing:
    """Asks providers for the rest."""

    connections: Connections
    log: EventLog

    async def complete(self, connection: Connection, each: Read) -> Read:
        """
        Return an event with all of it.

        Raises:
            Overloaded: The provider does not tell now; let it announce the event again.
        """
        event = each.event
        if not isinstance(event, Received):
            return each
        its = self.connections.find(connection.name, kind_of(event.channel)) or connection
        try:
            async with asyncio.timeout(_WITHIN_S):
                provider = await self.connections.opened(its, MessageProvider)
            whole: object = await ask(lambda: provider.complete(event), _WITHIN_S)
        except Rejected:
            return replace(each, event=None, fault=_GONE)
        except (AdapterFailed, Unsupported):  # a repair must come first, and nothing wait for it
            return replace(each, event=None, fault=_BROKEN)
        except (ProviderError, CannotOpen, TimeoutError) as error:
            self.log.warning(
                "webhook.not_completed",
                connection=connection.name,
                error_type=type(error).__name__,
            )
            raise Overloaded(
                "Its provider does not tell the rest.", retry_after_s=_AGAIN_S
            ) from error
        if not isinstance(whole, Received) or whole.external_id != event.external_id:
            return replace(each, event=None, fault="The adapter made another event of it.")
        # Its HTML may take a second to be made text of.
        return await asyncio.to_thread(checked, replace(whole, incomplete=False), each.letter_id)
