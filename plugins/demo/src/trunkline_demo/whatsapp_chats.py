"""One chat of WhatsApp on the simulated network: its messages, and its window."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from trunkline.sdk import Capability, Choice, DeliveryStatus, Template, shown_as

MAX_MESSAGES: Final = 500
"""Per chat."""
WINDOW: Final = timedelta(hours=24)
"""For so long after what a person wrote last an agent may write freely."""


class IsBlocked(Exception):
    """Whoever has blocked an agent cannot write to it."""


class NoSuchMessage(Exception):
    """There is no message of this id in the chat."""


class CannotPick(Exception):
    """It was not offered by this message, or something of it was picked already."""


@dataclass(slots=True, kw_only=True)
class ChatMessage:
    """
    One message of a chat, from either side.

    Attributes:
        status: Of an agent's its ticks; of a person's `DeliveryStatus.DELIVERED` once the hub has
            it, or failed, and `reason` says why.
        template: What it was made of, with `values`, if an agent sent it as one; `body` is what it
            says then.
        choices: What its recipient may tap, as buttons or as a list.
        picked: The id of the one that was.
        choice: Of what was tapped, its id; `body` is its label.
        reaction: The emoji that the person put on it.
        status_url: Where its ticks are reported to, or None.
    """

    id: str
    sender: str
    recipient: str
    body: str
    media_urls: tuple[str, ...] = ()
    written_at: datetime
    quoted_id: str | None = None
    template: Template | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    picked: str | None = None
    choice: str | None = None
    status: DeliveryStatus = DeliveryStatus.SENT
    reason: str | None = None
    reaction: str | None = None
    status_url: str | None = None

    @property
    def in_words(self) -> str:
        """What it says to somebody who cannot tap: a numbered line for each choice."""
        lines = (f"{number}. {each.label}" for number, each in enumerate(self.choices, start=1))
        return "\n".join((self.body, *lines))

    @property
    def has_buttons(self) -> bool:
        """Whether its choices are shown as buttons; else they are a list."""
        return shown_as(self.choices) is Capability.WHATSAPP_BUTTONS


@dataclass(slots=True, kw_only=True)
class Chat:
    """
    What a person and an agent wrote to one another, oldest first.

    `wrote_at` is when the person wrote last, by the network's clock; None if never.
    """

    person: str
    agent: str
    messages: deque[ChatMessage] = field(default_factory=lambda: deque(maxlen=MAX_MESSAGES))
    wrote_at: datetime | None = None
    is_blocked: bool = False

    @property
    def closes_at(self) -> datetime | None:
        """When the window closes, or closed; None if it never opened."""
        return None if self.wrote_at is None else self.wrote_at + WINDOW

    def is_open(self, now: datetime) -> bool:
        """Tell whether the agent may write freely."""
        return self.closes_at is not None and now < self.closes_at

    def find(self, message_id: str) -> ChatMessage:
        """Return a message; `NoSuchMessage` if there is none."""
        for message in self.messages:
            if message.id == message_id:
                return message
        raise NoSuchMessage
