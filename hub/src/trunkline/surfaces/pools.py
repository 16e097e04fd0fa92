"""The operator's operations on pools: of slots for agents, of WhatsApp senders for them."""

from collections import Counter

from trunkline.core.agents.models import Pool
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal
from trunkline.core.provisioning.pool import PooledShown
from trunkline.sdk import major_units
from trunkline.surfaces.operations import Annotations, AnyOperation, of_operator
from trunkline.surfaces.operator_shapes import (
    NoArguments,
    PoolArguments,
    PooledArguments,
    PooledShape,
    PoolShape,
    WhatsAppPoolShape,
)
from trunkline.surfaces.shapes import money


async def _pool_show(hub: Hub, by: Principal, _: str, given: NoArguments) -> PoolShape:
    return await _shown(hub, by, await hub.agents.pool(by))


async def _pool_grow(hub: Hub, by: Principal, _: str, given: PoolArguments) -> PoolShape:
    return await _shown(hub, by, await hub.agents.grow_pool(by, given.size))


async def _pool_give_back(hub: Hub, by: Principal, _: str, given: PooledArguments) -> PoolShape:
    await hub.provisioning.pool.give_back(by, given.number)
    return await _shown(hub, by, await hub.agents.pool(by))


async def _shown(hub: Hub, by: Principal, pool: Pool) -> PoolShape:
    waiting, sources = hub.provisioning.pool, hub.provisioning.pool.sources
    found = await waiting.shown(by)
    if not (found or sources.size):
        return PoolShape(size=pool.size, used=pool.used)
    paid: Counter[str] = Counter()
    for each in found:
        if each.monthly_micros is not None:
            paid[each.currency or "?"] += each.monthly_micros
    return PoolShape(
        size=pool.size,
        used=pool.used,
        whatsapp=WhatsAppPoolShape(
            size=sources.size,
            states=dict(Counter(each.pooled.status.value for each in found)),
            monthly_price={each: major_units(micros) for each, micros in paid.items()},
            reason=sources.why_blocked(),
            senders=[_pooled(each) for each in found],
        ),
    )


def _pooled(shown: PooledShown) -> PooledShape:
    pooled = shown.pooled
    return PooledShape(
        id=pooled.id,
        phone_number=pooled.phone_number,
        sender_sid=pooled.sender_sid,
        status=pooled.status.value,
        agent_id=pooled.assigned_to_agent,
        monthly_price=money(shown.monthly_micros),
        currency=shown.currency,
        reason=shown.reason,
    )


_READS = Annotations(read_only=True, idempotent=True)
_CHANGES = Annotations(read_only=False)
_GIVES_BACK = Annotations(read_only=False, destructive=True, open_world=True)

POOLS: tuple[AnyOperation, ...] = (
    of_operator("pool_show", "Show the pools", NoArguments, _pool_show, PoolShape, _READS),
    of_operator("pool_grow", "Grow the pool", PoolArguments, _pool_grow, PoolShape, _CHANGES),
    of_operator(
        "pool_give_back",
        "Give a sender back",
        PooledArguments,
        _pool_give_back,
        PoolShape,
        _GIVES_BACK,
    ),
)
