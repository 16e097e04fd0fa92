"""Providers are asked to delete what they hold of somebody's messages."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from trunkline.core.connections.asking import AdapterFailed, ask
from trunkline.core.connections.opening import CannotOpen
from trunkline.core.connections.registry import Connections
from trunkline.core.retention.receipts import add_answer
from trunkline.db.schema import vendor_deletions
from trunkline.sdk import (
    Clock,
    Database,
    EventLog,
    MessageProvider,
    ProviderError,
    Rejected,
    Tx,
    Unsupported,
)

_AT_ONCE: Final = 8
_PAGE: Final = 200
_WITHIN_S: Final = 10.0
"""For what is asked at once; a provider that takes longer is asked again later."""
_WAITS_S: Final = (30.0, 300.0, 1800.0, 3600.0, *[21_600.0] * 11)
"""Between the tries: three days in all."""


@dataclass(frozen=True, slots=True)
class Vendors:
    """Asks for deletions; whatever an adapter raises ends here."""

    db: Database
    connections: Connections
    clock: Clock
    log: EventLog

    async def ask(self, workspace_id: str, receipt_id: str) -> datetime | None:
        """Ask for each deletion of an erasure once; return when to ask again for what is left."""
        last, tries = "", 0
        while rows := await self.db.read(partial(_page, workspace_id, receipt_id, last)):
            last = rows[-1].id
            for start in range(0, len(rows), _AT_ONCE):
                batch = rows[start : start + _AT_ONCE]
                tries = max(tries, *await asyncio.gather(*(self._ask(each) for each in batch)))
        if not tries:
            return None
        return self.clock.now() + timedelta(seconds=_WAITS_S[tries - 1])

    async def _ask(self, row: sa.Row[Any]) -> int:
        """Ask for one deletion; return how often that was tried, 0 once there is an answer."""
        connection = self.connections.find(row.connection, row.kind)
        if connection is None or connection.fault:
            return await self._answered(row, "cannot")
        try:
            async with asyncio.timeout(_WITHIN_S):
                provider = await self.connections.opened(connection, MessageProvider)
            await ask(lambda: provider.delete_message(row.external_id), _WITHIN_S)
        except Rejected:
            return await self._answered(row, "kept")
        except Unsupported:
            return await self._answered(row, "cannot")
        except (ProviderError, CannotOpen, AdapterFailed, TimeoutError) as error:
            why = type(error).__name__
        else:
            return await self._answered(row, "deleted")
        tries: int = row.tries + 1
        self.log.warning("privacy.not_deleted_at_provider", provider=row.connection, why=why)
        if tries > len(_WAITS_S):
            return await self._answered(row, "kept")
        await self.db.write(partial(_count, row.id, tries))
        return tries

    async def _answered(self, row: sa.Row[Any], answer: str) -> int:
        await self.db.write(partial(_note, row, answer))
        return 0


def _page(workspace_id: str, receipt_id: str, last: str, tx: Tx) -> list[sa.Row[Any]]:
    table = vendor_deletions
    found = sa.select(table).where(
        table.c.workspace_id == workspace_id,
        table.c.erasure_id == receipt_id,
        table.c.id > last,
    )
    return [*tx.execute(found.order_by(table.c.id).limit(_PAGE))]


def _count(row_id: str, tries: int, tx: Tx) -> None:
    table = vendor_deletions
    tx.execute(sa.update(table).where(table.c.id == row_id).values(tries=tries))


def _note(row: sa.Row[Any], answer: str, tx: Tx) -> None:
    """Note an answer once: of two that asked at the same time, one does."""
    table = vendor_deletions
    if tx.execute(sa.delete(table).where(table.c.id == row.id)).rowcount:
        add_answer(tx, row.erasure_id, row.connection, answer)
