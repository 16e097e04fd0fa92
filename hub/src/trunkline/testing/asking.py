"""The message that the suites of messages send, and what comes of sending it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final

from trunkline.sdk import (
    KeyForm,
    Outbound,
)
from trunkline.testing.providers import Attempt
from trunkline.testing.signatures import BaseSignatureConformance

KEYS: Final = {
    KeyForm.ANY: ("msg_0199c2a04d5b7c3e8f10a2b3c4d5e6f7", "msg_0199c2a04d5b7c3e8f10a2b3c4d5e6f8"),
    KeyForm.UUID: ("0199c2a0-4d5b-7c3e-8f10-a2b3c4d5e6f7", "0199c2a0-4d5b-7c3e-8f10-a2b3c4d5e6f8"),
}
"""Keys as the hub makes them, as long as they really are, of two texts."""


class BaseAskingConformance(BaseSignatureConformance):
    """What the parts of `BaseMessageConformance` that need a wire have in common."""

    sends_as: ClassVar[Mapping[str, str]] = {}
    takes_status_url: ClassVar[bool] = True
    message: ClassVar[Outbound]
    other_recipient: ClassVar[str]
    strangers: ClassVar[tuple[str, str]]

    def sample(self) -> Outbound:
        """Return the message that is sent."""
        return self.message

    def text(self, number: int = 0) -> Outbound:
        """Return the message that is sent with a key in the form that the vendor takes."""
        idempotency, sample = self.spec.idempotency, self.sample()
        form = KeyForm.ANY if idempotency is None else idempotency.form
        if sample.idempotency_key != KEYS[KeyForm.ANY][0] and number == 0:
            return sample  # it has one of its author's
        return replace(sample, idempotency_key=KEYS[form][number])

    def another(self) -> Outbound:
        """Return another message to somebody else."""
        return replace(self.text(1), recipient=self.other_recipient, body="Another one.")

    def written(self, address: str) -> str:
        """Return how the vendor writes an address; a plus in front may be missing."""
        return address

    def bare(self, address: str) -> str:
        """Return an address as the vendor writes it without a plus in front."""
        return self.written(address).removeprefix("+")

    def attempt(self, answer: Any) -> Attempt:
        """Send the message once to a vendor that gives `answer`."""
        return self.asked(answer, lambda provider: provider.send(self.text()))

    def private(self) -> list[str]:
        """Return what of the message is nobody's business."""
        sample = self.sample()
        return [sample.recipient.removeprefix("+"), sample.body]
