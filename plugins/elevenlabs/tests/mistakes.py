"""Mistakes in the ElevenLabs adapter, one per class."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from trunkline.sdk import (
    AudioFormat,
    AuthFailed,
    OutcomeUnknown,
    OutOfCredit,
    ProviderContext,
    ProviderError,
    Quota,
    Rejected,
    RetryLater,
    Sound,
    Speech,
    Voice,
)
from trunkline_elevenlabs.config import ElevenLabsConfig
from trunkline_elevenlabs.speech import ElevenLabs
from trunkline_elevenlabs.wire import FORMATS


class Mistaken(ElevenLabs):
    """ElevenLabs with its context at hand, to make mistakes with."""

    def __init__(self, config: ElevenLabsConfig, context: ProviderContext) -> None:
        super().__init__(config, context.http)
        self.config, self.context = config, context


class WaitsForTheWhole(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        for sound in [each async for each in super().synthesize(speech)]:
            yield sound


class LeavesItOpen(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        request = self._http.build_request(
            "POST",
            f"{self.config.base_url}/v1/text-to-speech/{speech.voice}/stream",
            params=self._query(speech),
            json=self._body(speech),
            headers=self._headers,
        )
        response = await self._http.send(request, stream=True)
        self.pieces = response.aiter_bytes()  # held, so that nothing tidies up for it
        async for piece in self.pieces:
            yield Sound(audio=piece)


class CallsABrokenSoundWhole(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        try:
            async for sound in super().synthesize(speech):
                yield sound
        except OutcomeUnknown:
            return


class ReadsAhead(Mistaken):
    def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        import asyncio

        sounds = super().synthesize(speech)
        first = asyncio.ensure_future(anext(sounds))

        async def rest() -> AsyncIterator[Sound]:
            yield await first
            async for sound in sounds:
                yield sound

        return rest()


class CallsAnEmptyAccountAWrongKey(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        try:
            async for sound in super().synthesize(speech):
                yield sound
        except OutOfCredit as error:
            raise AuthFailed(str(error), provider_code=error.provider_code) from error


class TellsTheText(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        try:
            async for sound in super().synthesize(speech):
                yield sound
        except Rejected as error:
            raise Rejected(f"{speech.text!r}: {error}") from error


class LogsTheKey(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        self.context.log.info("speech.asked", **self._headers)
        async for sound in super().synthesize(speech):
            yield sound


class RetriesByItself(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        try:
            async for sound in super().synthesize(speech):
                yield sound
        except RetryLater:
            async for sound in super().synthesize(speech):
                yield sound


class SaysALostTextMayBeSpokenAgain(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        try:
            async for sound in super().synthesize(speech):
                yield sound
        except OutcomeUnknown as error:
            raise RetryLater(str(error)) from error


class ForgetsHowLongToWait(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        try:
            async for sound in super().synthesize(speech):
                yield sound
        except RetryLater as error:
            raise RetryLater(str(error), provider_code=error.provider_code) from error


class TakesARefusalForSound(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        response = await self._http.post(
            f"{self.config.base_url}/v1/text-to-speech/{speech.voice}/stream",
            json=self._body(speech),
        )
        yield Sound(audio=response.content)


class SpeaksInMp3(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        if speech.format in FORMATS:
            speech = replace(speech, format=AudioFormat.MP3)
        async for sound in super().synthesize(speech):
            yield sound


class CutsTheText(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        async for sound in super().synthesize(replace(speech, text=speech.text[:5_000])):
            yield sound


class SpeaksInOneVoice(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        async for sound in super().synthesize(replace(speech, voice=None)):
            yield sound


class LosesTheEnd(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        held: Sound | None = None
        async for sound in super().synthesize(speech):
            if held is not None:
                yield held
            held = sound


class TellsTheCostWithEachPiece(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        billed = None
        async for sound in super().synthesize(speech):
            billed = sound.billed or billed
            yield replace(sound, billed=billed)


class BlocksTheLoop(Mistaken):
    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        async for sound in super().synthesize(speech):
            yield sound
        time.sleep(0.15)  # noqa: ASYNC251 - the mistake


class TakesOnePageForAll(Mistaken):
    async def voices(self) -> Sequence[Voice]:
        return (await super().voices())[:1]


class TakesWhatItHasForAll(Mistaken):
    async def voices(self) -> Sequence[Voice]:
        try:
            return await super().voices()
        except ProviderError:
            return ()


class TellsWhatIsLeft(Mistaken):
    async def quota(self) -> Quota:
        quota = await super().quota()
        return replace(quota, used=(quota.limit or 0) - quota.used)
