"""Senders of the pool: what stands of each, and all SQL of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from trunkline.core.provisioning import repository
from trunkline.core.provisioning.models import Aim, Part, Row, Step
from trunkline.db.locks import hold
from trunkline.db.schema import provisioning, whatsapp_pool
from trunkline.sdk import Readiness, Tx

_P: Final = whatsapp_pool.c
_T: Final = provisioning.c
_OWNER: Final = "pool:"
"""Begins the owner of a pooled sender's rows; no agent's id has a colon."""


class PoolStatus(StrEnum):
    """How far a sender of the pool is."""

    PREPARING = "preparing"
    """Its number is bought, or the sender is registered and set."""

    PENDING_REVIEW = "pending_review"
    ACTIVE = "active"
    """An agent can have it at once."""

    REJECTED = "rejected"
    """Somebody has to do something; meanwhile it holds its place, and nothing is bought for it."""

    FAILED = "failed"
    """Nothing is held, and nothing was paid; it is tried again, less and less often."""

    RETURNING = "returning"
    """It is given back to the provider."""

    ASSIGNED = "assigned"
    """It is an agent's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """
    A sender of the pool.

    Attributes:
        slot: Its place in the pool; None once it is an agent's.
        sender_row: Its row among what is provisioned.
        tries: How often its place was filled in vain before.
    """

    id: str
    workspace_id: str
    slot: int | None
    sender_row: str
    phone_number: str | None = None
    sender_sid: str | None = None
    status: PoolStatus = PoolStatus.PREPARING
    assigned_to_agent: str | None = None
    tries: int = 0
    updated_at: datetime

    @property
    def owner(self) -> str:
        """Whose its rows are while they are no agent's."""
        return _OWNER + self.id


def is_pooled(agent_id: str) -> bool:
    """Tell whether the owner of a row is the pool."""
    return agent_id.startswith(_OWNER)


def hold_pool(tx: Tx, workspace_id: str) -> None:
    """Keep everybody else from filling or using the pool until the transaction ends."""
    hold(tx, "whatsapp pool", workspace_id)


def add(tx: Tx, pooled: Pooled) -> None:
    """Insert one; IntegrityError if its slot is taken."""
    values = {"id": pooled.id, "workspace_id": pooled.workspace_id, "created_at": pooled.updated_at}
    tx.execute(sa.insert(whatsapp_pool).values(**values, **_columns(pooled)))


def store(tx: Tx, pooled: Pooled) -> None:
    """Store one as it is now."""
    tx.execute(
        sa.update(whatsapp_pool)
        .where(_P.workspace_id == pooled.workspace_id, _P.id == pooled.id)
        .values(**_columns(pooled))
    )


def remove(tx: Tx, pooled: Pooled) -> None:
    """Remove one, not its rows."""
    tx.execute(
        sa.delete(whatsapp_pool).where(_P.workspace_id == pooled.workspace_id, _P.id == pooled.id)
    )


def clear(tx: Tx, pooled: Pooled) -> None:
    """Remove one that holds nothing, with its rows."""
    for row in rows_of(tx, pooled).values():
        repository.remove(tx, row)
    remove(tx, pooled)


def all_pooled(tx: Tx, workspace_id: str) -> list[Pooled]:
    """Return all, those in the pool first."""
    statement = (
        sa.select(whatsapp_pool)
        .where(_P.workspace_id == workspace_id)
        .order_by(_P.slot.is_(None), _P.slot, _P.id)
    )
    return [_pooled(each) for each in tx.execute(statement)]


def of_row(tx: Tx, row: Row) -> Pooled | None:
    """Return the sender that a row belongs to, whoever has it."""
    is_its = _P.sender_row == row.id
    if is_pooled(row.agent_id):
        is_its |= _P.id == row.agent_id.removeprefix(_OWNER)
    found = tx.execute(
        sa.select(whatsapp_pool).where(_P.workspace_id == row.workspace_id, is_its)
    ).first()
    return None if found is None else _pooled(found)


def rows_of(tx: Tx, pooled: Pooled) -> dict[Part, Row]:
    """Return the rows of a sender: its own, and its number's unless that is an agent's."""
    rows = repository.of_agent(tx, pooled.workspace_id, pooled.owner)
    if Part.WHATSAPP not in rows:
        own = repository.find(tx, pooled.workspace_id, pooled.sender_row)
        return rows if own is None else {**rows, Part.WHATSAPP: own}
    return rows


def find_active(tx: Tx, wanted: Row, *, hold: bool) -> Row | None:
    """Return the row of a sender that an agent may have at once; held, nobody else changes it."""
    statement = (
        sa.select(_T.id)
        .join(
            whatsapp_pool,
            sa.and_(_T.workspace_id == _P.workspace_id, _T.id == _P.sender_row),
        )
        .where(
            _P.workspace_id == wanted.workspace_id,
            _T.agent_id == sa.literal(_OWNER) + _P.id,
            _T.connection == wanted.connection,
            _T.aim == Aim.HAVE.value,
            _T.step == Step.ASSIGNED.value,
            _T.readiness == Readiness.READY.value,
            sa.or_(_T.country.is_(None), _T.country == wanted.country)
            if wanted.country
            else sa.true(),
        )
        .order_by(_P.slot)
        .limit(1)
    )
    row_id = tx.execute(statement.with_for_update() if hold else statement).scalar()
    return None if row_id is None else repository.find(tx, wanted.workspace_id, row_id)


def number_of_agent(tx: Tx, wanted: Row) -> Row | None:
    """Return the number of the pooled sender that an agent has, unless it has that already."""
    statement = (
        sa.select(_T.id)
        .join(
            whatsapp_pool,
            sa.and_(
                _T.workspace_id == _P.workspace_id,
                _T.agent_id == sa.literal(_OWNER) + _P.id,
            ),
        )
        .where(
            _T.workspace_id == wanted.workspace_id,
            _T.channel == Part.PHONE.value,
            _T.connection == wanted.connection,
            _T.country == wanted.country,
            _T.aim == Aim.HAVE.value,
            _T.step == Step.ASSIGNED.value,
            _P.assigned_to_agent == wanted.agent_id,
        )
        .limit(1)
        .with_for_update()
    )
    row_id = tx.execute(statement).scalar()
    return None if row_id is None else repository.find(tx, wanted.workspace_id, row_id)


def _columns(pooled: Pooled) -> dict[str, Any]:
    return {
        "slot": pooled.slot,
        "sender_row": pooled.sender_row,
        "phone_number": pooled.phone_number,
        "sender_sid": pooled.sender_sid,
        "status": pooled.status.value,
        "assigned_to_agent": pooled.assigned_to_agent,
        "tries": pooled.tries,
        "updated_at": pooled.updated_at,
    }


def _pooled(found: Any) -> Pooled:
    return Pooled(
        id=found.id,
        workspace_id=found.workspace_id,
        slot=found.slot,
        sender_row=found.sender_row,
        phone_number=found.phone_number,
        sender_sid=found.sender_sid,
        status=PoolStatus(found.status),
        assigned_to_agent=found.assigned_to_agent,
        tries=found.tries,
        updated_at=found.updated_at,
    )
