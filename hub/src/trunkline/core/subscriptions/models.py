"""What a subscription is, and an occurrence: one event on its way to one subscriber."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from trunkline.core.messages.models import Status


class EventName(StrEnum):
    """What may be subscribed to."""

    MESSAGE_RECEIVED = "message.received"
    """Somebody wrote to the agent."""

    MESSAGE_STATUS = "message.status"
    """A message of the agent's own came to one of the statuses in `TOLD`."""

    PROVIDER_CREDENTIAL_EXPIRED = "provider.credential.expired"
    """A provider refuses the credentials of a connection."""

    PROVIDER_CREDENTIAL_RECOVERED = "provider.credential.recovered"
    """It takes them again."""

    AGENT_SUSPENDED = "agent.suspended"
    """An agent acted as one does that was taken over, and may act no more."""

    APPROVAL_NEEDED = "approval.needed"
    """Something waits for a person."""

    APPROVAL_DECIDED = "approval.decided"
    """Somebody decided about it, or its time is over."""


TOLD: Final = (Status.DELIVERED, Status.READ, Status.FAILED, Status.BLOCKED, Status.UNKNOWN)
"""What is told of an outbound message; a host need not wake for what is still on its way."""


class OccurrenceState(StrEnum):
    """How far an occurrence got."""

    SETTLING = "settling"
    """More from the same person joins it until the agent's `settle_ms` have passed."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    """The subscriber answered 2xx."""

    ACKNOWLEDGED = "acknowledged"
    """Not needed any more: the agent had the message by other means."""

    DEAD = "dead"
    """Given up; `reason` says why."""


OF_CREDENTIALS: Final = (
    EventName.PROVIDER_CREDENTIAL_EXPIRED,
    EventName.PROVIDER_CREDENTIAL_RECOVERED,
)
"""The events for admins: they belong to no agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    What is subscribed to, and where events go.

    Attributes:
        agent_id: Whose messages; empty for what belongs to no agent.
        channel, status: Only these; None for all.
    """

    event: EventName
    agent_id: str
    channel: str | None
    status: str | None
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """
    A subscription whose URL has proven that it wants events.

    Attributes:
        kid: The token that made it; it dies with that.
        secret, previous_secret: What events are signed with, sealed; the one before it until
            `previous_until`.
        expires_at: It ends then unless it is renewed.
    """

    id: str
    created_at: datetime
    kid: str
    wanted: Wanted
    secret: bytes
    previous_secret: bytes | None
    previous_until: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    A subscription as an operator looks at it.

    Attributes:
        waiting: How many events are on their way.
        reason: Why the newest one that failed did.
    """

    subscription: Subscription
    waiting: int
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """
    One event for one subscription; its `id` is the event's, the same at each try.

    Attributes:
        message_id: The newest of `size` messages; empty for what is no message's.
        status: What an outbound message came to.
        occurred_at: When the newest message came, or moved.
        tries: How often it has been posted.
        deadline_at: No try is made after it.
        reason: Why the last try failed.
        subject: The connection, agent or approval that it is about, of what is no message's.
    """

    id: str
    created_at: datetime
    subscription_id: str
    event: EventName
    agent_id: str
    message_id: str
    size: int
    status: str | None
    state: OccurrenceState
    tries: int
    reason: str | None
    occurred_at: datetime
    deadline_at: datetime
    finished_at: datetime | None
    subject: str | None = None
