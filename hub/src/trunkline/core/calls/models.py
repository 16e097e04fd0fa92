"""What a call is, and what becomes of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from trunkline.core.messages.models import Direction, Source
from trunkline.sdk import AnsweredBy, CallStatus


class CallState(StrEnum):
    """How far a call got, as far as anybody told: the words of `CallStatus`, and one more."""

    QUEUED = "queued"
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"
    """Nobody can tell whether it was placed, or how it ended: it surely is over, or never was."""


class CallAnswer(StrEnum):
    """What a caller hears."""

    GREETING = "greeting"
    """The agent's greeting, then a tone; what is said after it is recorded."""

    TONE = "tone"
    """A tone; what is said after it is recorded."""

    NOTHING = "nothing"
    """Nothing: another agent of this hub speaks at once, and is recorded."""


GOES_ON: Final = (
    CallState.QUEUED,
    CallState.INITIATED,
    CallState.RINGING,
    CallState.IN_PROGRESS,
)
"""How far a call got that is not over, in the order in which they follow."""
OVER: Final = frozenset(
    {
        CallState.COMPLETED,
        CallState.BUSY,
        CallState.NO_ANSWER,
        CallState.FAILED,
        CallState.CANCELED,
    }
)
"""How a call ends; nothing moves it on from there."""


def moves_to(state: CallState) -> frozenset[CallState]:
    """
    Return the states from which a call may get to one: it only moves forward.

    What nobody knew may become known at any time; only a call that goes on can become unknown.
    """
    if state is CallState.UNKNOWN:
        return frozenset(GOES_ON)
    earlier = GOES_ON if state in OVER else GOES_ON[: GOES_ON.index(state)]
    return frozenset({*earlier, CallState.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """
    One phone call.

    Attributes:
        external_id: The provider's id, once that is known.
        message_id: The message that it says, or of an inbound one the first that was left in it.
        answer: Of an inbound one: what its caller hears.
        duration_s: From the answer to the end.
        over_by: It cannot last longer.
        cost_micros: Micro-units of `currency`, once the provider told.
        reason: How it ended, in a sentence, where its status does not say it.
        simulated: Its agent was simulated when it began.
    """

    id: str
    created_at: datetime
    agent_id: str
    direction: Direction
    connection: str
    provider: str
    external_id: str | None
    from_address: str
    to_address: str
    status: CallState
    over_by: datetime
    answered_by: AnsweredBy | None = None
    duration_s: int | None = None
    message_id: str | None = None
    answer: CallAnswer | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cost_micros: int | None = None
    currency: str | None = None
    reason: str | None = None
    simulated: bool = False

    @property
    def says(self) -> str | None:
        """The message that it says; None of one that came in, whatever was left in it."""
        return self.message_id if self.direction is Direction.OUTBOUND else None

    @property
    def contact(self) -> str:
        """The number at the other end."""
        inbound = self.direction is Direction.INBOUND
        return self.from_address if inbound else self.to_address

    @property
    def own(self) -> str:
        """The agent's number."""
        inbound = self.direction is Direction.INBOUND
        return self.to_address if inbound else self.from_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """
    What somebody tells of a call; None where they do not tell.

    Attributes:
        status: None when the provider's word is not in its adapter's table.
        at: When it happened.
    """

    status: CallStatus | None
    source: Source
    event_id: str | None = None
    at: datetime | None = None
    external_id: str | None = None
    answered_by: AnsweredBy | None = None
    duration_s: int | None = None
    cost_micros: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEntry:
    """One entry of a call's history. `moved` is False for evidence that changed nothing."""

    status: str
    at: datetime
    source: Source
    event_id: str | None
    moved: bool
