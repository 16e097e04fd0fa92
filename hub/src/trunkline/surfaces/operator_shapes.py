"""What goes over the socket: arguments and results of the operator's operations."""

from typing import Annotated

from pydantic import Field

from trunkline.core.forwarding.models import ForwardState
from trunkline.surfaces.shapes import (
    Arguments,
    ChannelName,
    Line,
    Reference,
    Result,
    Time,
    optional,
)


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
    channel: ChannelName
    days: int


class ForwardsArguments(Arguments):
    """Which forwards to list."""

    state: Annotated[ForwardState, Field(strict=False)] | None = None
    limit: int = Field(default=50, ge=1, le=1000)


class ReplayArguments(Arguments):
    """A message, or nothing for everything that was given up."""

    id: Reference | None = None


class AgentShape(Result):
    """One agent."""

    agent_id: str
    status: str
    phone: str | None
    display_name: str | None
    country: str | None
    addresses: dict[str, str]
    connections: dict[str, str]
    callback_url: str | None
    settle_ms: int
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


class WebhookSecretShape(Result):
    """What an agent's forwards are signed with."""

    agent_id: str
    secret: str


class ForwardShape(Result):
    """A message on its way to a callback URL, because it came in or failed."""

    message_id: str
    agent_id: str
    state: ForwardState
    tries: int
    reason: str | None = optional("Why the last try failed.")
    created_at: Time
    finished_at: Time | None = optional("When it was delivered or given up.")


class ForwardsShape(Result):
    """Forwards, newest first."""

    forwards: list[ForwardShape]


class ReplayedShape(Result):
    """How many are forwarded anew."""

    replayed: int


class SubscriptionsArguments(Arguments):
    """How many to list."""

    limit: int = Field(default=50, ge=1, le=1000)


class SubscriptionArguments(Arguments):
    """One subscription."""

    id: Reference


class SubscriptionShape(Result):
    """A host's subscription."""

    subscription_id: str
    agent_id: str
    event: str
    channel: str | None = optional("Only this one.")
    status: str | None = optional("Only what came to this.")
    url: str
    kid: str
    created_at: Time
    expires_at: Time
    waiting: int
    reason: str | None = optional("Why the newest event that failed did.")


class SubscriptionsShape(Result):
    """Living subscriptions, newest first."""

    subscriptions: list[SubscriptionShape]


class EndedShape(Result):
    """What was ended."""

    subscription_id: str


class SuppressionsArguments(Arguments):
    """How many to list."""

    limit: int = Field(default=50, ge=1, le=1000)


class LiftArguments(Arguments):
    """The address that is written to again."""

    address: Line


class SuppressionShape(Result):
    """An address that nothing more is sent to."""

    address: str
    sender: str | None = optional("The only address of the hub's that is closed to it.")
    reason: str
    source: str
    closed_at: Time


class SuppressionsShape(Result):
    """Suppressions, newest first."""

    suppressions: list[SuppressionShape]


class LiftedShape(Result):
    """To how many of the hub's addresses it is open again."""

    lifted: int
