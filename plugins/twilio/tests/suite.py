"""The hub's suites of texts, calls and media, and beside them what only Twilio can get wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar, Final, TypeVar
from urllib.parse import parse_qsl

import pytest

from plugins.twilio.tests.calls_vendor import (
    CALL_ANSWERS,
    CALL_MEANS,
    CALL_STATUSES,
    CALL_WEBHOOKS,
    CALLS_AS,
    MEDIA_ANSWERS,
    MEDIUM,
    RENDERED,
)
from plugins.twilio.tests.vendor import (
    ANSWERS,
    CONFIG,
    HUB,
    MEANS,
    MEDIA_RECEIVED,
    PAGES,
    PATH,
    PERSON,
    SENDS_AS,
    SENT_AT,
    SID,
    STATUSES,
    WEBHOOKS,
    json_webhook,
    listing,
    message,
    page,
    refusal,
    report,
    request,
    signature,
    webhook,
)
from trunkline.sdk import (
    E164,
    BadSignature,
    Media,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Receipt,
    Received,
    Report,
    Reported,
    TelephonyProvider,
    WebhookRequest,
)
from trunkline.testing import (
    BaseCallConformance,
    BaseMediaConformance,
    Canned,
    RecordingLog,
    Wire,
)
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.plugin import TWILIO

T = TypeVar("T")

WORDS: Final = {
    "accepted": "sent",
    "scheduled": "sent",
    "queued": "sent",
    "sending": "sent",
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
    "partially_delivered": None,
    "pondering": None,
}
"""What each word that Twilio has for an outbound text means, and one that it has not."""


class TwilioSuite(BaseMediaConformance, BaseCallConformance):
    """All suites; `spec` may be an adapter with a mistake in it."""

    spec = TWILIO
    config = CONFIG
    answers: ClassVar = {
        **ANSWERS,
        "listed": PAGES,
        "account": (ANSWERS["account"], ANSWERS["balance"]),
        **CALL_ANSWERS,
        **MEDIA_ANSWERS,
    }
    webhooks: ClassVar = {**WEBHOOKS, **CALL_WEBHOOKS}
    means: ClassVar = {**MEANS, **CALL_MEANS}
    calls_as = CALLS_AS
    call_statuses = CALL_STATUSES
    rendered = RENDERED
    medium = MEDIUM
    statuses = STATUSES
    sends_as = SENDS_AS
    signs_url = True
    signature_tolerance_s = None
    attached: ClassVar = (
        Media(url="https://media.example/a.jpg?x=1&y=2"),
        Media(url="https://media.example/b.png"),
    )

    def ask(self, wire: Wire, question: Callable[[TelephonyProvider], Awaitable[T]]) -> T:
        """Return what the open provider answers, or raise what it raises."""

        async def asked() -> T:
            async with self.opened(wire, RecordingLog()) as provider:
                return await question(provider)

        return asyncio.run(asked())

    def fetch(self, canned: Canned) -> Report | None:
        return self.ask(Wire(canned), lambda provider: provider.fetch(SID))

    def list_since(self, since: datetime, wire: Wire) -> list[Report]:
        return self.ask(wire, lambda each: each.find(E164(HUB), E164(PERSON), since))

    # --- sending ----------------------------------------------------------------------------------

    def test_media_go_along_with_a_text_each_by_its_own_url(self) -> None:
        wire = Wire(ANSWERS["accepted"])

        self.ask(wire, lambda each: each.send(replace(self.sms, media=self.attached)))

        sent = parse_qsl(wire.requests[0].content.decode())
        assert [value for name, value in sent if name == "MediaUrl"] == [
            each.url for each in self.attached
        ]

    @pytest.mark.parametrize("word", WORDS)
    def test_a_receipt_says_no_more_than_twilio_did(self, word: str) -> None:
        outcome = self.attempt(Canned(status=201, json=message(status=word))).outcome

        assert isinstance(outcome, Receipt)
        assert outcome.status == (WORDS[word] or "sent")  # by its id Twilio has it

    @pytest.mark.parametrize("body", [b'{"sid": "SM1", "sta', b"<html>OK</html>", b'{"sid": ""}'])
    def test_a_success_that_names_no_text_is_none_that_can_be_counted_on(self, body: bytes) -> None:
        outcome = self.attempt(Canned(status=201, content=body)).outcome

        assert isinstance(outcome, OutcomeUnknown)

    @pytest.mark.parametrize("status", [301, 500, 502, 503, 504])
    def test_a_server_that_broke_down_may_have_taken_the_text(self, status: int) -> None:
        assert isinstance(self.attempt(refusal(status, 20503)).outcome, OutcomeUnknown)

    @pytest.mark.parametrize("code", [10001, 20005, 90010])
    def test_an_account_without_money_is_for_an_operator_to_pay(self, code: int) -> None:
        assert isinstance(self.attempt(refusal(403, code)).outcome, OutOfCredit)

    # --- looking up -------------------------------------------------------------------------------

    @pytest.mark.parametrize("word", WORDS)
    def test_a_text_looked_up_got_no_further_than_twilio_says(self, word: str) -> None:
        found = self.fetch(Canned(status=200, json=message(status=word)))

        assert found is not None
        assert (found.status, found.vendor_status) == (WORDS[word], word)

    def test_the_price_of_a_text_is_a_cost_above_zero(self) -> None:
        priced = message(status="delivered", price="-0.00750", price_unit="usd")

        found = self.fetch(Canned(status=200, json=priced))

        assert found is not None
        assert (found.cost_micros, found.currency) == (7500, "USD")

    def test_a_text_that_twilio_does_not_know_is_none(self) -> None:
        assert self.fetch(refusal(404, 20404)) is None

    @pytest.mark.parametrize("body", [b"<html>not found</html>", b"{}", b'{"code": 21211}'])
    def test_a_404_that_is_not_twilios_does_not_prove_that_nothing_was_sent(
        self, body: bytes
    ) -> None:
        with pytest.raises(ProviderError):
            self.fetch(Canned(status=404, content=body))

    def test_a_list_is_read_to_its_last_page(self) -> None:
        first = page(message(sid="SM1"), next_page_uri=f"{PATH}.json?PageToken=1")
        wire = listing(first, page(message(sid="SM2")))

        found = self.list_since(SENT_AT, wire)

        assert [each.provider_id for each in found] == ["SM1", "SM2"]

    def test_a_list_without_an_end_does_not_pass_for_a_whole_one(self) -> None:
        wire = listing(page(message(), next_page_uri=f"{PATH}.json?PageToken=1"))

        with pytest.raises(OutcomeUnknown):
            self.list_since(SENT_AT, wire)

        assert len(wire.requests) <= 10

    def test_a_list_leads_nowhere_but_to_the_api(self) -> None:
        wire = listing(page(message(), next_page_uri="@thief.example/?PageToken=1"), page())

        with pytest.raises(OutcomeUnknown):
            self.list_since(SENT_AT, wire)

        assert {each.url.host for each in wire.requests} == {"api.twilio.com"}

    def test_a_text_taken_in_the_second_asked_for_is_listed_and_an_older_one_is_not(self) -> None:
        older = message(sid="SM0", date_created="Thu, 15 Jan 2026 11:59:59 +0000")

        found = self.list_since(SENT_AT + timedelta(seconds=0.9), listing(page(message(), older)))

        assert [each.provider_id for each in found] == [SID]

    # --- webhooks ---------------------------------------------------------------------------------

    @pytest.mark.parametrize("word", WORDS)
    def test_a_report_moves_a_text_no_further_than_twilio_says(self, word: str) -> None:
        assert self.spec.webhook is not None

        (event,) = self.spec.webhook.parse(report(word))

        assert isinstance(event, Reported)
        assert (event.status, event.vendor_status) == (WORDS[word], word)

    def test_each_status_of_a_text_is_a_happening_of_its_own_and_a_repetition_is_none(self) -> None:
        assert self.spec.webhook is not None
        told = [report("sent"), report("delivered"), report("sent", RawDlrDoneDate="2601151201")]

        first, second, again = (self.spec.webhook.parse(each)[0].external_id for each in told)

        assert first == again != second

    def test_every_medium_that_came_with_a_text_is_passed_on(self) -> None:
        assert self.spec.webhook is not None

        (event,) = self.spec.webhook.parse(webhook(MEDIA_RECEIVED))

        assert isinstance(event, Received)
        assert [each.url for each in event.media] == [
            MEDIA_RECEIVED["MediaUrl0"],
            MEDIA_RECEIVED["MediaUrl1"],
        ]

    @pytest.mark.parametrize("count", ["3", "999999999999"])
    def test_a_text_is_kept_where_a_medium_that_it_counts_is_missing(self, count: str) -> None:
        assert self.spec.webhook is not None

        (event,) = self.spec.webhook.parse(
            webhook({**MEDIA_RECEIVED, "Body": "look", "NumMedia": count})
        )

        assert isinstance(event, Received)
        assert (event.body, len(event.media)) == ("look", 2)

    def test_a_body_that_the_signature_does_not_cover_is_refused(self) -> None:
        url = "https://hub.example/webhooks/agent-1/sms"
        uncovered = [
            json_webhook(b'{"MessageSid": "SM1"}', url, claimed=b"{}"),
            request(url, body=b"{}", signed=signature(url), content_type="application/json"),
            request(url, body=b"From=%2B1", signed=signature(url), content_type="text/plain"),
        ]

        for each in uncovered:
            self.refuses(each)

    def test_a_parameter_added_in_transit_is_refused(self) -> None:
        whole = webhook(MEDIA_RECEIVED)

        self.refuses(replace(whole, body=whole.body + b"&MediaUrl2=https%3A%2F%2Fthief.example"))

    @pytest.mark.parametrize("algorithm", ["HMAC_SHA512", "none", "HMAC_SHA256"])
    def test_an_algorithm_that_is_not_set_up_is_refused_whatever_the_signature(
        self, algorithm: str
    ) -> None:
        whole = webhook(MEDIA_RECEIVED)
        settings = {"x-twilio-webhooks-signature-settings": f"key=k1,algorithm={algorithm}"}

        self.refuses(replace(whole, headers={**whole.headers, **settings}))

    def refuses(self, forged: WebhookRequest) -> None:
        assert self.spec.webhook is not None
        with pytest.raises(BadSignature):
            self.spec.webhook.verify(forged, TwilioConfig.model_validate(self.config))
