"""The suites of calls and media have teeth: they fail each of these mistakes in the adapter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any, Final

import pytest

import trunkline_twilio
from plugins.twilio.tests.suite import TwilioSuite as Suite
from trunkline.sdk import ProviderSpec

_SOURCE: Final = Path(trunkline_twilio.__file__).parent


@dataclass(frozen=True, slots=True)
class Mistake:
    """`new` stands for `old` in `module`; `test` finds it when it is asked with `arguments`."""

    says: str
    module: str
    old: str
    new: str
    test: Callable[..., None]
    arguments: Sequence[object] = ()

    def spec(self, folder: Path, name: str, *, right: bool) -> ProviderSpec[Any, Any]:
        """Return the spec of a copy of the adapter with the mistake in it, or without."""
        package = folder / name
        package.mkdir()
        for path in _SOURCE.glob("*.py"):
            source = path.read_text("utf-8")
            if path.stem == self.module:
                assert source.count(self.old) == 1, f"{self.old!r} is not one place"
                source = source if right else source.replace(self.old, self.new)
            (package / path.name).write_text(source.replace("trunkline_twilio", name), "utf-8")
        invalidate_caches()
        spec: ProviderSpec[Any, Any] = import_module(f"{name}.plugin").TWILIO
        return spec


REFUSED = Suite.test_a_call_that_is_not_placed_says_what_to_do
WHOLE = Suite.test_a_call_reaches_the_vendor_whole_and_in_its_fields
PROVES = Suite.test_a_question_about_calls_that_fails_proves_nothing
RENDERED = Suite.test_what_to_do_with_a_call_is_said_as_the_vendor_wants_it
MEANS = Suite.test_a_webhook_tells_what_the_vendors_manual_says_and_all_of_it
LATER = Suite.test_a_medium_that_cannot_be_read_now_is_not_gone

MISTAKES: Final = [
    Mistake(
        "It says a lost call may be placed again",
        "errors",
        'return OutcomeUnknown(f"Twilio answered {status}.", provider_code=shown)',
        'return RetryLater(f"Twilio answered {status}.", provider_code=shown)',
        REFUSED,
        ["server_error"],
    ),
    Mistake(
        "It takes every success for a placed call",
        "calls",
        'sid: str = Field(min_length=1)\n    status: str = ""',
        'sid: str = ""\n    status: str = ""',
        Suite.test_a_call_that_is_accepted_without_an_id_is_an_unknown_outcome,
        [""],
    ),
    Mistake(
        "It takes an empty account for a wrong number",
        "errors",
        '"20005": (OutOfCredit, _INACTIVE)',
        '"20005": (Rejected, _INACTIVE)',
        REFUSED,
        ["out_of_credit"],
    ),
    Mistake(
        "It rings for ever",
        "calls",
        '"Timeout": call.ring_s',
        '"Timeout": 600',
        WHOLE,
    ),
    Mistake(
        "It talks for as long as it likes",
        "calls",
        '            "TimeLimit": call.max_duration_s,\n',
        "",
        WHOLE,
    ),
    Mistake(
        "It sends no address as an address",
        "calls",
        "        if call.status_url:\n",
        "        if True:\n",
        Suite.test_of_a_call_no_status_url_is_sent_that_there_is_not,
    ),
    Mistake(
        "It tells Twilio the words",
        "calls",
        '"Twiml": steps,',
        '"Twiml": steps, "CallReason": call.body,',
        Suite.test_the_words_of_a_call_are_not_for_the_vendor,
    ),
    Mistake(
        "It never looks who answers",
        "calls",
        "if call.finds_machine:",
        "if False:",
        Suite.test_who_answers_is_found_out_only_where_it_is_asked_for,
    ),
    Mistake(
        "It records before it plays",
        "twiml",
        "for step in steps:",
        "for step in reversed(steps):",
        Suite.test_what_is_to_be_done_in_a_call_reaches_the_vendor_in_its_order,
    ),
    Mistake(
        "It takes any 404 for a call that was never placed",
        "calls",
        "        if error.provider_code == NOT_FOUND:  # not",
        "        if response.status_code == 404:  # not",
        Suite.test_not_found_by_somebody_else_never_proves_that_no_call_was_placed,
        [b"{}"],
    ),
    Mistake(
        "It takes one page for all",
        "calls",
        "if page.next_page_uri is None:",
        "if True:",
        Suite.test_the_calls_to_a_recipient_are_listed_as_the_vendor_has_them,
    ),
    Mistake(
        "It takes what it has read for all there is",
        "calls",
        'raise OutcomeUnknown("Twilio lists more calls between the two than can be read.")',
        "return reports",
        Suite.test_a_list_of_calls_without_an_end_does_not_pass_for_a_whole_one,
    ),
    Mistake(
        "It lists calls of any time",
        "calls",
        "[report for report in reports if is_since(report, since)]",
        "reports",
        Suite.test_a_list_of_calls_is_of_those_placed_since_then,
    ),
    Mistake(
        "It swaps who calls and who is called",
        "calls",
        '{"To": recipient, "From": sender, "PageSize": PAGE_SIZE}',
        '{"To": recipient, "PageSize": PAGE_SIZE}',
        Suite.test_a_list_of_calls_is_of_the_two_numbers_that_were_asked_for,
    ),
    Mistake(
        "It costs less than nothing",
        "api",
        "round(abs(self.price) * MICROS)",
        "round(self.price * MICROS)",
        Suite.test_a_call_that_was_placed_is_found,
    ),
    Mistake(
        "It guesses at words that are new",
        "calls",
        "CALL_STATUSES.get(self.status), self.cost()",
        'CALL_STATUSES.get(self.status, CALL_STATUSES["failed"]), self.cost()',
        Suite.test_a_status_of_a_call_that_the_adapter_does_not_know_is_none,
    ),
    Mistake(
        "It takes a busy line for one that was not answered",
        "statuses",
        '"busy": CallStatus.BUSY',
        '"busy": CallStatus.NO_ANSWER',
        Suite.test_a_call_looked_up_got_no_further_than_its_word_says,
    ),
    Mistake(
        "It says a call is ended whatever Twilio says",
        "calls",
        "        if error.provider_code != OVER:\n            raise error",
        "        if error.provider_code == OVER:\n            raise error",
        PROVES,
        ["end", "server_error"],
    ),
    Mistake(
        "It cannot end what is over",
        "call_failures",
        'OVER: Final = "21220"',
        'OVER: Final = "21221"',
        Suite.test_a_call_that_is_over_stays_so,
    ),
    Mistake(
        "It cuts ids",
        "calls",
        "/Calls/{quote(provider_id, safe='')}.json",
        "/Calls/{quote(provider_id)}.json",
        Suite.test_a_call_is_asked_about_by_the_whole_of_what_names_it,
        ["fetch"],
    ),
    Mistake(
        "It names each report of a call alike",
        "call_events",
        'external_id=f"{call.sid}-{call.status}",',
        "external_id=call.sid,",
        Suite.test_a_report_moves_a_call_no_further_than_its_word_says,
    ),
    Mistake(
        "It takes a machine for a person",
        "statuses",
        '"machine_end_beep": AnsweredBy.MACHINE',
        '"machine_end_beep": AnsweredBy.HUMAN',
        MEANS,
        ["machine_answered"],
    ),
    Mistake(
        "It has a file of a recording that there is not",
        "call_events",
        "if recording.status == _READY and recording.url:",
        "if recording.url:",
        Suite.test_a_recording_says_where_it_is_and_one_that_there_is_not_says_so,
    ),
    Mistake(
        "It takes the question how to go on for a recording",
        "call_events",
        'return _recorded(fields) if "RecordingStatus" in fields else []',
        'return _recorded({"RecordingStatus": "completed", **fields})',
        MEANS,
        ["what_now"],
    ),
    Mistake(
        "It writes a URL into TwiML as it is",
        "twiml",
        "return f\"{_HEAD}{tostring(response, encoding='unicode')}\"",
        "return f\"{_HEAD}{tostring(response, encoding='unicode')}\".replace('&amp;', '&')",
        RENDERED,
        ["play"],
    ),
    Mistake(
        "It always sounds a tone",
        "twiml",
        "str(step.beep).lower()",
        '"true"',
        RENDERED,
        ["record_without_a_tone"],
    ),
    Mistake(
        "It answers whom it should not",
        "twiml",
        'SubElement(response, "Reject", reason="busy" if busy else "rejected")',
        'SubElement(response, "Hangup")',
        RENDERED,
        ["decline"],
    ),
    Mistake(
        "It would record for ever",
        "twiml",
        '            "action": url,\n',
        "",
        RENDERED,
        ["record"],
    ),
    Mistake(
        "It reads a file whole before it gives any of it",
        "api",
        "            async for piece in pieces:\n                yield piece",
        "            for piece in [piece async for piece in pieces]:\n                yield piece",
        Suite.test_a_medium_is_read_as_it_comes,
    ),
    Mistake(
        "It leaves connections open",
        "api",
        "        async with aclosing(pieces):\n            async for piece in pieces:\n"
        "                yield piece",
        "        self.kept = pieces\n        async for piece in pieces:\n            yield piece",
        Suite.test_a_reader_who_leaves_leaves_nothing_open,
    ),
    Mistake(
        "It goes where a URL leads, with the credentials",
        "api",
        'url = f"{self._base_url}{self._file(media)}"',
        "url = media.url",
        Suite.test_no_other_host_is_handed_the_credentials,
        ["by_its_url"],
    ),
    Mistake(
        "It takes a file that is gone for an account that is",
        "api",
        "        if error.provider_code == NOT_FOUND:\n",
        "        if False:\n",
        Suite.test_a_medium_that_the_vendor_has_no_more_is_gone_for_good,
    ),
    Mistake(
        "It takes any refusal for a file that is gone",
        "api",
        "return OutcomeUnknown(str(error), provider_code=error.provider_code)",
        "return error",
        Suite.test_a_medium_is_gone_by_the_vendors_own_word_alone,
        [b"{}"],
    ),
    Mistake(
        "It says that it has deleted what it has not",
        "api",
        "                raise error\n\n    def _file",
        "                del error\n\n    def _file",
        Suite.test_a_medium_that_could_not_be_deleted_is_not_said_to_be,
        ["server_error"],
    ),
    Mistake(
        "It cannot delete what is gone",
        "api",
        "if not isinstance(error, Rejected):  # which",
        "if error:  # which",
        Suite.test_a_medium_that_is_deleted_is_there_no_more,
        ["media_absent"],
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: each.says)
def test_the_suites_fail_an_adapter_that_makes_this_mistake(
    mistake: Mistake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = MISTAKES.index(mistake)
    monkeypatch.syspath_prepend(tmp_path)

    def asked(kind: str) -> None:
        class Mutant(Suite):
            spec = mistake.spec(tmp_path, f"{kind}_calls_{number}", right=kind == "right")

        mistake.test(Mutant(), *mistake.arguments)

    asked("right")  # which makes none yet
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        asked("wrong")
