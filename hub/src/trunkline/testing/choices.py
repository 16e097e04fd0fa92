"""Choices of a WhatsApp message: shown by the vendor, and picked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

import pytest

from trunkline.sdk import (
    Capability,
    Choice,
    Media,
    OutboundWhatsApp,
    ProviderError,
    Rejected,
    Unsupported,
    WhatsAppContent,
)
from trunkline.testing.contents import Leaf, decoded, leaves
from trunkline.testing.messages import BaseMessageConformance

_LABELS: Final = ('Yes, "gladly" & soon', "Größe 42 und größer!", "Später 👋")
CHOICES: Final[Mapping[Capability, Sequence[Choice]]] = {
    Capability.WHATSAPP_BUTTONS: tuple(
        Choice(id=each, label=label)
        for each, label in zip(("a&b={1}", "2", "x" * 64), _LABELS, strict=True)
    ),
    Capability.WHATSAPP_LISTS: tuple(
        Choice(id=f"no/{number}", label=f"{number}. {'é' * 20}"[:24]) for number in range(10, 0, -1)
    ),
}
"""As many and as long as each may be; the ids are no numbers of their places."""
_TOO_MANY: Final = {Capability.WHATSAPP_BUTTONS: 4, Capability.WHATSAPP_LISTS: 11}
_TOO_LONG: Final = {Capability.WHATSAPP_BUTTONS: 21, Capability.WHATSAPP_LISTS: 25}
_BESIDE: Final[Mapping[str, Mapping[str, Any]]] = {
    "media": {"media": (Media(url="https://media.example/1.jpg", content_type="image/jpeg"),)},
    "template": {"template": "HX0199c2a04d5b7c3e8f10a2b3c4d5e6f7"},
}


class BaseChoicesConformance(BaseMessageConformance):
    """The part of `BaseWhatsAppConformance` about choices, for specs that declare them."""

    left_out: ClassVar[Mapping[str, str]]

    def text(self, number: int = 0) -> OutboundWhatsApp:
        """Return `message` with a key in the form that the vendor takes."""
        message = super().text(number)
        assert isinstance(message, OutboundWhatsApp)
        return message

    def offering(self, shown: Capability) -> OutboundWhatsApp:
        """Return the message with choices; without what it answers, where that has no place."""
        self.needs(shown)
        message = replace(self.text(), choices=tuple(CHOICES[shown]))
        return replace(message, quoted_id=None) if "quoted_choices" in self.left_out else message

    def assert_choices(self, request: Any, message: OutboundWhatsApp) -> None:
        """Assert that a request holds the ids and the labels in their order, or no choices."""
        for attribute, wanted in (
            ("choice_id", [each.id for each in message.choices]),
            ("choice_label", [each.label for each in message.choices]),
        ):
            names = {name for name, value in self.sends_as.items() if value == attribute}
            held = [value for path, value in self._unfolded(request) if names.intersection(path)]
            # A heading may stand under the name of a label.
            found = [value for value in held if value in wanted] if wanted else held
            assert found == wanted, attribute

    def _unfolded(self, request: Any) -> Iterator[Leaf]:
        """Read what some vendors take as JSON in a field of a form."""
        for path, value in self.fields(request):
            if value is None or not value.startswith(("[", "{")):
                yield path, value
                continue
            try:
                yield from leaves(decoded(value.encode()), path)
            except ValueError:
                yield path, value

    def test_choices_have_their_fields_and_a_pick_is_shown(self) -> None:
        if not CHOICES.keys() & self.spec.capabilities:
            pytest.skip(f"{self.spec.name} declares no choices")

        missing = {"choice_id", "choice_label"} - {*self.sends_as.values()}
        assert not missing, f"say in `sends_as` which fields hold {missing}"
        assert WhatsAppContent.CHOICE not in self.left_out, "who offers choices tells of the pick"

    @pytest.mark.parametrize("shown", CHOICES)
    def test_choices_reach_the_vendor_with_their_ids_and_labels(self, shown: Capability) -> None:
        message = self.offering(shown)

        self.assert_whole(self.sent(message), message)

    @pytest.mark.parametrize("shown", CHOICES)
    def test_a_single_choice_is_shown_as_well(self, shown: Capability) -> None:
        message = self.offering(shown)
        message = replace(message, choices=(Choice(id="only", label=message.choices[0].label),))
        if shown is Capability.WHATSAPP_LISTS:  # a short one alone would be a button
            message = replace(message, choices=(Choice(id="only", label="é" * 24),))

        self.assert_whole(self.sent(message), message)

    @pytest.mark.parametrize("scenario", ["bad_recipient", "server_error", "dropped_after"])
    @pytest.mark.parametrize("shown", CHOICES)
    def test_choices_that_were_refused_are_not_sent_in_another_way(
        self, shown: Capability, scenario: str
    ) -> None:
        message = self.offering(shown)
        wanted = self.attempt(self.answer(scenario)).outcome

        attempt = self.asked(self.answer(scenario), lambda each: each.send(message))

        assert isinstance(attempt.outcome, ProviderError)
        assert type(attempt.outcome) is type(wanted)
        assert len(attempt.wire.requests) <= 1

    @pytest.mark.parametrize("wrong", ["many", "long", *_BESIDE])
    @pytest.mark.parametrize("shown", CHOICES)
    def test_choices_that_cannot_be_shown_are_refused(self, shown: Capability, wrong: str) -> None:
        message = self.offering(shown)
        is_within = shown is Capability.WHATSAPP_BUTTONS and (
            Capability.WHATSAPP_LISTS in self.spec.capabilities
        )
        if is_within and wrong not in _BESIDE:
            pytest.skip("a list takes what buttons do not")
        if wrong == "many":
            more = (Choice(id=f"m{each}", label=f"M{each}") for each in range(_TOO_MANY[shown]))
            message = replace(message, choices=tuple(more))
        elif wrong == "long":
            message = replace(message, choices=(Choice(id="l", label="x" * _TOO_LONG[shown]),))
        else:
            message = replace(message, **_BESIDE[wrong])

        attempt = self.asked(self.answer("accepted"), lambda each: each.send(message))

        assert isinstance(attempt.outcome, Rejected | Unsupported), "refuse it before the wire"
        assert not attempt.wire.requests
