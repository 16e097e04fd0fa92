"""The operator's operations on the subscriptions of hosts."""

from trunkline.core.forwarding.destinations import shown
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal
from trunkline.core.subscriptions.models import Standing
from trunkline.surfaces.operations import Annotations, AnyOperation, of_operator
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
    of_operator(
        "subscriptions_list",
        "List subscriptions",
        SubscriptionsArguments,
        _list,
        SubscriptionsShape,
        Annotations(read_only=True, idempotent=True),
    ),
    of_operator(
        "subscriptions_end",
        "End a subscription",
        SubscriptionArguments,
        _end,
        EndedShape,
        Annotations(read_only=False, destructive=True),
    ),
)
