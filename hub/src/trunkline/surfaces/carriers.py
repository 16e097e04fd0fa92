"""The operator's operations on what carriers know of the business, and of what it sends."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from trunkline.core.hub import Hub
from trunkline.core.principal import Principal
from trunkline.core.provisioning.models import Row, Step
from trunkline.sdk import RegistrationKind
from trunkline.surfaces.operations import Annotations, AnyOperation, of_operator
from trunkline.surfaces.operator_shapes import NoArguments
from trunkline.surfaces.shapes import Arguments, Line, Result, Text, Time

_Facts = Annotated[dict[Line, Text], Field(min_length=1, max_length=40)]


class CarriersArguments(Arguments):
    """What shall be registered."""

    kind: Literal["brand", "campaign"]
    facts: _Facts = Field(description="The provider's own fields, as its adapter documents them.")
    connection: Line | None = Field(
        default=None, description="The account; without it the one of slot telephony."
    )


class CarrierShape(Result):
    """One registration."""

    id: str
    kind: str
    connection: str
    provider_id: str | None
    status: str
    vendor_status: str | None
    reason: str | None
    updated_at: Time | None


class CarriersShape(Result):
    """All of them."""

    registrations: list[CarrierShape]


async def _register(hub: Hub, by: Principal, _: str, given: CarriersArguments) -> CarrierShape:
    kind = RegistrationKind(given.kind)
    return _shape(await hub.registering.register(by, kind, given.connection, given.facts))


async def _list(hub: Hub, by: Principal, _: str, given: NoArguments) -> CarriersShape:
    return CarriersShape(registrations=[_shape(each) for each in await hub.registering.shown(by)])


def _shape(row: Row) -> CarrierShape:
    at: datetime | None = row.updated_at
    status = "failed" if row.step is Step.FAILED else "in_progress"
    if row.step is Step.ASSIGNED and row.readiness is not None:
        status = row.readiness.value
    return CarrierShape(
        id=row.id,
        kind=row.part.value,
        connection=row.connection,
        provider_id=row.provider_id,
        status=status,
        vendor_status=row.vendor_status,
        reason=row.reason,
        updated_at=at,
    )


CARRIERS: tuple[AnyOperation, ...] = (
    of_operator(
        "carriers_register",
        "Register with carriers",
        CarriersArguments,
        _register,
        CarrierShape,
        Annotations(read_only=False, open_world=True, idempotent=True),
    ),
    of_operator(
        "carriers_list",
        "List registrations with carriers",
        NoArguments,
        _list,
        CarriersShape,
        Annotations(read_only=True, idempotent=True),
    ),
)
