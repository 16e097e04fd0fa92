"""The operator's operations on the record: verify it, hand it out, and whom a row is about."""

import json
from typing import Final

from pydantic import Field

from trunkline.audit_verifier import Row
from trunkline.core.audit.models import Verdict
from trunkline.core.audit.witness import line_of
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal
from trunkline.surfaces.operations import Annotations, AnyOperation, of_operator
from trunkline.surfaces.operator_shapes import NoArguments
from trunkline.surfaces.shapes import Arguments, Line, Result

_READS: Final = Annotations(read_only=True, idempotent=True)
_NAMES: Final = (
    *("seq", "workspace", "id", "timestamp", "eventType", "actor", "target", "details"),
    *("prevHash", "rowHash"),
)


class FaultShape(Result):
    """One thing that is wrong; `seq` is 0 where it is no sealed row."""

    kind: str
    seq: int
    sentence: str


class VerdictShape(Result):
    """What came of a verification: `lost` is what a restored backup is known to have lost."""

    intact: bool
    rows: int
    checkpoints: int
    waiting: int
    lost: int
    fault_count: int
    head: str
    public_key: str
    faults: list[FaultShape]


class ExportArguments(Arguments):
    """Which rows: those after one."""

    after: int = Field(default=0, ge=0)
    limit: int = Field(default=1_000, ge=1, le=5_000)


class LinesShape(Result):
    """Some lines of the export; more come after `next`."""

    lines: list[str]
    next: int | None


class AuditKeysShape(Result):
    """What whoever verifies an export needs."""

    chain_key: str
    public_key: str


class WhomArguments(Arguments):
    """An address."""

    address: Line


class WhomShape(Result):
    """What stands for an address."""

    recipient: str


def _verdict(found: Verdict) -> VerdictShape:
    return VerdictShape(
        intact=not found.fault_count,
        rows=found.rows,
        checkpoints=found.checkpoints,
        waiting=found.waiting,
        lost=len(found.lost),
        fault_count=found.fault_count,
        head=found.head.hex(),
        public_key=found.public_key.hex(),
        faults=[
            FaultShape(kind=kind, seq=seq, sentence=sentence)
            for kind, seq, sentence in found.faults
        ],
    )


def _line(row: Row) -> str:
    values = (each.hex() if isinstance(each, bytes) else each for each in row)
    return json.dumps(dict(zip(_NAMES, values, strict=True)))


async def _verify(hub: Hub, by: Principal, _: str, given: NoArguments) -> VerdictShape:
    return _verdict(await hub.audit.verify(by))


async def _export(hub: Hub, by: Principal, _: str, given: ExportArguments) -> LinesShape:
    page = await hub.audit.page(by, given.after, given.limit)
    lines = [*map(_line, page.rows), *(json.dumps(line_of(each)) for each in page.checkpoints)]
    return LinesShape(lines=lines, next=page.next_seq)


async def _keys(hub: Hub, by: Principal, _: str, given: NoArguments) -> AuditKeysShape:
    chain = hub.audit.chain
    return AuditKeysShape(chain_key=chain.key.hex(), public_key=chain.public_key.hex())


async def _whom(hub: Hub, by: Principal, _: str, given: WhomArguments) -> WhomShape:
    return WhomShape(recipient=await hub.audit.recipient(by, given.address))


RECORDED: tuple[AnyOperation, ...] = (
    of_operator("audit_verify", "Verify the record", NoArguments, _verify, VerdictShape, _READS),
    of_operator("audit_export", "Export the record", ExportArguments, _export, LinesShape, _READS),
    of_operator("audit_keys", "Show the record's keys", NoArguments, _keys, AuditKeysShape, _READS),
    of_operator(
        "audit_whom", "Find somebody in the record", WhomArguments, _whom, WhomShape, _READS
    ),
)
