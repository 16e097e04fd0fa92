"""The operator's operations on who gets nothing more."""

from trunkline.core.compliance.repository import Suppression
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal
from trunkline.surfaces.operations import Annotations, AnyOperation, of_operator
from trunkline.surfaces.operator_shapes import (
    LiftArguments,
    LiftedShape,
    SuppressionsArguments,
    SuppressionShape,
    SuppressionsShape,
)


def _suppression(found: Suppression) -> SuppressionShape:
    return SuppressionShape(
        address=found.address,
        sender=found.sender,
        reason=found.why.value,
        source=found.source.value,
        closed_at=found.closed_at,
    )


async def _list(hub: Hub, by: Principal, _: str, given: SuppressionsArguments) -> SuppressionsShape:
    found = await hub.suppressions.newest(by, given.limit)
    return SuppressionsShape(suppressions=[_suppression(each) for each in found])


async def _lift(hub: Hub, by: Principal, _: str, given: LiftArguments) -> LiftedShape:
    return LiftedShape(lifted=await hub.suppressions.lift(by, given.address))


SUPPRESSED: tuple[AnyOperation, ...] = (
    of_operator(
        "suppressions_list",
        "List suppressions",
        SuppressionsArguments,
        _list,
        SuppressionsShape,
        Annotations(read_only=True, idempotent=True),
    ),
    of_operator(
        "suppressions_lift",
        "Lift a suppression",
        LiftArguments,
        _lift,
        LiftedShape,
        Annotations(read_only=False),
    ),
)
