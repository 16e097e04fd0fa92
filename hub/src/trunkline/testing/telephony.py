"""What every telephony adapter must do, whoever wrote it."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import ClassVar, Final
from urllib.parse import unquote_plus

import pytest

from trunkline.sdk import (
    E164,
    AuthFailed,
    Capability,
    OutboundSms,
    OutcomeUnknown,
    ProviderError,
    Receipt,
    Rejected,
    RetryLater,
    TelephonyProvider,
)
from trunkline.testing.fakes import RecordingLog, provider_context
from trunkline.testing.webhooks import BaseWebhookConformance
from trunkline.testing.wire import DROP_AFTER, DROP_BEFORE, Answer, Canned, Wire

_REFUSALS: Final[Mapping[str, type[ProviderError]]] = {
    "rate_limited": RetryLater,
    "bad_recipient": Rejected,
    "bad_credentials": AuthFailed,
    "server_error": OutcomeUnknown,
}
_DROPS: Final[Mapping[str, tuple[Answer, type[ProviderError]]]] = {
    "dropped_before": (DROP_BEFORE, RetryLater),
    "dropped_after": (DROP_AFTER, OutcomeUnknown),
}
_UNREADABLE: Final = [b"", b"<html>", b"null", b"[]", b"{}", b'"ok"', b"\xff"]
_LONGEST_STALL_S: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of one send: its receipt or its error, what went over the wire and was logged."""

    outcome: Receipt | Exception
    wire: Wire
    log: RecordingLog


class BaseTelephonyConformance(BaseWebhookConformance):
    """
    Subclass it as ``TestXxx``, fill in the attributes, and these tests run against your adapter.

    A test of a capability that the spec does not declare is skipped.

    Attributes:
        spec, config, webhooks: As in `BaseWebhookConformance`.
        answers: What the vendor answers to a send: ``accepted``, ``rate_limited``,
            ``bad_recipient``, ``bad_credentials`` and ``server_error``. Keep what it echoes: an
            answer that repeats the recipient's number shows whether you pass it on.
        takes_status_url: False if the vendor's status URL is set per account, not per message.
        sms: The text that is sent.
    """

    answers: ClassVar[Mapping[str, Canned]]
    takes_status_url: ClassVar[bool] = True
    sms: ClassVar[OutboundSms] = OutboundSms(
        sender=E164("+14155550100"),
        recipient=E164("+14155550199"),
        body="Héllo, wörld 👋",
        idempotency_key="msg_0199c2a0",
        status_url="https://hub.example/webhooks/agent-1/message-status?attempt=att_0199c2a0",
    )

    @asynccontextmanager
    async def opened(self, wire: Wire, log: RecordingLog) -> AsyncIterator[TelephonyProvider]:
        """Open the provider on `wire`."""
        async with (
            wire.client() as http,
            self.spec.open(self.valid_config(), provider_context(http, log=log)) as provider,
        ):
            wire.requests.clear()  # opening may have cost some
            yield provider

    def attempt(self, answer: Answer) -> Attempt:
        """Send `sms` once to a vendor that gives `answer`."""
        wire, log = Wire(answer), RecordingLog()

        async def send() -> Receipt | Exception:
            async with self.opened(wire, log) as provider:
                try:
                    return await provider.send_sms(self.sms)
                except Exception as error:  # noqa: BLE001 - the tests judge what it is
                    return error

        return Attempt(outcome=asyncio.run(send()), wire=wire, log=log)

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

    @pytest.mark.parametrize("drop", _DROPS)
    def test_only_what_was_surely_not_sent_is_reported_as_safe_to_send_again(
        self, drop: str
    ) -> None:
        self.needs(Capability.SMS_SEND)
        answer, error = _DROPS[drop]

        assert isinstance(self.attempt(answer).outcome, error)

    @pytest.mark.parametrize("body", _UNREADABLE)
    def test_an_acceptance_that_cannot_be_read_is_an_unknown_outcome(self, body: bytes) -> None:
        self.needs(Capability.SMS_SEND)

        outcome = self.attempt(replace(self.answers["accepted"], json=None, content=body)).outcome

        assert isinstance(outcome, OutcomeUnknown)

    @pytest.mark.parametrize("scenario", _REFUSALS)
    @pytest.mark.parametrize("body", _UNREADABLE)
    def test_a_refusal_that_cannot_be_read_is_still_the_providers(
        self, scenario: str, body: bytes
    ) -> None:
        self.needs(Capability.SMS_SEND)

        outcome = self.attempt(replace(self.answers[scenario], json=None, content=body)).outcome

        assert isinstance(outcome, ProviderError)

    @pytest.mark.parametrize("scenario", ["accepted", *_REFUSALS, *_DROPS])
    def test_one_attempt_is_one_request_whatever_comes_of_it(self, scenario: str) -> None:
        self.needs(Capability.SMS_SEND)

        attempt = self.attempt(self._answer(scenario))

        assert len(attempt.wire.requests) == 1, "retrying is the hub's work"

    @pytest.mark.parametrize("scenario", ["accepted", *_REFUSALS, *_DROPS])
    def test_nothing_private_appears_in_an_error_or_in_the_log(self, scenario: str) -> None:
        self.needs(Capability.SMS_SEND)
        secrets = self._secrets()
        private = [*secrets, self.sms.recipient.removeprefix("+"), self.sms.body]

        attempt = self.attempt(self._answer(scenario))

        assert secrets, "declare credentials as SecretStr"
        told = f"{attempt.outcome} {attempt.outcome!r} {attempt.log.events}"
        assert not [value for value in private if value in told]
        assert not [value for value in secrets if value in _causes(attempt.outcome)]

    def _answer(self, scenario: str) -> Answer:
        return _DROPS[scenario][0] if scenario in _DROPS else self.answers[scenario]

    def _secrets(self) -> list[str]:
        values = dict(self.valid_config()).values()
        return [value.get_secret_value() for value in values if hasattr(value, "get_secret_value")]

    def test_the_status_url_reaches_the_vendor_unchanged(self) -> None:
        self.needs(Capability.SMS_SEND)
        self.needs(Capability.SMS_STATUS)
        if not self.takes_status_url:
            pytest.skip(f"{self.spec.name} takes no status URL per message")

        (request,) = self.attempt(self.answers["accepted"]).wire.requests

        written = f"{request.url} {request.content.decode()}"
        assert self.sms.status_url in written or self.sms.status_url in unquote_plus(written)

    def test_sending_never_blocks_the_event_loop(self) -> None:
        self.needs(Capability.SMS_SEND)

        # The least of three: a busy machine stalls now and then, a blocking adapter every time.
        stall_s = min(asyncio.run(self._longest_stall_s()) for _ in range(3))

        assert stall_s < _LONGEST_STALL_S, f"the event loop stood still for {stall_s:.3f} s"

    async def _longest_stall_s(self) -> float:
        longest = 0.0

        async def watch() -> None:
            nonlocal longest
            while True:
                before = time.perf_counter()
                await asyncio.sleep(0)
                longest = max(longest, time.perf_counter() - before)

        async with self.opened(Wire(self.answers["accepted"]), RecordingLog()) as provider:
            await provider.send_sms(self.sms)  # the first may import and warm up
            watcher = asyncio.create_task(watch())
            await asyncio.sleep(0)  # let the watcher take its first reading
            await provider.send_sms(self.sms)
            await asyncio.sleep(0)  # and its last
            watcher.cancel()
        return longest


def _causes(outcome: object) -> str:
    """Return the texts of an error and of everything that led to it."""
    texts = []
    while isinstance(outcome, BaseException):
        texts.append(repr(outcome))
        outcome = outcome.__cause__ or outcome.__context__
    return " ".join(texts)
