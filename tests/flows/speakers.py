"""Providers of calls, speech and storage whose answers the test writes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tests.flows.networks import NoConfig
from trunkline.loading import Plugins, load_plugins
from trunkline.sdk import (
    Billed,
    Capability,
    OutboundCall,
    OutboundWhatsApp,
    PriceList,
    ProviderContext,
    ProviderSpec,
    Receipt,
    Rejected,
    RetryLater,
    Sound,
    Speech,
    TelephonyProvider,
    TtsProvider,
    Voice,
    WhatsAppProvider,
)

TWO_SECONDS: Final = b"\xff\x7f" * 8_000
"""µ-law silence."""


@dataclass
class Speaker:
    """A voice that follows a script, an error or none for each text, and then always speaks."""

    name: str
    script: list[Exception | None] = field(default_factory=list)
    asked: list[Speech] = field(default_factory=list)
    told: Billed | None = None
    prices: PriceList | None = None
    most: int | None = None
    breaks_off: bool = False
    seconds: int = 2
    voices: tuple[str, ...] = ("ann",)
    able: frozenset[str] = frozenset({Capability.TTS_MULAW_8000})

    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        """Do as the script says."""
        self.asked.append(speech)
        if self.script and (error := self.script.pop(0)) is not None:
            raise error
        if speech.voice is not None and speech.voice not in self.voices:
            raise Rejected("There is no such voice.")
        yield Sound(audio=TWO_SECONDS[:800], billed=self.told if self.breaks_off else None)
        if self.breaks_off:
            raise ConnectionError("the adapter let this through")
        rest = TWO_SECONDS[:8_000] * self.seconds
        yield Sound(audio=rest[800:], billed=self.told)

    def spec(self) -> ProviderSpec[Any, Any]:
        """Return what the hub loads."""
        speaker = self

        class Provider(TtsProvider):
            def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
                return speaker.synthesize(speech)

            async def voices(self) -> list[Voice]:
                if not speaker.voices:
                    raise RetryLater("It is busy.")
                return [
                    Voice(id=each, name=each.title(), languages=("en-US",))
                    for each in speaker.voices
                ]

        @asynccontextmanager
        async def open_it(config: NoConfig, context: ProviderContext) -> AsyncIterator[TtsProvider]:
            yield Provider()

        return ProviderSpec(
            name=self.name,
            config=NoConfig,
            open=open_it,
            capabilities=self.able,
            prices=self.prices,
            most_characters=self.most,
        )


@dataclass
class Phones:
    """A network of phones and of WhatsApp that takes whatever it is handed."""

    calls: list[OutboundCall] = field(default_factory=list)
    chats: list[OutboundWhatsApp] = field(default_factory=list)
    prices: PriceList | None = None

    def telephony(self) -> ProviderSpec[Any, Any]:
        """Return its calls."""
        phones = self

        class Provider(TelephonyProvider):
            async def place_call(self, call: OutboundCall) -> Receipt:
                phones.calls.append(call)
                return Receipt(provider_id=f"call-{len(phones.calls)}")

        return self._spec(Provider(), frozenset({Capability.CALL_PLACE, Capability.CALL_RECORD}))

    def whatsapp(self) -> ProviderSpec[Any, Any]:
        """Return its WhatsApp."""
        phones = self

        class Provider(WhatsAppProvider):
            async def send(self, message: OutboundWhatsApp) -> Receipt:
                phones.chats.append(message)
                return Receipt(provider_id=f"chat-{len(phones.chats)}")

        able = frozenset({Capability.WHATSAPP_SEND, Capability.WHATSAPP_MEDIA})
        return self._spec(Provider(), able)

    def _spec(self, provider: Any, able: frozenset[str]) -> ProviderSpec[Any, Any]:
        @asynccontextmanager
        async def open_it(config: NoConfig, context: ProviderContext) -> AsyncIterator[Any]:
            yield provider

        return ProviderSpec(
            name="phones",
            config=NoConfig,
            open=open_it,
            capabilities=able,
            prices=self.prices,
        )


def with_voices(phones: Phones, *speakers: Speaker) -> Plugins:
    """Return the installed plugins, with these in the place of all that speak and call."""
    plugins = load_plugins()
    ours = {
        "telephony": {"phones": phones.telephony()},
        "whatsapp": {"phones": phones.whatsapp()},
        "tts": {each.name: each.spec() for each in speakers},
    }
    return replace(plugins, providers={**plugins.providers, **ours})


def slots(*speakers: Speaker, more: str = "") -> str:
    """Return the settings of a hub that has them, in this order."""
    named = ", ".join(f'"{each.name}"' for each in speakers)
    return (
        f'[slots]\ntelephony = "phones"\nwhatsapp = "phones"\nstorage = "local-storage"\n'
        f"tts = [{named}]\n{more}"
    )
