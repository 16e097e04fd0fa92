"""The entry point: what the hub asks at its start. No engine is looked for before `open`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import Final

from trunkline.sdk import (
    Capability,
    ProviderContext,
    ProviderSpec,
    SttProvider,
    TtsProvider,
    hookimpl,
)
from trunkline_local_voice.config import LocalVoiceConfig

MOST_CHARACTERS: Final = 5_000
EXTRA: Final = ("pocketsphinx", "numpy", "soundfile", "soxr")
"""What the extra ``stt`` brings."""


@asynccontextmanager
async def _open_speech(
    config: LocalVoiceConfig, context: ProviderContext
) -> AsyncIterator[TtsProvider]:
    from trunkline_local_voice.engines import found
    from trunkline_local_voice.speech import LocalSpeech

    yield LocalSpeech(found(config.engine), config.voice)


@asynccontextmanager
async def _open_recogniser(
    config: LocalVoiceConfig, context: ProviderContext
) -> AsyncIterator[SttProvider]:
    from trunkline_local_voice.recogniser import PROGRAM, LocalRecogniser

    yield LocalRecogniser(PROGRAM)


SPEECH: Final[ProviderSpec[TtsProvider, LocalVoiceConfig]] = ProviderSpec(
    name="local-voice",
    config=LocalVoiceConfig,
    open=_open_speech,
    capabilities=frozenset({Capability.TTS_WAV, Capability.TTS_VOICES}),
    most_characters=MOST_CHARACTERS,
    local=True,
)
RECOGNITION: Final[ProviderSpec[SttProvider, LocalVoiceConfig]] = ProviderSpec(
    name="local-voice",
    config=LocalVoiceConfig,
    open=_open_recogniser,
    capabilities=frozenset({Capability.STT_FILE}),
    local=True,
)


@hookimpl
def trunkline_register_tts() -> list[ProviderSpec[TtsProvider, LocalVoiceConfig]]:
    return [SPEECH]


@hookimpl
def trunkline_register_stt() -> list[ProviderSpec[SttProvider, LocalVoiceConfig]]:
    """Offer it where its extra is installed: elsewhere it would fail at every start."""
    return [RECOGNITION] if all(map(find_spec, EXTRA)) else []
