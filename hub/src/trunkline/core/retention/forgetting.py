"""What is forgotten of what is over: how it was tried, what was learnt, where it came from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import sqlalchemy as sa

from trunkline.core.calls.models import GOES_ON
from trunkline.core.engine.marks import find_mark, set_mark
from trunkline.core.inbound.repository import EventState
from trunkline.core.limits import repository as limits
from trunkline.core.media.models import MediumState
from trunkline.core.messages.models import FINAL, Direction
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.core.usage.models import UsageState
from trunkline.db.schema import (
    alerts,
    call_events,
    calls,
    duplicates,
    forwards,
    inbound_events,
    media,
    message_attempts,
    message_history,
    messages,
    occurrences,
    usage_logs,
)
from trunkline.db.types import earliest_id
from trunkline.sdk import Clock, Database, IdSource, Tx

ROWS: Final = 500
"""So many rows go in one transaction."""
_MARK: Final = "retention"
_COUNTED: Final = timedelta(days=3)
"""After so long nobody asks how often a number was called."""


@dataclass(frozen=True, slots=True)
class Retention:
    """
    Once a day, forgets the details of what ended `days` ago, and single costs of `usage_days` ago.

    The messages and the totals stay, and so does what tells an event that was seen: each counts
    once, for ever.
    """

    db: Database
    clock: Clock
    ids: IdSource
    days: int
    usage_days: int

    async def sweep(self) -> int:
        """Forget what is past its time, unless that was done today; return how many rows went."""
        if not await self.db.write(self._is_due):
            return 0
        before = self.clock.now() - timedelta(days=self.days)
        called_before = self.clock.now() - _COUNTED
        forgotten = await self.db.write(lambda tx: limits.forget_calls(tx, called_before))
        for table, prefix in ((message_attempts, "att"), (message_history, "row")):
            forgotten += await self._trail(table, earliest_id(prefix, before))
        forgotten += await self._of_calls(earliest_id("row", before))
        forgotten += await self._over(forwards, earliest_id("row", before))
        forgotten += await self._over(duplicates, earliest_id("row", before))
        forgotten += await self._over(occurrences, earliest_id("occ", before))
        paid_before = self.clock.now() - timedelta(days=self.usage_days)
        forgotten += await self._usage(earliest_id("use", paid_before))
        forgotten += await self._media(earliest_id("med", before))
        forgotten += await self._alerts(before)
        return forgotten + await self._events(earliest_id("evt", before))

    def _is_due(self, tx: Tx) -> bool:
        now = self.clock.now()
        today = now.date().isoformat()
        if find_mark(tx, DEFAULT_WORKSPACE, _MARK) == today:
            return False
        set_mark(tx, DEFAULT_WORKSPACE, self.ids.new("row"), _MARK, today, now)
        return True

    async def _trail(self, table: sa.Table, before: str) -> int:
        """Delete a table's old rows about messages that are over."""
        over = sa.or_(
            messages.c.direction == Direction.INBOUND.value,
            messages.c.status.in_([status.value for status in FINAL]),
        )
        old = (
            sa.select(table.c.id)
            .join(
                messages,
                sa.and_(
                    messages.c.workspace_id == table.c.workspace_id,
                    messages.c.id == table.c.message_id,
                ),
            )
            .where(table.c.id < before, over)
        )
        return await self._each(table, old, lambda ids: sa.delete(table).where(table.c.id.in_(ids)))

    async def _of_calls(self, before: str) -> int:
        """Delete the old history of calls that are over."""
        table, going = call_events, [each.value for each in GOES_ON]
        old = (
            sa.select(table.c.id)
            .join(
                calls,
                sa.and_(
                    calls.c.workspace_id == table.c.workspace_id, calls.c.id == table.c.call_id
                ),
            )
            .where(table.c.id < before, calls.c.status.not_in(going))
        )
        return await self._each(table, old, lambda ids: sa.delete(table).where(table.c.id.in_(ids)))

    async def _over(self, table: sa.Table, before: str) -> int:
        """Delete a table's old rows that were finished."""
        old = sa.select(table.c.id).where(table.c.id < before, table.c.finished_at.is_not(None))
        return await self._each(table, old, lambda ids: sa.delete(table).where(table.c.id.in_(ids)))

    async def _media(self, before: str) -> int:
        """Delete what tells of media that are gone, and whose bytes are deleted."""
        table = media
        old = sa.select(table.c.id).where(
            table.c.id < before,
            table.c.state == MediumState.GONE.value,
            table.c.object.is_(None),
        )
        return await self._each(table, old, lambda ids: sa.delete(table).where(table.c.id.in_(ids)))

    async def _usage(self, before: str) -> int:
        """Delete what single acts cost, unless nobody knows yet whether they happened."""
        table = usage_logs
        old = sa.select(table.c.id).where(
            table.c.id < before, table.c.state == UsageState.SPENT.value
        )
        return await self._each(table, old, lambda ids: sa.delete(table).where(table.c.id.in_(ids)))

    async def _events(self, before: str) -> int:
        """Clear what old events that were of use, or of none, tell beside their identity."""
        table = inbound_events
        details = ("agent_id", "attempt_id", "reason")
        ends = (EventState.HANDLED.value, EventState.IGNORED.value)
        old = sa.select(table.c.id).where(
            table.c.id < before,
            table.c.state.in_(ends),
            sa.or_(*(table.c[name].is_not(None) for name in details)),
        )
        clear = sa.update(table).values(dict.fromkeys(details))
        return await self._each(table, old, lambda ids: clear.where(table.c.id.in_(ids)))

    async def _alerts(self, before: datetime) -> int:
        """Delete alerts of what has not happened since, and is not told any more."""
        table = alerts
        old = sa.select(table.c.id).where(table.c.last_at < before, table.c.due_at.is_(None))
        return await self._each(table, old, lambda ids: sa.delete(table).where(table.c.id.in_(ids)))

    async def _each(
        self,
        table: sa.Table,
        old: sa.Select[str],
        forget: Callable[[Sequence[str]], sa.Executable],
    ) -> int:
        """Forget what `old` finds, a batch at a time; others write between two."""
        forgotten, last = 0, ""
        while ids := await self.db.read(partial(_page, old, table.c.id, last), heavy=True):
            await self.db.write(partial(_run, forget(ids)))
            forgotten, last = forgotten + len(ids), ids[-1]
        return forgotten


def _page(old: sa.Select[str], row_id: sa.Column[str], last: str, tx: Tx) -> list[str]:
    """Return the next ids after the last one."""
    return [*tx.execute(old.where(row_id > last).order_by(row_id).limit(ROWS)).scalars()]


def _run(statement: sa.Executable, tx: Tx) -> None:
    tx.execute(statement)
