"""What an agent and a token are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from trunkline.core.principal import Grant, Principal, Role, Scope
from trunkline.sdk import E164, MessageClass

AGENT_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
SHARED_ADDRESSES: Final[Mapping[str, str]] = {"voice": "sms"}
"""Channels that use the addresses of another: one calls from the number that one texts from."""

RESERVED_AGENT_IDS: Final = frozenset({"connections"})
"""Ids that would be mistaken for another webhook route."""


COPIED_TO: Final[Mapping[str, str]] = {"sms_mirror_to": "sms", "email_bcc_to": "email"}
"""What says who is told of an agent's messages as well, and of which channel."""


def is_url(to: str) -> bool:
    """Tell whether texts are mirrored to a URL rather than to a number."""
    return "://" in to


class AgentStatus(StrEnum):
    """Whether an agent may act."""

    ACTIVE = "active"
    SUSPENDED = "suspended"

    DEPROVISIONED = "deprovisioned"
    """It has no channels, no token and no slot; provisioning it anew brings it back."""


@dataclass(frozen=True, slots=True)
class Unready:
    """Why an address may not be used yet: ``pending``, ``missing`` or ``rejected``."""

    status: str
    reason: str | None


class Mode(StrEnum):
    """Whether what an agent does leaves the hub."""

    LIVE = "live"
    SIMULATED = "simulated"


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
        greeting: What callers hear, as text; None: a tone alone.
        greeting_media: The handle of its sound, once it was spoken.
        suspended_at, suspended_reason: Since when it may not act, and why.
        mode: Its own; None: that of the settings.
        mode_by, mode_at: Who set it, and when.
        unready: Why addresses may not be used yet, by channel.
        message_class: What its acts are for, where they do not say so themselves.
        hold: What of it a person looks at first, as an operator wrote it; None: as the settings
            have it, and an empty one: nothing.
        sms_mirror_to: The number or the URL that is told of its texts as well.
        email_bcc_to: Who gets a copy of the mails that it sends.
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
    greeting: str | None = None
    greeting_media: str | None = None
    suspended_at: datetime | None = None
    suspended_reason: str | None = None
    mode: Mode | None = None
    mode_by: str | None = None
    mode_at: datetime | None = None
    unready: Mapping[str, Unready] = field(default_factory=dict)
    message_class: MessageClass | None = None
    hold: str | None = None
    sms_mirror_to: str | None = None
    email_bcc_to: str | None = None

    @property
    def phone(self) -> E164 | None:
        """Its number for texts and calls, or None."""
        number = self.addresses.get("sms")
        return None if number is None else E164(number)

    def address(self, channel: str) -> str | None:
        """Return what people write to on a channel, or None."""
        return self.addresses.get(SHARED_ADDRESSES.get(channel, channel))

    def unready_for(self, channel: str) -> Unready | None:
        """
        Return why its address of a channel may not be used yet, or None.

        A number that carriers take no texts from can call all the same.
        """
        return self.unready.get(channel)

    def connection_for(self, kind: str) -> str | None:
        """Return the connection that overrides the slot of a kind, or None."""
        return self.connections.get(kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """
    A token without its secret, which nobody can show again.

    Attributes:
        role: Of an admin's; one from before there were roles has the first.
    """

    kid: str
    scope: Scope
    agent_id: str | None
    role: Role | None
    grant: Grant
    issued_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    created_by: str

    @property
    def lasts(self) -> timedelta | None:
        """For how long it was issued."""
        return None if self.expires_at is None else self.expires_at - self.issued_at

    def is_living(self, now: datetime) -> bool:
        """Tell whether it is good."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredToken:
    """What a token is checked by: its keyed hash, whom it stands for, and whether it is revoked."""

    kid: str
    hash: bytes
    principal: Principal
    is_revoked: bool

    def is_living(self, now: datetime) -> bool:
        """Tell whether it is good."""
        expires_at = self.principal.expires_at
        return not self.is_revoked and (expires_at is None or now < expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A new token with its secret, to be shown once."""

    token: str
    kid: str
    agent_id: str | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """How many agent slots there are, and how many are taken."""

    size: int
    used: int
