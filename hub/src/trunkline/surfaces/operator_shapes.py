"""What goes over the socket: arguments and results of the operator's operations."""

from typing import Literal

from pydantic import Field

from trunkline.surfaces.shapes import Arguments, Line, Result, Time, optional


class NoArguments(Arguments):
    """Nothing."""


class AgentArguments(Arguments):
    """One agent."""

    id: Line


class AgentValues(Arguments):
    """An agent and values for it; null clears one."""

    id: Line
    values: dict[str, Line | None] = Field(default_factory=dict)


class TokenArguments(Arguments):
    """An agent, or nothing for an admin token."""

    id: Line | None = None


class RevokeArguments(Arguments):
    """A token's kid, or an agent's id for all of its tokens."""

    target: Line


class PoolArguments(Arguments):
    """A number of slots."""

    size: int


class KeepArguments(Arguments):
    """Which texts to keep, and for how long."""

    id: Line
    channel: Literal["sms", "whatsapp", "email", "chat"]
    days: int


class AgentShape(Result):
    """One agent."""

    agent_id: str
    status: str
    phone: str | None
    display_name: str | None
    country: str | None
    telephony: str | None
    callback_url: str | None
    provisioned_at: Time


class AgentsShape(Result):
    """Every agent."""

    agents: list[AgentShape]


class IssuedTokenShape(Result):
    """A new token; it is shown this once."""

    token: str
    kid: str
    agent_id: str | None


class TokenShape(Result):
    """A token without its secret."""

    kid: str
    scope: str
    agent_id: str | None
    issued_at: Time
    revoked_at: Time | None = optional("When it was revoked.")
    last_used_at: Time | None = optional("When it was used last, to the minute.")
    created_by: str


class TokensShape(Result):
    """Every token."""

    tokens: list[TokenShape]


class RevokedShape(Result):
    """How many tokens were revoked."""

    revoked: int


class PoolShape(Result):
    """The pool of agent slots."""

    size: int
    used: int


class KeptShape(Result):
    """What is kept from now on."""

    agent_id: str
    channel: str
    days: int
