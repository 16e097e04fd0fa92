"""The contract of phone calls: what is asked of one, and what a provider tells of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from trunkline.sdk.messages import DeliveryStatus, InboundEvent, Media, Outbound, Report
from trunkline.sdk.phone import E164
from trunkline.sdk.webhooks import Reported


class CallStatus(StrEnum):
    """How far a call got. It only moves forward."""

    QUEUED = "queued"
    """The provider has it and has not dialled yet."""

    INITIATED = "initiated"
    """It was dialled."""

    RINGING = "ringing"
    """It rings there."""

    IN_PROGRESS = "in-progress"
    """It was answered, by whomever."""

    COMPLETED = "completed"
    """It was answered and is over."""

    BUSY = "busy"
    """It was not answered: the line was busy, or it was declined."""

    NO_ANSWER = "no-answer"
    """It was not answered in time."""

    FAILED = "failed"
    """It could not be connected, as the number does not exist."""

    CANCELED = "canceled"
    """It was given up before it was answered."""

    @property
    def delivery(self) -> DeliveryStatus:
        """How it counts for what was to be said, as `CallReport.status` has it."""
        if self is CallStatus.COMPLETED:
            return DeliveryStatus.DELIVERED
        return DeliveryStatus.SENT if self in _UNDER_WAY else DeliveryStatus.FAILED


_UNDER_WAY = frozenset(
    {CallStatus.QUEUED, CallStatus.INITIATED, CallStatus.RINGING, CallStatus.IN_PROGRESS}
)


class AnsweredBy(StrEnum):
    """Who or what took a call, as far as the provider can tell."""

    HUMAN = "human"
    MACHINE = "machine"
    FAX = "fax"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """
    Play a sound, which the provider fetches from its URL.

    Attributes:
        text: What it says in words: for simulated networks, which show it. Not for the provider.
    """

    media: Media
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """
    Record what is said, until silence, a key or the time is up.

    Attributes:
        url: Where the provider tells that the recording is ready.
        beep: Whether a tone tells that it begins.
    """

    url: str | None
    max_duration_s: int = 120
    silence_s: int = 5
    beep: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Keep the line open and say nothing."""

    duration_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """End the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """Do not answer: the caller hears that the line is busy, or that the number is not served."""

    busy: bool = False


CallStep = Play | Record | Pause | HangUp | Decline
"""One thing to do in a call. After the last it ends."""


MAX_DURATION_S: Final = 600
"""After so long a call of the hub's is hung up."""
RING_S: Final = 40
"""For so long a call of the hub's rings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundCall(Outbound):
    """
    One phone call to one recipient, that plays what it has to say.

    Attributes:
        sender, recipient: Phone numbers in E.164.
        body: The text that is spoken: for simulated networks, which show it. Not for the provider.
        media: Empty; what is played stands in `steps`.
        steps: What to do once it is answered; `Decline` is never among them.
        status_url: Where the provider reports the call's status, each change of it.
        max_duration_s: After how many seconds the provider shall hang up.
        ring_s: For how many seconds it shall ring.
        finds_machine: Whether the provider shall find out who answered, and wait for the end of an
            answering machine's greeting, where it declares `Capability.CALL_MACHINE`.
    """

    sender: E164
    recipient: E164
    steps: tuple[CallStep, ...]
    max_duration_s: int = MAX_DURATION_S
    ring_s: int = RING_S
    finds_machine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport(Report):
    """
    What a provider tells of a call when asked.

    Attributes:
        status: How that counts for what was to be said: `DeliveryStatus.SENT` until the call is
            over, `DeliveryStatus.DELIVERED` of one that was completed, `DeliveryStatus.FAILED` of
            every other end.
        call_status: None when `vendor_status` is not in the adapter's table. Never guess.
        duration_s: From the answer to the end.
        found_out_s: About how much of that passed before the sound began, as it was found out who
            answered.
    """

    call_status: CallStatus | None
    answered_by: AnsweredBy | None = None
    duration_s: int | None = None
    found_out_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReported(Reported):
    """The provider told how far a call got; the fields are those of `Reported` and `CallReport`."""

    call_status: CallStatus | None
    answered_by: AnsweredBy | None = None
    duration_s: int | None = None
    found_out_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedCall(InboundEvent):
    """
    Somebody calls one of the hub's numbers, and the provider asks what to do.

    The hub answers at once, by `WebhookAdapter.render`.

    Attributes:
        provider_id: The provider's id of the call.
        sender: Who calls: E.164, or whatever the provider has where the number is withheld.
        recipient: The hub's number.
    """

    provider_id: str
    sender: str
    recipient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded(InboundEvent):
    """
    A recording of a call is ready.

    Attributes:
        provider_id: The provider's id of the recording.
        call_id: The provider's id of the call.
        media: Where it can be fetched, by `MessageProvider.fetch_media`; None where there is none
            as nothing was said, or it failed.
        duration_s: How long it is.
    """

    provider_id: str
    call_id: str
    media: Media | None
    duration_s: int | None = None
