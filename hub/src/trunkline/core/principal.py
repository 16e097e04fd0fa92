"""Who calls: what a token or a local command proves."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DEFAULT_WORKSPACE: Final = "default"


class Scope(StrEnum):
    """What a principal may do."""

    AGENT = "agent"
    """Act as the one agent the token is bound to."""

    ADMIN = "admin"
    """Act as any agent that it names."""

    LOCAL = "local"
    """Administer the hub: whoever may open its data directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """
    The proven caller.

    Attributes:
        agent_id: Of an agent's token only.
        kid: Which token proved it, if that can be revoked.
    """

    scope: Scope
    agent_id: str | None = None
    workspace_id: str = DEFAULT_WORKSPACE
    kid: str | None = None
