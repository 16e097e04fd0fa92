"""The operator's operations on the subscriptions of hosts."""

from trunkline.core.forwarding.destinations import shown
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal, Scope
from trunkline.core.subscriptions.models import Standing
from trunkline.surfaces.operations import Annotations, AnyOperation, Operation
from trunkline.surfaces.operator_shapes import (
    EndedShape,
    SubscriptionArguments,
    SubscriptionsArguments,
    SubscriptionShape,
    SubscriptionsShape,
)


def _subscription(standing: Standing) -> SubscriptionShape:
    known = standing.subscription
    return SubscriptionShape(
        subscription_id=known.id,
        agent_id=known.wanted.agent_id,
        event=known.wanted.event.value,
        channel=known.wanted.channel,
        status=known.wanted.status,
        url=shown(known.wanted.url),
        kid=known.kid,
        created_at=known.created_at,
        expires_at=known.expires_at,
        waiting=standing.waiting,
        reason=standing.reason,
    )


async def _list(
    hub: Hub, by: Principal, _: str, given: SubscriptionsArguments
) -> SubscriptionsShape:
    found = await hub.subscriptions.newest(by, given.limit)
    return SubscriptionsShape(subscriptions=[_subscription(each) for each in found])


async def _end(hub: Hub, by: Principal, _: str, given: SubscriptionArguments) -> EndedShape:
    await hub.subscriptions.end(by, given.id)
    return EndedShape(subscription_id=given.id)


SUBSCRIBED: tuple[AnyOperation, ...] = (
    Operation(
        name="subscriptions_list",
        title="List subscriptions",
        description="List what MCP hosts have subscribed to, newest first.",
        scope=Scope.LOCAL,
        annotations=Annotations(read_only=True, idempotent=True),
        arguments=SubscriptionsArguments,
        result=SubscriptionsShape,
        run=_list,
    ),
    Operation(
        name="subscriptions_end",
        title="End a subscription",
        description="End one subscription, and give up what is on its way to it.",
        scope=Scope.LOCAL,
        annotations=Annotations(read_only=False, destructive=True),
        arguments=SubscriptionArguments,
        result=EndedShape,
        run=_end,
    ),
)
