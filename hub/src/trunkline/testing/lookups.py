"""What asking a vendor must do in every adapter that can, whoever wrote it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from trunkline.sdk import (
    Account,
    AuthFailed,
    Capability,
    MessageProvider,
    ProviderError,
    Receipt,
    Report,
)
from trunkline.testing.contents import replaced_content
from trunkline.testing.providers import DROPS, UNREADABLE, Attempt
from trunkline.testing.sending import BaseSendingConformance
from trunkline.testing.wire import Canned

_FAILURES: Final = ["rate_limited", "bad_credentials", "server_error", *DROPS]
_LOOKUPS: Final = {
    "fetch": Capability.LOOKUP_BY_ID,
    "key": Capability.LOOKUP_BY_KEY,
    "list": Capability.LOOKUP_BY_ADDRESS,
}
_SHOWN: Final = {
    "found": {Capability.LOOKUP_BY_ID, Capability.LOOKUP_BY_KEY},
    "found_by_key": {Capability.LOOKUP_BY_KEY},
    "listed": {Capability.LOOKUP_BY_ADDRESS},
}
_ONE: Final = ["fetch", "key"]
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


class BaseLookupConformance(BaseSendingConformance):
    """The part of `BaseMessageConformance` that is about messages sent earlier and the account."""

    def look_up(self, how: str, scenario: str, body: bytes | None = None) -> Attempt:
        """Look for the accepted text, or for all to its recipient; `body` garbles the answer."""
        self.needs(_LOOKUPS[how])
        if how == "key" and f"{scenario}_by_key" in self.answers:
            scenario = f"{scenario}_by_key"
        answer = self.answer(scenario)
        if isinstance(answer, Canned) and body is not None:
            answer = replace(answer, json=None, content=body)
        if how == "fetch":
            receipt = self.attempt(self.answer("accepted")).outcome
            assert isinstance(receipt, Receipt)
            return self.asked(answer, lambda each: each.fetch(receipt.provider_id))
        if how == "key":
            key = self.text().idempotency_key
            return self.asked(answer, lambda each: each.find_by_key(key, _LONG_AGO))
        return self.listed(scenario if body is None else answer)

    def listed(
        self,
        answer: Any = "listed",
        *,
        between: tuple[str, str] | None = None,
        since: datetime = _LONG_AGO,
    ) -> Attempt:
        """List the messages between two addresses, by default those of the one that is sent."""
        self.needs(Capability.LOOKUP_BY_ADDRESS)
        given = answer
        if isinstance(answer, str):
            given = self.answers[answer] if answer in self.answers else self.answer(answer)
        sender, recipient = between or (self.sample().sender, self.sample().recipient)
        return self.asked(given, lambda each: each.find(sender, recipient, since))

    @pytest.mark.parametrize("shown", _SHOWN)
    def test_what_can_be_looked_up_is_declared(self, shown: str) -> None:
        if shown not in self.answers:
            pytest.skip(f"`answers` has no {shown}")

        needed = _SHOWN[shown]
        words = " or ".join(sorted(needed))
        assert needed & self.spec.capabilities, f"`answers` has {shown}: declare {words}"

    @pytest.mark.parametrize("how", _ONE)
    def test_a_text_that_was_taken_is_found(self, how: str) -> None:
        attempt = self.look_up(how, "found")

        name = "found_by_key" if how == "key" and "found_by_key" in self.answers else "found"
        assert attempt.outcome == self.meaning(name)
        (request,) = attempt.wire.requests
        asked = self.text().idempotency_key if how == "key" else self.meaning("found").provider_id
        assert self.reaches(asked, request)

    @pytest.mark.parametrize("how", _ONE)
    def test_a_text_that_the_vendor_does_not_know_is_none(self, how: str) -> None:
        assert self.look_up(how, "not_found").outcome is None

    @pytest.mark.parametrize("how", _ONE)
    @pytest.mark.parametrize("body", UNREADABLE)
    def test_not_found_by_somebody_else_never_proves_that_nothing_was_sent(
        self, how: str, body: bytes
    ) -> None:
        self.needs(_LOOKUPS[how])
        name = "not_found_by_key" if "not_found_by_key" in self.answers else "not_found"
        if self.canned(name if how == "key" else "not_found").json is None:
            pytest.skip("the vendor itself says it without words")

        assert isinstance(self.look_up(how, "not_found", body).outcome, ProviderError)

    def test_a_text_is_looked_up_by_the_whole_of_what_names_it(self) -> None:
        self.needs(Capability.LOOKUP_BY_ID)
        self.needs_http()
        odd, escaped = "id/../other?x=1&y=2#z", "id%2F..%2Fother%3Fx%3D1%26y%3D2%23z"

        attempt = self.asked(self.canned("found"), lambda each: each.fetch(odd))

        for request in attempt.wire.requests:
            asked = f"{request.url} {request.content.decode()}"
            assert escaped in asked or odd in request.content.decode()

    def test_a_status_looked_up_that_the_adapter_does_not_know_is_none(self) -> None:
        found = self.look_up("fetch", "found_unknown_status").outcome

        assert isinstance(found, Report)
        assert found.status is None
        assert found.vendor_status

    def test_a_text_looked_up_got_no_further_than_its_word_says(self) -> None:
        self.needs(Capability.LOOKUP_BY_ID)
        shown, answer = self.meaning("found").vendor_status, self.canned("found")
        assert self.statuses, "say in `statuses` what each of the vendor's words means"

        for word, status in self.statuses.items():
            content = replaced_content(content_of(answer), shown, word)
            found = self.look_up("fetch", "found", content).outcome

            assert isinstance(found, Report)
            assert (found.vendor_status, found.status) == (word, status)

    def test_the_texts_to_a_recipient_are_listed_as_the_vendor_has_them(self) -> None:
        found = self.listed().outcome

        assert isinstance(found, list)
        assert found == list(self.meaning("listed"))
        for each in found:
            assert each.body is not None, "without its text nobody can tell which one it is"

    def test_a_list_is_of_the_two_addresses_that_were_asked_for(self) -> None:
        between = (self.sample().sender, self.sample().recipient)
        for asked in ((self.strangers[0], between[1]), (between[0], self.strangers[1])):
            attempt = self.listed(between=asked)

            (stranger,) = set(asked).intersection(self.strangers)
            request = attempt.wire.requests[0]
            assert attempt.outcome == [] or self.reaches(self.bare(stranger), request)
            for attribute, value in zip(("sender", "recipient"), asked, strict=True):
                held = [each and each.removeprefix("+") for each in self.values(request, attribute)]
                assert held in ([], [self.bare(value)]), f"its {attribute} is another"

    def test_a_list_is_of_what_was_taken_since_then(self) -> None:
        self.needs(Capability.LOOKUP_BY_ADDRESS)
        self.needs_http()
        found = self.meaning("listed")
        last = max((each.created_at for each in found if each.created_at), default=None)
        if last is None:
            pytest.skip("the vendor tells no times")

        late = self.listed(since=last + timedelta(days=1))
        early = self.listed(since=last - timedelta(days=1))

        urls = [each.wire.requests[0].url for each in (early, late)]
        assert late.outcome == [] or urls[0] != urls[1]
        assert self.listed(since=last).outcome != []

    def test_a_list_without_an_end_does_not_pass_for_a_whole_one(self) -> None:
        self.needs(Capability.LOOKUP_BY_ADDRESS)
        pages = self.answers["listed"]
        if isinstance(pages, Canned):
            pytest.skip("the vendor gives one page")

        assert isinstance(self.listed(pages[0]).outcome, ProviderError)

    @pytest.mark.parametrize("scenario", _FAILURES)
    def test_a_page_that_fails_does_not_pass_for_the_end_of_the_list(self, scenario: str) -> None:
        self.needs(Capability.LOOKUP_BY_ADDRESS)
        pages = self.answers["listed"]
        if isinstance(pages, Canned):
            pytest.skip("the vendor gives one page")

        broken = (pages[0], self.answer(scenario))
        assert isinstance(self.listed(broken).outcome, ProviderError)

    @pytest.mark.parametrize("how", _LOOKUPS)
    @pytest.mark.parametrize("scenario", _FAILURES)
    def test_a_look_up_that_fails_never_proves_that_nothing_was_sent(
        self, how: str, scenario: str
    ) -> None:
        attempt = self.look_up(how, scenario)

        assert isinstance(attempt.outcome, ProviderError)
        assert len(attempt.wire.requests) == 1 or not self.over_http, "retrying is the hub's work"
        assert not self.tells(attempt)

    @pytest.mark.parametrize("how", _LOOKUPS)
    @pytest.mark.parametrize("body", UNREADABLE)
    def test_a_look_up_that_cannot_be_read_never_proves_that_nothing_was_sent(
        self, how: str, body: bytes
    ) -> None:
        scenario = "listed" if how == "list" else "found"

        assert isinstance(self.look_up(how, scenario, body).outcome, ProviderError)

    # --- the account ------------------------------------------------------------------------------

    def test_verifying_tells_of_the_account_and_sends_nothing(self) -> None:
        attempt = self.verified("account")

        assert isinstance(attempt.outcome, Account)
        assert attempt.outcome == self.meaning("account")
        if not self.over_http:
            assert not attempt.wire.requests
            return
        assert attempt.wire.requests
        if self.abilities.send in self.spec.capabilities:
            send = self.sent(self.text())
            for request in attempt.wire.requests:
                assert (request.method, request.url.path) != (send.method, send.url.path)

    @pytest.mark.parametrize("scenario", _FAILURES)
    def test_verifying_never_vouches_for_credentials_that_were_not_taken(
        self, scenario: str
    ) -> None:
        attempt = self.verified(scenario)

        expected = AuthFailed if scenario == "bad_credentials" else ProviderError
        assert isinstance(attempt.outcome, expected)
        assert len(attempt.wire.requests) == self.over_http, "retrying is the hub's work"
        assert not self.tells(attempt)

    @pytest.mark.parametrize("body", UNREADABLE)
    def test_an_account_that_cannot_be_read_is_an_error_of_the_provider(self, body: bytes) -> None:
        if "account" not in self.answers:
            self.verified("account")
        garbled = replace(self.canned("account"), json=None, content=body)

        outcome = self.asked(garbled, lambda each: each.verify()).outcome

        assert isinstance(outcome, Account | ProviderError)

    def verified(self, scenario: str) -> Attempt:
        """Ask for the account; skip if the adapter does not verify."""
        if "account" not in self.answers:
            attempt = self.asked(self.canned("accepted"), _overridden)
            assert not isinstance(attempt.outcome, Account), "`answers` lacks account"
            pytest.skip(f"{self.spec.name} does not verify its account")
        # It may ask several questions: the first shows whether the credentials hold.
        answer = self.answers["account"] if scenario == "account" else self.answer(scenario)
        return self.asked(answer, lambda each: each.verify())


async def _overridden(provider: Any) -> Account | None:
    return None if type(provider).verify is MessageProvider.verify else Account()


def content_of(answer: Canned) -> bytes:
    return answer.content if answer.json is None else json.dumps(answer.json).encode()
