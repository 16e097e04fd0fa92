"""What a duplicate of a message is, and where an agent's go."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from trunkline.core.addresses import is_same
from trunkline.core.agents.models import Agent, is_url
from trunkline.core.messages.content import Content
from trunkline.core.messages.models import Channel, Direction, Message


class Way(StrEnum):
    """How a duplicate travels; the first two are messages of their own, on that channel."""

    SMS = "sms"
    EMAIL = "email"
    URL = "url"


class DuplicateState(StrEnum):
    """How far a duplicate got."""

    WAITING = "waiting"
    UNDER_WAY = "under_way"
    DONE = "done"
    """The URL took it, or there is a message, which tells by itself what became of it."""

    FAILED = "failed"
    """It was given up; `reason` says why."""

    SIMULATED = "simulated"
    """Its agent is simulated, and no URL is told of that."""


OPEN: Final = frozenset({DuplicateState.WAITING, DuplicateState.UNDER_WAY})
"""Here something is still to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """
    A message of an agent's that is told to somebody else as well.

    Attributes:
        message_id: What it is a duplicate of.
        to: A number, an e-mail address or a URL.
        tries: How often it was begun.
        reason: Why the last try failed.
        deadline_at: No try is made after it.
    """

    id: str
    created_at: datetime
    agent_id: str
    message_id: str
    way: Way
    to: str
    state: DuplicateState
    tries: int
    reason: str | None
    deadline_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A duplicate with the message that it became, if it did."""

    duplicate: Duplicate
    message: Message | None


def destination(agent: Agent, message: Message, content: Content | None) -> tuple[Way, str] | None:
    """
    Return where a message of an agent's goes as well, or None.

    A duplicate has none, and nobody gets what they wrote or what goes to them anyway.
    """
    if message.duplicate_of is not None:
        return None
    if message.channel == Channel.SMS and agent.sms_mirror_to is not None:
        to = agent.sms_mirror_to
        if is_url(to):
            return Way.URL, to
        return None if is_same(to, message.contact) else (Way.SMS, to)
    if message.channel == Channel.EMAIL and agent.email_bcc_to is not None:
        to = agent.email_bcc_to
        others = (*content.cc, *content.bcc) if content else ()
        is_theirs = any(is_same(to, each) for each in (message.to_address, *others))
        if message.direction is Direction.OUTBOUND and not is_theirs:
            return Way.EMAIL, to
    return None
