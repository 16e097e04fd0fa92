"""All SQL of the suppression list."""

from datetime import datetime

import sqlalchemy as sa

from trunkline.db.hot import Hot
from trunkline.db.locks import hold
from trunkline.db.schema import suppressions
from trunkline.sdk import Tx

_FIND = Hot(
    sa.select(suppressions.c.source)
    .where(
        suppressions.c.workspace_id == sa.bindparam("workspace_id"),
        suppressions.c.address == sa.bindparam("address"),
    )
    .limit(1)
)


def is_suppressed(tx: Tx, workspace_id: str, address: str) -> bool:
    """
    Tell whether `address` must not be written to or called by anyone of the workspace.

    Nobody closes or opens it until the transaction ends.
    """
    hold(tx, "address", workspace_id, address, shared=True)
    return bool(_FIND(tx, {"workspace_id": workspace_id, "address": address}))


def suppress_by_stop(
    tx: Tx, workspace_id: str, row_id: str, address: str, event_id: str, now: datetime
) -> None:
    """Close `address`: it asked for it by STOP. Nothing changes if it is closed already."""
    hold(tx, "address", workspace_id, address)
    found = tx.execute(
        sa.select(suppressions.c.id).where(
            suppressions.c.workspace_id == workspace_id,
            suppressions.c.address == address,
            suppressions.c.source == "stop",
        )
    ).first()
    if found is None:
        tx.execute(
            sa.insert(suppressions).values(
                id=row_id,
                workspace_id=workspace_id,
                created_at=now,
                address=address,
                source="stop",
                event_id=event_id,
            )
        )


def lift_stop(
    tx: Tx, workspace_id: str, address: str, closed_before: datetime | None = None
) -> None:
    """Open what STOP closed, and only that; with `closed_before` not if it was closed since."""
    hold(tx, "address", workspace_id, address)
    stops = sa.delete(suppressions).where(
        suppressions.c.workspace_id == workspace_id,
        suppressions.c.address == address,
        suppressions.c.source == "stop",
    )
    if closed_before is not None:
        stops = stops.where(suppressions.c.created_at <= closed_before)
    tx.execute(stops)
