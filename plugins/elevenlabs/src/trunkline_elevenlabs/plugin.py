"""What the hub loads: one spec, and the hook that offers it."""

from collections.abc import Sequence
from datetime import date

from trunkline.sdk import Capability, PriceList, ProviderSpec, TtsProvider, hookimpl
from trunkline_elevenlabs.config import ElevenLabsConfig
from trunkline_elevenlabs.speech import open_elevenlabs
from trunkline_elevenlabs.wire import MOST_CHARACTERS

ELEVENLABS: ProviderSpec[TtsProvider, ElevenLabsConfig] = ProviderSpec(
    name="elevenlabs",
    config=ElevenLabsConfig,
    open=open_elevenlabs,
    capabilities=frozenset(
        {
            Capability.TTS_MULAW_8000,
            Capability.TTS_PCM_16000,
            Capability.TTS_MP3,
            Capability.TTS_OGG_OPUS,
            Capability.TTS_VOICES,
            Capability.TTS_QUOTA,
        }
    ),
    most_characters=MOST_CHARACTERS,
    prices=PriceList(
        currency="USD",
        source="developer.puter.com/tutorials/elevenlabs-api-pricing, June 2026",
        checked_on=date(2026, 11, 30),
        tts_thousand_characters_micros=100_000,
    ),
)


@hookimpl
def trunkline_register_tts() -> Sequence[ProviderSpec[TtsProvider, ElevenLabsConfig]]:
    """Offer ElevenLabs."""
    return [ELEVENLABS]
