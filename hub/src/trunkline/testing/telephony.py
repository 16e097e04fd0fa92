"""What every telephony adapter must do, whoever wrote it."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Final

import pytest

from trunkline.sdk import (
    AuthFailed,
    Capability,
    Media,
    OutcomeUnknown,
    ProviderError,
    Receipt,
    Rejected,
    RetryLater,
)
from trunkline.testing.asking import UNREADABLE, reaches_the_vendor
from trunkline.testing.fakes import RecordingLog
from trunkline.testing.lookups import BaseLookupConformance
from trunkline.testing.suite import longest_stall_s
from trunkline.testing.wire import Wire

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
_MEDIA: Final = ("https://media.example/a.jpg?x=1&y=2", "https://media.example/b.png")
_LONGEST_STALL_S: Final = 0.1


class BaseTelephonyConformance(BaseLookupConformance):
    """
    Subclass it as ``TestXxx``, fill in the attributes, and these tests run against your adapter.

    A test of a capability that the spec does not declare is skipped.

    Attributes:
        spec, config, webhooks, known_gaps: As in `BaseWebhookConformance`.
        answers: What the vendor answers to a send: ``accepted``, ``rate_limited``,
            ``bad_recipient``, ``bad_credentials`` and ``server_error``. Keep what it echoes: an
            answer that repeats the recipient's number shows whether you pass it on. If you look
            texts up, also what it answers then: ``found`` (the text that it accepted),
            ``found_unknown_status``, ``not_found`` and ``listed``.
        takes_status_url: False if the vendor's status URL is set per account, not per message.
        sms: The text that is sent.
    """

    takes_status_url: ClassVar[bool] = True

    def test_an_accepted_text_yields_the_providers_id(self) -> None:
        self.needs(Capability.SMS_SEND)

        outcome = self.attempt(self.answers["accepted"]).outcome

        assert isinstance(outcome, Receipt)
        assert outcome.provider_id

    @pytest.mark.parametrize("scenario", _REFUSALS)
    def test_a_refusal_becomes_the_error_that_says_what_to_do(self, scenario: str) -> None:
        self.needs(Capability.SMS_SEND)

        outcome = self.attempt(self.answers[scenario]).outcome

        assert isinstance(outcome, _REFUSALS[scenario])

    def test_a_rate_limit_tells_how_long_the_vendor_asked_to_wait(self) -> None:
        self.needs(Capability.SMS_SEND)
        canned = self.answers["rate_limited"]

        outcome = self.attempt(canned).outcome

        assert isinstance(outcome, RetryLater)
        asked = {name.lower(): value for name, value in canned.headers.items()}.get("retry-after")
        assert asked is None or outcome.retry_after_s == float(asked)

    @pytest.mark.parametrize("wait", ["soon", "-5", "nan", "", "Wed, 21 Oct 2026 07:28:00 GMT"])
    def test_a_wait_that_cannot_be_read_is_still_a_time_to_wait(self, wait: str) -> None:
        self.needs(Capability.SMS_SEND)

        garbled = replace(self.answers["rate_limited"], headers={"retry-after": wait})
        outcome = self.attempt(garbled).outcome

        assert isinstance(outcome, RetryLater)
        assert math.isfinite(outcome.retry_after_s)
        assert outcome.retry_after_s >= 0

    @pytest.mark.parametrize("drop", _LOST)
    def test_only_what_was_surely_not_sent_is_reported_as_safe_to_send_again(
        self, drop: str
    ) -> None:
        self.needs(Capability.SMS_SEND)

        assert isinstance(self.attempt(self.answer(drop)).outcome, _LOST[drop])

    @pytest.mark.parametrize("body", UNREADABLE)
    def test_an_acceptance_that_cannot_be_read_is_an_unknown_outcome(self, body: bytes) -> None:
        self.needs(Capability.SMS_SEND)

        outcome = self.attempt(replace(self.answers["accepted"], json=None, content=body)).outcome

        assert isinstance(outcome, OutcomeUnknown)

    @pytest.mark.parametrize("scenario", _REFUSALS)
    @pytest.mark.parametrize("body", UNREADABLE)
    def test_a_refusal_that_cannot_be_read_is_still_the_providers(
        self, scenario: str, body: bytes
    ) -> None:
        self.needs(Capability.SMS_SEND)

        outcome = self.attempt(replace(self.answers[scenario], json=None, content=body)).outcome

        assert isinstance(outcome, ProviderError)

    @pytest.mark.parametrize("scenario", _SCENARIOS)
    def test_one_attempt_is_one_request_whatever_comes_of_it(self, scenario: str) -> None:
        self.needs(Capability.SMS_SEND)

        attempt = self.attempt(self.answer(scenario))

        assert len(attempt.wire.requests) == 1, "retrying is the hub's work"

    @pytest.mark.parametrize("scenario", _SCENARIOS)
    def test_nothing_private_appears_in_an_error_or_in_the_log(self, scenario: str) -> None:
        self.needs(Capability.SMS_SEND)

        attempt = self.attempt(self.answer(scenario))

        assert self.secrets(), "declare credentials as SecretStr"
        assert not self.tells(attempt)

    def test_the_status_url_reaches_the_vendor_unchanged(self) -> None:
        self.needs(Capability.SMS_SEND)
        self.needs(Capability.SMS_STATUS)
        if not self.takes_status_url:
            pytest.skip(f"{self.spec.name} takes no status URL per message")

        (request,) = self.attempt(self.answers["accepted"]).wire.requests

        assert reaches_the_vendor(self.sms.status_url or "", request)

    def test_a_key_that_the_vendor_goes_by_reaches_it(self) -> None:
        self.needs(Capability.SMS_SEND)
        if self.spec.idempotency is None:
            pytest.skip(f"{self.spec.name} does not promise to drop a second send")

        (request,) = self.attempt(self.answers["accepted"]).wire.requests

        assert reaches_the_vendor(self.sms.idempotency_key, request)

    def test_every_medium_reaches_the_vendor_by_its_url(self) -> None:
        self.needs(Capability.MMS_SEND)
        mms = replace(self.sms, media=tuple(Media(url=url) for url in _MEDIA))

        attempt = self.asked(self.answers["accepted"], lambda each: each.send(mms))

        (request,) = attempt.wire.requests
        assert [url for url in _MEDIA if not reaches_the_vendor(url, request)] == []

    def test_sending_never_blocks_the_event_loop(self) -> None:
        self.needs(Capability.SMS_SEND)

        # The least of three: a busy machine stalls now and then, a blocking adapter every time.
        stall_s = min(asyncio.run(self._longest_stall_s()) for _ in range(3))

        assert stall_s < _LONGEST_STALL_S, f"the event loop stood still for {stall_s:.3f} s"

    async def _longest_stall_s(self) -> float:
        async with self.opened(Wire(self.answers["accepted"]), RecordingLog()) as provider:
            await provider.send(self.sms)  # the first may import and warm up
            return await longest_stall_s(provider.send(self.sms))
