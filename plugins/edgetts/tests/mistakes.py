"""Mistakes in the adapter of Edge's voices, one per class."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import replace

from trunkline.sdk import OutcomeUnknown, Rejected, RetryLater, Sound, Speech, Voice
from trunkline_edgetts.speech import EdgeTts


class Mistaken(EdgeTts):
    """The adapter as it is."""


class TakesTheEndOfTheConnectionForTheEndOfTheSound(Mistaken):
    async def _speak(self, stretch: str, voice: str) -> AsyncGenerator[bytes, None]:
        from edge_tts import Communicate

        async for chunk in Communicate(stretch, voice).stream():
            if chunk["type"] == "audio":
                yield chunk["data"]


class WaitsForTheWhole(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        for sound in [each async for each in super().synthesize(speech)]:
            yield sound


class LeavesItOpen(Mistaken):
    async def _speak(self, stretch: str, voice: str) -> AsyncGenerator[bytes, None]:
        self.pieces = super()._speak(stretch, voice)  # held, so that nothing tidies up for it
        async for piece in self.pieces:
            yield piece


class CallsSilenceABadVoice(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        try:
            async for sound in super().synthesize(speech):
                yield sound
        except OutcomeUnknown as error:
            raise Rejected(str(error)) from error


class CallsTheServiceWell(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        try:
            async for sound in super().synthesize(speech):
                yield sound
        except RetryLater as error:
            raise RetryLater(str(error), provider_code=error.provider_code) from error


class SaysWhatItIsAllTheSame(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        try:
            async for sound in super().synthesize(speech):
                yield sound
        except RetryLater as error:
            raise OutcomeUnknown(str(error)) from error


class TellsTheText(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        try:
            async for sound in super().synthesize(speech):
                yield sound
        except Rejected as error:
            raise Rejected(f"{speech.text!r}: {error}") from error


class SpeaksTheFirstStretchAlone(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        async for sound in super().synthesize(replace(speech, text=speech.text[:800])):
            yield sound


class SpeaksInOneVoice(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        async for sound in super().synthesize(replace(speech, voice=None)):
            yield sound


class ForgetsThatItIsFree(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        async for sound in super().synthesize(speech):
            yield replace(sound, billed=None)


class BlocksTheLoop(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        async for sound in super().synthesize(speech):
            yield sound
        time.sleep(0.15)  # noqa: ASYNC251 - the mistake


class HasNoVoiceThatSpeaksEverything(Mistaken):
    async def voices(self) -> Sequence[Voice]:
        return [replace(each, languages=("en-US",)) for each in await super().voices()]
