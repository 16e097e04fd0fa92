"""Who calls: what a token or a local command proves, and what it is good for."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, TypeAlias

DEFAULT_WORKSPACE: Final = "default"

Address: TypeAlias = IPv4Address | IPv6Address
"""Where a request comes from."""

_HERE: Final = IPv4Address("127.0.0.1")


class Scope(StrEnum):
    """What a principal may do."""

    AGENT = "agent"
    """Act as the one agent the token is bound to."""

    ADMIN = "admin"
    """Act as any agent that it names, and on the hub, as far as its role goes."""

    LOCAL = "local"
    """Administer the hub: whoever may open its data directory."""


class Role(StrEnum):
    """How far an admin token goes; each next one may do what those before it may."""

    VIEWER = "viewer"
    """Look at everything."""

    APPROVER = "approver"
    """Decide what waits for an approval, too."""

    OPERATOR = "operator"
    """Act as any agent and see to agents, too; not to who may do what, nor to credentials."""

    ADMIN = "admin"
    """Everything that a token may."""

    def reaches(self, least: "Role") -> bool:
        """Tell whether this role may do what needs another one at least."""
        order = list(Role)
        return order.index(self) >= order.index(least)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """
    What a token is narrowed down to, within what its scope may; by itself to nothing.

    Attributes:
        channels, operations: Those that it is for; None: all.
        networks: From where it may be used; none: from anywhere.
        read_only: It changes nothing and sends nothing.
        spend_per_day, spend_per_month: What it may spend, in micro-units; None: what its agent may.
    """

    channels: frozenset[str] | None = None
    operations: frozenset[str] | None = None
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    read_only: bool = False
    spend_per_day: int | None = None
    spend_per_month: int | None = None

    @property
    def is_capped(self) -> bool:
        """Whether what is spent with it is counted."""
        return self.spend_per_day is not None or self.spend_per_month is not None

    def covers(self, address: Address | None) -> bool:
        """Tell whether it is good at an address; who has none asks on this machine's own socket."""
        here = address or _HERE
        return not self.networks or any(here in network for network in self.networks)


WHOLE: Final = Grant()


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """
    The proven caller.

    Attributes:
        agent_id: Of an agent's token only.
        kid: Which token proved it, if that can be revoked.
        role: Of an admin's token.
        expires_at: When the token ends by itself, as far as was known when it proved this.
    """

    scope: Scope
    agent_id: str | None = None
    workspace_id: str = DEFAULT_WORKSPACE
    kid: str | None = None
    role: Role = Role.ADMIN
    grant: Grant = WHOLE
    expires_at: datetime | None = None

    def may_use(self, channel: str) -> bool:
        """Tell whether the token is for a channel."""
        return self.grant.channels is None or channel in self.grant.channels
