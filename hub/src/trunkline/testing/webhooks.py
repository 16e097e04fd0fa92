"""What every adapter of messages must make of authentic webhooks, whoever wrote it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

import pytest

from trunkline.sdk import (
    DeliveryStatus,
    InboundEvent,
    Received,
    Reported,
    Unreadable,
    WebhookAdapter,
    WebhookReply,
    WebhookRequest,
)
from trunkline.testing.contents import Json, decoded, list_of, replaced, replaced_content
from trunkline.testing.providers import BaseProviderConformance


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """
    What a kind of message calls its capabilities.

    Attributes:
        received: The name in `webhooks` of a message that came in.
    """

    send: str
    media: str
    receive: str
    report: str
    received: str


BODIES: Final = {
    "blanks": "  two before and two after  ",
    "line_breaks": "\nfirst\r\nsecond\n\nlast\n",
    "emoji": "👩‍👩‍👧‍👦 Grüße, 中文 e\u0301 \u00a0|",
    "marks": "a=1&b=2+3 %20 100% <b>\"q\" 'r'</b> \\n {x} ${y}",
    "long": "0123456789 abcde" * 99 + "the last 16 here",
}
"""Texts as people write them, which must arrive as they are; the longest has 1,600 characters."""


class BaseWebhookConformance(BaseProviderConformance):
    """
    The part of `BaseMessageConformance` that is about what webhooks say.

    Attributes:
        abilities: The capabilities of the kind; its suite says them.
        webhooks: Authentic requests of the vendor by a name, signed with `config`.
            ``sms_received`` (``email_received``, ``whatsapp_received``), ``status_reported``, and
            ``unknown_status``, which reports a status that is not in the vendor's documentation,
            are needed. Add one, under a name of yours, for whatever else the vendor tells: media, a
            failure, an opt-out, several events in one request, a challenge.
        means: What each of `webhooks` tells, by the same name: a list of `Received` and `Reported`,
            or the `WebhookReply` that answers a challenge. Write them by the vendor's manual.
        statuses: The vendor's words for how far a text got, and what each means; None for a word
            that says nothing of it.
        has_webhooks: False of an adapter that hears otherwise, such as by IMAP. Then `webhooks`
            holds what its wire gives, whatever that is, and `told` is overridden.
    """

    abilities: ClassVar[Abilities]
    webhooks: ClassVar[Mapping[str, Any]] = {}
    has_webhooks: ClassVar[bool] = True
    statuses: ClassVar[Mapping[str, DeliveryStatus | None]] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Ask the tests of `name` of each webhook, and those of `needed` of the needed ones."""
        if "name" in metafunc.fixturenames:
            metafunc.parametrize("name", list(self.webhooks))
        if "needed" in metafunc.fixturenames:
            metafunc.parametrize("needed", list(self.needed_webhooks()))

    def needed_webhooks(self) -> Mapping[str, str]:
        """Return what must stand in `webhooks`, and with which capability."""
        report = self.abilities.report
        return {
            self.abilities.received: self.abilities.receive,
            "status_reported": report,
            "unknown_status": report,
        }

    def webhook(self, name: str) -> tuple[WebhookAdapter[Any], WebhookRequest]:
        """Return the adapter and an authentic request for it; skip what is not declared."""
        self.needs_webhook(name)
        if not self.has_webhooks:
            pytest.skip(f"{self.spec.name} has no webhooks")
        assert self.spec.webhook is not None, "it declares events but has no webhook adapter"
        request = self.webhooks[name]
        assert isinstance(request, WebhookRequest)
        return self.spec.webhook, request

    def needed_events(self) -> Mapping[str, type[InboundEvent]]:
        """Return what each of the needed webhooks tells of, first."""
        told = dict.fromkeys(self.needed_webhooks(), Reported)
        return {**told, self.abilities.received: Received}

    def needs_webhook(self, name: str) -> None:
        """Skip the test that calls this if a webhook is of what the spec does not declare."""
        if name in self.needed_webhooks():
            self.needs(self.needed_webhooks()[name])
        assert name in self.webhooks, f"`webhooks` lacks {name}"

    def told(self, name: str) -> Sequence[InboundEvent]:
        """Return the events that the adapter reads in a webhook."""
        adapter, request = self.webhook(name)
        return adapter.parse(request)

    def came_along(self, event: Received) -> bool:
        """Tell whether something came along with a message."""
        return bool(event.media)

    def events(self, name: str) -> list[InboundEvent]:
        """Return the events that a webhook tells by the vendor's manual."""
        meaning = self.meaning(name)
        return [] if isinstance(meaning, WebhookReply) else list(meaning)

    def test_there_is_a_webhook_of_each_kind_to_ask_about(self, needed: str) -> None:
        self.needs_webhook(needed)

        expected = self.events(needed)

        assert isinstance(expected[0], self.needed_events()[needed])

    def test_the_webhooks_show_media_and_a_failure_where_the_spec_speaks_of_them(self) -> None:
        told = [event for name in self.webhooks for event in self.events(name)]
        both = {self.abilities.receive, self.abilities.media} <= self.spec.capabilities
        if both and not {"attachments", "media"}.intersection(self.left_out):
            media = [each for each in told if isinstance(each, Received) and self.came_along(each)]
            assert media, "`webhooks` shows no text with media"
        if self.spec.failures and self.abilities.report in self.spec.capabilities:
            codes = [each.error_code for each in told if isinstance(each, Reported)]
            assert any(codes), "`webhooks` shows no failed text with its code"
            assert {code for code in codes if code} <= self.spec.failures.keys(), "of other codes"

    def test_an_authentic_webhook_parses_to_the_same_events_every_time(self, name: str) -> None:
        self.needs_webhook(name)
        if self.has_webhooks:
            adapter, request = self.webhook(name)
            adapter.verify(request, self.valid_config())

        first, second = self.told(name), self.told(name)

        assert list(first) == list(second)
        assert all(event.external_id for event in first)

    def test_a_webhook_tells_what_the_vendors_manual_says_and_all_of_it(self, name: str) -> None:
        self.needs_webhook(name)

        assert _comparable(self.told(name)) == _comparable(self.events(name))

    def test_a_webhook_is_answered_as_the_vendor_expects(self, name: str) -> None:
        adapter, request = self.webhook(name)
        meaning = self.meaning(name)

        reply = adapter.reply(request)

        assert 200 <= reply.status < 300, "the vendor would take it for refused"
        assert not isinstance(meaning, WebhookReply) or reply == meaning

    def test_different_happenings_have_different_ids(self) -> None:
        told: list[InboundEvent] = []
        for name in self.webhooks:
            self.needs_webhook(name)
            told += self.told(name)

        assert len({event.external_id for event in told}) == len(told)

    def test_a_webhook_is_claimed_by_its_headers(self, name: str) -> None:
        adapter, request = self.webhook(name)

        assert adapter.claims(replace(request, body=b""))
        if not isinstance(self.meaning(name), WebhookReply):  # whose proof may be in its URL
            assert not adapter.claims(replace(request, headers={}))

    def test_a_status_that_the_adapter_does_not_know_moves_nothing(self) -> None:
        self.needs_webhook("unknown_status")

        events = self.told("unknown_status")

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
            (event,) = adapter.parse(said_instead(request, shown.vendor_status, word))

            assert isinstance(event, Reported)
            assert (event.vendor_status, event.status) == (word, status)
            ids.add(event.external_id)

        assert shown.external_id in ids or shown.vendor_status not in self.statuses

    @pytest.mark.parametrize("body", BODIES)
    def test_an_inbound_text_comes_whole_and_as_it_was_written(self, body: str) -> None:
        adapter, request = self.webhook(self.abilities.received)
        (shown,) = self.events(self.abilities.received)
        assert isinstance(shown, Received)
        changed = replaced_content(request.body, shown.body, BODIES[body])
        if not shown.body or changed == replaced_content(request.body, shown.body, shown.body):
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


def said_instead(request: WebhookRequest, old: str, new: str) -> WebhookRequest:
    """Return a report with another word in it."""
    body = replaced_content(request.body, old, new)
    if old != new and body == replaced_content(request.body, old, old):  # as a part, perhaps
        body = replaced_content(request.body, old, new, within=True)
    return replace(request, body=body)
