"""What every telephony adapter must make of authentic webhooks, whoever wrote it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

import pytest
from pydantic import BaseModel

from trunkline.sdk import (
    Capability,
    DeliveryStatus,
    InboundEvent,
    ProviderSpec,
    Received,
    Reported,
    TelephonyProvider,
    Unreadable,
    WebhookAdapter,
    WebhookReply,
    WebhookRequest,
)
from trunkline.testing.contents import Json, decoded, list_of, replaced, replaced_content
from trunkline.testing.suite import BaseConformance

_NEEDED: Final = {
    "sms_received": Capability.SMS_RECEIVE,
    "status_reported": Capability.SMS_STATUS,
    "unknown_status": Capability.SMS_STATUS,
}
BODIES: Final = {
    "blanks": "  two before and two after  ",
    "line_breaks": "\nfirst\r\nsecond\n\nlast\n",
    "emoji": "👩‍👩‍👧‍👦 Grüße, 中文 e\u0301 \u00a0|",
    "marks": "a=1&b=2+3 %20 100% <b>\"q\" 'r'</b> \\n {x} ${y}",
    "long": "0123456789 abcde" * 99 + "the last 16 here",
}
"""Texts as people write them, which must arrive as they are; the longest has 1,600 characters."""


class BaseWebhookConformance(BaseConformance):
    """
    The part of `BaseTelephonyConformance` that is about what webhooks say.

    Attributes:
        spec: The spec that your plugin offers.
        config: Values for `spec.config`, with made-up credentials as long as real ones.
        webhooks: Authentic requests of the vendor by a name, signed with `config`.
            ``sms_received``, ``status_reported``, and ``unknown_status``, which reports a status
            that is not in the vendor's documentation, are needed. Add one, under a name of yours,
            for whatever else the vendor tells: media, a failure, an opt-out, several events in one
            request, a challenge.
        means: What each of `webhooks` tells, by the same name: a list of `Received` and `Reported`,
            or the `WebhookReply` that answers a challenge. Write them by the vendor's manual.
        statuses: The vendor's words for how far a text got, and what each means; None for a word
            that says nothing of it.
        known_gaps: As in `BaseConformance`.
    """

    spec: ClassVar[ProviderSpec[TelephonyProvider, Any]]
    config: ClassVar[Mapping[str, object]]
    webhooks: ClassVar[Mapping[str, WebhookRequest]] = {}
    means: ClassVar[Mapping[str, object]] = {}
    statuses: ClassVar[Mapping[str, DeliveryStatus | None]] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Ask the tests of `name` of each webhook."""
        if "name" in metafunc.fixturenames:
            metafunc.parametrize("name", list(self.webhooks))

    def needs(self, capability: Capability) -> None:
        """Skip the test that calls this unless the spec declares `capability`."""
        if capability not in self.spec.capabilities:
            pytest.skip(f"{self.spec.name} does not declare {capability}")

    def valid_config(self) -> BaseModel:
        """Return `config` as the model that the spec names."""
        config: BaseModel = self.spec.config.model_validate(self.config)
        return config

    def meaning(self, name: str) -> Any:
        """Return what an answer or a webhook means by the vendor's manual."""
        assert name in self.means, f"say in `means` what {name} means"
        return self.means[name]

    def webhook(self, name: str) -> tuple[WebhookAdapter[Any], WebhookRequest]:
        """Return the adapter and an authentic request for it; skip what is not declared."""
        if name in _NEEDED:
            self.needs(_NEEDED[name])
        assert self.spec.webhook is not None, "it declares events but has no webhook adapter"
        assert name in self.webhooks, f"`webhooks` lacks {name}"
        return self.spec.webhook, self.webhooks[name]

    def events(self, name: str) -> list[InboundEvent]:
        """Return the events that a webhook tells by the vendor's manual."""
        meaning = self.meaning(name)
        return [] if isinstance(meaning, WebhookReply) else list(meaning)

    @pytest.mark.parametrize("kind", _NEEDED)
    def test_there_is_a_webhook_of_each_kind_to_ask_about(self, kind: str) -> None:
        self.webhook(kind)

        expected = self.events(kind)

        assert isinstance(expected[0], Received if kind == "sms_received" else Reported)

    def test_the_webhooks_show_media_and_a_failure_where_the_spec_speaks_of_them(self) -> None:
        told = [event for name in self.webhooks for event in self.events(name)]
        if {Capability.SMS_RECEIVE, Capability.MMS_SEND} <= self.spec.capabilities:
            media = [each for each in told if isinstance(each, Received) and each.media]
            assert media, "`webhooks` shows no text with media"
        if self.spec.failures and Capability.SMS_STATUS in self.spec.capabilities:
            codes = [each.error_code for each in told if isinstance(each, Reported)]
            assert any(codes), "`webhooks` shows no failed text with its code"
            assert {code for code in codes if code} <= self.spec.failures.keys(), "of other codes"

    def test_an_authentic_webhook_parses_to_the_same_events_every_time(self, name: str) -> None:
        adapter, request = self.webhook(name)
        adapter.verify(request, self.valid_config())

        first, second = adapter.parse(request), adapter.parse(request)

        assert list(first) == list(second)
        assert all(event.external_id for event in first)

    def test_a_webhook_tells_what_the_vendors_manual_says_and_all_of_it(self, name: str) -> None:
        adapter, request = self.webhook(name)

        assert _comparable(adapter.parse(request)) == _comparable(self.events(name))

    def test_a_webhook_is_answered_as_the_vendor_expects(self, name: str) -> None:
        adapter, request = self.webhook(name)
        meaning = self.meaning(name)

        reply = adapter.reply(request)

        assert 200 <= reply.status < 300, "the vendor would take it for refused"
        assert not isinstance(meaning, WebhookReply) or reply == meaning

    def test_different_happenings_have_different_ids(self) -> None:
        told: list[InboundEvent] = []
        for name in self.webhooks:
            adapter, request = self.webhook(name)
            told += adapter.parse(request)

        assert len({event.external_id for event in told}) == len(told)

    def test_a_webhook_is_claimed_by_its_headers(self, name: str) -> None:
        adapter, request = self.webhook(name)

        assert adapter.claims(replace(request, body=b""))
        if not isinstance(self.meaning(name), WebhookReply):  # whose proof may be in its URL
            assert not adapter.claims(replace(request, headers={}))

    def test_a_status_that_the_adapter_does_not_know_moves_nothing(self) -> None:
        adapter, request = self.webhook("unknown_status")

        events = adapter.parse(request)

        assert [type(event) for event in events] == [type(e) for e in self.events("unknown_status")]
        (event,) = (event for event in events if isinstance(event, Reported))
        assert event.status is None
        assert event.vendor_status

    def test_a_report_moves_a_text_no_further_than_its_word_says(self) -> None:
        adapter, request = self.webhook("status_reported")
        assert self.statuses, "say in `statuses` what each of the vendor's words means"
        (shown,) = (each for each in self.events("status_reported") if isinstance(each, Reported))
        ids = set()

        for word, status in self.statuses.items():
            (event,) = adapter.parse(_said_instead(request, shown.vendor_status, word))

            assert isinstance(event, Reported)
            assert (event.vendor_status, event.status) == (word, status)
            ids.add(event.external_id)

        assert shown.external_id in ids or shown.vendor_status not in self.statuses

    @pytest.mark.parametrize("body", BODIES)
    def test_an_inbound_text_comes_whole_and_as_it_was_written(self, body: str) -> None:
        adapter, request = self.webhook("sms_received")
        (shown,) = self.events("sms_received")
        assert isinstance(shown, Received)
        changed = replaced_content(request.body, shown.body, BODIES[body])
        if changed == replaced_content(request.body, shown.body, shown.body):
            pytest.skip("its text does not stand in the request as it is")

        (event,) = adapter.parse(replace(request, body=changed))

        assert event == replace(shown, body=BODIES[body])

    @pytest.mark.parametrize("garbage", ["empty", "null", "nameless"])
    def test_an_event_that_cannot_be_read_leaves_the_others_of_its_request_alone(
        self, garbage: str
    ) -> None:
        batches = {name: told for name in self.webhooks if len(told := self.events(name)) > 1}
        if not batches:
            pytest.skip("none of `webhooks` tells of several events")
        for name, told in batches.items():
            adapter, request = self.webhook(name)
            for at, event in enumerate(told):
                body = _garbled(request.body, told, at, garbage)
                if body is None:
                    continue  # as it is no list

                events = adapter.parse(replace(request, body=body))

                others = [each for each in events if not isinstance(each, Unreadable)]
                assert others == [*told[:at], *told[at + 1 :]]
                assert len(events) == len(told), f"{event.external_id} is lost"
                assert all(each.external_id for each in events)


def _garbled(body: bytes, told: Sequence[InboundEvent], at: int, garbage: str) -> bytes | None:
    """Return a batch with one event garbled; None if the body holds no list of events."""
    try:
        value = decoded(body)
    except ValueError:
        return None
    items = list_of(value, len(told))
    if items is None:
        return None
    name = getattr(told[at], "provider_id", "")
    kinds: dict[str, Json] = {
        "empty": {},
        "null": None,
        "nameless": replaced(items[at], name, None),
    }
    items[at] = kinds[garbage]
    return json.dumps(value).encode()


def _comparable(events: Sequence[InboundEvent]) -> list[InboundEvent]:
    """Return events without what an adapter is free in: how it names an unreadable one, and why."""
    unreadable = Unreadable(external_id="", reason="")
    return [unreadable if isinstance(event, Unreadable) else event for event in events]


def _said_instead(request: WebhookRequest, old: str, new: str) -> WebhookRequest:
    """Return a report with another word in it."""
    body = replaced_content(request.body, old, new)
    if old != new and body == replaced_content(request.body, old, old):  # as a part, perhaps
        body = replaced_content(request.body, old, new, within=True)
    return replace(request, body=body)
