"""How every adapter that speaks must speak, whoever wrote it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, ClassVar, Final

import pytest
from pydantic import BaseModel

from trunkline.sdk import (
    AudioFormat,
    Billed,
    OutcomeUnknown,
    ProviderSpec,
    Rejected,
    Sound,
    Speech,
    TtsProvider,
)
from trunkline.testing.fakes import RecordingLog
from trunkline.testing.flowing import AnyFlow, Ending, FlowingWire
from trunkline.testing.providers import Attempt, BaseProviderConformance
from trunkline.testing.sounds import is_of
from trunkline.testing.webhooks import BODIES

_PATIENCE_S: Final = 10.0
"""How long a machine may take for what takes milliseconds."""


class BaseSpeakingConformance(BaseProviderConformance):
    """The part of `BaseTtsConformance` that is about sound and where it goes."""

    spec: ClassVar[ProviderSpec[TtsProvider, Any]]
    voice: ClassVar[str]
    other_voice: ClassVar[str]
    asks_as: ClassVar[Mapping[AudioFormat, str]] = {}
    asks_nobody: ClassVar[bool] = False

    def needs_vendor(self) -> None:
        """Skip the test that calls this if the adapter makes the sound by itself."""
        if self.asks_nobody:
            pytest.skip(f"{self.spec.name} asks nobody")

    def answer(self, scenario: str) -> Any:
        return None if self.asks_nobody else super().answer(scenario)

    def formats(self) -> list[AudioFormat]:
        """Return the formats that the spec declares."""
        return [each for each in AudioFormat if f"tts.{each}" in self.spec.capabilities]

    def speech(self, **changes: Any) -> Speech:
        """Return what is to be spoken."""
        (first, *_) = self.formats()
        speech = Speech(text="Héllo, Ann. Your table is ready.", voice=self.voice, format=first)
        return replace(speech, **changes)

    def sound(self, audio_format: AudioFormat) -> bytes:
        """Return what is heard in the answer with sound of a format."""
        return self.canned(audio_format).content

    def flow(self, answer: Any, ending: Ending) -> AnyFlow:
        """Return the vendor that gives an answer in pieces."""
        return FlowingWire(answer, ending=ending)

    def private(self) -> list[str]:
        return [self.speech().text]

    def spoken(self, answer: Any, config: BaseModel | None = None, **changes: Any) -> Attempt:
        """Have something spoken by a vendor that gives `answer`; the outcome is the pieces."""
        speech = self.speech(**changes)

        async def all_of_it(provider: Any) -> list[Sound]:
            return [each async for each in provider.synthesize(speech)]

        return self.asked(answer, all_of_it, config)

    def heard(self, **changes: Any) -> Attempt:
        """Have something spoken by a vendor that speaks."""
        attempt = self.spoken(self.answer(self.speech(**changes).format), **changes)
        assert isinstance(attempt.outcome, list), repr(attempt.outcome)
        return attempt

    def reached(self, attempt: Attempt) -> str:
        """Return all that the vendor was told."""
        return " ".join(
            value or "" for request in attempt.wire.requests for _, value in self.fields(request)
        )

    @asynccontextmanager
    async def flowing(self, ending: Ending) -> AsyncIterator[tuple[AnyFlow, AsyncIterator[Sound]]]:
        """Have something spoken by a vendor that may stop half-way, and bound how long it takes."""
        speech = self.speech()
        wire = self.flow(self.answer(speech.format), ending)
        async with (
            asyncio.timeout(_PATIENCE_S),
            self.opened(wire, RecordingLog()) as provider,
        ):
            yield wire, provider.synthesize(speech)

    @pytest.mark.parametrize("audio_format", AudioFormat)
    def test_a_format_that_is_declared_is_that_format_and_the_sound_is_whole(
        self, audio_format: AudioFormat
    ) -> None:
        self.needs(f"tts.{audio_format}")

        pieces = self.heard(format=audio_format).outcome

        audio = b"".join(each.audio for each in pieces)
        assert is_of(audio_format, audio), f"it begins with {audio[:16]!r}"
        assert self.asks_nobody or audio == self.sound(audio_format)

    @pytest.mark.parametrize("audio_format", AudioFormat)
    def test_the_vendor_is_asked_for_the_format(self, audio_format: AudioFormat) -> None:
        self.needs(f"tts.{audio_format}")
        if audio_format not in self.asks_as:
            pytest.skip(f"{self.spec.name} is asked for no {audio_format}")

        (request, *_) = self.heard(format=audio_format).wire.requests

        assert self.reaches(self.asks_as[audio_format], request)

    def test_a_format_that_is_not_declared_is_rejected_and_nothing_is_asked(self) -> None:
        for other in set(AudioFormat) - set(self.formats()):
            attempt = self.spoken(self.answer(self.speech().format), format=other)

            assert isinstance(attempt.outcome, Rejected), other
            assert not attempt.wire.requests

    def test_there_is_a_longest_text_and_it_is_spoken_whole(self) -> None:
        longest = self.spec.most_characters
        assert longest, "say in the spec how long a text may be: `most_characters`"
        text = ("Numbers, one to nine: 123456789 éü. " * (longest // 36 + 1))[:longest].strip()

        attempt = self.heard(text=text)
        assert self.asks_nobody or text in _plain(self.reached(attempt))

    @pytest.mark.parametrize("body", BODIES)
    def test_a_text_reaches_the_vendor_whole(self, body: str) -> None:
        attempt = self.heard(text=BODIES[body])

        assert self.asks_nobody or _plain(BODIES[body]) in _plain(self.reached(attempt))

    def test_the_voice_that_is_asked_for_speaks_else_the_connections_own(self) -> None:
        for voice in (self.voice, self.other_voice):
            requests = self.heard(voice=voice).wire.requests

            assert self.asks_nobody or self.reaches(voice, requests[0])
        assert self.heard(voice=None).outcome
        if self.asks_nobody:
            nobody = self.spoken(None, voice="who-is-not-there")
            assert isinstance(nobody.outcome, Rejected)

    def test_a_long_sound_comes_in_pieces(self) -> None:
        if not self.asks_nobody:
            pytest.skip("how many there are is the vendor's affair")

        pieces = self.heard(text="One sentence after the other. " * 40).outcome

        assert len([each for each in pieces if each.audio]) > 1

    def test_pieces_are_passed_on_as_they_come(self) -> None:
        self.needs_vendor()

        async def listen() -> bytes:
            async with self.flowing(Ending.HELD) as (wire, sounds):
                heard = (await anext(sounds)).audio
                assert heard, "the first piece is empty"
                assert wire.answering, "it waited for the end"
                wire.go_on()
                heard += b"".join([each.audio async for each in sounds])
                await _settled(lambda: not wire.answering)
                return heard

        assert asyncio.run(listen()) == self.sound(self.speech().format)

    @pytest.mark.parametrize("how", ["closes", "is_cancelled"])
    def test_a_reader_that_goes_away_leaves_nothing_open(self, how: str) -> None:
        async def listen() -> None:
            async with self.flowing(Ending.HELD) as (wire, sounds):
                assert (await anext(sounds)).audio
                if how == "is_cancelled":
                    rest = asyncio.create_task(exhaust(sounds))
                    # Until it waits for what is held back; of a program nothing is.
                    for _ in range(0 if self.asks_nobody else 50):
                        await asyncio.sleep(0)
                    rest.cancel()
                    with suppress(asyncio.CancelledError):
                        await rest
                    assert rest.cancelled(), "it takes no notice of being cancelled"
                await sounds.aclose()  # type: ignore[attr-defined]
                await _settled(lambda: not wire.answering)

        asyncio.run(listen())

    def test_a_sound_that_breaks_off_is_an_unknown_outcome(self) -> None:
        self.needs_vendor()

        async def listen() -> None:
            async with self.flowing(Ending.CUT) as (wire, sounds):
                with pytest.raises(OutcomeUnknown) as caught:
                    await exhaust(sounds)
                await _settled(lambda: not wire.answering)
            attempt = Attempt(outcome=caught.value, wire=wire, log=RecordingLog())
            assert not self.tells(attempt)

        asyncio.run(listen())

    def test_nothing_is_asked_before_the_first_piece_is(self) -> None:
        async def never_read(provider: Any) -> None:
            sounds = provider.synthesize(self.speech())
            for _ in range(20):
                await asyncio.sleep(0)
            await sounds.aclose()

        attempt = self.asked(self.answer(self.speech().format), never_read)

        assert attempt.outcome is None
        assert not attempt.wire.requests

    def test_what_was_charged_is_told_once(self) -> None:
        expected = self.means.get("billed")
        assert expected is None or isinstance(expected, Billed)

        async def listen() -> list[Sound]:
            async with self.flowing(Ending.WHOLE) as (_, sounds):
                return [each async for each in sounds]

        told = [each.billed for each in asyncio.run(listen()) if each.billed is not None]
        assert told == ([] if expected is None else [expected])


async def exhaust(sounds: AsyncIterator[Sound]) -> None:
    """Hear something to its end."""
    async for _ in sounds:
        pass


async def _settled(holds: Callable[[], bool]) -> None:
    ends = asyncio.get_running_loop().time() + _PATIENCE_S
    while not holds():
        assert asyncio.get_running_loop().time() < ends, "something is left open"
        await asyncio.sleep(0.001)


def _plain(text: str) -> str:
    """Return a text with all that is blank between two words as one blank."""
    return " ".join(text.split())
