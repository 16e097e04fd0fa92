"""The operator's operations on who agreed to what."""

from typing import Annotated

from pydantic import Field, StringConstraints

from trunkline.core.compliance.ledger import Agreement, read_address
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal
from trunkline.surfaces.operations import Annotations, AnyOperation, of_operator
from trunkline.surfaces.shapes import Arguments, Line, Purpose, Result, Since, Time

_READS = Annotations(read_only=True, idempotent=True)
_CHANGES = Annotations(read_only=False, idempotent=True)
_Words = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class RecordArguments(Arguments):
    """A consent."""

    address: Line
    source: _Words = Field(description="Where it was given: a form and its version, a call.")
    given_at: Since | None = None
    channel: Line | None = None
    message_class: Purpose | None = None
    written: bool = False
    artificial_voice: bool = False
    shown: _Words | None = None
    state: Line | None = None
    zone: Line | None = None


class AddressArguments(Arguments):
    """Whose."""

    address: Line


class RevokeArguments(AddressArguments):
    """Whose, and on which channel."""

    channel: Line | None = None


class ImportArguments(Arguments):
    """A CSV."""

    csv: Annotated[str, StringConstraints(max_length=5_000_000)]


class NoneGiven(Arguments):
    """Nothing."""


class RecordedShape(Result):
    """How many were new."""

    recorded: int


class RevokedShape(Result):
    """How many were taken back."""

    revoked: int


class ConsentShape(Result):
    """One consent with its proof."""

    address: str
    channel: str | None
    message_class: str | None
    written: bool
    artificial_voice: bool
    given_at: Time
    shown: str | None
    source: str
    state: str | None
    zone: str | None
    recorded_by: str
    revoked_at: Time | None


class ConsentsShape(Result):
    """Those of one person, the newest first."""

    consents: list[ConsentShape]


class LedgerShape(Result):
    """The ledger as CSV."""

    csv: str


async def _record(hub: Hub, by: Principal, _: str, given: RecordArguments) -> RecordedShape:
    agreement = Agreement(
        address=read_address(given.address),
        channel=given.channel,
        message_class=given.message_class,
        written=given.written,
        artificial_voice=given.artificial_voice,
        given_at=given.given_at or hub.clock.now(),
        shown=given.shown,
        source=given.source,
        state=given.state,
        zone=given.zone,
    )
    return RecordedShape(recorded=await hub.consents.record(by, [agreement]))


async def _show(hub: Hub, by: Principal, _: str, given: AddressArguments) -> ConsentsShape:
    found = await hub.consents.of(by, read_address(given.address))
    return ConsentsShape(consents=[_shape(each) for each in found])


async def _revoke(hub: Hub, by: Principal, _: str, given: RevokeArguments) -> RevokedShape:
    revoked = await hub.consents.revoke(by, read_address(given.address), given.channel)
    return RevokedShape(revoked=revoked)


async def _import(hub: Hub, by: Principal, _: str, given: ImportArguments) -> RecordedShape:
    return RecordedShape(recorded=await hub.consents.read(by, given.csv))


async def _export(hub: Hub, by: Principal, _: str, given: NoneGiven) -> LedgerShape:
    return LedgerShape(csv=await hub.consents.export(by))


def _shape(agreement: Agreement) -> ConsentShape:
    return ConsentShape(
        address=agreement.address,
        channel=agreement.channel,
        message_class=agreement.message_class.value if agreement.message_class else None,
        written=agreement.written,
        artificial_voice=agreement.artificial_voice,
        given_at=agreement.given_at,
        shown=agreement.shown,
        source=agreement.source,
        state=agreement.state,
        zone=agreement.zone,
        recorded_by=agreement.recorded_by,
        revoked_at=agreement.revoked_at,
    )


CONSENTING: tuple[AnyOperation, ...] = (
    of_operator(
        "consent_record", "Record a consent", RecordArguments, _record, RecordedShape, _CHANGES
    ),
    of_operator("consent_show", "Show consents", AddressArguments, _show, ConsentsShape, _READS),
    of_operator(
        "consent_revoke", "Take consents back", RevokeArguments, _revoke, RevokedShape, _CHANGES
    ),
    of_operator(
        "consent_import", "Import consents", ImportArguments, _import, RecordedShape, _CHANGES
    ),
    of_operator("consent_export", "Export consents", NoneGiven, _export, LedgerShape, _READS),
)
