"""A voice and a storage of a run: what they have outlives every hub."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import Any, Final

from pydantic import BaseModel

from tests.simulation.vendors import Vendor
from tests.simulation.virtual import Process
from tests.simulation.weather import STORM
from trunkline.core.sound.converting import Conversion
from trunkline.core.sound.pipeline import converted
from trunkline.sdk import (
    Billed,
    Capability,
    OutOfCredit,
    ProviderContext,
    ProviderSpec,
    Rejected,
    RetryLater,
    Sound,
    Speech,
    StorageProvider,
    StoredObject,
    TtsProvider,
)

SECOND: Final = b"\xff" * 8_000
PRICE: Final = Billed(cost_micros=1_000, currency="USD")


class NoAccount(BaseModel):
    """Nothing needs to be set."""


@dataclass
class Studio:
    """
    Who speaks, and where that is kept; `vendor` lends the weather and the chance.

    Attributes:
        spoken: Every text that was spoken to its end, in its order.
        objects: What is stored, by key.
    """

    vendor: Vendor
    spoken: list[str] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)

    async def moment(self, process: Process, trouble: Exception) -> None:
        """Let a while pass in which a process may die, and in a storm go wrong now and then."""
        if process.dead:
            raise asyncio.CancelledError
        await asyncio.sleep(self.vendor.uniform(0.0, 0.3))
        await process.gate()
        if self.vendor.weather is STORM and self.vendor.uniform(0, 1) < 0.05:
            raise trouble

    def voice(self, process: Process) -> ProviderSpec[Any, Any]:
        """Return the voice as a process reaches it."""
        studio = self

        class Voice(TtsProvider):
            async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
                await studio.moment(process, OutOfCredit("The quota is used up."))
                yield Sound(audio=SECOND)
                await studio.moment(process, ConnectionResetError())
                studio.spoken.append(speech.text)
                yield Sound(audio=SECOND, billed=PRICE)

        return self._spec("voice", Voice(), {Capability.TTS_MULAW_8000})

    def shelf(self, process: Process) -> ProviderSpec[Any, Any]:
        """Return the storage as a process reaches it."""
        studio = self

        class Shelf(StorageProvider):
            async def put(
                self,
                key: str,
                content: AsyncIterator[bytes],
                *,
                content_type: str,
                length: int | None = None,
            ) -> StoredObject:
                held = b"".join([piece async for piece in content])
                await studio.moment(process, RetryLater("It is away."))
                studio.objects[key] = held
                await studio.moment(process, RetryLater("It is away."))
                return StoredObject(key=key, length=len(held), content_type=content_type)

            async def get(
                self, key: str, *, start: int = 0, end: int | None = None
            ) -> AsyncIterator[bytes]:
                await studio.moment(process, RetryLater("It is away."))
                if key not in studio.objects:
                    raise Rejected("There is no such object.")
                yield studio.objects[key][start:end]

            async def delete(self, key: str) -> None:
                await studio.moment(process, RetryLater("It is away."))
                studio.objects.pop(key, None)

        return self._spec("shelf", Shelf(), {Capability.STORAGE_WRITE, Capability.STORAGE_READ})

    def _spec(
        self, name: str, provider: Any, capabilities: set[Capability]
    ) -> ProviderSpec[Any, Any]:
        @asynccontextmanager
        async def open_it(config: NoAccount, context: ProviderContext) -> AsyncIterator[Any]:
            yield provider

        return ProviderSpec(
            name=name, config=NoAccount, open=open_it, capabilities=frozenset(capabilities)
        )


async def at_once(conversion: Conversion) -> AsyncIterator[bytes]:
    """Convert a sound without the thread that does it in the hub."""
    heard = [piece async for piece in conversion._audio]
    for piece in converted(heard, *conversion._formats, conversion._tally):
        yield piece


def nameless_file(**_: object) -> Any:
    """Return a file that nobody finds, wherever it was wanted."""
    return TemporaryFile()
