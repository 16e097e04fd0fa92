"""The suite has teeth: it fails each of these mistakes, made in the ElevenLabs adapter."""

import inspect
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from plugins.elevenlabs.tests import mistakes
from plugins.elevenlabs.tests.mistakes import Mistaken
from plugins.elevenlabs.tests.suite import ElevenLabsSuite as Suite
from trunkline.sdk import AudioFormat, ProviderContext
from trunkline.testing import speaking
from trunkline_elevenlabs.config import ElevenLabsConfig
from trunkline_elevenlabs.plugin import ELEVENLABS
from trunkline_elevenlabs.speech import ElevenLabs


def suite_of(mistake: type[Mistaken]) -> Suite:
    """Return the suite for the adapter with one mistake in it."""

    @asynccontextmanager
    async def opened(
        config: ElevenLabsConfig, context: ProviderContext
    ) -> AsyncIterator[ElevenLabs]:
        yield mistake(config, context)

    class Mutant(Suite):
        spec = replace(ELEVENLABS, open=opened)

    return Mutant()


WHOLE = Suite.test_a_format_that_is_declared_is_that_format_and_the_sound_is_whole
ONE_REQUEST = Suite.test_one_attempt_is_one_request_and_tells_nothing_private
REFUSAL = Suite.test_a_refusal_becomes_the_error_that_says_what_to_do

CASES: list[tuple[type[Mistaken], Callable[..., None], list[object]]] = [
    (mistakes.WaitsForTheWhole, Suite.test_pieces_are_passed_on_as_they_come, []),
    (mistakes.LeavesItOpen, Suite.test_a_reader_that_goes_away_leaves_nothing_open, ["closes"]),
    (mistakes.CallsABrokenSoundWhole, Suite.test_a_sound_that_breaks_off_is_an_unknown_outcome, []),
    (mistakes.ReadsAhead, Suite.test_nothing_is_asked_before_the_first_piece_is, []),
    (mistakes.CallsAnEmptyAccountAWrongKey, REFUSAL, ["out_of_credit"]),
    (mistakes.TellsTheText, ONE_REQUEST, ["unknown_voice"]),
    (mistakes.LogsTheKey, ONE_REQUEST, ["spoken"]),
    (mistakes.RetriesByItself, ONE_REQUEST, ["rate_limited"]),
    (
        mistakes.SaysALostTextMayBeSpokenAgain,
        Suite.test_only_what_was_surely_not_asked_is_reported_so,
        ["dropped_after"],
    ),
    (mistakes.ForgetsHowLongToWait, Suite.test_a_rate_limit_tells_how_long_to_wait, ["7"]),
    (
        mistakes.TakesARefusalForSound,
        Suite.test_what_is_no_sound_under_the_status_of_one_is_an_error,
        ["unknown_voice"],
    ),
    (
        mistakes.TakesARefusalForSound,
        Suite.test_credentials_are_secret_and_used_to_the_last_letter,
        [],
    ),
    (mistakes.SpeaksInMp3, Suite.test_the_vendor_is_asked_for_the_format, [AudioFormat.MULAW_8000]),
    (mistakes.CutsTheText, Suite.test_there_is_a_longest_text_and_it_is_spoken_whole, []),
    (
        mistakes.SpeaksInOneVoice,
        Suite.test_the_voice_that_is_asked_for_speaks_else_the_connections_own,
        [],
    ),
    (mistakes.LosesTheEnd, WHOLE, [AudioFormat.MP3]),
    (mistakes.TellsTheCostWithEachPiece, Suite.test_what_was_charged_is_told_once, []),
    (mistakes.BlocksTheLoop, Suite.test_speaking_never_blocks_the_event_loop, []),
    (
        mistakes.TakesOnePageForAll,
        Suite.test_the_voices_are_all_of_those_that_the_vendor_lists,
        [],
    ),
    (mistakes.TakesWhatItHasForAll, Suite.test_a_part_of_the_voices_does_not_pass_for_all, []),
    (mistakes.TellsWhatIsLeft, Suite.test_the_quota_is_what_the_vendor_says, []),
]


@pytest.mark.slow
@pytest.mark.parametrize(("mistake", "test", "arguments"), CASES)
def test_the_suite_fails_an_adapter_that_makes_this_mistake(
    mistake: type[Mistaken],
    test: Callable[..., None],
    arguments: Sequence[object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    test(suite_of(Mistaken), *arguments)  # which makes none yet

    monkeypatch.setattr(speaking, "_PATIENCE_S", 0.3)  # what hangs need not hang for long
    with pytest.raises((AssertionError, pytest.fail.Exception, TimeoutError)):
        test(suite_of(mistake), *arguments)


def test_each_mistake_is_held_against_the_suite() -> None:
    made = {each for _, each in inspect.getmembers(mistakes, inspect.isclass)}

    assert {each for each in made if issubclass(each, Mistaken)} - {Mistaken} == {
        mistake for mistake, _, _ in CASES
    }
