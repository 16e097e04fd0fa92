"""The pool of WhatsApp senders: registered ahead, so that no agent waits days for a review."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import JobKind
from trunkline.core.principal import Principal
from trunkline.core.problems import InUse, Missing, NotFound
from trunkline.core.provisioning import pool_rows, repository
from trunkline.core.provisioning.models import SETTLED, Aim, Part, Row, Step
from trunkline.core.provisioning.pool_filling import look_at_pool
from trunkline.core.provisioning.pool_rows import Pooled, PoolStatus
from trunkline.core.provisioning.pool_sources import PoolSources
from trunkline.sdk import Clock, Database, IdSource, Readiness, Tx

_CONDITIONS: Final[Mapping[Readiness | None, PoolStatus]] = {
    Readiness.READY: PoolStatus.ACTIVE,
    Readiness.PENDING: PoolStatus.PENDING_REVIEW,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledShown:
    """
    A sender of the pool, as an operator sees it.

    Attributes:
        monthly_micros: What its number costs per month, once it is bought.
        reason: Why it is not active, and what to do.
    """

    pooled: Pooled
    monthly_micros: int | None
    currency: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class SenderPool:
    """Gives agents the senders that wait, takes them back, and knows how each stands."""

    db: Database
    engine: Engine
    clock: Clock
    ids: IdSource
    sources: PoolSources

    # --- for agents, in the transactions of their provisioning ------------------------------------

    def has(self, tx: Tx, wanted: Row) -> bool:
        """Tell whether an agent could have a sender at once."""
        return pool_rows.find_active(tx, wanted, hold=False) is not None

    def take(self, tx: Tx, wanted: Row) -> Row | None:
        """Return the row of an active sender, which is the agent's from here on; None: no such."""
        pool_rows.hold_pool(tx, wanted.workspace_id)
        row = pool_rows.find_active(tx, wanted, hold=True)
        pooled = None if row is None else pool_rows.of_row(tx, row)
        if pooled is None:
            return None
        assigned = replace(
            pooled,
            slot=None,
            status=PoolStatus.ASSIGNED,
            assigned_to_agent=wanted.agent_id,
            tries=0,
            updated_at=self.clock.now(),
        )
        pool_rows.store(tx, assigned)
        self._look(tx, wanted.workspace_id)
        return row

    def number(self, tx: Tx, wanted: Row) -> Row | None:
        """Return the number of the sender that an agent has from the pool, if it may have that."""
        return pool_rows.number_of_agent(tx, wanted)

    def take_back(self, tx: Tx, rows: Mapping[Part, Row]) -> list[Row]:
        """Take an agent's active sender with its number, if there is room; return what is taken."""
        sender = rows.get(Part.WHATSAPP)
        if sender is None or not self._is_wanted(sender):
            return []
        pool_rows.hold_pool(tx, sender.workspace_id)
        known = pool_rows.of_row(tx, sender)
        own = pool_rows.rows_of(tx, known) if known is not None else {}
        number = own.get(Part.PHONE) or rows.get(Part.PHONE)
        if number is None or not self._is_its(number, sender):
            return []
        slot = self._room(tx, sender.workspace_id)
        if slot is None:
            return []
        now = self.clock.now()
        pooled = known or self._new(sender.workspace_id, slot, sender.id, now)
        if known is None:
            pool_rows.add(tx, pooled)
        back = replace(
            pooled,
            slot=slot,
            phone_number=sender.address,
            sender_sid=sender.provider_id,
            status=PoolStatus.PREPARING,
            assigned_to_agent=None,
            tries=0,
            updated_at=now,
        )
        pool_rows.store(tx, back)
        taken = [each for each in (sender, number) if each.agent_id != back.owner]
        return [self._owned(tx, each, back.owner, now) for each in taken]

    # --- what becomes of its rows -----------------------------------------------------------------

    def follow(self, tx: Tx, row: Row) -> None:
        """Write down how a sender of the pool stands, after one of its rows was stored."""
        if row.part not in (Part.PHONE, Part.WHATSAPP):
            return
        pooled = pool_rows.of_row(tx, row)
        if pooled is None:
            return
        rows, now = pool_rows.rows_of(tx, pooled), self.clock.now()
        sender, number = rows.get(Part.WHATSAPP), rows.get(Part.PHONE)
        is_there = number is not None and number.step in SETTLED
        if row.part is Part.PHONE and is_there and sender and sender.step is Step.WANTED:
            self.engine.enqueue(tx, row.workspace_id, JobKind.PROVISION, sender.id, now)
        seen = replace(
            pooled,
            phone_number=next(
                (each.address for each in (sender, number) if each and each.address), None
            ),
            sender_sid=sender.provider_id if sender else None,
            status=_status(pooled, sender, number),
            assigned_to_agent=sender.agent_id
            if sender is not None and not pool_rows.is_pooled(sender.agent_id)
            else None,
        )
        if seen != pooled:
            pool_rows.store(tx, replace(seen, updated_at=now))
            if seen.status is PoolStatus.FAILED:
                self._look(tx, row.workspace_id)

    def ended(self, tx: Tx, row: Row) -> None:
        """Give back what else belongs to a sender of the pool, one of whose rows is no more."""
        pooled = pool_rows.of_row(tx, row)
        if pooled is None:
            return
        rest = pool_rows.rows_of(tx, pooled)
        if not rest:
            pool_rows.remove(tx, pooled)
            self._look(tx, row.workspace_id)
        elif row.part is Part.WHATSAPP:
            self._return(tx, pooled)

    # --- for operators ----------------------------------------------------------------------------

    async def shown(self, principal: Principal) -> list[PooledShown]:
        """Return every sender of the pool, and those that agents have from it."""

        def fn(tx: Tx) -> list[PooledShown]:
            found = pool_rows.all_pooled(tx, principal.workspace_id)
            return [_shown(each, pool_rows.rows_of(tx, each)) for each in found]

        return await self.db.read(fn)

    async def give_back(self, principal: Principal, number: str) -> None:
        """
        Give a sender of the pool back to the provider, with its number; its place is filled anew.

        Args:
            number: Its number, or its id where it has none.
        """

        def fn(tx: Tx) -> None:
            pool_rows.hold_pool(tx, principal.workspace_id)
            found = pool_rows.all_pooled(tx, principal.workspace_id)
            named = (each for each in found if number in (each.id, each.phone_number))
            pooled = next(named, None)
            if pooled is None:
                raise NotFound("sender in the pool")
            if pooled.slot is None:
                raise InUse(
                    f"The agent '{pooled.assigned_to_agent}' has it: end that with `trunkline "
                    "agents deprovision`."
                )
            self._return(tx, pooled)

        await self.db.write(fn)

    # --- parts ------------------------------------------------------------------------------------

    def _look(self, tx: Tx, workspace_id: str) -> None:
        look_at_pool(self.engine, tx, workspace_id, self.clock.now())

    def _new(self, workspace_id: str, slot: int, sender_row: str, now: datetime) -> Pooled:
        return Pooled(
            id=self.ids.new("row"),
            workspace_id=workspace_id,
            slot=slot,
            sender_row=sender_row,
            updated_at=now,
        )

    def _return(self, tx: Tx, pooled: Pooled) -> None:
        """Give back what is the pool's of a sender."""
        now = self.clock.now()
        rows = repository.of_agent(tx, pooled.workspace_id, pooled.owner, held=True)
        returning = replace(pooled, status=PoolStatus.RETURNING, updated_at=now)
        pool_rows.store(tx, returning)
        for row in rows.values():
            if row.aim is not Aim.GONE:
                repository.store(tx, replace(row, aim=Aim.GONE, tries=0), now)
                self.engine.enqueue(tx, row.workspace_id, JobKind.PROVISION, row.id, now)

    def _owned(self, tx: Tx, row: Row, owner: str, now: datetime) -> Row:
        """Make a row the pool's, and set it anew: nothing of the agent's is to be seen on it."""
        owned = replace(
            row,
            agent_id=owner,
            country=self.sources.country,
            step=Step.BOUGHT,
            readiness=None,
            reason=None,
            tries=0,
        )
        repository.store(tx, owned, now)
        self.engine.enqueue(tx, row.workspace_id, JobKind.PROVISION, row.id, now)
        return owned

    def _is_wanted(self, sender: Row) -> bool:
        """Tell whether a sender is as those of the pool are."""
        if sender.step is not Step.ASSIGNED or sender.readiness is not Readiness.READY:
            return False
        try:
            whatsapp, phone = self.sources.found()
        except Missing:
            return False
        return self.sources.size > 0 and phone is not None and sender.connection == whatsapp.name

    def _is_its(self, number: Row, sender: Row) -> bool:
        is_held = number.step is Step.ASSIGNED and number.aim is Aim.HAVE
        return (
            is_held and number.address == sender.address and number.country == self.sources.country
        )

    def _room(self, tx: Tx, workspace_id: str) -> int | None:
        """Return a place that is empty, or was filled in vain."""
        pooled = {each.slot: each for each in pool_rows.all_pooled(tx, workspace_id)}
        places = range(1, self.sources.size + 1)
        for slot in places:
            if slot not in pooled:
                return slot
        for slot in places:
            if pooled[slot].status is PoolStatus.FAILED:
                pool_rows.clear(tx, pooled[slot])
                return slot
        return None


def _status(pooled: Pooled, sender: Row | None, number: Row | None) -> PoolStatus:
    if sender is None or sender.aim is Aim.GONE:
        return PoolStatus.RETURNING
    if sender.agent_id != pooled.owner:
        return PoolStatus.ASSIGNED
    if number is not None and number.step is Step.FAILED:
        # What was asked for may have been paid, and would be again.
        return PoolStatus.FAILED if number.asked_at is None else PoolStatus.REJECTED
    if sender.step is Step.FAILED:
        return PoolStatus.FAILED if number is None else PoolStatus.REJECTED
    if sender.step is Step.ASSIGNED:
        return _CONDITIONS.get(sender.readiness, PoolStatus.REJECTED)
    return PoolStatus.PREPARING


def _shown(pooled: Pooled, rows: Mapping[Part, Row]) -> PooledShown:
    sender, number = rows.get(Part.WHATSAPP), rows.get(Part.PHONE)
    reason = next((each.reason for each in (number, sender) if each and each.reason), None)
    if pooled.status is PoolStatus.REJECTED:
        which = pooled.phone_number or pooled.id
        reason = (
            f"{reason or 'It was refused.'} Mend that at the provider, and the hub sees it; or "
            f"give it back with `trunkline pool give-back {which}`, and its place is filled anew."
        )
    elif pooled.status is PoolStatus.FAILED:
        reason = f"{reason or 'It failed.'} It is tried again, less and less often."
    elif pooled.status is PoolStatus.ASSIGNED:
        reason = None
    return PooledShown(
        pooled=pooled,
        monthly_micros=number.monthly_micros if number else None,
        currency=number.currency if number else None,
        reason=reason,
    )
