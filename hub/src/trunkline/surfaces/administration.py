"""The operator's operations: the command line runs these, on the hub that is running or its own."""

from typing import Literal

from pydantic import Field

from trunkline.core.agents.models import Agent, IssuedToken, Pool, Token
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal, Scope
from trunkline.surfaces.operations import Annotations, AnyOperation, Operation
from trunkline.surfaces.shapes import Arguments, Line, Result, Time, optional

_READS = Annotations(read_only=True, idempotent=True)
_CHANGES = Annotations(read_only=False)
_REVOKES = Annotations(read_only=False, destructive=True)


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


def _agent(agent: Agent) -> AgentShape:
    return AgentShape(
        agent_id=agent.id,
        status=agent.status.value,
        phone=agent.phone,
        display_name=agent.display_name,
        country=agent.country,
        telephony=agent.telephony,
        callback_url=agent.callback_url,
        provisioned_at=agent.provisioned_at,
    )


def _token(token: Token) -> TokenShape:
    return TokenShape(
        kid=token.kid,
        scope=token.scope.value,
        agent_id=token.agent_id,
        issued_at=token.issued_at,
        revoked_at=token.revoked_at,
        last_used_at=token.last_used_at,
        created_by=token.created_by,
    )


def _issued(issued: IssuedToken) -> IssuedTokenShape:
    return IssuedTokenShape(token=issued.token, kid=issued.kid, agent_id=issued.agent_id)


def _pool(pool: Pool) -> PoolShape:
    return PoolShape(size=pool.size, used=pool.used)


async def _agents_create(hub: Hub, by: Principal, _: str, given: AgentValues) -> AgentShape:
    return _agent(await hub.agents.create(by, given.id, given.values))


async def _agents_set(hub: Hub, by: Principal, _: str, given: AgentValues) -> AgentShape:
    return _agent(await hub.agents.change(by, given.id, given.values))


async def _agents_show(hub: Hub, by: Principal, _: str, given: AgentArguments) -> AgentShape:
    return _agent(await hub.agents.show(by, given.id))


async def _agents_suspend(hub: Hub, by: Principal, _: str, given: AgentArguments) -> AgentShape:
    return _agent(await hub.agents.suspend(by, given.id))


async def _agents_resume(hub: Hub, by: Principal, _: str, given: AgentArguments) -> AgentShape:
    return _agent(await hub.agents.resume(by, given.id))


async def _agents_list(hub: Hub, by: Principal, _: str, given: NoArguments) -> AgentsShape:
    return AgentsShape(agents=[_agent(agent) for agent in await hub.agents.list(by)])


async def _tokens_issue(hub: Hub, by: Principal, _: str, given: TokenArguments) -> IssuedTokenShape:
    return _issued(await hub.tokens.issue(by, given.id))


async def _tokens_rotate(
    hub: Hub, by: Principal, _: str, given: AgentArguments
) -> IssuedTokenShape:
    return _issued(await hub.tokens.rotate(by, given.id))


async def _tokens_revoke(hub: Hub, by: Principal, _: str, given: RevokeArguments) -> RevokedShape:
    return RevokedShape(revoked=await hub.tokens.revoke(by, given.target))


async def _tokens_list(hub: Hub, by: Principal, _: str, given: NoArguments) -> TokensShape:
    return TokensShape(tokens=[_token(token) for token in await hub.tokens.list(by)])


async def _pool_show(hub: Hub, by: Principal, _: str, given: NoArguments) -> PoolShape:
    return _pool(await hub.agents.pool(by))


async def _pool_grow(hub: Hub, by: Principal, _: str, given: PoolArguments) -> PoolShape:
    return _pool(await hub.agents.grow_pool(by, given.size))


async def _privacy_keep(hub: Hub, by: Principal, _: str, given: KeepArguments) -> KeptShape:
    await hub.privacy.keep(by, given.id, given.channel, given.days)
    return KeptShape(agent_id=given.id, channel=given.channel, days=given.days)


LOCAL_OPERATIONS: tuple[AnyOperation, ...] = (
    Operation(
        name="agents_create",
        title="Create an agent",
        description="Create an agent in a free slot of the pool.",
        scope=Scope.LOCAL,
        annotations=_CHANGES,
        arguments=AgentValues,
        result=AgentShape,
        run=_agents_create,
    ),
    Operation(
        name="agents_set",
        title="Change an agent",
        description="Set values of an agent.",
        scope=Scope.LOCAL,
        annotations=_CHANGES,
        arguments=AgentValues,
        result=AgentShape,
        run=_agents_set,
    ),
    Operation(
        name="agents_show",
        title="Show an agent",
        description="Show one agent.",
        scope=Scope.LOCAL,
        annotations=_READS,
        arguments=AgentArguments,
        result=AgentShape,
        run=_agents_show,
    ),
    Operation(
        name="agents_suspend",
        title="Suspend an agent",
        description="Stop an agent from acting; it keeps its number and still receives.",
        scope=Scope.LOCAL,
        annotations=_CHANGES,
        arguments=AgentArguments,
        result=AgentShape,
        run=_agents_suspend,
    ),
    Operation(
        name="agents_resume",
        title="Resume an agent",
        description="Let a suspended agent act again.",
        scope=Scope.LOCAL,
        annotations=_CHANGES,
        arguments=AgentArguments,
        result=AgentShape,
        run=_agents_resume,
    ),
    Operation(
        name="agents_list",
        title="List agents",
        description="List every agent.",
        scope=Scope.LOCAL,
        annotations=_READS,
        arguments=NoArguments,
        result=AgentsShape,
        run=_agents_list,
    ),
    Operation(
        name="tokens_issue",
        title="Issue a token",
        description="Issue a token for an agent, or an admin token.",
        scope=Scope.LOCAL,
        annotations=_CHANGES,
        arguments=TokenArguments,
        result=IssuedTokenShape,
        run=_tokens_issue,
    ),
    Operation(
        name="tokens_rotate",
        title="Rotate an agent's token",
        description="Revoke an agent's tokens and issue a new one.",
        scope=Scope.LOCAL,
        annotations=_REVOKES,
        arguments=AgentArguments,
        result=IssuedTokenShape,
        run=_tokens_rotate,
    ),
    Operation(
        name="tokens_revoke",
        title="Revoke tokens",
        description="Revoke one token by its kid, or every token of an agent.",
        scope=Scope.LOCAL,
        annotations=_REVOKES,
        arguments=RevokeArguments,
        result=RevokedShape,
        run=_tokens_revoke,
    ),
    Operation(
        name="tokens_list",
        title="List tokens",
        description="List every token, without secrets.",
        scope=Scope.LOCAL,
        annotations=_READS,
        arguments=NoArguments,
        result=TokensShape,
        run=_tokens_list,
    ),
    Operation(
        name="pool_show",
        title="Show the pool",
        description="Show how many agent slots there are and how many are taken.",
        scope=Scope.LOCAL,
        annotations=_READS,
        arguments=NoArguments,
        result=PoolShape,
        run=_pool_show,
    ),
    Operation(
        name="pool_grow",
        title="Grow the pool",
        description="Set the number of agent slots; it never shrinks.",
        scope=Scope.LOCAL,
        annotations=_CHANGES,
        arguments=PoolArguments,
        result=PoolShape,
        run=_pool_grow,
    ),
    Operation(
        name="privacy_keep",
        title="Keep texts",
        description="Keep the texts of an agent and channel, encrypted, for some days; 0 for none.",
        scope=Scope.LOCAL,
        annotations=_CHANGES,
        arguments=KeepArguments,
        result=KeptShape,
        run=_privacy_keep,
    ),
)
