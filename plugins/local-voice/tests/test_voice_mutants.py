"""The suites have teeth: they fail each of these mistakes, made in this adapter."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from importlib import import_module
from typing import Any

import pytest

from trunkline.sdk import (
    OutcomeUnknown,
    Recording,
    Rejected,
    RetryLater,
    Sound,
    Speech,
    Transcript,
    TrunklineError,
    Voice,
)
from trunkline_local_voice.recogniser import LocalRecogniser
from trunkline_local_voice.speech import LocalSpeech

suites: Any = import_module("plugins.local-voice.tests.test_voice_conformance")
Speaking, Recognising = suites.TestLocalSpeech, suites.TestLocalRecogniser


class TakesABreakForTheEnd(LocalSpeech):
    async def synthesize(self, speech: Speech) -> AsyncGenerator[Sound]:
        try:
            async for each in super().synthesize(speech):
                yield each
        except OutcomeUnknown:
            return


class WaitsForTheWhole(LocalSpeech):
    async def synthesize(self, speech: Speech) -> AsyncGenerator[Sound]:
        for each in [each async for each in super().synthesize(speech)]:
            yield each


class LeavesItRunning(LocalSpeech):
    kept: list[object] = []  # noqa: RUF012 - what keeps the process open

    async def synthesize(self, speech: Speech) -> AsyncGenerator[Sound]:
        sounds = super().synthesize(speech)
        self.kept.append(sounds)
        async for each in sounds:
            yield each


class SpeaksInOneVoice(LocalSpeech):
    async def _speaker(self, speech: Speech) -> Any:
        return self._engines[0], "en-us"


class SpeaksTheFirstStretchAlone(LocalSpeech):
    def synthesize(self, speech: Speech) -> AsyncGenerator[Sound]:
        return super().synthesize(
            Speech(text=speech.text[:1000], voice=speech.voice, format=speech.format)
        )


class TellsTheText(LocalSpeech):
    async def synthesize(self, speech: Speech) -> AsyncGenerator[Sound]:
        try:
            async for each in super().synthesize(speech):
                yield each
        except Rejected as error:
            raise Rejected(f"{error}: {speech.text}") from error


class SaysThatItMayHaveSpoken(LocalSpeech):
    async def synthesize(self, speech: Speech) -> AsyncGenerator[Sound]:
        try:
            async for each in super().synthesize(speech):
                yield each
        except RetryLater as error:
            raise OutcomeUnknown(str(error)) from error


class TakesPartOfTheVoicesForAll(LocalSpeech):
    async def voices(self) -> Sequence[Voice]:
        try:
            return await super().voices()
        except TrunklineError:
            return []


class TakesSilenceForAnError(LocalRecogniser):
    async def transcribe(self, recording: Recording) -> Transcript:
        told = await super().transcribe(recording)
        if not told.text:
            raise OutcomeUnknown("Nothing was heard.")
        return told


class TakesWhatIsBrokenOffForAll(LocalRecogniser):
    async def transcribe(self, recording: Recording) -> Transcript:
        async def whole() -> AsyncIterator[bytes]:
            try:
                async for piece in recording.audio:
                    yield piece
            except Exception:  # noqa: BLE001 - the mistake
                return

        return await super().transcribe(
            Recording(audio=whole(), format=recording.format, phrases=recording.phrases)
        )


class CallsAllUnknown(LocalRecogniser):
    async def transcribe(self, recording: Recording) -> Transcript:
        try:
            return await super().transcribe(recording)
        except Rejected as error:
            raise OutcomeUnknown(str(error)) from error


class ForgetsHowLongItWas(LocalRecogniser):
    async def transcribe(self, recording: Recording) -> Transcript:
        return Transcript(text=(await super().transcribe(recording)).text)


class HoldsTheLoop(LocalRecogniser):
    async def transcribe(self, recording: Recording) -> Transcript:
        import time

        time.sleep(0.15)  # noqa: ASYNC251 - the mistake
        return await super().transcribe(recording)


CASES: list[tuple[Any, type[Any], Callable[..., None], list[object]]] = [
    (
        Speaking,
        TakesABreakForTheEnd,
        Speaking.test_a_sound_that_breaks_off_is_an_unknown_outcome,
        [],
    ),
    (Speaking, WaitsForTheWhole, Speaking.test_pieces_are_passed_on_as_they_come, []),
    (
        Speaking,
        LeavesItRunning,
        Speaking.test_a_reader_that_goes_away_leaves_nothing_open,
        ["closes"],
    ),
    (
        Speaking,
        SpeaksInOneVoice,
        Speaking.test_the_voice_that_is_asked_for_speaks_else_the_connections_own,
        [],
    ),
    (
        Speaking,
        SpeaksTheFirstStretchAlone,
        Speaking.test_there_is_a_longest_text_and_it_is_spoken_whole,
        [],
    ),
    (
        Speaking,
        TellsTheText,
        Speaking.test_one_attempt_is_one_request_and_tells_nothing_private,
        ["unknown_voice"],
    ),
    (
        Speaking,
        SaysThatItMayHaveSpoken,
        Speaking.test_only_what_was_surely_not_asked_is_reported_so,
        ["dropped_before"],
    ),
    (
        Speaking,
        TakesPartOfTheVoicesForAll,
        Speaking.test_a_part_of_the_voices_does_not_pass_for_all,
        [],
    ),
    (
        Recognising,
        TakesSilenceForAnError,
        Recognising.test_a_recording_in_which_nothing_is_said_is_an_empty_transcript,
        [],
    ),
    (
        Recognising,
        TakesWhatIsBrokenOffForAll,
        Recognising.test_a_recording_that_breaks_off_at_its_source_has_no_transcript,
        [],
    ),
    (
        Recognising,
        CallsAllUnknown,
        Recognising.test_a_refusal_becomes_the_error_that_says_what_to_do,
        ["unreadable"],
    ),
    (
        Recognising,
        ForgetsHowLongItWas,
        Recognising.test_how_long_a_recording_is_and_what_was_charged_is_told,
        [],
    ),
    (
        Recognising,
        HoldsTheLoop,
        Recognising.test_recognising_never_blocks_the_event_loop,
        [],
    ),
]


@pytest.mark.parametrize(
    ("suite", "mistake", "test", "arguments"), CASES, ids=[case[1].__name__ for case in CASES]
)
def test_a_planted_mistake_is_found(
    suite: Any,
    mistake: type[Any],
    test: Callable[..., None],
    arguments: list[object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trunkline.testing.speaking._PATIENCE_S", 1.0)
    mutant = type("Mutant", (suite,), {"provider": mistake})()
    with pytest.raises((AssertionError, BaseException)) as caught:
        test(mutant, *arguments)
    assert not isinstance(caught.value, KeyboardInterrupt | SystemExit)
