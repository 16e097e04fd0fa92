"""Marks: how far a periodic job got, and what a hub must know at its next start."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from trunkline.db.locks import hold
from trunkline.db.schema import engine_marks
from trunkline.sdk import Tx

RESTORED: Final = "restored"
"""The database was set back to an earlier state: nobody knows what was sent since."""


def find_mark(tx: Tx, workspace_id: str, name: str) -> str | None:
    """Return a mark; nobody else sets it until the transaction ends."""
    hold(tx, "mark", workspace_id, name)
    value: str | None = tx.execute(
        sa.select(engine_marks.c.value).where(
            engine_marks.c.workspace_id == workspace_id, engine_marks.c.name == name
        )
    ).scalar()
    return value


def set_mark(tx: Tx, workspace_id: str, row_id: str, name: str, value: str, now: datetime) -> None:
    """Set a mark anew."""
    clear_mark(tx, workspace_id, name)
    tx.execute(
        sa.insert(engine_marks).values(
            id=row_id, workspace_id=workspace_id, created_at=now, name=name, value=value
        )
    )


def clear_mark(tx: Tx, workspace_id: str, name: str) -> None:
    """Remove a mark, if it is set."""
    hold(tx, "mark", workspace_id, name)
    tx.execute(
        sa.delete(engine_marks).where(
            engine_marks.c.workspace_id == workspace_id, engine_marks.c.name == name
        )
    )
