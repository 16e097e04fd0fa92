"""The suite has teeth: it fails each of these mistakes, made in the adapter of Edge's voices."""

import inspect
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from plugins.edgetts.tests import mistakes
from plugins.edgetts.tests.mistakes import Mistaken
from plugins.edgetts.tests.suite import EdgeTtsSuite as Suite
from trunkline.sdk import ProviderContext
from trunkline.testing import speaking
from trunkline_edgetts.config import EdgeTtsConfig
from trunkline_edgetts.plugin import EDGETTS
from trunkline_edgetts.speech import EdgeTts


def suite_of(mistake: type[Mistaken]) -> Suite:
    """Return the suite for the adapter with one mistake in it."""

    @asynccontextmanager
    async def opened(config: EdgeTtsConfig, _: ProviderContext) -> AsyncIterator[EdgeTts]:
        yield mistake(config)

    class Mutant(Suite):
        spec = replace(EDGETTS, open=opened)

    return Mutant()


BROKEN = Suite.test_a_sound_that_breaks_off_is_an_unknown_outcome
REFUSAL = Suite.test_a_refusal_becomes_the_error_that_says_what_to_do
LOST = Suite.test_only_what_was_surely_not_asked_is_reported_so
VOICES = Suite.test_the_voices_are_all_of_those_that_the_vendor_lists

CASES: list[tuple[type[Mistaken], Callable[..., None], list[object]]] = [
    (mistakes.TakesTheEndOfTheConnectionForTheEndOfTheSound, BROKEN, []),
    (mistakes.WaitsForTheWhole, Suite.test_pieces_are_passed_on_as_they_come, []),
    (mistakes.LeavesItOpen, Suite.test_a_reader_that_goes_away_leaves_nothing_open, ["closes"]),
    (mistakes.CallsSilenceABadVoice, LOST, ["dropped_after"]),
    (mistakes.CallsTheServiceWell, REFUSAL, ["server_error"]),
    (mistakes.SaysWhatItIsAllTheSame, LOST, ["dropped_before"]),
    (
        mistakes.TellsTheText,
        Suite.test_one_attempt_is_one_request_and_tells_nothing_private,
        ["unknown_voice"],
    ),
    (
        mistakes.SpeaksTheFirstStretchAlone,
        Suite.test_there_is_a_longest_text_and_it_is_spoken_whole,
        [],
    ),
    (
        mistakes.SpeaksInOneVoice,
        Suite.test_the_voice_that_is_asked_for_speaks_else_the_connections_own,
        [],
    ),
    (mistakes.ForgetsThatItIsFree, Suite.test_what_was_charged_is_told_once, []),
    (mistakes.BlocksTheLoop, Suite.test_speaking_never_blocks_the_event_loop, []),
    (mistakes.HasNoVoiceThatSpeaksEverything, VOICES, []),
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
