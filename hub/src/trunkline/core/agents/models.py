"""What an agent and a token are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from trunkline.core.principal import Principal, Scope
from trunkline.sdk import E164

AGENT_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
RESERVED_AGENT_IDS: Final = frozenset({"connections"})
"""Ids that would be mistaken for another webhook route."""


class AgentStatus(StrEnum):
    """Whether an agent may act."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """
    One agent and its channels.

    Attributes:
        id: The caller's own word for it.
        addresses: What people write to, by channel; its number for texts is that for calls.
        country: ISO 3166 region in which national numbers are read; from the phone if not set.
        connections: The connections that serve it instead of the slots', by kind.
        callback_url: Where inbound messages are forwarded to, or None.
        settle_ms: For so long after a message subscribers wait for more of the same person's; 0:
            each is an event at once.
    """

    id: str
    display_name: str | None
    addresses: Mapping[str, str]
    country: str | None
    connections: Mapping[str, str]
    callback_url: str | None
    status: AgentStatus
    provisioned_at: datetime
    settle_ms: int = 0

    @property
    def phone(self) -> E164 | None:
        """Its number for texts and calls, or None."""
        number = self.addresses.get("sms")
        return None if number is None else E164(number)

    def address(self, channel: str) -> str | None:
        """Return what people write to on a channel, or None."""
        return self.addresses.get(channel)

    def connection_for(self, kind: str) -> str | None:
        """Return the connection that overrides the slot of a kind, or None."""
        return self.connections.get(kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token without its secret, which nobody can show again."""

    kid: str
    scope: Scope
    agent_id: str | None
    issued_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LivingToken:
    """What a token that was not revoked is checked by: its keyed hash, and whom it stands for."""

    hash: bytes
    principal: Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A new token with its secret, to be shown once."""

    token: str
    kid: str
    agent_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """How many agent slots there are, and how many are taken."""

    size: int
    used: int
