"""What a message is, and what becomes of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from trunkline.core.messages.content import Content, Form
from trunkline.sdk import MessageClass


class Status(StrEnum):
    """How far a message got. `sent` says that the provider has it, and nothing more."""

    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNKNOWN = "unknown"
    BLOCKED = "blocked"
    RATE_LIMITED = "rate_limited"
    CANCELED = "canceled"
    RECEIVED = "received"
    """Of an inbound message: the hub has it."""


class Channel(StrEnum):
    """How a message travels, of the channels that the hub knows; others are plain text."""

    SMS = "sms"
    WHATSAPP = "whatsapp"
    EMAIL = "email"
    CHAT = "chat"


class Direction(StrEnum):
    """Whether the agent wrote it or somebody wrote to the agent."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class BodyState(StrEnum):
    """Where the text of a message is."""

    HELD = "held"
    """In the body vault, until it is no longer needed."""

    KEPT = "kept"
    """With the message, encrypted: its owner chose to keep it."""

    SHREDDED = "shredded"
    """Gone."""


class Flag(StrEnum):
    """Why a person should look at a message. Any further move takes it away."""

    UNKNOWN = "unknown"
    """Nobody can tell whether it was sent: decide with `trunkline messages resolve`."""

    UNKNOWN_STATUS = "unknown_status"
    """The provider used a status that its adapter does not know."""

    SENT_AFTER_ALL = "sent_after_all"
    """The provider took it although it had been given up here."""

    SENT_TWICE = "sent_twice"
    """An earlier attempt had got through after all: the recipient may have it twice."""

    OPT_OUT = "opt_out"
    """Inbound: its sender may want no more texts; decide with `trunkline messages resolve`."""

    NO_FINAL_STATUS = "no_final_status"
    """The provider took it long ago, and nobody has told what became of it."""

    CONTRADICTORY = "contradictory"
    """The provider reported both that it was delivered and that it failed."""


class Source(StrEnum):
    """What a change of status rests on."""

    SEND = "send"
    CALLBACK = "callback"
    LOOKUP = "lookup"
    PERSON = "person"
    AGENT = "agent"
    """Its own agent took it back."""

    RESTORE = "restore"
    """The database was restored from a backup, and may not know what happened since."""


_UNPROVEN: Final = frozenset({Status.HELD, Status.QUEUED, Status.SENDING, Status.UNKNOWN})

# Who may still change a status; house.md section 4. Whatever is not here moves nothing.
MOVES: Final[dict[Status, frozenset[Status]]] = {
    Status.HELD: frozenset({Status.QUEUED}),
    Status.QUEUED: frozenset({Status.HELD, Status.SENDING, Status.UNKNOWN}),
    Status.SENDING: frozenset({Status.QUEUED, Status.UNKNOWN}),
    # From queued and held too: an earlier attempt may turn out to have got through after all.
    Status.SENT: _UNPROVEN,
    Status.DELIVERED: _UNPROVEN | {Status.SENT},
    Status.READ: _UNPROVEN | {Status.SENT, Status.DELIVERED},
    Status.FAILED: _UNPROVEN | {Status.SENT},
    Status.UNKNOWN: frozenset({Status.SENDING}),
    Status.BLOCKED: frozenset({Status.HELD, Status.QUEUED}),
    Status.CANCELED: frozenset({Status.HELD, Status.QUEUED}),
}
"""For each status, the ones it may be reached from."""

TAKEN_BACK: Final = {Status.FAILED: {Channel.EMAIL: frozenset({Status.DELIVERED})}}
"""
The same of channels on which it may be reached from further ones if a provider reports it: a mail
is delivered when the next server has it, and that may send it back.
"""

GIVEN_UP: Final = frozenset({Status.FAILED, Status.BLOCKED, Status.CANCELED})
"""Here the hub makes no further attempt at an outbound message."""

TAKEN: Final = frozenset({Status.SENT, Status.DELIVERED, Status.READ})
"""Here an outbound message is surely with its provider."""

FINAL: Final = frozenset(
    {Status.DELIVERED, Status.READ, Status.FAILED, Status.BLOCKED, Status.CANCELED}
)
"""Once here, an outbound message's text is needed no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessage:
    """
    What an agent asks for. Exactly one of `to` and `to_agent_id` is set.

    Attributes:
        send_at: Not before then; aware.
        valid_for_s: For how many seconds from then (or from now) it may be tried.
        batch_id: The batch it is part of: it is queued, and the answer waits for nothing.
        message_class: What it is for; None: as its agent's setting has it.
        duplicate_of: The message that it says once more, to somebody else.
    """

    channel: str
    content: Content
    to: str | None = None
    to_agent_id: str | None = None
    reply_to: str | None = None
    idempotency_key: str | None = None
    send_at: datetime | None = None
    valid_for_s: int | None = None
    batch_id: str | None = None
    message_class: MessageClass | None = None
    duplicate_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """
    One message as it stands; its text and the URLs of its media are elsewhere (`body_state`).

    Attributes:
        cost_micros: Micro-units of `currency`; an estimate until `cost_final`.
        error_code, rule, reason, retry_after_s: Why it failed or was blocked, if it was.
        provider_code: The provider's own code of the failure.
        reply_to: The message it answers.
        acknowledged_at: When its agent was done with an inbound message.
        attempts: How many attempts at it have begun.
        due_at: Of a queued one: when its next attempt begins, at the earliest.
        deadline_at: No attempt begins after it.
        batch_id: The batch it is part of.
        flag: Why a person should look at it, if one should.
        content_form: How its content is written down.
        ref: What it is called on its channel: of a mail its Message-ID, with brackets; of what was
            recorded in a call, the provider's id of that.
        thread: The first message of the thread it is in, on channels that have such.
        automatic: Of an inbound one, that it is no reply: a program wrote it by itself, or there is
            nothing in it to answer. Of an outbound one, that it answers such a one.
        vendor_ref: What it is called there by its provider, where that puts a name of its own in
            the place of `ref`.
        follows: Of an inbound one: what those before it are called, oldest first, one a line.
        copies: Who else has it: the pseudonyms of their addresses, with blanks between them.
        simulated: Its agent was simulated when the hub took it: it never leaves the hub.
        hops: Where it stands in a chain of answers between programs; 0: in none.
        message_class: What it is for, if its caller or its agent's setting says so.
        duplicated: It is told once more to somebody else, as soon as its provider has it.
        duplicate_of: The message that it says once more.
    """

    id: str
    created_at: datetime
    agent_id: str
    channel: str
    direction: Direction
    from_address: str
    to_address: str
    body_state: BodyState
    connection: str
    provider: str
    external_id: str | None
    status: Status
    segments: int | None
    cost_micros: int | None
    currency: str | None
    cost_final: bool
    error_code: str | None
    rule: str | None
    reason: str | None
    retry_after_s: float | None
    reply_to: str | None
    acknowledged_at: datetime | None
    media_count: int
    attempts: int = 0
    due_at: datetime | None = None
    deadline_at: datetime | None = None
    batch_id: str | None = None
    flag: Flag | None = None
    provider_code: str | None = None
    content_form: Form = Form.PLAIN
    ref: str | None = None
    thread: str | None = None
    automatic: bool = False
    vendor_ref: str | None = None
    follows: str | None = None
    copies: str | None = None
    simulated: bool = False
    hops: int = 0
    message_class: MessageClass | None = None
    duplicated: bool = False
    duplicate_of: str | None = None

    @property
    def contact(self) -> str:
        """The address at the other end."""
        inbound = self.direction is Direction.INBOUND
        return self.from_address if inbound else self.to_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a status rests on: where it was learnt, and from which stored event."""

    source: Source
    event_id: str | None = None
    vendor_status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One entry of a message's history. `moved` is False for evidence that changed nothing."""

    status: str
    at: datetime
    source: Source
    event_id: str | None
    moved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEntry:
    """
    One attempt at a message.

    Attributes:
        state: sending, sent, failed or unknown.
        connection: The one it was made over.
        external_id, provider_code: The provider's id of the message, and its code of an error.
    """

    number: int
    state: str
    connection: str
    begun_at: datetime
    finished_at: datetime | None
    external_id: str | None
    provider_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """
    What came with a message, as its reader sees it.

    Attributes:
        id: The handle of a medium.
        state: Of the medium: pending, stored, failed or gone.
        reason: Why it failed, or is not there yet.
    """

    id: str
    state: str
    name: str | None
    content_type: str | None
    length: int | None
    duration_ms: int | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadableMessage:
    """A message with what it says, or with None once that is shredded, and its files."""

    message: Message
    content: Content | None
    files: tuple[File, ...] = ()
