"""What a medium is: a handle, and what is known of it without reading it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from trunkline.core.messages.models import Direction


class MediumState(StrEnum):
    """Where the bytes of a medium are."""

    PENDING = "pending"
    """Announced by a provider; the hub is fetching them."""

    STORED = "stored"
    """In a storage, encrypted."""

    FAILED = "failed"
    """They could not be fetched and never will be: `reason` says why."""

    GONE = "gone"
    """Their time is over, or whoever was to read them is done: the key is destroyed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """
    A picture, a sound or a document that goes with a message.

    Attributes:
        message_id: The message that it belongs to; None for an agent's own, which may go with any
            of its messages.
        content_type: By its content, not by what somebody said; of a pending one, what they said.
        name: What a file of it is called, as its sender said.
        length: In bytes.
        sha256: Of its bytes, in hexadecimal digits.
        duration_ms: Of a sound, if that is known.
        reason: Why it failed, if it did.
        expires_at: It is gone then at the latest.
        position: Its place among those of its message, from 0.
        connection, object_key: The storage that has its bytes, and by what key.
        sealed, source: Ciphertext of what is secret or personal about it, and of where its provider
            has it.
    """

    id: str
    created_at: datetime
    agent_id: str
    message_id: str | None
    direction: Direction
    state: MediumState
    content_type: str | None
    name: str | None
    length: int | None
    sha256: str | None
    duration_ms: int | None
    reason: str | None
    expires_at: datetime
    position: int = 0
    tries: int = 0
    connection: str | None = None
    object_key: str | None = None
    sealed: bytes | None = field(default=None, repr=False)
    source: bytes | None = field(default=None, repr=False)
