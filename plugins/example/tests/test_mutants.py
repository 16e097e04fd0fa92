"""The conformance suite has teeth: it fails each of these mistakes, made in the example adapter."""

import hashlib
import hmac
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from plugins.example.tests.postbird import ANSWERS, CONFIG, MEANS, SENDS_AS, STATUSES, WEBHOOKS
from trunkline.sdk import (
    AuthFailed,
    BadSignature,
    DeliveryStatus,
    InboundEvent,
    OutboundSms,
    OutcomeUnknown,
    ProviderContext,
    ProviderError,
    Receipt,
    Rejected,
    Reported,
    RetryLater,
    WebhookAdapter,
    WebhookRequest,
)
from trunkline.testing import BaseTelephonyConformance as Suite
from trunkline_example.config import ExampleConfig
from trunkline_example.plugin import EXAMPLE
from trunkline_example.sms import Postbird
from trunkline_example.webhooks import PostbirdWebhooks


class Mistaken(Postbird):
    """Postbird with its context at hand, to make mistakes with."""

    def __init__(self, config: ExampleConfig, context: ProviderContext) -> None:
        super().__init__(config, context.http)
        self.config, self.context = config, context


class SaysALostTextMayBeSentAgain(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send(sms)
        except OutcomeUnknown as error:
            raise RetryLater(str(error)) from error


class DoesNotKnowThatNothingWasSent(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send(sms)
        except RetryLater as error:
            raise OutcomeUnknown(str(error)) from error


class RetriesByItself(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send(sms)
        except ProviderError:
            return await super().send(sms)


class CallsEveryRefusalRejected(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send(sms)
        except AuthFailed as error:
            raise Rejected(str(error)) from error


class TellsTheKey(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send(sms)
        except AuthFailed as error:
            raise AuthFailed(f"Refused: {self._headers}") from error


class TellsTheKeyInTheCause(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send(sms)
        except AuthFailed as error:
            raise error from ValueError(f"Refused: {self._headers}")


class TellsTheNumber(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send(sms)
        except Rejected as error:
            raise Rejected(f"{sms.recipient} is no mobile number") from error


class LogsTheText(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        self.context.log.info("sms.sending", body=sms.body)
        return await super().send(sms)


class BlocksTheLoop(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        time.sleep(0.15)  # noqa: ASYNC251 - the mistake
        return await super().send(sms)


class ForgetsTheStatusUrl(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        return await super().send(replace(sms, status_url=""))


class ForgetsTheKey(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        return await super().send(replace(sms, idempotency_key=""))


class ForgetsHowLongToWait(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send(sms)
        except RetryLater as error:
            raise RetryLater(str(error)) from error


class BelievesWhateverTheVendorSends(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        response = await self.context.http.post(self._url, headers=self._headers)
        if response.status_code == 429:
            raise RetryLater("wait", retry_after_s=float(response.headers["retry-after"]))
        if response.is_success:
            return Receipt(provider_id=response.json()["id"])
        raise Rejected(response.json()["message"])


class ReturnsABoolean(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        await super().send(sms)
        return True  # type: ignore[return-value] # the mistake


class ReturnsFalseForAForgery(PostbirdWebhooks):
    def verify(self, request: WebhookRequest, config: ExampleConfig) -> None:
        try:
            super().verify(request, config)
        except Exception:  # noqa: BLE001 - the mistake
            return False  # type: ignore[return-value] # the mistake


class ComparesText(PostbirdWebhooks):
    def verify(self, request: WebhookRequest, config: ExampleConfig) -> None:
        signature = request.headers.get("x-postbird-signature", "")
        expected = hmac.new(b"", request.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, signature):
            super().verify(request, config)


class RefusesEverything(PostbirdWebhooks):
    verify = WebhookAdapter.verify


class MakesUpEventIds(PostbirdWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [replace(event, external_id=uuid.uuid4().hex) for event in super().parse(request)]


class GivesEveryEventOneId(PostbirdWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [replace(event, external_id="postbird") for event in super().parse(request)]


class GuessesAStatus(PostbirdWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        (event,) = super().parse(request)
        if isinstance(event, Reported):
            return [replace(event, status=event.status or DeliveryStatus.SENT)]
        return [event]


class ClaimsEverything(PostbirdWebhooks):
    def claims(self, request: WebhookRequest) -> bool:
        return True


def suite_of(mistake: type[Mistaken] | type[PostbirdWebhooks]) -> Suite:
    """Return the suite for the example adapter with one mistake in it."""
    if issubclass(mistake, PostbirdWebhooks):
        mistaken = replace(EXAMPLE, webhook=mistake())
    else:

        @asynccontextmanager
        async def opened(
            config: ExampleConfig, context: ProviderContext
        ) -> AsyncIterator[Postbird]:
            yield mistake(config, context)

        mistaken = replace(EXAMPLE, open=opened)

    class Mutant(Suite):
        spec = mistaken
        config = CONFIG
        answers = ANSWERS
        webhooks = WEBHOOKS
        means = MEANS
        statuses = STATUSES
        sends_as = SENDS_AS
        signs_url = False
        signature_tolerance_s = 300.0

    return Mutant()


REFUSAL = Suite.test_a_refusal_becomes_the_error_that_says_what_to_do
DROP = Suite.test_only_what_was_surely_not_sent_is_reported_as_safe_to_send_again
PRIVATE = Suite.test_nothing_private_appears_in_an_error_or_in_the_log
AUTHENTIC = Suite.test_an_authentic_webhook_parses_to_the_same_events_every_time
FORGED = Suite.test_a_forged_webhook_is_refused


CASES: list[tuple[type[Mistaken] | type[PostbirdWebhooks], Callable[..., None], list[object]]] = [
    (SaysALostTextMayBeSentAgain, REFUSAL, ["server_error"]),
    (SaysALostTextMayBeSentAgain, DROP, ["dropped_after"]),
    (
        SaysALostTextMayBeSentAgain,
        Suite.test_an_acceptance_that_cannot_be_read_is_an_unknown_outcome,
        [b"{}"],
    ),
    (DoesNotKnowThatNothingWasSent, DROP, ["dropped_before"]),
    (
        RetriesByItself,
        Suite.test_one_attempt_is_one_request_whatever_comes_of_it,
        ["rate_limited"],
    ),
    (
        RetriesByItself,
        Suite.test_one_attempt_is_one_request_whatever_comes_of_it,
        ["dropped_before"],
    ),
    (CallsEveryRefusalRejected, REFUSAL, ["bad_credentials"]),
    (TellsTheKey, PRIVATE, ["bad_credentials"]),
    (TellsTheKeyInTheCause, PRIVATE, ["bad_credentials"]),
    (TellsTheNumber, PRIVATE, ["bad_recipient"]),
    (BelievesWhateverTheVendorSends, PRIVATE, ["bad_recipient"]),
    (LogsTheText, PRIVATE, ["accepted"]),
    (BlocksTheLoop, Suite.test_sending_never_blocks_the_event_loop, []),
    (ForgetsTheStatusUrl, Suite.test_the_status_url_reaches_the_vendor_unchanged, []),
    (ForgetsTheKey, Suite.test_a_key_that_the_vendor_goes_by_reaches_it, []),
    (ForgetsHowLongToWait, Suite.test_a_rate_limit_tells_how_long_the_vendor_asked_to_wait, []),
    (
        BelievesWhateverTheVendorSends,
        Suite.test_a_wait_that_cannot_be_read_is_still_a_time_to_wait,
        ["nan"],
    ),
    (
        BelievesWhateverTheVendorSends,
        Suite.test_a_refusal_that_cannot_be_read_is_still_the_providers,
        ["bad_recipient", b"[]"],
    ),
    (ReturnsABoolean, Suite.test_an_accepted_text_yields_the_providers_id, []),
    (ReturnsFalseForAForgery, FORGED, ["sms_received", "other_body"]),
    (ReturnsFalseForAForgery, FORGED, ["status_reported", "unsigned"]),
    (ReturnsFalseForAForgery, FORGED, ["sms_received", "garbled"]),
    (ComparesText, FORGED, ["sms_received", "not_ascii"]),
    (RefusesEverything, AUTHENTIC, ["sms_received"]),
    (MakesUpEventIds, AUTHENTIC, ["sms_received"]),
    (GivesEveryEventOneId, Suite.test_different_happenings_have_different_ids, []),
    (GuessesAStatus, Suite.test_a_status_that_the_adapter_does_not_know_moves_nothing, []),
    (ClaimsEverything, Suite.test_a_webhook_is_claimed_by_its_headers, ["sms_received"]),
]


@pytest.mark.slow
@pytest.mark.parametrize(("mistake", "test", "arguments"), CASES)
def test_the_suite_fails_an_adapter_that_makes_this_mistake(
    mistake: type[Mistaken] | type[PostbirdWebhooks],
    test: Callable[..., None],
    arguments: Sequence[object],
) -> None:
    test(suite_of(Mistaken), *arguments)  # which makes none yet

    with pytest.raises((AssertionError, pytest.fail.Exception, BadSignature, TypeError)):
        test(suite_of(mistake), *arguments)
