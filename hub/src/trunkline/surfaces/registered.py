"""Accounts that are registered while the hub runs: what admins and the operator ask for."""

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from trunkline.core.connections.configuring import is_secret
from trunkline.core.credentials.models import Registration
from trunkline.core.credentials.service import Wanted
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal, Scope
from trunkline.sdk import major_units
from trunkline.surfaces.operations import Annotations, AnyOperation, Operation
from trunkline.surfaces.operator_shapes import NoArguments
from trunkline.surfaces.shapes import Arguments, Line, Result, Time, optional

_MOST_FIELDS: Final = 50
_Text = Annotated[str, StringConstraints(max_length=16_384)]
_Credentials = Annotated[
    dict[str, _Text | bool | int | float | None], Field(min_length=1, max_length=_MOST_FIELDS)
]


class RegisterArguments(Arguments):
    """An account to register."""

    provider: Line = Field(description="Such as twilio: one that an installed plugin offers.")
    credentials: _Credentials = Field(
        description="The fields of its adapter. null clears one; others stay as they are."
    )
    auto_verify: bool = Field(default=True, description="Ask the provider before it is stored.")
    connection: Line | None = Field(
        default=None, description="What the account is called; without it as its provider."
    )


class BillingShape(Result):
    """What the provider tells of the account."""

    plan: str | None
    balance: float | None
    currency: str | None


class RegisteredShape(Result):
    """What came of it."""

    provider: str
    status: Literal["active", "invalid_credentials", "pending_verification"]
    capabilities: list[str]
    billing_info: BillingShape | None = optional("Of an account that the provider knows.")
    connection: str
    reason: str


class SetArguments(Arguments):
    """Fields of an account."""

    connection: Line
    values: _Credentials
    provider: Line | None = None
    unverified: bool = False


class RemoveArguments(Arguments):
    """A registered account."""

    connection: Line


class RemovedShape(Result):
    """What is left of the connection."""

    connection: str
    stands: Literal["removed", "as the settings have it"]


class ProviderShape(Result):
    """A connection, and what was registered of it."""

    connection: str
    provider: str
    kinds: str
    state: str
    source: Literal["settings", "registered", "both"]
    status: str | None
    verified_at: Time | None
    fault: str | None
    shown: dict[str, str | None] = Field(description="What was registered; null is a secret.")


class ProvidersShape(Result):
    """Connections."""

    providers: list[ProviderShape]


def _registered(came: Registration) -> RegisteredShape:
    billing = None
    if came.account is not None:
        balance = came.account.balance_micros
        billing = BillingShape(
            plan=" ".join(came.account.notes) or None,
            balance=None if balance is None else float(major_units(balance)),
            currency=came.account.currency,
        )
    return RegisteredShape(
        provider=came.provider,
        status=came.status.value,
        capabilities=list(came.capabilities),
        billing_info=billing,
        connection=came.connection,
        reason=came.sentence,
    )


async def _register(hub: Hub, by: Principal, _: str, given: RegisterArguments) -> RegisteredShape:
    wanted = Wanted(
        connection=given.connection,
        provider=given.provider,
        values=given.credentials,
        verify=given.auto_verify,
    )
    return _registered(await hub.registrations.register(by, wanted))


async def _set(hub: Hub, by: Principal, _: str, given: SetArguments) -> RegisteredShape:
    wanted = Wanted(
        connection=given.connection,
        provider=given.provider,
        values=given.values,
        verify=not given.unverified,
    )
    return _registered(await hub.registrations.register(by, wanted))


async def _remove(hub: Hub, by: Principal, _: str, given: RemoveArguments) -> RemovedShape:
    stands = await hub.registrations.remove(by, given.connection)
    return RemovedShape(
        connection=given.connection, stands="as the settings have it" if stands else "removed"
    )


async def _list(hub: Hub, by: Principal, _: str, given: NoArguments) -> ProvidersShape:
    registered = await hub.registrations.all(by)
    states, missing = hub.routes.states(), hub.connections.missing()
    found: list[ProviderShape] = []
    for name in dict.fromkeys([*hub.connections.names(), *missing, *registered]):
        its, row = hub.connections.kinds(name), registered.get(name)
        shown: dict[str, str | None] = {}
        if row is not None and row.values is not None:
            fields = its[0].spec.config if its else None
            secret = {key for key in row.values if fields is None or is_secret(fields, key)}
            shown = {key: None if key in secret else str(row.values[key]) for key in row.values}
        is_alone = bool(its) and its[0].is_registered
        found.append(
            ProviderShape(
                connection=name,
                provider=its[0].spec.name if its else row.provider if row else name,
                kinds=", ".join(each.kind for each in its),
                state=states[name].value if name in states else "error",
                source="settings" if row is None else "registered" if is_alone else "both",
                status=row.status.value if row else None,
                verified_at=row.verified_at if row else None,
                fault=its[0].fault if its else missing.get(name),
                shown=shown,
            )
        )
    return ProvidersShape(providers=found)


REGISTER_PROVIDER: Final = Operation(
    name="comms_register_provider",
    title="Register a provider",
    description="Register an account of a provider while the hub runs, or change its credentials. "
    "The provider is asked first; what it refuses is not stored, and what was in force stays.",
    scope=Scope.ADMIN,
    annotations=Annotations(read_only=False, idempotent=True, open_world=True),
    arguments=RegisterArguments,
    result=RegisteredShape,
    run=_register,
)
REGISTERED_OPERATIONS: tuple[AnyOperation, ...] = (
    Operation(
        name="providers_set",
        title="Register an account",
        description="Register an account, or change what was registered of a connection.",
        scope=Scope.LOCAL,
        annotations=Annotations(read_only=False, idempotent=True, open_world=True),
        arguments=SetArguments,
        result=RegisteredShape,
        run=_set,
    ),
    Operation(
        name="providers_remove",
        title="Remove a registered account",
        description="Forget what was registered of a connection.",
        scope=Scope.LOCAL,
        annotations=Annotations(read_only=False, destructive=True, idempotent=True),
        arguments=RemoveArguments,
        result=RemovedShape,
        run=_remove,
    ),
    Operation(
        name="providers_list",
        title="List connections",
        description="List the connections, how each does, and what was registered.",
        scope=Scope.LOCAL,
        annotations=Annotations(read_only=True, idempotent=True),
        arguments=NoArguments,
        result=ProvidersShape,
        run=_list,
    ),
)
