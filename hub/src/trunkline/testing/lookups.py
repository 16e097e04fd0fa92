"""What looking texts up must do in every telephony adapter that can, whoever wrote it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import pytest

from trunkline.sdk import Capability, ProviderError, Receipt, Report
from trunkline.testing.asking import (
    DROPS,
    UNREADABLE,
    Attempt,
    BaseAskingConformance,
    reaches_the_vendor,
)
from trunkline.testing.wire import Canned

_FAILURES: Final = ["rate_limited", "bad_credentials", "server_error", *DROPS]
_LOOKUPS: Final = {"fetch": Capability.LOOKUP_BY_ID, "list": Capability.LOOKUP_BY_ADDRESS}


class BaseLookupConformance(BaseAskingConformance):
    """The part of `BaseTelephonyConformance` that is about texts sent earlier."""

    def look_up(self, how: str, scenario: str, body: bytes | None = None) -> Attempt:
        """Look for the accepted text, or for all to its recipient; `body` garbles the answer."""
        self.needs(_LOOKUPS[how])
        receipt = self.attempt(self.answers["accepted"]).outcome
        assert isinstance(receipt, Receipt)
        answer = self.answer(scenario)
        if isinstance(answer, Canned) and body is not None:
            answer = replace(answer, json=None, content=body)
        if how == "fetch":
            return self.asked(answer, lambda each: each.fetch(receipt.provider_id))
        to = (self.sms.sender, self.sms.recipient)
        return self.asked(answer, lambda each: each.find(*to, datetime(2000, 1, 1, tzinfo=UTC)))

    def test_a_text_that_was_taken_is_found_by_the_id_of_its_receipt(self) -> None:
        attempt = self.look_up("fetch", "found")

        assert isinstance(attempt.outcome, Report)
        assert attempt.outcome.vendor_status
        (request,) = attempt.wire.requests
        assert reaches_the_vendor(attempt.outcome.provider_id, request)

    def test_a_text_that_the_vendor_does_not_know_is_none(self) -> None:
        assert self.look_up("fetch", "not_found").outcome is None

    def test_a_status_looked_up_that_the_adapter_does_not_know_is_none(self) -> None:
        found = self.look_up("fetch", "found_unknown_status").outcome

        assert isinstance(found, Report)
        assert found.status is None
        assert found.vendor_status

    def test_the_texts_to_a_recipient_are_listed_as_the_vendor_has_them(self) -> None:
        found = self.look_up("list", "listed").outcome

        assert isinstance(found, list)
        assert found
        for each in found:
            assert (each.sender, each.recipient) == (self.sms.sender, self.sms.recipient)
            assert each.body is not None, "without its text nobody can tell which one it is"
            assert each.created_at is None or each.created_at.tzinfo is not None

    @pytest.mark.parametrize("how", _LOOKUPS)
    @pytest.mark.parametrize("scenario", _FAILURES)
    def test_a_look_up_that_fails_never_proves_that_nothing_was_sent(
        self, how: str, scenario: str
    ) -> None:
        attempt = self.look_up(how, scenario)

        assert isinstance(attempt.outcome, ProviderError)
        assert len(attempt.wire.requests) == 1, "retrying is the hub's work"
        assert not self.tells(attempt)

    @pytest.mark.parametrize("how", _LOOKUPS)
    @pytest.mark.parametrize("body", UNREADABLE)
    def test_a_look_up_that_cannot_be_read_never_proves_that_nothing_was_sent(
        self, how: str, body: bytes
    ) -> None:
        assert isinstance(self.look_up(how, "found", body).outcome, ProviderError)
