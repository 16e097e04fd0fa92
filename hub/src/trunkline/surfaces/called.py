"""The operator's operations on calls, and what an agent is told of one."""

from trunkline.core.hub import Hub
from trunkline.core.principal import Principal
from trunkline.surfaces.call_shapes import (
    CallArguments,
    CallsArguments,
    CallsShape,
    TracedCallShape,
    call_shape,
    history_of,
    traced_call_shape,
)
from trunkline.surfaces.operations import Annotations, AnyOperation, of_operator
from trunkline.surfaces.shapes import GetStatusResult

_READS = Annotations(read_only=True, idempotent=True)


async def call_status(
    hub: Hub, principal: Principal, agent_id: str, call_id: str
) -> GetStatusResult:
    """Tell how far a call got, and what that rests on."""
    traced = await hub.calls.trace(principal, agent_id, call_id)
    shape = call_shape(traced.call)
    return GetStatusResult(
        id=shape.id,
        kind="call",
        status=shape.status,
        history=history_of(traced),
        cost=shape.cost,
        currency=shape.currency,
        cost_final=shape.cost is not None,
        reason=shape.reason,
        call=shape.model_dump(mode="json"),
    )


async def _calls_list(hub: Hub, by: Principal, _: str, given: CallsArguments) -> CallsShape:
    page = await hub.calls.page(by, None, given.limit)
    return CallsShape(calls=[call_shape(call) for call in page.calls])


async def _calls_show(hub: Hub, by: Principal, _: str, given: CallArguments) -> TracedCallShape:
    return traced_call_shape(await hub.calls.trace(by, None, given.id))


CALLED: tuple[AnyOperation, ...] = (
    of_operator("calls_list", "List calls", CallsArguments, _calls_list, CallsShape, _READS),
    of_operator("calls_show", "Show a call", CallArguments, _calls_show, TracedCallShape, _READS),
)
