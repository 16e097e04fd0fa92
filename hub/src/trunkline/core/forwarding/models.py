"""What a forward is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ForwardState(StrEnum):
    """How far a forward got."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    """The callback URL answered 2xx."""

    ACKNOWLEDGED = "acknowledged"
    """Not needed any more: the agent had it by other means."""

    DEAD = "dead"
    """Given up; `reason` says why, and an operator may replay it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """
    A message on its way to a callback URL: one that came in, or one of the agent's that failed.

    Attributes:
        created_at: When it came in, or failed.
        tries: How often it has been posted since it was stored or replayed.
        deadline_at: No try is made after it.
        reason: Why the last try failed.
    """

    message_id: str
    agent_id: str
    state: ForwardState
    tries: int
    reason: str | None
    created_at: datetime
    deadline_at: datetime
    finished_at: datetime | None
