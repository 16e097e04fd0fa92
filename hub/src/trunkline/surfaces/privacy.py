"""The operator's operations on keys, and on what is held of contacts."""

from typing import Final, Literal

from pydantic import Field

from trunkline.core.hub import Hub
from trunkline.core.principal import Principal
from trunkline.core.privacy.rotation import Rotated, Stage
from trunkline.core.retention.receipts import Receipt
from trunkline.surfaces.operations import Annotations, AnyOperation, of_operator
from trunkline.surfaces.operator_shapes import NoArguments
from trunkline.surfaces.shapes import Arguments, Line, Result, Time, optional

_SENTENCES: Final = {
    Stage.SETTLED: "Everything is under the newest keys.",
    Stage.WAITING: "It waits for hubs that do not have the new master key: put this hub's "
    "master.key into the data directory of each, or its line before the one that is there.",
    Stage.SEALING: "The running hub seals everything anew, and answers meanwhile; if none runs, "
    "the next start does. `trunkline keys show` tells when it is done.",
}


class KeysShape(Result):
    """Which keys are in use, and how far the last rotation is."""

    state: Literal["settled", "waiting", "sealing"]
    sentence: str
    root: int
    master_key: str
    made_at: Time
    settled_at: Time | None = optional("When nothing was left under older keys.")
    hubs_behind: int | None = optional("How many hubs are waited for.")


def _keys(found: Rotated) -> KeysShape:
    return KeysShape(
        state=found.stage.value,
        sentence=_SENTENCES[found.stage],
        root=found.number,
        master_key=found.master_mark,
        made_at=found.made_at,
        settled_at=found.settled_at,
        hubs_behind=found.behind or None,
    )


async def _keys_show(hub: Hub, by: Principal, _: str, given: NoArguments) -> KeysShape:
    return _keys(await hub.rotation.show(by))


async def _keys_rotate(hub: Hub, by: Principal, _: str, given: NoArguments) -> KeysShape:
    return _keys(await hub.rotation.begin(by))


class ContactArguments(Arguments):
    """One contact, by any of its addresses."""

    address: Line


class ReceiptsArguments(Arguments):
    """Which receipts to list: those of an address, or all."""

    address: Line | None = None
    limit: int = Field(default=50, ge=1, le=1000)


class ExportShape(Result):
    """Everything that is held of a contact: rows by table, as they are stored."""

    addresses: list[str]
    tables: dict[str, list[dict[str, str | int | float | bool | None]]]


class ReceiptShape(Result):
    """What was erased of a contact; not whose it was."""

    receipt_id: str
    contact: str
    asked_at: Time
    erased_at: Time | None = optional("When nothing of the contact was left in the hub.")
    finished_at: Time | None = optional("When the last provider had answered.")
    counts: dict[str, int]
    vendors: dict[str, dict[str, int]]
    waiting: int


class ReceiptsShape(Result):
    """Receipts."""

    receipts: list[ReceiptShape]


def _receipt(found: Receipt) -> ReceiptShape:
    return ReceiptShape(
        receipt_id=found.id,
        contact=found.contact,
        asked_at=found.asked_at,
        erased_at=found.erased_at,
        finished_at=found.finished_at,
        counts=dict(found.counts),
        vendors={name: dict(answers) for name, answers in found.vendors.items()},
        waiting=found.waiting,
    )


async def _export(hub: Hub, by: Principal, _: str, given: ContactArguments) -> ExportShape:
    held = await hub.exporting.export(by, given.address)
    tables = {name: [dict(row) for row in rows] for name, rows in held.tables.items()}
    return ExportShape(addresses=list(held.addresses), tables=tables)


async def _erase(hub: Hub, by: Principal, _: str, given: ContactArguments) -> ReceiptShape:
    return _receipt(await hub.erasing.erase(by, given.address))


async def _receipts(hub: Hub, by: Principal, _: str, given: ReceiptsArguments) -> ReceiptsShape:
    if given.address is None:
        found = await hub.erasing.newest(by, given.limit)
    else:
        found = await hub.erasing.receipts_of(by, given.address)
    return ReceiptsShape(receipts=[_receipt(each) for each in found])


PRIVACY: tuple[AnyOperation, ...] = (
    of_operator(
        "keys_show",
        "Show the keys",
        NoArguments,
        _keys_show,
        KeysShape,
        Annotations(read_only=True, idempotent=True),
    ),
    of_operator(
        "keys_rotate",
        "Rotate the keys",
        NoArguments,
        _keys_rotate,
        KeysShape,
        Annotations(read_only=False),
    ),
    of_operator(
        "privacy_export",
        "Export a contact",
        ContactArguments,
        _export,
        ExportShape,
        Annotations(read_only=True, idempotent=True),
    ),
    of_operator(
        "privacy_erase",
        "Erase a contact",
        ContactArguments,
        _erase,
        ReceiptShape,
        Annotations(read_only=False, destructive=True, idempotent=True),
    ),
    of_operator(
        "privacy_receipts",
        "List receipts of erasures",
        ReceiptsArguments,
        _receipts,
        ReceiptsShape,
        Annotations(read_only=True, idempotent=True),
    ),
)
