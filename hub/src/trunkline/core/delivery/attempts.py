"""An attempt at a message, from the transaction that begins it to the one that ends it."""

import uuid
from dataclasses import dataclass

from trunkline.core.connections.registry import AnySpec, Connection
from trunkline.core.messages.content import Content
from trunkline.core.messages.models import Message
from trunkline.sdk import KeyForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A message goes over another connection than `before`, and why."""

    before: str
    why: str

    def sentence(self, after: str) -> str:
        """Return what the receipt says."""
        return f"Sent by '{after}', not by '{self.before}': {self.why}"[:300]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """
    A message with its stored attempt, ready to be handed over.

    Attributes:
        number: 1, 2, …
        begun_s: When the transaction that stored it began, by the monotonic clock.
        resend: An earlier attempt's outcome is unknown, and the provider drops what it has already.
        others: The connections that may take the message if this one surely has not.
        awaits: A connection that comes before this one may take it once a passing trouble is over.
        switch: Set if it was another connection's before.
        references: What the messages before it are called on its channel, oldest first.
    """

    id: str
    workspace_id: str
    message: Message
    content: Content
    connection: Connection
    number: int
    begun_s: float
    resend: bool = False
    others: tuple[Connection, ...] = ()
    awaits: bool = False
    switch: Switch | None = None
    references: tuple[str, ...] = ()


def key_of(message_id: str, spec: AnySpec) -> str:
    """Return the idempotency key of every attempt at a message, as its provider wants it."""
    if spec.idempotency is not None and spec.idempotency.form is KeyForm.UUID:
        return str(uuid.UUID(hex=message_id.rpartition("_")[2]))
    return message_id
