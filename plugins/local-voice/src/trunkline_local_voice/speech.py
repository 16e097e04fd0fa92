"""Speech: a text into a program, its sound out of it."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

from trunkline.sdk import (
    AudioFormat,
    Billed,
    NotConfigured,
    OutcomeUnknown,
    Rejected,
    Sound,
    Speech,
    TtsProvider,
    Voice,
)
from trunkline_local_voice.child import running
from trunkline_local_voice.engines import Engine
from trunkline_local_voice.plugin import MOST_CHARACTERS
from trunkline_local_voice.scripts import is_latin, is_speakable, language_of

FREE: Final = Billed(cost_micros=0, currency="USD")
"""What it costs to use one's own machine."""

_HEADER_BYTES: Final = 44


class LocalSpeech(TtsProvider):
    """Speaks with the first engine that has the voice or the language; a process for each text."""

    def __init__(self, engines: Sequence[Engine], voice: str | None) -> None:
        self._engines = engines
        self._voice = voice
        self._known: dict[Engine, list[Voice]] = {}

    async def synthesize(self, speech: Speech) -> AsyncGenerator[Sound]:
        if speech.format is not AudioFormat.WAV:
            raise Rejected("The local voice speaks as a WAV; the hub converts it.")
        text = speech.text.replace("\0", " ").strip()  # which ends a text in C
        if not text or len(speech.text) > MOST_CHARACTERS:
            raise Rejected(f"The local voice speaks 1 to {MOST_CHARACTERS} characters.")
        if not is_speakable(text):
            raise Rejected("There is nothing in the text that can be spoken.")
        engine, voice = await self._speaker(speech)
        if engine.knows_phonemes:
            text = text.replace("[[", "[ [")  # between these it reads sounds, not words
        spoken = _into_file if engine.writes_files else _as_it_comes
        async with aclosing(spoken(engine, voice, text.encode())) as pieces:
            size = 0
            async for piece in pieces:
                size += len(piece)
                yield Sound(audio=piece)
        if size <= _HEADER_BYTES:
            raise OutcomeUnknown("The engine gave no sound.")
        yield Sound(billed=FREE)

    async def voices(self) -> Sequence[Voice]:
        known: dict[str, Voice] = {}
        for engine in self._engines:
            for each in await self._voices(engine):
                known.setdefault(each.id, each)
        return list(known.values())

    async def _speaker(self, speech: Speech) -> tuple[Engine, str]:
        """Return who speaks it."""
        wanted = speech.voice or self._voice
        language = speech.language or language_of(speech.text)
        for engine in self._engines:
            if engine.is_english and not is_latin(speech.text):
                continue
            voices = await self._voices(engine)
            if wanted and any(each.id == wanted for each in voices):
                return engine, wanted
            if not wanted and (own := engine.voice_for(language, voices)):
                return engine, own.id
        if wanted and not is_latin(speech.text):
            raise Rejected("No engine here speaks this text with that voice: name another.")
        if wanted and wanted == self._voice:
            raise NotConfigured(f"No engine here has the connection's voice {wanted!r}.")
        what = "voice" if wanted else "language"
        raise Rejected(f"No engine here has this {what}.", provider_code=f"no_{what}")

    async def _voices(self, engine: Engine) -> list[Voice]:
        if engine not in self._known:
            self._known[engine] = await engine.voices()
        return self._known[engine]


async def _as_it_comes(engine: Engine, voice: str, text: bytes) -> AsyncGenerator[bytes]:
    async with (
        running(engine.speaking(voice), text) as child,
        aclosing(child.pieces()) as pieces,
    ):
        async for piece in pieces:
            yield piece


async def _into_file(engine: Engine, voice: str, text: bytes) -> AsyncGenerator[bytes]:
    """Have it written to a file that has no name, so that none is left whatever happens."""
    with tempfile.TemporaryFile() as file:
        number = file.fileno()
        async with running(engine.speaking(voice, number), text, pass_fds=[number]) as child:
            await child.ended()
        file.seek(0)
        while piece := await asyncio.to_thread(file.read, 65_536):
            yield piece
