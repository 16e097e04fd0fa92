"""What every telephony adapter that places or takes calls must do, whoever wrote it."""

import html
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

import pytest

from trunkline.sdk import (
    E164,
    AuthFailed,
    CallReport,
    CallStatus,
    Capability,
    HangUp,
    KeyForm,
    Media,
    OutboundCall,
    OutcomeUnknown,
    OutOfCredit,
    Play,
    ProviderError,
    Receipt,
    Record,
    Rejected,
    RetryLater,
)
from trunkline.testing.asking import KEYS
from trunkline.testing.call_webhooks import RECORDING_URL, SOUND, BaseCallWebhookConformance
from trunkline.testing.contents import replaced, replaced_content
from trunkline.testing.lookups import content_of
from trunkline.testing.providers import DROPS, UNREADABLE, Attempt
from trunkline.testing.wire import Canned

_REFUSALS: Final[Mapping[str, type[ProviderError]]] = {
    "rate_limited": RetryLater,
    "bad_recipient": Rejected,
    "bad_credentials": AuthFailed,
    "out_of_credit": OutOfCredit,
    "server_error": OutcomeUnknown,
    "dropped_before": RetryLater,
    "dropped_after": OutcomeUnknown,
}
_FAILURES: Final = ["rate_limited", "bad_credentials", "server_error", *DROPS]
_QUESTIONS: Final = {
    "fetch": Capability.CALL_LOOKUP,
    "list": Capability.CALL_LOOKUP_BY_ADDRESS,
    "end": Capability.CALL_END,
}
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_ODD: Final = ("id/../other?x=1&y=2#z", "id%2F..%2Fother%3Fx%3D1%26y%3D2%23z")


class BaseCallConformance(BaseCallWebhookConformance):
    """
    For telephony adapters that declare a ``call.…`` capability: subclass it instead of theirs.

    Its tests are those of `BaseTelephonyConformance` and of what stands here.

    Attributes:
        answers: Beside those of texts: ``call_accepted``, and ``call_bad_recipient``,
            ``call_out_of_credit`` and so on where the vendor answers other than to a text; to the
            look-ups ``call_found`` (the call that it accepted), ``call_found_unknown_status``,
            ``call_not_found`` and ``calls_listed`` (a tuple of its pages if it gives several); to
            who ends a call ``call_ended``, and ``call_over`` where it is over already.
        call: What is placed.
        calls_as: The vendor's names of the fields of a call, each with the attribute of the
            `OutboundCall` that it holds: ``sender``, ``recipient``, ``status_url``, ``ring_s``,
            ``max_duration_s``. What it has no place for stands in `left_out`.
    """

    call: ClassVar[OutboundCall] = OutboundCall(
        sender=E164("+14155550100"),
        recipient=E164("+14155550199"),
        body="Your table is ready at eight.",
        idempotency_key=KEYS[KeyForm.ANY][0],
        status_url="https://hub.example/webhooks/agent-1/call-status?attempt=att_0199c2a0",
        steps=(
            Play(media=Media(url=SOUND, content_type="audio/wav")),
            Record(url=RECORDING_URL),
            HangUp(),
        ),
    )
    calls_as: ClassVar[Mapping[str, str]] = {}

    def private(self) -> list[str]:
        """Return what of the messages and calls is nobody's business."""
        return [*super().private(), self.call.recipient.removeprefix("+"), self.call.body]

    def call_answer(self, scenario: str) -> Any:
        """Return what the vendor answers to a call; as to a text unless told."""
        own = f"call_{scenario}"
        return self.answer(own if own in self.answers else scenario)

    def placed(self, answer: Any, call: OutboundCall | None = None) -> Attempt:
        """Place a call while the vendor gives an answer."""
        self.needs(Capability.CALL_PLACE)
        return self.asked(answer, lambda each: each.place_call(call or self.call))

    def placed_as(self, call: OutboundCall) -> Any:
        """Place a call that is taken, and return the one request of it."""
        (request,) = self.placed(self.answer("call_accepted"), call).wire.requests
        return request

    def ask_of_calls(self, how: str, answer: Any, called: str | None = None) -> Attempt:
        """Look one up, list those between two numbers, or end one."""
        self.needs(_QUESTIONS[how])
        sid = called or self.meaning("call_accepted").provider_id
        if how == "list":
            return self.calls_between(self.call.sender, self.call.recipient, answer=answer)
        if how == "end":
            return self.asked(answer, lambda each: each.hang_up(sid))
        return self.asked(answer, lambda each: each.fetch_call(sid))

    def calls_between(
        self, sender: str, recipient: str, since: datetime = _LONG_AGO, *, answer: Any = None
    ) -> Attempt:
        """List the calls between two numbers."""
        given = self.answers["calls_listed"] if answer is None else answer
        return self.asked(given, lambda each: each.find_calls(sender, recipient, since))

    def assert_named(self, attempt: Attempt) -> None:
        """Assert that the vendor was asked once, about the call that it accepted."""
        if self.over_http:
            (request,) = attempt.wire.requests
            assert self.reaches(self.meaning("call_accepted").provider_id, request)

    def every_question(
        self, scenario: str, config: Any = None, answer: Canned | None = None
    ) -> list[Attempt]:
        attempts = [*super().every_question(scenario, config, answer)]
        if Capability.CALL_PLACE in self.spec.capabilities:
            given = answer or self.call_answer(scenario)
            attempts.append(self.asked(given, lambda each: each.place_call(self.call), config))
        if Capability.CALL_LOOKUP in self.spec.capabilities:
            given = answer or self.answer("call_found")
            attempts.append(self.asked(given, lambda each: each.fetch_call("id_0199c2a0"), config))
        if Capability.CALL_END in self.spec.capabilities:
            given = answer or self.answer("call_ended")
            attempts.append(self.asked(given, lambda each: each.hang_up("id_0199c2a0"), config))
        return attempts

    # --- placing ----------------------------------------------------------------------------------

    def test_an_accepted_call_yields_the_providers_id(self) -> None:
        outcome = self.placed(self.answer("call_accepted")).outcome

        assert isinstance(outcome, Receipt)
        assert outcome == self.meaning("call_accepted")

    @pytest.mark.parametrize("scenario", _REFUSALS)
    def test_a_call_that_is_not_placed_says_what_to_do(self, scenario: str) -> None:
        self.needs_place(scenario)

        attempt = self.placed(self.call_answer(scenario))

        assert isinstance(attempt.outcome, _REFUSALS[scenario])
        shown = self.means.get(f"call_{scenario}")
        assert not isinstance(shown, ProviderError) or (
            attempt.outcome.provider_code == shown.provider_code
        )
        assert len(attempt.wire.requests) == 1 or not self.over_http, "retrying is the hub's work"
        assert not self.tells(attempt)

    @pytest.mark.parametrize("body", UNREADABLE)
    def test_a_call_whose_acceptance_cannot_be_read_is_an_unknown_outcome(
        self, body: bytes
    ) -> None:
        accepted = replace(self.canned("call_accepted"), json=None, content=body)

        assert isinstance(self.placed(accepted).outcome, OutcomeUnknown)

    @pytest.mark.parametrize("value", [None, "", []])
    def test_a_call_that_is_accepted_without_an_id_is_an_unknown_outcome(self, value: Any) -> None:
        accepted, shown = self.canned("call_accepted"), self.meaning("call_accepted")
        json: Any = accepted.json
        nameless = replace(accepted, json=replaced(json, shown.provider_id, value))

        assert isinstance(self.placed(nameless).outcome, OutcomeUnknown)

    def test_a_refusal_of_a_call_under_the_status_of_a_success_is_no_receipt(self) -> None:
        refusal: Any = self.call_answer("bad_recipient")
        self.needs_http()
        taken = replace(refusal, status=self.canned("call_accepted").status)

        assert isinstance(self.placed(taken).outcome, ProviderError)

    def test_a_call_reaches_the_vendor_whole_and_in_its_fields(self) -> None:
        other = replace(
            self.call,
            recipient=E164(self.other_recipient),
            status_url="https://hub.example/webhooks/agent-2/call-status?attempt=att_2&x=%2B",
            ring_s=25,
            max_duration_s=90,
        )
        names = ("sender", "recipient", "status_url", "ring_s", "max_duration_s")
        missing = [n for n in names if n not in {*self.calls_as.values(), *self.left_out}]
        assert not missing, f"say in `calls_as` which fields hold {missing}"

        for call in (self.call, other):
            held = self.fields(self.placed_as(call))
            for field, name in self.calls_as.items():
                values = [value or "" for path, value in held if field in path]
                # Some vendors write no plus, and read what stands behind a # themselves.
                bare = [value.partition("#")[0].removeprefix("+") for value in values]
                assert bare == [str(getattr(call, name)).removeprefix("+")], name

    def test_of_a_call_no_status_url_is_sent_that_there_is_not(self) -> None:
        held = self.fields(self.placed_as(replace(self.call, status_url=None)))

        fields = [field for field, name in self.calls_as.items() if name == "status_url"]
        assert not [path for path, _ in held for field in fields if field in path]
        assert not [path for path, value in held if value in {"None", "null"}]

    def test_what_is_to_be_done_in_a_call_reaches_the_vendor_in_its_order(self) -> None:
        held = self.fields(self.placed_as(self.call))
        told = html.unescape("\n".join(value or "" for _, value in held))

        assert SOUND in told, "its sound is not played"
        if Capability.CALL_RECORD in self.spec.capabilities:
            assert 0 <= told.index(SOUND) < told.index(RECORDING_URL)

    def test_the_words_of_a_call_are_not_for_the_vendor(self) -> None:
        if self.spec.simulated:
            pytest.skip("a simulated network shows them")

        held = self.fields(self.placed_as(self.call))

        assert not [path for path, value in held if self.call.body in (value or "")]

    def test_who_answers_is_found_out_only_where_it_is_asked_for(self) -> None:
        self.needs(Capability.CALL_MACHINE)
        asked, not_asked = (
            set(self.fields(self.placed_as(replace(self.call, finds_machine=each))))
            for each in (True, False)
        )

        assert not_asked != asked

    # --- those placed earlier ---------------------------------------------------------------------

    def test_a_call_that_was_placed_is_found(self) -> None:
        attempt = self.ask_of_calls("fetch", self.answers["call_found"])

        assert isinstance(attempt.outcome, CallReport)
        assert attempt.outcome == self.meaning("call_found")
        self.assert_named(attempt)

    def test_a_call_looked_up_got_no_further_than_its_word_says(self) -> None:
        self.needs(Capability.CALL_LOOKUP)
        shown, answer = self.meaning("call_found").vendor_status, self.canned("call_found")
        assert {*self.call_statuses.values()} >= {CallStatus.COMPLETED, CallStatus.NO_ANSWER}

        for word, status in self.call_statuses.items():
            content = replaced_content(content_of(answer), shown, word)
            changed = replace(answer, json=None, content=content)
            found = self.ask_of_calls("fetch", changed).outcome

            assert isinstance(found, CallReport)
            assert (found.vendor_status, found.call_status) == (word, status)
            assert found.status == (status and status.delivery)

    def test_a_status_of_a_call_that_the_adapter_does_not_know_is_none(self) -> None:
        self.needs(Capability.CALL_LOOKUP)

        found = self.ask_of_calls("fetch", self.answers["call_found_unknown_status"]).outcome

        assert isinstance(found, CallReport)
        assert (found.call_status, found.status) == (None, None)
        assert found.vendor_status

    def test_a_call_that_the_vendor_does_not_know_is_none(self) -> None:
        self.needs(Capability.CALL_LOOKUP)

        assert self.ask_of_calls("fetch", self.answers["call_not_found"]).outcome is None

    @pytest.mark.parametrize("body", UNREADABLE)
    def test_not_found_by_somebody_else_never_proves_that_no_call_was_placed(
        self, body: bytes
    ) -> None:
        self.needs(Capability.CALL_LOOKUP)
        answer = replace(self.canned("call_not_found"), json=None, content=body)

        assert isinstance(self.ask_of_calls("fetch", answer).outcome, ProviderError)

    def test_the_calls_to_a_recipient_are_listed_as_the_vendor_has_them(self) -> None:
        self.needs(Capability.CALL_LOOKUP_BY_ADDRESS)

        attempt = self.ask_of_calls("list", self.answers["calls_listed"])

        assert attempt.outcome == list(self.meaning("calls_listed"))

    def test_a_list_of_calls_is_of_the_two_numbers_that_were_asked_for(self) -> None:
        self.needs(Capability.CALL_LOOKUP_BY_ADDRESS)
        between = (self.call.sender, self.call.recipient)
        for asked in ((self.strangers[0], between[1]), (between[0], self.strangers[1])):
            attempt = self.calls_between(*asked)
            (stranger,) = set(asked).intersection(self.strangers)
            assert attempt.outcome == [] or self.reaches(
                self.bare(stranger), attempt.wire.requests[0]
            )

    def test_a_list_of_calls_is_of_those_placed_since_then(self) -> None:
        self.needs(Capability.CALL_LOOKUP_BY_ADDRESS)
        found = self.meaning("calls_listed")
        last = max((each.created_at for each in found if each.created_at), default=None)
        if last is None:
            pytest.skip("the vendor tells no times")
        to = (self.call.sender, self.call.recipient)

        assert self.calls_between(*to, last + timedelta(days=1)).outcome == []
        assert self.calls_between(*to, last).outcome

    def test_a_list_of_calls_without_an_end_does_not_pass_for_a_whole_one(self) -> None:
        self.needs(Capability.CALL_LOOKUP_BY_ADDRESS)
        pages = self.answers["calls_listed"]
        if not isinstance(pages, tuple | list):
            pytest.skip("the vendor gives one page")

        for answer in (pages[0], (pages[0], self.answer("server_error"))):
            assert isinstance(self.ask_of_calls("list", answer).outcome, ProviderError)

    def test_a_call_is_ended(self) -> None:
        attempt = self.ask_of_calls("end", self.answer("call_ended"))

        assert attempt.outcome is None
        self.assert_named(attempt)

    def test_a_call_that_is_over_stays_so(self) -> None:
        assert self.ask_of_calls("end", self.answer("call_over")).outcome is None

    @pytest.mark.parametrize("how", _QUESTIONS)
    @pytest.mark.parametrize("scenario", _FAILURES)
    def test_a_question_about_calls_that_fails_proves_nothing(
        self, how: str, scenario: str
    ) -> None:
        attempt = self.ask_of_calls(how, self.call_answer(scenario))

        assert isinstance(attempt.outcome, ProviderError)
        assert len(attempt.wire.requests) == 1 or not self.over_http, "retrying is the hub's work"
        assert not self.tells(attempt)

    @pytest.mark.parametrize("how", ["fetch", "list"])
    @pytest.mark.parametrize("body", UNREADABLE)
    def test_an_answer_about_calls_that_cannot_be_read_proves_nothing(
        self, how: str, body: bytes
    ) -> None:
        self.needs(_QUESTIONS[how])
        answer = self.canned("calls_listed" if how == "list" else "call_found")
        garbled = replace(answer, json=None, content=body)

        assert isinstance(self.ask_of_calls(how, garbled).outcome, ProviderError)

    @pytest.mark.parametrize("how", ["fetch", "end"])
    def test_a_call_is_asked_about_by_the_whole_of_what_names_it(self, how: str) -> None:
        self.needs_http()
        answer = self.canned("call_found" if how == "fetch" else "call_ended")

        for request in self.ask_of_calls(how, answer, _ODD[0]).wire.requests:
            content = request.content.decode()
            assert _ODD[1] in f"{request.url} {content}" or _ODD[0] in content
