"""Receipts of erasures: how much went, when, and what providers answered; not whose it was."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from trunkline.db.locks import hold
from trunkline.db.schema import erasures, vendor_deletions
from trunkline.sdk import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """
    What was erased of a contact.

    Attributes:
        contact: A keyed hash of the address: whoever knows that can find the receipt again.
        counts: How many rows of each table were deleted, or cleared of the contact's addresses.
        vendors: By connection, how many messages were `deleted`, are `kept` by a provider that
            refuses or was never reached, or cannot be deleted there (`cannot`).
        waiting: How many messages providers are still asked to delete.
        erased_at: When nothing of the contact was left in the hub.
        finished_at: When the last provider had answered.
    """

    id: str
    contact: str
    asked_at: datetime
    counts: Mapping[str, int]
    vendors: Mapping[str, Mapping[str, int]]
    waiting: int
    erased_at: datetime | None
    finished_at: datetime | None


def open_receipt(tx: Tx, workspace_id: str, contact_hash: bytes) -> str | None:
    """Return the id of an erasure of a contact that is under way."""
    found: str | None = tx.execute(
        sa.select(erasures.c.id).where(
            erasures.c.workspace_id == workspace_id,
            erasures.c.contact_hash == contact_hash,
            erasures.c.erased_at.is_(None),
        )
    ).scalar()
    return found


def find_receipt(workspace_id: str, receipt_id: str, tx: Tx) -> Receipt | None:
    """Return a receipt by its id."""
    found = _read(tx, workspace_id, erasures.c.id == receipt_id, limit=1)
    return found[0] if found else None


def newest_receipts(
    workspace_id: str, limit: int, tx: Tx, *, contact_hash: bytes | None = None
) -> list[Receipt]:
    """Return receipts, the newest first; with a hash those of one contact."""
    wanted = sa.true() if contact_hash is None else erasures.c.contact_hash == contact_hash
    return _read(tx, workspace_id, wanted, limit=limit)


def add_counts(tx: Tx, receipt_id: str, counts: Mapping[str, int]) -> None:
    """Add to how many rows of each table went."""
    hold(tx, "erasure", receipt_id)
    known = tx.execute(sa.select(erasures.c.counts).where(erasures.c.id == receipt_id)).scalar_one()
    told = json.dumps(_sum(json.loads(known), counts))
    tx.execute(sa.update(erasures).where(erasures.c.id == receipt_id).values(counts=told))


def add_answer(tx: Tx, receipt_id: str, connection: str, answer: str) -> None:
    """Add to what a connection's provider answered."""
    hold(tx, "erasure", receipt_id)
    standing = sa.select(erasures.c.vendors).where(erasures.c.id == receipt_id)
    answers: dict[str, dict[str, int]] = json.loads(tx.execute(standing).scalar_one())
    answers[connection] = _sum(answers.get(connection, {}), {answer: 1})
    told = json.dumps(answers)
    tx.execute(sa.update(erasures).where(erasures.c.id == receipt_id).values(vendors=told))


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    names = sorted({*one, *other})
    return {name: total for name in names if (total := one.get(name, 0) + other.get(name, 0))}


def _read(
    tx: Tx, workspace_id: str, wanted: sa.ColumnElement[bool], *, limit: int
) -> list[Receipt]:
    waiting = (
        sa.select(sa.func.count())
        .where(
            vendor_deletions.c.workspace_id == workspace_id,
            vendor_deletions.c.erasure_id == erasures.c.id,
        )
        .scalar_subquery()
    )
    rows = tx.execute(
        sa.select(erasures, waiting.label("waiting"))
        .where(erasures.c.workspace_id == workspace_id, wanted)
        .order_by(erasures.c.id.desc())
        .limit(limit)
    )
    return [
        Receipt(
            id=row.id,
            contact=row.contact_hash.hex(),
            asked_at=row.created_at,
            counts=json.loads(row.counts),
            vendors=json.loads(row.vendors),
            waiting=row.waiting,
            erased_at=row.erased_at,
            finished_at=row.finished_at,
        )
        for row in rows
    ]
