"""Where a part of an agent begins: anew, or with what is there already."""

from dataclasses import dataclass, replace
from functools import partial

from trunkline.core.provisioning import repository
from trunkline.core.provisioning.models import Aim, Part, Row, Step
from trunkline.core.provisioning.pool import SenderPool
from trunkline.sdk import Clock, Tx


@dataclass(frozen=True, slots=True)
class Starts:
    """Begins rows of agents, in the transaction that wishes them."""

    pool: SenderPool
    clock: Clock

    def add(self, tx: Tx, row: Row, known: Row | None) -> Row | None:
        """Store what shall be had, in place of what failed, of what is kept if there is such."""
        now = self.clock.now()
        if known is not None and known.step not in (Step.FAILED, Step.KEPT):
            return None  # somebody else began with it at the same moment
        kept = known if known is not None and known.step is Step.KEPT else None
        if known is not None and known is not kept:
            repository.remove(tx, known)
            self.pool.ended(tx, known)
        kept = kept or self._there(tx, row)
        if kept is None:
            repository.add(tx, row, now)
            return row
        taken = replace(
            kept, agent_id=row.agent_id, aim=Aim.HAVE, step=Step.BOUGHT, tries=0, reason=None
        )
        repository.store(tx, taken, now)
        self.pool.follow(tx, taken)
        return taken

    def _there(self, tx: Tx, row: Row) -> Row | None:
        """Return what is nobody's, paid for, and as wished."""
        find = partial(repository.find_kept, tx, row.workspace_id, row.part, row.connection)
        if row.part is Part.WHATSAPP:
            return find(None) or self.pool.take(tx, row)
        if row.part is Part.PHONE:
            return self.pool.number(tx, row) or find(row.country)
        return None
