"""The kinds of alerts, and an alert as it is kept."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, NamedTuple

from trunkline.sdk import Severity

SAME_S: Final = 300
"""What happens again within so long is not told again."""
OTHERS: Final = "*"
"""The subject of all those that were too many to have an alert each."""


class Threshold(NamedTuple):
    """So often within so long makes an alert of what is nothing by itself."""

    times: int
    within_s: float


_AT_ONCE: Final = Threshold(1, 1.0)


class _Facts(NamedTuple):
    word: str
    severity: Severity
    sentence: str
    threshold: Threshold = _AT_ONCE


class AlertKind(Enum):
    """What may be wrong; its subject is an agent, a connection, a sink, or nothing."""

    AGENT_SUSPENDED = _Facts(
        "agent.suspended",
        Severity.CRITICAL,
        "The agent acted towards more numbers at once than one does, as somebody does who has its "
        "token, and was suspended. Rotate its token, then resume it: trunkline agents resume.",
    )
    PROVIDER_DOWN = _Facts(
        "provider.down",
        Severity.CRITICAL,
        "The provider of this connection fails every request, and is left alone for a while. "
        "Messages go over the other connections of the slot, or wait.",
    )
    CREDENTIALS_REFUSED = _Facts(
        "credentials.refused",
        Severity.HIGH,
        "The provider of this connection refuses its credentials. Register new ones: trunkline "
        "providers set.",
    )
    OUT_OF_CREDIT = _Facts(
        "provider.out_of_credit",
        Severity.HIGH,
        "The account of this connection has no money left, so nothing goes out over it.",
    )
    CAP_BREACHED = _Facts(
        "spend.cap_breached",
        Severity.HIGH,
        "The agent has come to its spend cap, and what it asks for beyond that is refused. Look "
        "at trunkline usage show, or give it more: trunkline agents limits.",
    )
    LIMIT_HIT = _Facts(
        "limit.hit",
        Severity.HIGH,
        "The agent was refused ten times within an hour as it acts more often than it may.",
        Threshold(10, 3600.0),
    )
    SIGNATURES = _Facts(
        "webhook.signatures",
        Severity.HIGH,
        "Requests that claim to be a provider's failed its signature, five times within ten "
        "minutes. Either somebody forges them, or the signing key or server.public_url is wrong.",
        Threshold(5, 600.0),
    )
    TOKEN_GUESSES = _Facts(
        "token.guesses",
        Severity.HIGH,
        "Somebody tries one token after the other, and has to wait between tries by now.",
    )
    SINK_FAILED = _Facts(
        "alert_sink.failed",
        Severity.HIGH,
        "This alert sink did not take an alert. Try it: trunkline alerts test.",
    )
    PROVISIONING_FAILED = _Facts(
        "provisioning.failed",
        Severity.MEDIUM,
        "A channel that the agent was to get could not be set up. What its provider said is shown "
        "by: trunkline agents show.",
    )
    SENDER_REJECTED = _Facts(
        "sender.rejected",
        Severity.MEDIUM,
        "A number, sender or domain of this agent was refused by who has to approve it. Why is "
        "shown by: trunkline agents show.",
    )
    CAP_NEAR = _Facts(
        "spend.cap_near",
        Severity.MEDIUM,
        "The agent has spent four fifths of what it may.",
    )
    DEAD_LETTER = _Facts(
        "webhook.dead_letter",
        Severity.MEDIUM,
        "Something came in over this connection that could not be read; it is kept. Look at "
        "trunkline events list --state dead, and replay it once the cause is gone.",
    )
    FORWARD_DEAD = _Facts(
        "forward.dead",
        Severity.MEDIUM,
        "A message was not taken by the agent's callback URL until its time was over. Look at "
        "trunkline forwards list --state dead.",
    )
    INTERNAL = _Facts(
        "internal.error",
        Severity.MEDIUM,
        "The hub met an error that nobody foresaw, of this type; the log says where. Please "
        "report it.",
    )
    DEPROVISIONED = _Facts(
        "agent.deprovisioned",
        Severity.LOW,
        "The agent was taken out of service: its channels and tokens are gone.",
    )
    POOL_LOW = _Facts(
        "pool.low",
        Severity.LOW,
        "Fewer than two slots for agents are left. Make room: trunkline pool grow.",
    )
    TOKEN_OLD = _Facts(
        "token.old",
        Severity.LOW,
        "A token should be rotated, as it is old or ends soon: trunkline tokens list.",
    )
    TEST = _Facts("test", Severity.LOW, "This is a test: nothing is wrong.")

    @property
    def word(self) -> str:
        """What it is called everywhere."""
        return self.value.word

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.value.severity

    @property
    def sentence(self) -> str:
        """What is wrong, and what to do."""
        return self.value.sentence

    @property
    def threshold(self) -> Threshold:
        """How often it takes."""
        return self.value.threshold


BY_WORD: Final = {kind.word: kind for kind in AlertKind}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAlert:
    """
    One alert as it stands.

    Attributes:
        count: How often it has happened, since `created_at` until `last_at`.
        due_at: When it is told next; None: it is not.
        told: How often it was told, the last time at `told_at`.
        acknowledged_by: Who said that they see to it.
        over_at: Since when it is not so any more.
    """

    id: str
    created_at: datetime
    kind: AlertKind
    subject: str
    count: int
    last_at: datetime
    due_at: datetime | None
    told: int
    told_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    over_at: datetime | None

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.kind.severity
