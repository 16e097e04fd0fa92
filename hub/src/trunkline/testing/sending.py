"""What must reach the vendor of a message, in every adapter, whoever wrote it."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import httpx2
import pytest
from pydantic import BaseModel, SecretStr

from trunkline.sdk import (
    Capability,
    Media,
    Outbound,
    OutcomeUnknown,
    ProviderError,
    Receipt,
)
from trunkline.testing.asking import BaseAskingConformance
from trunkline.testing.contents import Json, replaced
from trunkline.testing.fakes import RecordingLog
from trunkline.testing.providers import Attempt
from trunkline.testing.webhooks import BODIES
from trunkline.testing.wire import Canned, Wire

MEDIA: Final = (
    "https://media.example/z.jpg?x=1&y=2",
    "https://media.example/b.png",
    "https://media.example/a%20b.pdf",
)
ELSEWHERE: Final = "https://elsewhere.example"
_ATTRIBUTES: Final = ("sender", "recipient", "body")
_NOT_AN_ID: Final[Mapping[str, Json]] = {"null": None, "empty": "", "list": [], "object": {}}


class BaseSendingConformance(BaseAskingConformance):
    """The part of `BaseMessageConformance` that reads the request of a send."""

    def sent(self, sms: Outbound, config: BaseModel | None = None) -> Any:
        """Send a message that is accepted, and return the one request of it."""
        self.needs(self.abilities.send)
        attempt = self.asked(self.answers["accepted"], lambda each: each.send(sms), config)
        (request,) = attempt.wire.requests
        return request

    def values(self, request: Any, attribute: str) -> list[str | None]:
        """Return what the fields of an attribute, as `sends_as` names them, hold in a request."""
        names = {name for name, value in self.sends_as.items() if value == attribute}
        lowered = {name.lower() for name in names}
        return [
            value
            for path, value in self.fields(request)
            if names.intersection(path) or (len(path) == 1 and path[0] in lowered)
        ]

    def assert_whole(self, request: Any, sms: Outbound) -> None:
        """Assert that a request holds each part of a message in the field where it belongs."""
        for attribute in self.sends_as.values():
            values = self.values(request, attribute)
            if attribute == "media":
                assert values == [each.url for each in sms.media], "media"
            elif attribute in {"sender", "recipient"}:  # some vendors write no plus
                bare = [value and value.removeprefix("+") for value in values]
                assert bare == [self.bare(getattr(sms, attribute))], attribute
            elif attribute == "status_url":  # a fragment may tell the vendor how to call it
                assert [value and value.partition("#")[0] for value in values] == [sms.status_url]
            else:
                assert values == [getattr(sms, attribute)], attribute

    @pytest.mark.parametrize("body", BODIES)
    def test_a_text_reaches_the_vendor_whole_and_in_its_fields(self, body: str) -> None:
        sms = replace(self.text(), body=BODIES[body])
        request = self.sent(sms)
        placed = {*self.sends_as.values(), *self.left_out}
        missing = [each for each in _ATTRIBUTES if each not in placed]
        assert not missing, f"say in `sends_as` which fields hold {missing}"

        self.assert_whole(request, sms)

    def test_another_text_to_another_recipient_is_another_request(self) -> None:
        sms = self.another()

        self.assert_whole(self.sent(sms), sms)

    def test_the_status_url_reaches_the_vendor_unchanged(self) -> None:
        self.needs(self.abilities.report)
        if not self.takes_status_url:
            pytest.skip(f"{self.spec.name} takes no status URL per message")

        request = self.sent(self.text())

        assert self.reaches(self.sample().status_url or "", request)

    def test_a_status_url_that_there_is_not_is_not_sent(self) -> None:
        whole, without = (
            self.sent(replace(self.text(), status_url=url))
            for url in (self.sample().status_url, None)
        )

        given = self.values(without, "status_url")
        bare = [value and value.partition("#")[0] for value in given]
        assert not {"", "None", "null"}.intersection(bare)
        added = {leaf for leaf in self.fields(without) if leaf[1] in {"", "None", "null"}}
        assert not added - set(self.fields(whole))

    def test_a_key_that_the_vendor_goes_by_reaches_it(self) -> None:
        if self.spec.idempotency is None:
            pytest.skip(f"{self.spec.name} does not promise to drop a second send")

        first, again = self.sent(self.text()), self.sent(self.text())
        other = self.sent(self.text(1))

        for request, number in ((first, 0), (again, 0), (other, 1)):
            key = self.text(number).idempotency_key
            assert key in [value for _, value in self.fields(request)], "it must be there whole"

    def test_every_medium_reaches_the_vendor_by_its_url(self) -> None:
        self.needs(self.abilities.media)
        mms = replace(self.text(), media=tuple(Media(url=url) for url in MEDIA))

        request = self.sent(mms)

        values = [value for _, value in self.fields(request) if value in MEDIA]
        assert values == list(MEDIA), "each once and in their order"
        self.assert_whole(request, mms)

    def test_every_request_goes_to_the_base_url_of_the_settings(self) -> None:
        self.needs_http()
        assert "base_url" in self.spec.config.model_fields, "tests and proxies need a `base_url`"
        config: BaseModel = self.spec.config.model_validate({**self.config, "base_url": ELSEWHERE})

        for attempt in self.every_question("accepted", config):
            hosts = {request.url.host for request in attempt.wire.requests}
            assert hosts == {"elsewhere.example"}

    def test_a_redirection_is_not_followed_with_the_credentials(self) -> None:
        self.needs_http()
        away = Canned(status=307, headers={"location": f"{ELSEWHERE}/thief"})

        for attempt in self.every_question("accepted", answer=away):
            assert len(attempt.wire.requests) == 1
            assert isinstance(attempt.outcome, ProviderError)

    def test_no_credentials_stand_in_a_url(self) -> None:
        self.needs_http()
        for attempt in self.every_question("accepted"):
            for request in attempt.wire.requests:
                assert not [secret for secret in self.secrets() if secret in str(request.url)]

    def test_every_letter_of_what_an_operator_fills_in_counts(self) -> None:
        self.needs_http()
        config = self.valid_config()
        request = self.sent(self.text())
        for field, value in dict(config).items():
            if field == "base_url" or field not in self.config:
                continue
            if not isinstance(value, str | SecretStr):
                continue
            text = value.get_secret_value() if isinstance(value, SecretStr) else value
            other = text[:-1] + chr(ord(text[-1]) ^ 1)
            changed = config.model_copy(
                update={field: SecretStr(other) if isinstance(value, SecretStr) else other}
            )
            assert _whole(self.sent(self.text(), changed)) != _whole(request) or any(
                self.is_refused(webhook, changed) for webhook in self.webhooks.values()
            ), f"the last letter of {field} makes no difference"

    def test_time_and_chance_come_from_the_context(self) -> None:
        before = datetime.now().astimezone()
        requests = [self.sent(self.text()) for _ in range(2)]

        if not self.over_http:
            first, second = (tuple(self.fields(each)) for each in requests)
            assert first == second, "chance is not from the context: use `context.ids`"
        elif not requests[0].headers.get("content-type", "").startswith("multipart/"):
            assert _whole(requests[0]) == _whole(requests[1]), "so is it not here"
        for request in requests:
            for path, value in self.fields(request):
                assert not _is_about(value or "", before), f"{path} has the machine's time"

    def test_texts_sent_at_once_are_not_mixed_up(self) -> None:
        self.needs(self.abilities.send)
        texts = [self.text(), self.another()]
        accepted, shown = self.canned("accepted"), self.meaning("accepted")
        wire = _Pair(accepted, shown.provider_id)

        async def send() -> list[Receipt]:
            async with self.opened(wire, RecordingLog()) as provider:
                done: list[Receipt] = await asyncio.gather(*map(provider.send, texts))
                return done

        receipts = asyncio.run(send())

        for sms, receipt in zip(texts, receipts, strict=True):
            at = receipt.provider_id.rpartition("~")[2]
            self.assert_whole(wire.requests[int(at)], sms)

    @pytest.mark.parametrize("value", _NOT_AN_ID)
    def test_an_acceptance_without_an_id_is_an_unknown_outcome(self, value: str) -> None:
        self.needs(self.abilities.send)
        accepted, shown = self.canned("accepted"), self.meaning("accepted")
        json = replaced(accepted.json, shown.provider_id, _NOT_AN_ID[value])  # type: ignore[arg-type]
        assert json != accepted.json, "the id does not stand in the answer"

        outcome = self.attempt(replace(accepted, json=json)).outcome

        assert isinstance(outcome, OutcomeUnknown)

    @pytest.mark.parametrize("scenario", ["rate_limited", "bad_recipient", "bad_credentials"])
    def test_a_refusal_under_the_status_of_a_success_is_no_receipt(self, scenario: str) -> None:
        self.needs(self.abilities.send)
        refusal = replace(self.canned(scenario), status=self.canned("accepted").status)

        assert isinstance(self.attempt(refusal).outcome, ProviderError)

    def every_question(
        self, scenario: str, config: BaseModel | None = None, answer: Canned | None = None
    ) -> Sequence[Attempt]:
        """Ask once for everything that the adapter has, and return what came of each."""
        since = datetime.fromisoformat("2000-01-01T00:00:00Z")
        text = self.text()
        declared = self.spec.capabilities
        attempts = []
        if self.abilities.send in declared:
            given = answer or self.answer(scenario)
            attempts.append(self.asked(given, lambda each: each.send(text), config))
        if Capability.LOOKUP_BY_ID in declared:
            given = answer or self.answer("found")
            attempts.append(self.asked(given, lambda each: each.fetch("id_0199c2a0"), config))
        if Capability.LOOKUP_BY_KEY in declared:
            key = text.idempotency_key
            given = answer or self.found_by_key()
            attempts.append(self.asked(given, lambda each: each.find_by_key(key, since), config))
        if Capability.LOOKUP_BY_ADDRESS in declared:
            to = (text.sender, text.recipient)
            given = answer or self.answer("listed")
            attempts.append(self.asked(given, lambda each: each.find(*to, since), config))
        if "account" in self.answers:
            given = answer or self.answer("account")
            attempts.append(self.asked(given, lambda each: each.verify(), config))
        return attempts

    def found_by_key(self) -> Canned:
        """Return what the vendor answers when it is asked by key; as by id unless told."""
        return self.canned("found_by_key" if "found_by_key" in self.answers else "found")


class _Pair(Wire):
    """Answers two requests once both are there, the later first; each id ends in its place."""

    def __init__(self, answer: Canned, shown: str) -> None:
        super().__init__(answer)
        self.shown = shown

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._late))

    async def _late(self, request: httpx2.Request) -> httpx2.Response:
        at = len(self.requests)
        self.requests.append(request)
        for _ in range(200 if at == 0 else 0):
            if len(self.requests) > 1:
                break
            await asyncio.sleep(0)
        for _ in range(20 if at == 0 else 0):  # the second is answered first
            await asyncio.sleep(0)
        assert isinstance(self.answer, Canned)
        json = replaced(self.answer.json, self.shown, f"{self.shown}~{at}")  # type: ignore[arg-type]
        return httpx2.Response(self.answer.status, json=json, headers=self.answer.headers)


def _whole(request: httpx2.Request) -> tuple[object, ...]:
    return str(request.url), request.headers.multi_items(), request.content


def _is_about(value: str, moment: datetime) -> bool:
    """Tell whether a text holds a moment's date or its seconds since 1970."""
    days = [moment + timedelta(days=off) for off in (-1, 0, 1)]
    written = {day.strftime(form) for day in days for form in ("%Y-%m-%d", "%Y%m%d", "%d %b %Y")}
    seconds = [int(number[0][:10]) for number in re.finditer(r"\d{10,19}", value)]
    return any(each in value for each in written) or any(
        abs(each - moment.timestamp()) < 60 for each in seconds
    )
