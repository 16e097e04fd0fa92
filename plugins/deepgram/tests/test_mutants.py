"""The suite has teeth: it fails each of these mistakes, made in the Deepgram adapter."""

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from plugins.deepgram.tests.suite import DeepgramSuite as Suite
from trunkline.testing import live, streams
from trunkline_deepgram import plugin

FOLDER: Final = Path(plugin.__file__).parent
PARTS: Final = ("errors", "wire", "live", "account")
"""In the order in which they are imported."""

ALIVE = Suite.test_long_silence_is_kept_alive
ASKED = Suite.test_the_language_and_the_phrases_reach_the_vendor
BREAKS_OFF = Suite.test_a_stream_that_breaks_off_is_an_unknown_outcome
CODES = Suite.test_a_refusal_passes_on_the_code_that_the_vendor_gave
FORMATS = Suite.test_the_vendor_can_tell_the_formats_apart
GOES_AWAY = Suite.test_a_reader_that_goes_away_leaves_nothing_open
HEARD = Suite.test_what_is_said_is_told_as_the_vendor_tells_it
LOST = Suite.test_only_what_was_surely_not_sent_may_be_asked_again_for_nothing
NEVER_ENDS = Suite.test_a_vendor_that_never_ends_is_not_waited_for_for_ever
NOBODY_ELSE = Suite.test_the_credentials_go_to_nobody_else
NO_TEXT = Suite.test_an_answer_without_its_text_is_no_empty_transcript
PRIVATE = Suite.test_one_recording_is_one_request_of_which_nothing_private_is_told
REFUSAL = Suite.test_a_refusal_becomes_the_error_that_says_what_to_do
REFUSED_STREAM = Suite.test_a_refused_stream_becomes_the_error_that_says_what_to_do
SOURCE = Suite.test_sound_that_breaks_off_at_its_source_does_not_pass_for_its_end
STRANGE = Suite.test_frames_that_the_adapter_does_not_know_are_passed_over

CASES: list[tuple[str, str, str, Callable[..., None], list[object]]] = [
    # recordings
    (
        "account",
        "content=recording.audio,",
        'content=b"".join([each async for each in recording.audio]),',
        Suite.test_a_recording_is_passed_on_as_it_comes,
        [],
    ),
    ("account", "**_HEADERLESS.get(audio_format, {}),", "", Suite.test_formats_are_told_apart, []),
    ("account", "if self._tells_terms():", "if False:", ASKED, [True]),
    ("account", "if recording.language:", "if False:", ASKED, [True]),
    ("account", '"Content-Type": recording', '"X-Type": recording', FORMATS, []),
    ("wire", "transcript: str\n", 'transcript: str | None = ""\n', NO_TEXT, ["null"]),
    ("errors", "_CODE.fullmatch(code)", "True", CODES, []),
    ("errors", 'told.get("err_code")', 'told.get("err_msg")', CODES, []),
    ("errors", "    402: (OutOfCredit,", "    499: (OutOfCredit,", REFUSAL, ["out_of_credit"]),
    ("errors", "not 400 <= status < 500", "False", REFUSAL, ["server_error"]),
    ("account", 'transport_errors("Deepgram")', "nullcontext()", LOST, ["dropped_after"]),
    # live streams
    ("live", "_KEEP_ALIVE_S: Final = 4.0", "_KEEP_ALIVE_S: Final = 40.0", ALIVE, []),
    ("account", "aclosing(recognised", "nullcontext(recognised", GOES_AWAY, ["closes it"]),
    ("live", "            talking.cancel()\n", "", GOES_AWAY, ["is cancelled"]),
    ("live", "if not talk.has_ended:", "if False:", BREAKS_OFF, [1000]),
    ("live", "            self.error = error\n", "            pass\n", SOURCE, []),
    ("live", "ValidationError:\n            return", "OSError:\n            return", STRANGE, []),
    ("live", "takes_back or ", "", HEARD, []),
    ("live", "is_final=told.is_final,", "is_final=True,", HEARD, []),
    ("live", "  return exc  #", "  return super().process_redirect(exc)  #", NOBODY_ELSE, []),
    ("live", "_PATIENCE_S: Final = 30.0", "_PATIENCE_S: Final = 1e9", NEVER_ENDS, []),
    ("live", "return refused.response", "raise", REFUSED_STREAM, ["rate_limited"]),
]  # fmt: skip


def suite_of(monkeypatch: pytest.MonkeyPatch, part: str, right: str, wrong: str) -> Suite:
    """Return the suite for the adapter with one piece of its source replaced."""
    for each in PARTS:
        source = (FOLDER / f"{each}.py").read_text("utf-8")
        if each == part:
            assert right in source, "the adapter has changed: change the mistake"
            source = source.replace(right, wrong)
        name = f"trunkline_deepgram.{each}"
        module = ModuleType(name)
        vars(module).update(nullcontext=nullcontext)
        monkeypatch.setitem(sys.modules, name, module)
        exec(compile(source, f"{name} with a mistake", "exec"), vars(module))
    opened: Any = vars(sys.modules["trunkline_deepgram.account"])["open_deepgram"]
    mistaken = replace(plugin.DEEPGRAM, open=opened)

    class Mutant(Suite):
        spec = mistaken

    return Mutant()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # a task that is left running is what the suite is to find
@pytest.mark.parametrize(("part", "right", "wrong", "test", "arguments"), CASES)
def test_the_suite_fails_an_adapter_that_makes_this_mistake(
    monkeypatch: pytest.MonkeyPatch,
    part: str,
    right: str,
    wrong: str,
    test: Callable[..., None],
    arguments: Sequence[object],
) -> None:
    for module in (live, streams):
        monkeypatch.setattr(module, "LONGEST_S", 5.0)  # what hangs, hangs for ever
    test(suite_of(monkeypatch, "", "", ""), *arguments)  # which makes none yet

    with pytest.raises((AssertionError, pytest.fail.Exception, TimeoutError)):
        test(suite_of(monkeypatch, part, right, wrong), *arguments)
