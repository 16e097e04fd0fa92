"""What an approval is, and what is said of one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trunkline.core.compliance.filters import Doubt


class ApprovalStatus(StrEnum):
    """How an approval stands; only a pending one can be decided."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    """Nobody decided in time, which is nobody's no."""

    CANCELED = "canceled"
    """Its agent took the act back."""


class Via(StrEnum):
    """How somebody decided."""

    COMMAND = "command"
    API = "api"
    LINK = "link"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """
    One act that waits, or waited, for a person.

    Attributes:
        message_id: The message that is held for it; the other of the two is its batch, if any.
        digest: Of recipients, content, media and price: what a decision is about.
        doubts: Why it is looked at.
        people: How many have to agree.
        agreed: How many have.
        decided_by: Who made the last decision: a token's id, or ``operator``.
    """

    id: str
    created_at: datetime
    agent_id: str
    message_id: str
    batch_id: str | None
    status: ApprovalStatus
    digest: str
    doubts: tuple[Doubt, ...]
    people: int
    agreed: int
    expires_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    decided_via: Via | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalEvent:
    """What somebody did with an approval: ``asked``, ``seen``, ``agreed`` or a status."""

    at: datetime
    what: str
    by: str
    via: Via | None
    note: str | None
