"""The operator's operations: the command line runs these, on the hub that is running or its own."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from trunkline.core.agents.models import Agent, IssuedToken, Pool, Token
from trunkline.core.forwarding.destinations import shown
from trunkline.core.forwarding.models import Forward
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal, Scope
from trunkline.surfaces.decisions import DECISIONS
from trunkline.surfaces.operations import Annotations, AnyOperation, Operation
from trunkline.surfaces.operator_shapes import (
    AgentArguments,
    AgentShape,
    AgentsShape,
    AgentValues,
    ForwardsArguments,
    ForwardShape,
    ForwardsShape,
    IssuedTokenShape,
    KeepArguments,
    KeptShape,
    NoArguments,
    PoolArguments,
    PoolShape,
    ReplayArguments,
    ReplayedShape,
    RevokeArguments,
    RevokedShape,
    TokenArguments,
    TokenShape,
    TokensShape,
    WebhookSecretShape,
)
from trunkline.surfaces.shapes import Arguments, Result
from trunkline.surfaces.subscribed import SUBSCRIBED
from trunkline.surfaces.templates import TEMPLATES
from trunkline.surfaces.upkeep import UPKEEP

A = TypeVar("A", bound=Arguments)
R = TypeVar("R", bound=Result)

_READS = Annotations(read_only=True, idempotent=True)
_CHANGES = Annotations(read_only=False)
_REVOKES = Annotations(read_only=False, destructive=True)


def _agent(agent: Agent) -> AgentShape:
    return AgentShape(
        agent_id=agent.id,
        status=agent.status.value,
        phone=agent.phone,
        display_name=agent.display_name,
        country=agent.country,
        addresses=dict(agent.addresses),
        connections=dict(agent.connections),
        callback_url=shown(agent.callback_url) if agent.callback_url else None,
        settle_ms=agent.settle_ms,
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


def _forward(forward: Forward) -> ForwardShape:
    return ForwardShape(
        message_id=forward.message_id,
        agent_id=forward.agent_id,
        state=forward.state,
        tries=forward.tries,
        reason=forward.reason,
        created_at=forward.created_at,
        finished_at=forward.finished_at,
    )


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


async def _webhook_secret(
    hub: Hub, by: Principal, _: str, given: AgentArguments
) -> WebhookSecretShape:
    secret = await hub.forwarding.secret(by, given.id)
    return WebhookSecretShape(agent_id=given.id, secret=secret)


async def _forwards_list(
    hub: Hub, by: Principal, _: str, given: ForwardsArguments
) -> ForwardsShape:
    found = await hub.forwarding.newest(by, given.state, given.limit)
    return ForwardsShape(forwards=[_forward(forward) for forward in found])


async def _forwards_replay(
    hub: Hub, by: Principal, _: str, given: ReplayArguments
) -> ReplayedShape:
    if given.id is None:
        return ReplayedShape(replayed=await hub.forwarding.replay_dead(by))
    await hub.forwarding.replay(by, given.id)
    return ReplayedShape(replayed=1)


def _operation(
    name: str,
    title: str,
    description: str,
    arguments: type[A],
    run: Callable[[Hub, Principal, str, A], Awaitable[R]],
    result: type[R],
    annotations: Annotations = _CHANGES,
) -> AnyOperation:
    return Operation(
        name=name,
        title=title,
        description=description,
        scope=Scope.LOCAL,
        annotations=annotations,
        arguments=arguments,
        result=result,
        run=run,
    )


LOCAL_OPERATIONS: tuple[AnyOperation, ...] = (
    _operation(
        "agents_create",
        "Create an agent",
        "Create an agent in a free slot of the pool.",
        AgentValues,
        _agents_create,
        AgentShape,
    ),
    _operation(
        "agents_set",
        "Change an agent",
        "Set values of an agent.",
        AgentValues,
        _agents_set,
        AgentShape,
    ),
    _operation(
        "agents_show",
        "Show an agent",
        "Show one agent.",
        AgentArguments,
        _agents_show,
        AgentShape,
        _READS,
    ),
    _operation(
        "agents_suspend",
        "Suspend an agent",
        "Stop an agent from acting; it keeps its number and still receives.",
        AgentArguments,
        _agents_suspend,
        AgentShape,
    ),
    _operation(
        "agents_resume",
        "Resume an agent",
        "Let a suspended agent act again.",
        AgentArguments,
        _agents_resume,
        AgentShape,
    ),
    _operation(
        "agents_list",
        "List agents",
        "List every agent.",
        NoArguments,
        _agents_list,
        AgentsShape,
        _READS,
    ),
    _operation(
        "agents_webhook_secret",
        "Show an agent's webhook secret",
        "Show what the messages that are forwarded to an agent's callback URL are signed with.",
        AgentArguments,
        _webhook_secret,
        WebhookSecretShape,
        _READS,
    ),
    _operation(
        "forwards_list",
        "List forwards",
        "List what is on its way to callback URLs, newest first.",
        ForwardsArguments,
        _forwards_list,
        ForwardsShape,
        _READS,
    ),
    _operation(
        "forwards_replay",
        "Replay forwards",
        "Forward a message anew, or everything that was given up.",
        ReplayArguments,
        _forwards_replay,
        ReplayedShape,
    ),
    _operation(
        "tokens_issue",
        "Issue a token",
        "Issue a token for an agent, or an admin token.",
        TokenArguments,
        _tokens_issue,
        IssuedTokenShape,
    ),
    _operation(
        "tokens_rotate",
        "Rotate an agent's token",
        "Revoke an agent's tokens and issue a new one.",
        AgentArguments,
        _tokens_rotate,
        IssuedTokenShape,
        _REVOKES,
    ),
    _operation(
        "tokens_revoke",
        "Revoke tokens",
        "Revoke one token by its kid, or every token of an agent.",
        RevokeArguments,
        _tokens_revoke,
        RevokedShape,
        _REVOKES,
    ),
    _operation(
        "tokens_list",
        "List tokens",
        "List every token, without secrets.",
        NoArguments,
        _tokens_list,
        TokensShape,
        _READS,
    ),
    _operation(
        "pool_show",
        "Show the pool",
        "Show how many agent slots there are and how many are taken.",
        NoArguments,
        _pool_show,
        PoolShape,
        _READS,
    ),
    _operation(
        "pool_grow",
        "Grow the pool",
        "Set the number of agent slots; it never shrinks.",
        PoolArguments,
        _pool_grow,
        PoolShape,
    ),
    _operation(
        "privacy_keep",
        "Keep texts",
        "Keep the texts of an agent and channel, encrypted, for some days; 0 for none.",
        KeepArguments,
        _privacy_keep,
        KeptShape,
    ),
    *DECISIONS,
    *SUBSCRIBED,
    *TEMPLATES,
    *UPKEEP,
)
