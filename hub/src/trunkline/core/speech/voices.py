"""The voices that providers list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from trunkline.core.connections.asking import AdapterFailed, ask
from trunkline.core.connections.opening import CannotOpen
from trunkline.core.connections.registry import Connections
from trunkline.core.problems import Invalid
from trunkline.sdk import TTS, EventLog, ProviderError, TtsProvider, Unsupported, Voice

_TIMEOUT_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Voices:
    """Asks for voices."""

    connections: Connections
    log: EventLog

    async def of(self, name: str) -> Sequence[Voice] | str:
        """
        Return the voices that a connection's provider lists, or a sentence why there is no list.

        Raises:
            Invalid: There is no such connection that speaks.
        """
        connection = self.connections.find(name, TTS.name)
        if connection is None:
            known = ", ".join(self.connections.by_kind()[TTS.name]) or "none"
            raise Invalid("connection", f"no such connection speaks; those that do: {known}.")
        if connection.fault:
            return f"It cannot be used: {connection.fault}"
        try:
            provider = await self.connections.opened(connection, TtsProvider)
            return await ask(provider.voices, _TIMEOUT_S)
        except (ProviderError, Unsupported, CannotOpen) as error:
            return str(error)
        except TimeoutError:
            return "The provider does not answer."
        except AdapterFailed as error:
            self.log.error(
                "adapter.raised",
                provider=connection.spec.name,
                method="voices",
                error_type=str(error),
                exc_info=error.__cause__,
            )
            return "Its adapter failed; the log says where."
