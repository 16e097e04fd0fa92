"""The operator's operations on numbers and senders that are paid for and nobody's."""

from trunkline.core.hub import Hub
from trunkline.core.principal import Principal
from trunkline.core.provisioning.models import Row
from trunkline.surfaces.operations import Annotations, AnyOperation, of_operator
from trunkline.surfaces.shapes import Arguments, Line, Result, money


class KeptArguments(Arguments):
    """Nothing, or what shall be given back."""

    release: Line | None = None


class KeptShape(Result):
    """One number, or sender."""

    address: str
    channel: str
    connection: str
    country: str | None
    was_of: str
    monthly_price: float | None
    currency: str | None
    reason: str | None


class AllKeptShape(Result):
    """What is kept."""

    kept: list[KeptShape]


async def _kept(hub: Hub, by: Principal, _: str, given: KeptArguments) -> AllKeptShape:
    if given.release is not None:
        await hub.keeping.give_back(by, given.release)
    return AllKeptShape(kept=[_shape(each) for each in await hub.keeping.kept(by)])


def _shape(row: Row) -> KeptShape:
    return KeptShape(
        address=row.address or "",
        channel=row.part.value,
        connection=row.connection,
        country=row.country,
        was_of=row.agent_id,
        monthly_price=money(row.monthly_micros),
        currency=row.currency,
        reason=row.reason,
    )


KEPT: tuple[AnyOperation, ...] = (
    of_operator(
        "agents_kept",
        "Look at what is kept",
        KeptArguments,
        _kept,
        AllKeptShape,
        Annotations(read_only=False, destructive=True, open_world=True),
    ),
)
