"""The operator's operations: the command line runs these, on the hub that is running or its own."""

from trunkline.core.agents.models import Agent
from trunkline.core.forwarding.destinations import shown
from trunkline.core.forwarding.models import Forward
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal
from trunkline.surfaces.called import CALLED
from trunkline.surfaces.carriers import CARRIERS
from trunkline.surfaces.consenting import CONSENTING
from trunkline.surfaces.decisions import DECISIONS
from trunkline.surfaces.kept import KEPT
from trunkline.surfaces.limits import AGENTS_LIMITS
from trunkline.surfaces.operations import Annotations, AnyOperation, of_operator
from trunkline.surfaces.operator_shapes import (
    AgentArguments,
    AgentShape,
    AgentsShape,
    AgentValues,
    ForwardsArguments,
    ForwardShape,
    ForwardsShape,
    KeepArguments,
    KeptShape,
    ModeArguments,
    NoArguments,
    ReplayArguments,
    ReplayedShape,
    SecretArguments,
    SuspendArguments,
    WebhookSecretShape,
)
from trunkline.surfaces.pools import POOLS
from trunkline.surfaces.privacy import PRIVACY
from trunkline.surfaces.provisioned import OF_OPERATOR
from trunkline.surfaces.recorded import RECORDED
from trunkline.surfaces.registered import REGISTERED_OPERATIONS
from trunkline.surfaces.subscribed import SUBSCRIBED
from trunkline.surfaces.suppressed import SUPPRESSED
from trunkline.surfaces.templates import TEMPLATES
from trunkline.surfaces.token_operations import TOKENS
from trunkline.surfaces.upkeep import UPKEEP
from trunkline.surfaces.usage import USAGE

_READS = Annotations(read_only=True, idempotent=True)
_CHANGES = Annotations(read_only=False)


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
        greeting=agent.greeting,
        suspended_at=agent.suspended_at,
        suspended_reason=agent.suspended_reason,
        provisioned_at=agent.provisioned_at,
        mode=agent.mode.value if agent.mode else None,
        mode_by=agent.mode_by,
        mode_at=agent.mode_at,
        sms_mirror_to=shown(agent.sms_mirror_to) if agent.sms_mirror_to else None,
        email_bcc_to=agent.email_bcc_to,
    )


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


async def _agents_create(hub: Hub, by: Principal, _: str, given: AgentValues) -> AgentShape:
    return _agent(await hub.agents.create(by, given.id, given.values))


async def _agents_set(hub: Hub, by: Principal, _: str, given: AgentValues) -> AgentShape:
    return _agent(await hub.agents.change(by, given.id, given.values))


async def _agents_show(hub: Hub, by: Principal, _: str, given: AgentArguments) -> AgentShape:
    return _agent(await hub.agents.show(by, given.id))


async def _agents_suspend(hub: Hub, by: Principal, _: str, given: SuspendArguments) -> AgentShape:
    return _agent(await hub.agents.suspend(by, given.id, given.reason))


async def _agents_resume(hub: Hub, by: Principal, _: str, given: AgentArguments) -> AgentShape:
    return _agent(await hub.agents.resume(by, given.id))


async def _agents_mode(hub: Hub, by: Principal, _: str, given: ModeArguments) -> AgentShape:
    return _agent(await hub.agents.set_mode(by, given.id, given.mode))


async def _agents_list(hub: Hub, by: Principal, _: str, given: NoArguments) -> AgentsShape:
    return AgentsShape(agents=[_agent(agent) for agent in await hub.agents.list(by)])


async def _privacy_keep(hub: Hub, by: Principal, _: str, given: KeepArguments) -> KeptShape:
    await hub.privacy.keep(by, given.id, given.channel, given.days)
    return KeptShape(agent_id=given.id, channel=given.channel, days=given.days)


async def _webhook_secret(
    hub: Hub, by: Principal, _: str, given: SecretArguments
) -> WebhookSecretShape:
    overlap_s = given.overlap_s if given.rotate else None
    secret = await hub.forwarding.secret(by, given.id, overlap_s=overlap_s)
    return WebhookSecretShape(
        agent_id=given.id, secret=secret.text, overlap_until=secret.overlap_until
    )


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


LOCAL_OPERATIONS: tuple[AnyOperation, ...] = (
    of_operator(
        "agents_create", "Create an agent", AgentValues, _agents_create, AgentShape, _CHANGES
    ),
    of_operator("agents_set", "Change an agent", AgentValues, _agents_set, AgentShape, _CHANGES),
    of_operator("agents_show", "Show an agent", AgentArguments, _agents_show, AgentShape, _READS),
    of_operator(
        "agents_suspend",
        "Suspend an agent",
        SuspendArguments,
        _agents_suspend,
        AgentShape,
        _CHANGES,
    ),
    of_operator(
        "agents_resume", "Resume an agent", AgentArguments, _agents_resume, AgentShape, _CHANGES
    ),
    of_operator(
        "agents_mode",
        "Simulate an agent, or not",
        ModeArguments,
        _agents_mode,
        AgentShape,
        _CHANGES,
    ),
    of_operator("agents_list", "List agents", NoArguments, _agents_list, AgentsShape, _READS),
    of_operator(
        "agents_webhook_secret",
        "Show or rotate an agent's webhook secret",
        SecretArguments,
        _webhook_secret,
        WebhookSecretShape,
        _CHANGES,
    ),
    of_operator(
        "forwards_list", "List forwards", ForwardsArguments, _forwards_list, ForwardsShape, _READS
    ),
    of_operator(
        "forwards_replay",
        "Replay forwards",
        ReplayArguments,
        _forwards_replay,
        ReplayedShape,
        _CHANGES,
    ),
    *TOKENS,
    *POOLS,
    of_operator("privacy_keep", "Keep texts", KeepArguments, _privacy_keep, KeptShape, _CHANGES),
    *PRIVACY,
    *DECISIONS,
    AGENTS_LIMITS,
    *CALLED,
    *SUBSCRIBED,
    *OF_OPERATOR,
    *KEPT,
    *CARRIERS,
    *USAGE,
    *SUPPRESSED,
    *CONSENTING,
    *TEMPLATES,
    *UPKEEP,
    *RECORDED,
    *REGISTERED_OPERATIONS,
)
