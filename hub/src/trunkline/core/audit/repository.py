"""All SQL of the record."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

import sqlalchemy as sa

from trunkline.audit_verifier import GENESIS, Checkpoint, Row
from trunkline.db.hot import Hot, Question, question
from trunkline.db.schema import audit_checkpoints, audit_log
from trunkline.db.types import utc_text
from trunkline.sdk import Tx

Head = tuple[int, bytes]
"""The last sealed row: its number, its hash."""

_FIRST: Final = -(2**63)
_ADD: Final = Hot(sa.insert(audit_log))
_HEAD: Final = Hot(
    sa.select(audit_log.c.seq, audit_log.c.row_hash)
    .where(audit_log.c.workspace_id == sa.bindparam("workspace_id"), audit_log.c.seq.is_not(None))
    .order_by(audit_log.c.seq.desc())
    .limit(1)
)
_WAITING: Final = Hot(
    sa.select(audit_log.c.id)
    .where(audit_log.c.workspace_id == sa.bindparam("workspace_id"), audit_log.c.seq.is_(None))
    .limit(1)
)
_SIGNED: Final = Hot(
    sa.select(audit_checkpoints.c.seq, audit_checkpoints.c.created_at)
    .where(audit_checkpoints.c.workspace_id == sa.bindparam("workspace_id"))
    .order_by(audit_checkpoints.c.created_at.desc())
    .limit(1)
)
_ON_A_SERVER: Final = sa.func.to_char(
    sa.func.timezone("UTC", audit_log.c.created_at), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
)
_IN_A_FILE: Final = sa.type_coerce(audit_log.c.created_at, sa.String)


def _rows(timestamp: sa.ColumnElement[str], where: sa.ColumnElement[bool], order: str) -> Hot:
    log = audit_log.c
    return Hot(
        sa.select(
            *(sa.func.coalesce(log.seq, 0), log.workspace_id, log.id, timestamp.label("timestamp")),
            *(log.event_type, log.actor, log.target, log.details, log.prev_hash, log.row_hash),
        )
        .where(log.workspace_id == sa.bindparam("workspace_id"), where)
        .order_by(log[order])
        .limit(sa.bindparam("most"))
    )


_BETWEEN: Final = sa.and_(
    audit_log.c.seq > sa.bindparam("after"), audit_log.c.seq <= sa.bindparam("until")
)
"""Both ends are told: a server that has not counted lately would sort all that follows."""
_NEXT: Final = Hot(
    sa.select(sa.func.min(audit_log.c.seq)).where(
        audit_log.c.workspace_id == sa.bindparam("workspace_id"),
        audit_log.c.seq > sa.bindparam("after"),
    )
)
_UNSEALED: Final = sa.and_(audit_log.c.seq.is_(None), audit_log.c.id > sa.bindparam("after"))
_SEALED_ROWS: Final = {
    "sqlite": _rows(_IN_A_FILE, _BETWEEN, "seq"),
    "postgresql": _rows(_ON_A_SERVER, _BETWEEN, "seq"),
}
_UNSEALED_ROWS: Final = {
    "sqlite": _rows(_IN_A_FILE, _UNSEALED, "id"),
    "postgresql": _rows(_ON_A_SERVER, _UNSEALED, "id"),
}
_SEAL: Final = (
    sa.update(audit_log)
    .where(
        audit_log.c.workspace_id == sa.bindparam("of_workspace"),
        audit_log.c.id == sa.bindparam("of_id"),
        audit_log.c.seq.is_(None),
    )
    .values(
        seq=sa.bindparam("new_seq"),
        prev_hash=sa.bindparam("new_prev_hash"),
        row_hash=sa.bindparam("new_row_hash"),
    )
)


def add(tx: Tx, row: Row, created_at: datetime) -> None:
    """Add a row, sealed or not."""
    _ADD.put(
        tx,
        {
            "id": row.id,
            "workspace_id": row.workspace,
            "created_at": created_at,
            "seq": row.seq or None,
            "event_type": row.event_type,
            "actor": row.actor,
            "target": row.target,
            "details": row.details,
            "prev_hash": row.prev_hash,
            "row_hash": row.row_hash,
        },
    )


def head(workspace_id: str) -> Question[Head]:
    """Ask for the last sealed row."""
    return question(
        _HEAD,
        {"workspace_id": workspace_id},
        lambda rows: (rows[0][0], bytes(rows[0][1])) if rows else (0, GENESIS),
    )


def is_waiting(workspace_id: str) -> Question[bool]:
    """Ask whether a row is to be sealed."""
    return question(_WAITING, {"workspace_id": workspace_id}, bool)


def signed(workspace_id: str) -> Question[tuple[int, datetime] | None]:
    """Ask how far the record went when it was signed last, and when that was."""
    return question(
        _SIGNED,
        {"workspace_id": workspace_id},
        lambda rows: cast("tuple[int, datetime]", rows[0]) if rows else None,
    )


def rows_after(tx: Tx, workspace_id: str, after: int | None, most: int) -> list[Row]:
    """
    Return sealed rows in order; `after` None begins with the first, whatever number that has.

    They are plain tuples, as it is a million of them that is to be verified in seconds.
    """
    hot = _SEALED_ROWS[tx.connection.dialect.name]
    of = {"workspace_id": workspace_id, "most": most}
    start = 0 if after is None else after
    found = hot(tx, {**of, "after": start, "until": start + most}) if after is not None else []
    if not found:  # a gap, or the end
        ((following,),) = _NEXT(tx, {**of, "after": _FIRST if after is None else start})
        if following is not None:
            found = hot(tx, {**of, "after": following - 1, "until": following - 1 + most})
    return cast("list[Row]", found)


def unsealed_after(tx: Tx, workspace_id: str, after: str, most: int) -> list[Row]:
    """Return rows that are not sealed, by id."""
    hot = _UNSEALED_ROWS[tx.connection.dialect.name]
    found = hot(tx, {"workspace_id": workspace_id, "after": after, "most": most})
    return [Row(*row) for row in found]


def seal(tx: Tx, rows: Sequence[Row]) -> None:
    """Give rows their numbers and hashes."""
    values: list[Mapping[str, Any]] = [
        {
            "of_workspace": row.workspace,
            "of_id": row.id,
            "new_seq": row.seq,
            "new_prev_hash": row.prev_hash,
            "new_row_hash": row.row_hash,
        }
        for row in rows
    ]
    tx.execute(_SEAL, values)


def add_checkpoint(tx: Tx, row_id: str, signed: Checkpoint, created_at: datetime) -> None:
    """Store what was signed."""
    tx.execute(
        sa.insert(audit_checkpoints).values(
            id=row_id,
            workspace_id=signed.workspace,
            created_at=created_at,
            seq=signed.seq,
            row_hash=signed.row_hash,
            public_key=signed.public_key,
            signature=signed.signature,
        )
    )


def checkpoints(
    tx: Tx, workspace_id: str, *, since: datetime | None = None, after: int | None = None
) -> list[Checkpoint]:
    """Return what was signed, the oldest first: since a time, or of rows after one."""
    of = audit_checkpoints.c
    rows = tx.execute(
        sa.select(of.workspace_id, of.seq, of.row_hash, of.created_at, of.public_key, of.signature)
        .where(
            of.workspace_id == workspace_id,
            sa.true() if after is None else of.seq > after,
            sa.true() if since is None else of.created_at > since,
        )
        .order_by(of.created_at)
    )
    return [
        Checkpoint(
            workspace=row.workspace_id,
            seq=row.seq,
            row_hash=bytes(row.row_hash),
            timestamp=utc_text(row.created_at),
            public_key=bytes(row.public_key),
            signature=bytes(row.signature),
        )
        for row in rows
    ]
