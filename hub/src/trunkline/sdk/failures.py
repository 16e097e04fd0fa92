"""Why providers fail messages: each provider's codes, told in a few kinds and plain sentences."""

from dataclasses import dataclass
from enum import StrEnum


class FailureKind(StrEnum):
    """What to do about a failed message. The value is the hub's error code for it."""

    UNREACHABLE = "unreachable"
    """The address does not exist or cannot be reached: do not send it again; check the address."""

    REFUSED = "content_refused"
    """A carrier or the provider refused the content: change it before sending it again."""

    OPTED_OUT = "opted_out"
    """The recipient told the provider to stop: nothing may be sent until they ask for it."""

    NOT_SET_UP = "provider_setup"
    """The account or the sender is not set up for this: an operator must act at the provider."""

    OUT_OF_WINDOW = "out_of_window"
    """The 24 hours after what the recipient wrote last are over: send a template instead."""

    TEMPORARY = "provider_trouble"
    """Trouble at the provider or a carrier, which passes: the same message may be sent later."""

    UNEXPLAINED = "not_delivered"
    """Nobody says why: try once more later, or another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """
    What one of a provider's codes means.

    `sentence` tells an agent and an operator what happened and what to do. It names no number, no
    address and no text.
    """

    kind: FailureKind
    sentence: str
