"""What goes over the socket: arguments and results of the operator's operations."""

from typing import Annotated

from pydantic import Field

from trunkline.core.agents.models import Mode
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


class SuspendArguments(AgentArguments):
    """An agent, and why it may not act."""

    reason: Line | None = None


class ModeArguments(Arguments):
    """An agent, and whether it is simulated."""

    id: Line
    mode: Annotated[Mode, Field(strict=False)]


class SecretArguments(AgentArguments):
    """An agent, and whether its secret is replaced."""

    rotate: bool = False
    overlap_s: int = 86_400


class AgentValues(Arguments):
    """An agent and values for it; null clears one."""

    id: Line
    values: dict[str, Line | None] = Field(default_factory=dict)


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
    greeting: str | None = optional("What callers hear.")
    suspended_at: Time | None = optional("Since when it may not act.")
    suspended_reason: str | None = optional("Why it may not.")
    provisioned_at: Time
    mode: str | None = optional("live or simulated; left out: as [agents] mode has it.")
    mode_by: str | None = optional("The token that set it, or local: the operator.")
    mode_at: Time | None = optional()
    sms_mirror_to: str | None = optional("Who is told of its texts as well.")
    email_bcc_to: str | None = optional("Who gets a copy of its mails.")


class AgentsShape(Result):
    """Every agent."""

    agents: list[AgentShape]


class PooledArguments(Arguments):
    """A sender of the pool: its number, or its id where it has none."""

    number: Line


class PooledShape(Result):
    """A WhatsApp sender that waits for an agent, or was given to one from the pool."""

    id: str
    phone_number: str | None
    sender_sid: str | None
    status: str = Field(
        description="preparing, pending_review, active, rejected, failed, returning or assigned."
    )
    agent_id: str | None = optional("Whose it is.")
    monthly_price: float | None = optional("Of its number, while that is the pool's.")
    currency: str | None = optional()
    reason: str | None = optional("Why it is not active, and what to do.")


class WhatsAppPoolShape(Result):
    """The pool of WhatsApp senders."""

    size: int
    states: dict[str, int]
    monthly_price: dict[str, float] = Field(description="Of all its numbers, by currency.")
    reason: str | None = optional("Why nothing is bought for it.")
    senders: list[PooledShape]


class PoolShape(Result):
    """The pool of agent slots, and that of WhatsApp senders if there is one."""

    size: int
    used: int
    whatsapp: WhatsAppPoolShape | None = optional()


class KeptShape(Result):
    """What is kept from now on."""

    agent_id: str
    channel: str
    days: int


class WebhookSecretShape(Result):
    """What an agent's forwards are signed with."""

    agent_id: str
    secret: str
    overlap_until: Time | None = optional("Until when the one before signs too.")


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
