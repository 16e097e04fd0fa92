"""Recognisers of speech whose answers the test writes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tests.flows.networks import NoConfig
from trunkline.loading import Plugins, load_plugins
from trunkline.sdk import (
    Capability,
    PriceList,
    ProviderContext,
    ProviderSpec,
    Recording,
    SttProvider,
    Transcript,
)


@dataclass
class Listener:
    """An ear that follows a script, an error for each recording, and then understands it."""

    name: str
    script: list[Exception] = field(default_factory=list)
    understands: Transcript = field(default_factory=lambda: Transcript(text="Call me back."))
    prices: PriceList | None = None
    able: frozenset[str] = frozenset({Capability.STT_FILE})
    leaves_early: bool = False
    asked: list[Recording] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)

    async def transcribe(self, recording: Recording) -> Transcript:
        """Do as the script says."""
        self.asked.append(recording)
        sound = b""
        async for piece in recording.audio:
            sound += piece
            if self.leaves_early:
                break
        self.heard.append(sound)
        if self.script:
            raise self.script.pop(0)
        return self.understands

    def spec(self) -> ProviderSpec[Any, Any]:
        """Return what the hub loads."""
        listener = self

        class Provider(SttProvider):
            async def transcribe(self, recording: Recording) -> Transcript:
                return await listener.transcribe(recording)

        @asynccontextmanager
        async def open_it(config: NoConfig, context: ProviderContext) -> AsyncIterator[SttProvider]:
            yield Provider()

        return ProviderSpec(
            name=self.name,
            config=NoConfig,
            open=open_it,
            capabilities=self.able,
            prices=self.prices,
        )


def with_ears(*listeners: Listener) -> Plugins:
    """Return the installed plugins, with these in the place of all that recognise speech."""
    plugins = load_plugins()
    return replace(
        plugins,
        providers={**plugins.providers, "stt": {each.name: each.spec() for each in listeners}},
    )


def slot(*listeners: Listener) -> str:
    """Return the settings of a hub with them in its `[slots] stt`, in this order."""
    return f"[slots]\nstt = {[each.name for each in listeners]}\n"
