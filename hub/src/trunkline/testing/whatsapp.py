"""What every WhatsApp adapter must do, whoever wrote it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

import pytest

from trunkline.sdk import (
    WHATSAPP,
    Capability,
    DeliveryStatus,
    FailureKind,
    KeyForm,
    Media,
    Outbound,
    OutboundWhatsApp,
    ProviderError,
    ProviderSpec,
    Receipt,
    Received,
    ReceivedWhatsApp,
    Rejected,
    Reported,
    TemplateState,
    WhatsAppContent,
    WhatsAppProvider,
)
from trunkline.testing.asking import KEYS
from trunkline.testing.choices import BaseChoicesConformance
from trunkline.testing.contents import Leaf, decoded, leaves, replaced_content
from trunkline.testing.providers import DROPS, UNREADABLE, Attempt
from trunkline.testing.sending import MEDIA
from trunkline.testing.webhooks import Abilities

MESSAGES: Final = Abilities(
    send=Capability.WHATSAPP_SEND,
    media=Capability.WHATSAPP_MEDIA,
    receive=Capability.WHATSAPP_RECEIVE,
    report=Capability.WHATSAPP_STATUS,
    received="whatsapp_received",
)
PERSON_ID: Final = "US.9f3Kq0ZtB7xLw2"
"""A person without a number: the two letters are those of their country."""
_USER_ID: Final = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
OPTIONAL: Final = ("quoted_id", "template", "template_values", "language")
VALUES: Final[Mapping[str, Mapping[str, str]]] = {
    "by_position": {"1": "Ann & Bert", "2": 'the 7th, "noon" {x}', "3": "Grüße 👋"},
    "by_name": {"name": "Ann & Bert", "day": "the 7th\nat noon"},
    "many": {str(number): f"value no. {number}" for number in range(1, 13)},
    "none": {},
}
_ENDS: Final = (DeliveryStatus.DELIVERED, DeliveryStatus.READ, DeliveryStatus.FAILED)
_FAILURES: Final = ["rate_limited", "bad_credentials", "server_error", *DROPS]
_UNHEARD: Final = "hologram"
_SHOWN_BY_EACH: Final = (
    WhatsAppContent.TEXT,
    WhatsAppContent.MEDIA,
    WhatsAppContent.REACTION,
    WhatsAppContent.CHOICE,
    WhatsAppContent.LOCATION,
    WhatsAppContent.CONTACTS,
    WhatsAppContent.OTHER,
)


class BaseWhatsAppConformance(BaseChoicesConformance):
    """
    Subclass it as ``TestXxx``, fill in the attributes, and these tests run against your adapter.

    They are those of `BaseMessageConformance`, and:

    Attributes:
        message: The session message that is sent; it answers another one.
        template: What is sent where the spec declares `Capability.WHATSAPP_TEMPLATE`.
        template_values: Which values a template is sent with, of ``by_position``, ``by_name``,
            ``many`` and ``none``; the vendor may know one way to name them.
        most_media: How many media the vendor takes with one message.
        sends_as: Attributes of `OutboundWhatsApp`; ``media_name`` and ``media_type`` are those of a
            file, ``choice_id`` and ``choice_label`` those of a choice. Override `written` where the
            vendor writes addresses in a way of its own.
        answers: Besides those of every kind ``templates`` (a tuple of its pages if it gives
            several), whose meaning is the list of `Template`, and ``window_closed``: what the
            vendor says to a free text once the 24 hours are over. Where it says so only in a
            report, ``window_closed`` stands in `webhooks`.
        webhooks: Besides ``whatsapp_received`` (a text), ``status_reported`` (of the message that
            was ``accepted``) and ``unknown_status``, under names of yours, one of each
            `WhatsAppContent` that the vendor tells of (edits, deletions, forms, orders and what is
            unsupported need none), and one from a person without a number.
        left_out: What the vendor has no place for or never tells, each with the reason: ``sender``
            (the account is one number), ``quoted_id``, ``language``, ``window``, ``person_id`` (a
            person without a number can be neither heard nor written to), ``quoted_choices`` (a
            message with choices answers none), a `WhatsAppContent`, or a
            `DeliveryStatus`.
    """

    spec: ClassVar[ProviderSpec[WhatsAppProvider, Any]]
    kind = WHATSAPP.name
    abilities = MESSAGES
    other_recipient = "+447700900123"
    strangers = ("+14155550111", "+14155550122")
    template_values: ClassVar[Sequence[str]] = ("by_position", "many", "none")
    most_media: ClassVar[int] = 1
    message: ClassVar[OutboundWhatsApp] = OutboundWhatsApp(
        sender="+14155550100",
        recipient="+14155550199",
        body="Héllo, wörld 👋",
        quoted_id="wamid.HBgLMTQxNTU1NTAxOTk",
        idempotency_key=KEYS[KeyForm.ANY][0],
        status_url="https://hub.example/webhooks/agent-1/message-status?attempt=att_0199c2a0",
    )
    template: ClassVar[OutboundWhatsApp] = replace(
        message,
        body="Hello Ann & Bert, see you.",
        quoted_id=None,
        template="HX0199c2a04d5b7c3e8f10a2b3c4d5e6f7",
        template_values=VALUES["by_position"],
        language="pt_BR",
    )

    def template_of(self, values: str) -> OutboundWhatsApp:
        """Return `template` with other values."""
        self.needs(Capability.WHATSAPP_TEMPLATE)
        if values not in self.template_values:
            pytest.skip(f"{self.spec.name} does not name the values of a template so")
        key = self.text().idempotency_key
        return replace(self.template, template_values=VALUES[values], idempotency_key=key)

    def assert_whole(self, request: Any, sms: Outbound) -> None:
        """Assert that a request holds each part of a message in the field where it belongs."""
        assert isinstance(sms, OutboundWhatsApp)
        self.assert_choices(request, sms)
        for attribute in {*self.sends_as.values(), "sender", "recipient", "body"}:
            values = self.values(request, attribute)
            wanted = getattr(sms, attribute, None)
            match attribute:
                case "media" | "media_name" | "media_type":
                    part = {"media": "url", "media_name": "name"}.get(attribute, "content_type")
                    assert values == [getattr(each, part) for each in sms.media], attribute
                case "sender" if attribute not in self.sends_as.values():
                    pass  # an account that is one number
                case "sender" | "recipient":
                    bare = [value and value.removeprefix("+") for value in values]
                    assert bare == [self.bare(wanted or "")], attribute
                case "choice_id" | "choice_label":
                    pass  # they are held together
                case "template_values":
                    self._assert_values(request, sms.template_values)
                case "body":
                    assert values == ([] if sms.template else [sms.body]), attribute
                case "status_url":
                    held = [value and value.partition("#")[0] for value in values]
                    assert held == [wanted], attribute
                case _ if attribute not in self.left_out:
                    assert [*filter(None, values)] == ([wanted] if wanted else []), attribute
                case _:
                    assert not any(values), f"{attribute} is not left out at all"

    def _assert_values(self, request: Any, wanted: Mapping[str, str]) -> None:
        """Assert that values stand under their names, or in their order where they have none."""
        held: list[Leaf] = []
        names = {name for name, value in self.sends_as.items() if value == "template_values"}
        for path, value in self.fields(request):
            if not names.intersection(path):
                continue
            try:  # some vendors take them as JSON in a field of a form
                held += leaves(decoded((value or "").encode()))
            except ValueError:
                held.append((path, value))
        named = {path[-1]: value for path, value in held if path and path[-1] in wanted}
        given = [value for _, value in held if value in wanted.values()]
        assert named == wanted or given == [*wanted.values()], "template_values"

    # --- what reaches the vendor ------------------------------------------------------------------

    def test_each_part_of_a_message_has_its_field_or_is_said_to_have_none(self) -> None:
        self.needs(self.abilities.send)
        has_templates = Capability.WHATSAPP_TEMPLATE in self.spec.capabilities
        wanted = OPTIONAL if has_templates else ("quoted_id",)

        missing = [each for each in wanted if each not in {*self.sends_as.values(), *self.left_out}]
        assert not missing, f"say in `sends_as` which fields hold {missing}, or in `left_out` why"
        assert not {"template", "template_values"}.intersection(self.left_out)
        for name, reason in self.left_out.items():
            assert reason, f"say why {name} is left out"

    def test_a_message_that_answers_none_quotes_none(self) -> None:
        message = replace(self.text(), quoted_id=None)
        request, whole = self.sent(message), self.sent(self.text())

        self.assert_whole(request, message)
        added = {leaf for leaf in self.fields(request) if leaf[1] in {"", "None", "null"}}
        assert not added - {*self.fields(whole)}

    @pytest.mark.parametrize("values", VALUES)
    def test_a_template_reaches_the_vendor_with_its_values_and_not_as_text(
        self, values: str
    ) -> None:
        template = self.template_of(values)
        request = self.sent(template)

        self.assert_whole(request, template)
        assert not self.reaches(template.body, request), "what it comes to is not sent"

    def test_another_template_in_another_language_is_another_request(self) -> None:
        template = replace(
            self.template_of(self.template_values[0]),
            template="HX0199c2a04d5b7c3e8f10a2b3c4d5e6f8",
            language="en",
        )

        self.assert_whole(self.sent(template), template)

    def test_a_person_without_a_number_is_written_to_by_their_id(self) -> None:
        message = replace(self.text(), recipient=PERSON_ID)
        if "person_id" in self.left_out:
            attempt = self.asked(self.answer("accepted"), lambda each: each.send(message))

            assert isinstance(attempt.outcome, Rejected), "refuse it before the wire"
            assert not attempt.wire.requests
            return

        self.assert_whole(self.sent(message), message)

    def test_every_medium_reaches_the_vendor_by_its_url(self) -> None:
        self.needs(self.abilities.media)
        for count in {1, self.most_media}:
            media = tuple(
                Media(url=url, content_type=kind, name=name)
                for url, kind, name in zip(
                    MEDIA,
                    ("image/jpeg", "image/png", "application/pdf"),
                    ("one.jpg", "two (2).png", "drei ü.pdf"),
                    strict=True,
                )
            )[:count]
            message = replace(self.text(), media=media)
            request = self.sent(message)

            values = [value for _, value in self.fields(request) if value in MEDIA]
            assert values == [each.url for each in media], "each once and in their order"
            self.assert_whole(request, message)

    def test_more_media_than_the_vendor_takes_are_refused(self) -> None:
        self.needs(self.abilities.media)
        media = tuple(
            Media(url=f"https://media.example/{number}.jpg", content_type="image/jpeg")
            for number in range(self.most_media + 1)
        )
        message = replace(self.text(), media=media)

        attempt = self.asked(self.answer("accepted"), lambda each: each.send(message))

        assert isinstance(attempt.outcome, Rejected), "refuse it before the wire"
        assert not attempt.wire.requests

    def test_a_closed_window_is_told_by_a_failure_of_its_own(self) -> None:
        self.needs(self.abilities.send)
        self.needs_place("window")
        if "window_closed" in self.answers:
            outcome = self.attempt(self.answer("window_closed")).outcome
            assert isinstance(outcome, Rejected)
            code = outcome.provider_code
        else:
            assert "window_closed" in self.webhooks, (
                "`answers` or `webhooks` lacks window_closed; or say in `left_out` why"
            )
            (report,) = self.told("window_closed")
            assert isinstance(report, Reported)
            assert report.status is DeliveryStatus.FAILED
            code = report.error_code

        assert code in self.spec.failures
        assert self.spec.failures[code or ""].kind is FailureKind.OUT_OF_WINDOW

    # --- templates --------------------------------------------------------------------------------

    def listed_templates(self, answer: Any) -> Attempt:
        """Ask for the templates of a vendor that gives `answer`."""
        self.needs(Capability.WHATSAPP_TEMPLATE)
        return self.asked(answer, lambda each: each.templates())

    def test_the_templates_are_listed_as_the_vendor_has_them(self) -> None:
        self.needs(Capability.WHATSAPP_TEMPLATE)
        assert "templates" in self.answers, "`answers` lacks templates"

        found = self.listed_templates(self.answers["templates"]).outcome

        assert found == self.meaning("templates")
        assert isinstance(found, list)
        states = {each.state for each in self.meaning("templates")}
        assert TemplateState.APPROVED in states, "show one that may be sent"
        assert TemplateState.UNKNOWN in states, "show one in a state that you never heard of"

    @pytest.mark.parametrize("scenario", _FAILURES)
    def test_templates_that_cannot_be_listed_are_not_none(self, scenario: str) -> None:
        attempt = self.listed_templates(self.answer(scenario))

        assert isinstance(attempt.outcome, ProviderError)
        assert not self.tells(attempt)

    @pytest.mark.parametrize("body", UNREADABLE)
    def test_templates_that_cannot_be_read_are_not_none(self, body: bytes) -> None:
        self.needs(Capability.WHATSAPP_TEMPLATE)
        garbled = replace(self.canned("templates"), json=None, content=body)

        assert isinstance(self.listed_templates(garbled).outcome, ProviderError)

    # --- what comes in ----------------------------------------------------------------------------

    def received(self) -> list[ReceivedWhatsApp]:
        """Return every message that the vendor tells of."""
        told = (event for name in self.webhooks for event in self.events(name))
        return [event for event in told if isinstance(event, ReceivedWhatsApp)]

    def test_a_message_that_came_is_told_as_one_of_whatsapp(self) -> None:
        self.needs(self.abilities.receive)
        for name in self.webhooks:
            for event in self.told(name):
                assert not isinstance(event, Received) or isinstance(event, ReceivedWhatsApp)

    @pytest.mark.parametrize("content", _SHOWN_BY_EACH)
    def test_the_webhooks_show_each_kind_of_message(self, content: WhatsAppContent) -> None:
        self.needs(self.abilities.receive)
        self.needs_place(content)
        of_kind = [each for each in self.received() if each.content is content]
        assert of_kind, f"`webhooks` shows no {content}; or say in `left_out` why"

        for each in of_kind:
            match content:
                case WhatsAppContent.TEXT | WhatsAppContent.LOCATION | WhatsAppContent.CONTACTS:
                    assert each.body
                case WhatsAppContent.MEDIA:
                    assert each.media
                case WhatsAppContent.REACTION:
                    assert each.quoted_id, "what is it about?"
                case WhatsAppContent.CHOICE:
                    assert each.choice
                    assert each.body
                case WhatsAppContent.OTHER:
                    assert each.vendor_kind

    def test_the_webhooks_show_an_answer_to_a_message(self) -> None:
        self.needs(self.abilities.receive)
        self.needs_place("quoted_id")
        answers = (each for each in self.received() if each.content is not WhatsAppContent.REACTION)

        assert any(each.quoted_id for each in answers), "`webhooks` shows none with its quoted_id"

    def test_the_webhooks_show_a_person_without_a_number(self) -> None:
        self.needs(self.abilities.receive)
        self.needs_place("person_id")
        ids = [each.sender for each in self.received() if not each.sender.startswith("+")]

        assert any(map(_USER_ID.fullmatch, ids)), "`webhooks` shows none"

    def test_addresses_are_told_as_the_hub_has_them(self) -> None:
        self.needs(self.abilities.receive)
        for name in self.webhooks:
            for event in self.told(name):
                if isinstance(event, Received):
                    for each in (event.sender, event.recipient):
                        is_number = each.startswith("+") and each[1:].isdecimal()
                        assert is_number or _USER_ID.fullmatch(each), "E.164 has a plus"

    def test_a_kind_that_the_adapter_does_not_know_is_kept(self) -> None:
        adapter, request = self.webhook(self.abilities.received)
        (shown,) = self.events(self.abilities.received)
        assert isinstance(shown, ReceivedWhatsApp)
        kind = shown.vendor_kind or ""
        changed = replaced_content(request.body, kind, _UNHEARD)
        if not kind or changed == replaced_content(request.body, kind, kind):
            pytest.skip("its kind does not stand in the request")

        (event,) = adapter.parse(replace(request, body=changed))

        assert isinstance(event, ReceivedWhatsApp)
        assert (event.content, event.vendor_kind) == (WhatsAppContent.OTHER, _UNHEARD)
        assert event.external_id == shown.external_id
        assert (event.sender, event.recipient) == (shown.sender, shown.recipient)

    # --- what became of messages ------------------------------------------------------------------

    @pytest.mark.parametrize("status", _ENDS)
    def test_the_statuses_say_how_far_a_message_got(self, status: DeliveryStatus) -> None:
        self.needs(self.abilities.report)
        self.needs_place(status)

        assert status in self.statuses.values(), "no word for it; or say in `left_out` why"

    def test_a_report_names_the_message_as_its_receipt_does(self) -> None:
        self.needs(self.abilities.send)
        self.needs(self.abilities.report)
        receipt = self.attempt(self.answer("accepted")).outcome
        assert isinstance(receipt, Receipt)

        reports = [each for each in self.told("status_reported") if isinstance(each, Reported)]

        assert [each.provider_id for each in reports] == [receipt.provider_id]
