"""What every adapter of messages must do, whoever wrote it."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest

from trunkline.sdk import (
    AuthFailed,
    Capability,
    OutcomeUnknown,
    ProviderError,
    Receipt,
    Rejected,
    RetryLater,
)
from trunkline.testing.fakes import RecordingLog
from trunkline.testing.lookups import BaseLookupConformance
from trunkline.testing.providers import UNREADABLE
from trunkline.testing.suite import longest_stall_s

_REFUSALS: Final[Mapping[str, type[ProviderError]]] = {
    "rate_limited": RetryLater,
    "bad_recipient": Rejected,
    "bad_credentials": AuthFailed,
    "server_error": OutcomeUnknown,
}
_LOST: Final[Mapping[str, type[ProviderError]]] = {
    "dropped_before": RetryLater,
    "dropped_after": OutcomeUnknown,
}
_SCENARIOS: Final = ["accepted", *_REFUSALS, *_LOST]
_LONGEST_STALL_S: Final = 0.1


class BaseMessageConformance(BaseLookupConformance):
    """
    What is true of every kind of message; subclass the suite of your kind, which says the rest.

    A test of a capability that the spec does not declare is skipped. A *text* is a message here,
    whatever its kind.

    Attributes:
        spec, config, known_gaps: As in `BaseConformance` and `BaseProviderConformance`.
        answers: What the vendor answers, by a name. To a send: ``accepted``, ``rate_limited``,
            ``bad_recipient``, ``bad_credentials`` and ``server_error``, and under names of yours
            whatever else it refuses with an error of its own. Keep what it echoes: an answer that
            repeats the recipient's address shows whether you pass it on. To the look-ups that you
            declare: ``found`` (the message that it accepted), ``found_unknown_status``,
            ``not_found``, ``listed`` (a tuple of its pages if it gives several), and
            ``found_by_key`` and ``not_found_by_key`` if they differ. To `verify`, if you have one:
            ``account``.
        webhooks: What the vendor calls back with; see `BaseWebhookConformance`.
        means: What the answers and webhooks mean, by the same names: of ``accepted`` the `Receipt`,
            of a refusal the error with its `provider_code`, of a look-up the `Report` or their
            list, of ``account`` the `Account`, of a webhook its events.
        statuses: What each of the vendor's words for a status means.
        sends_as: The vendor's names of the fields (or headers) of a send, each with the attribute
            of the message that it holds: ``{"from": "sender", "to": "recipient", …}``.
        signs_url, signs_body, signature_tolerance_s: What a signature covers; see
            `BaseSignatureConformance`.
        takes_status_url: False if the vendor's status URL is set per account, not per message.
        over_http, has_webhooks: False of an adapter that speaks or hears otherwise; see
            `BaseProviderConformance` and `BaseWebhookConformance`.
        message: What is sent.
        other_recipient, strangers: Somebody else who may be sent to, and a sender and a recipient
            of whom the answers know nothing.
    """

    def test_calls_and_media_that_are_declared_are_asked_about(self) -> None:
        declared = self.spec.capabilities
        calls = [each for each in declared if each.startswith("call.")]
        needed = {"BaseCallConformance"} if calls else set()
        if Capability.MEDIA_FETCH in declared:
            needed.add("BaseMediaConformance")

        missing = needed - {each.__name__ for each in type(self).__mro__}
        assert not missing, f"subclass {missing} too: it asks about what is declared"

    def test_an_accepted_text_yields_the_providers_id(self) -> None:
        self.needs(self.abilities.send)

        outcome = self.attempt(self.answer("accepted")).outcome

        assert isinstance(outcome, Receipt)
        assert outcome.provider_id
        assert outcome == self.meaning("accepted")

    @pytest.mark.parametrize("scenario", _REFUSALS)
    def test_a_refusal_becomes_the_error_that_says_what_to_do(self, scenario: str) -> None:
        self.needs(self.abilities.send)

        outcome = self.attempt(self.answer(scenario)).outcome

        assert isinstance(outcome, _REFUSALS[scenario])

    def test_a_refusal_passes_on_the_code_that_the_vendor_gave(self) -> None:
        self.needs(self.abilities.send)
        self.meaning("bad_recipient")
        refusals = {
            name: meaning
            for name, meaning in self.means.items()
            if isinstance(meaning, ProviderError) and name in self.answers
        }

        for name, meaning in refusals.items():
            outcome = self.attempt(self.answer(name)).outcome

            assert isinstance(outcome, ProviderError)
            shown = (type(meaning), meaning.provider_code)
            assert (type(outcome), outcome.provider_code) == shown, name

    def test_the_failures_are_told_by_the_vendors_codes_as_texts(self) -> None:
        for code, failure in self.spec.failures.items():
            assert isinstance(code, str)
            assert code.strip() == code != ""
            assert failure.sentence.endswith(".")

    def test_a_date_to_wait_for_is_read_by_the_clock_of_the_context(self) -> None:
        self.needs(self.abilities.send)
        waits_s = []
        for wait in ("Thu, 15 Jan 2026 12:00:30 GMT", "soon"):
            limited = replace(self.canned("rate_limited"), headers={"retry-after": wait})
            outcome = self.attempt(limited).outcome
            assert isinstance(outcome, RetryLater)
            waits_s.append(outcome.retry_after_s)

        assert waits_s[0] in {30.0, waits_s[1]}  # which is what cannot be read is taken for

    def test_a_rate_limit_tells_how_long_the_vendor_asked_to_wait(self) -> None:
        self.needs(self.abilities.send)
        canned = self.canned("rate_limited")

        outcome = self.attempt(canned).outcome

        assert isinstance(outcome, RetryLater)
        asked = {name.lower(): value for name, value in canned.headers.items()}.get("retry-after")
        assert asked is None or outcome.retry_after_s == float(asked)

    @pytest.mark.parametrize("wait", ["soon", "-5", "nan", "", "Wed, 21 Oct 2026 07:28:00 GMT"])
    def test_a_wait_that_cannot_be_read_is_still_a_time_to_wait(self, wait: str) -> None:
        self.needs(self.abilities.send)

        garbled = replace(self.canned("rate_limited"), headers={"retry-after": wait})
        outcome = self.attempt(garbled).outcome

        assert isinstance(outcome, RetryLater)
        assert math.isfinite(outcome.retry_after_s)
        assert outcome.retry_after_s >= 0

    @pytest.mark.parametrize("drop", _LOST)
    def test_only_what_was_surely_not_sent_is_reported_as_safe_to_send_again(
        self, drop: str
    ) -> None:
        self.needs(self.abilities.send)

        assert isinstance(self.attempt(self.answer(drop)).outcome, _LOST[drop])

    @pytest.mark.parametrize("body", UNREADABLE)
    def test_an_acceptance_that_cannot_be_read_is_an_unknown_outcome(self, body: bytes) -> None:
        self.needs(self.abilities.send)

        outcome = self.attempt(replace(self.canned("accepted"), json=None, content=body)).outcome

        assert isinstance(outcome, OutcomeUnknown)

    @pytest.mark.parametrize("scenario", _REFUSALS)
    @pytest.mark.parametrize("body", UNREADABLE)
    def test_a_refusal_that_cannot_be_read_is_still_the_providers(
        self, scenario: str, body: bytes
    ) -> None:
        self.needs(self.abilities.send)

        attempt = self.attempt(replace(self.canned(scenario), json=None, content=body))

        assert isinstance(attempt.outcome, ProviderError)
        assert not self.tells(attempt)

    @pytest.mark.parametrize("scenario", _SCENARIOS)
    def test_one_attempt_is_one_request_whatever_comes_of_it(self, scenario: str) -> None:
        self.needs(self.abilities.send)

        attempt = self.attempt(self.answer(scenario))

        tried = len(attempt.wire.requests)
        assert tried == 1 or (tried == 0 and not self.over_http), "retrying is the hub's work"

    @pytest.mark.parametrize("scenario", _SCENARIOS)
    def test_nothing_private_appears_in_an_error_or_in_the_log(self, scenario: str) -> None:
        self.needs(self.abilities.send)

        attempt = self.attempt(self.answer(scenario))

        assert self.secrets(), "declare credentials as SecretStr"
        assert not self.tells(attempt)

    def test_sending_never_blocks_the_event_loop(self) -> None:
        self.needs(self.abilities.send)

        # The least of three: a busy machine stalls now and then, a blocking adapter every time.
        stall_s = min(asyncio.run(self._longest_stall_s()) for _ in range(3))

        assert stall_s < _LONGEST_STALL_S, f"the event loop stood still for {stall_s:.3f} s"

    async def _longest_stall_s(self) -> float:
        async with self.opened(self.wire(self.answer("accepted")), RecordingLog()) as provider:
            await provider.send(self.text())  # the first may import and warm up
            return await longest_stall_s(provider.send(self.text()))
