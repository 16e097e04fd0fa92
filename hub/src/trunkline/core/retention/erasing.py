"""Erasing a contact: keys destroyed, addresses taken out, providers asked to forget."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import sqlalchemy as sa

from trunkline.core.addresses import spellings
from trunkline.core.audit.models import HUB
from trunkline.core.audit.service import Audit
from trunkline.core.compliance import repository as compliance
from trunkline.core.engine import repository as jobs
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job, JobKind
from trunkline.core.principal import Principal
from trunkline.core.privacy.sealing import Seals
from trunkline.core.privacy.vault import BodyVault, Place
from trunkline.core.problems import NotFound
from trunkline.core.retention.forgotten import Forgotten, under_way
from trunkline.core.retention.receipts import (
    Receipt,
    add_counts,
    find_receipt,
    newest_receipts,
    open_receipt,
)
from trunkline.core.retention.traces import Traces, searched
from trunkline.core.retention.vendors import Vendors
from trunkline.core.retention.whose import whose
from trunkline.core.trouble import tell_trouble
from trunkline.db.schema import (
    body_vault,
    contact_keys,
    early_reports,
    erasures,
    media,
    person_addresses,
    reply_windows,
)
from trunkline.sdk import Clock, Database, EventLog, IdSource, Tx

ROWS: Final = 200
"""So many rows are cleared in one transaction."""
SETTLES_S: Final = 40.0
"""How long whoever asks for an erasure waits for what is under way; then the engine goes on."""
LOOK_S: Final = 0.5
_TAKES_OVER: Final = timedelta(seconds=60)
_AGAIN: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasing:
    """
    Erases contacts, and tells what was erased.

    Attributes:
        delete_object: Does the job of a medium whose object is to be deleted.
    """

    db: Database
    vault: BodyVault
    seals: Seals
    forgotten: Forgotten
    vendors: Vendors
    engine: Engine
    delete_object: Callable[[Job], Awaitable[None]]
    clock: Clock
    ids: IdSource
    log: EventLog
    audit: Audit

    async def erase(self, by: Principal, address: str) -> Receipt:
        """
        Erase a contact and return what came of it; what is left to do then, the engine does.

        Raises:
            Invalid: It is no address, or an agent's own.
        """
        workspace_id, receipt_id, now = by.workspace_id, self.ids.new("row"), self.clock.now()

        def fn(tx: Tx) -> str:
            theirs = whose(tx, workspace_id, address)
            known = self.vault.contact_hash(workspace_id, theirs[0])
            open_id = open_receipt(tx, workspace_id, known)
            if open_id is not None:
                return open_id
            tx.execute(
                sa.insert(erasures).values(
                    id=receipt_id,
                    workspace_id=workspace_id,
                    created_at=now,
                    contact_hash=known,
                    addresses=self.seals.seal(
                        _place(workspace_id, receipt_id), json.dumps(theirs).encode()
                    ),
                    counts="{}",
                    vendors="{}",
                )
            )
            self.audit.act(tx, by, "erasure.begun", receipt_id)
            # Done below, and by the engine only if this process dies before.
            due_at = now + _TAKES_OVER
            self.engine.enqueue(tx, workspace_id, JobKind.ERASURE, receipt_id, due_at)
            return receipt_id

        found = await self.db.write(fn)
        until = self.clock.monotonic() + SETTLES_S
        while not await self._forget(workspace_id, found):
            if self.clock.monotonic() > until:
                break
            await self.clock.sleep(LOOK_S)
        await self._end(workspace_id, found)
        return await self.show(by, found)

    async def show(self, by: Principal, receipt_id: str) -> Receipt:
        """Return a receipt; NotFound if there is none."""
        found = await self.db.read(partial(find_receipt, by.workspace_id, receipt_id))
        if found is None:
            raise NotFound("receipt")
        return found

    async def newest(self, by: Principal, limit: int) -> list[Receipt]:
        """Return receipts, the newest first."""
        return await self.db.read(partial(newest_receipts, by.workspace_id, limit), heavy=True)

    async def receipts_of(self, by: Principal, address: str) -> list[Receipt]:
        """Return the receipts of an address, the newest first: whoever has it can prove it."""

        def fn(tx: Tx) -> list[Receipt]:
            theirs = whose(tx, by.workspace_id, address)
            known = self.vault.contact_hash(by.workspace_id, theirs[0])
            return newest_receipts(by.workspace_id, 50, tx, contact_hash=known)

        return await self.db.read(fn)

    async def work(self, job: Job) -> None:
        """Go on with an erasure that was broken off, or that waits for something."""
        if await self._forget(job.workspace_id, job.subject_id):
            await self._end(job.workspace_id, job.subject_id)
        else:
            await self._later(job.workspace_id, job.subject_id, self.clock.now() + _AGAIN)

    async def run(self) -> None:
        """Look up the keys of contacts anew once some were destroyed, until cancelled."""
        while True:
            try:
                async with self.db.listen("erasures") as notes:
                    self.vault.forget()
                    async for _ in notes:
                        self.vault.forget()
            except Exception as error:  # noqa: BLE001 - until then a new text may be unreadable
                tell_trouble(self.log, "erasures.cannot_listen", error)
                self.vault.forget()
                await self.clock.sleep(1.0)

    async def _forget(self, workspace_id: str, receipt_id: str) -> bool:
        """Take out of the database what may go now; tell whether nothing is left."""
        theirs = await self.db.read(partial(self._addresses, workspace_id, receipt_id))
        if theirs is None:
            return True
        traces = self._traces(workspace_id, receipt_id, theirs)
        canceled = await self.db.read(partial(self.forgotten.waiting, traces), heavy=True)
        spoken = await self.db.read(partial(self.forgotten.spoken, traces))
        sounds = await self.db.write(
            partial(self._shred, workspace_id, receipt_id, theirs, canceled, spoken)
        )
        self.vault.forget()
        await asyncio.gather(*(self._delete(workspace_id, each) for each in sounds))
        busy = await self.db.read(partial(under_way, traces), heavy=True)
        for table in searched():
            found = await self.db.read(partial(traces.find, table), heavy=True)
            clear = [each for each in found if each not in busy]
            for start in range(0, len(clear), ROWS):
                page = clear[start : start + ROWS]
                objects = await self.db.write(partial(self._clear, receipt_id, traces, table, page))
                await asyncio.gather(*(self._delete(workspace_id, each) for each in objects))
        if busy or canceled:
            return False
        await self.db.write(partial(self._erased, workspace_id, receipt_id))
        return True

    def _addresses(self, workspace_id: str, receipt_id: str, tx: Tx) -> Sequence[str] | None:
        """Return whom an erasure is about, or None once nothing of them is left here."""
        sealed = tx.execute(
            sa.select(erasures.c.addresses).where(
                erasures.c.workspace_id == workspace_id, erasures.c.id == receipt_id
            )
        ).scalar()
        if sealed is None:
            return None
        found: list[str] = json.loads(self.seals.open(_place(workspace_id, receipt_id), sealed))
        return found

    def _traces(self, workspace_id: str, receipt_id: str, theirs: Sequence[str]) -> Traces:
        forms = [form for each in theirs for form in spellings(each)]
        known = [self.vault.pseudonyms(workspace_id, [each]) or "" for each in theirs]
        mark = f"erased:{receipt_id[-12:]}"
        return Traces(
            workspace_id,
            {form: f"{mark}.{number}" for number, form in enumerate(dict.fromkeys(forms + known))},
        )

    def _shred(
        self,
        workspace_id: str,
        receipt_id: str,
        theirs: Sequence[str],
        canceled: Sequence[str],
        spoken: Sequence[str],
        tx: Tx,
    ) -> list[str]:
        """
        Destroy the keys, cancel what waits, and let suppressions stand by a keyed hash.

        It returns which media have an object that is to be deleted.
        """
        counts: Counter[str] = Counter()
        sounds = self.forgotten.files(tx, workspace_id, media.c.id.in_(spoken), counts)
        counts["canceled"] = sum(self.forgotten.cancel(tx, workspace_id, each) for each in canceled)
        hashes = [self.vault.contact_hash(workspace_id, each) for each in theirs]
        keys = tx.execute(
            sa.select(contact_keys.c.id).where(
                contact_keys.c.workspace_id == workspace_id,
                contact_keys.c.contact_hash.in_(hashes),
            )
        ).scalars()
        for key_id in keys.all():
            for table, column in ((body_vault, body_vault.c.key_id), (contact_keys, None)):
                gone = sa.delete(table).where((table.c.id if column is None else column) == key_id)
                counts[table.name] += tx.execute(gone).rowcount
        marks = {each: self.vault.erased(workspace_id, each) for each in theirs}
        new_id = partial(self.ids.new, "row")
        counts["suppressions"] = compliance.forget_addresses(tx, workspace_id, marks, new_id)
        for column in (
            reply_windows.c.address,
            person_addresses.c.address,
            person_addresses.c.person,
            early_reports.c.recipient,
        ):
            found = sa.delete(column.table).where(
                column.table.c.workspace_id == workspace_id, column.in_(theirs)
            )
            counts[column.table.name] += tx.execute(found).rowcount
        add_counts(tx, receipt_id, counts)
        tx.notify("erasures", receipt_id)
        return sounds

    def _clear(
        self, receipt_id: str, traces: Traces, table: sa.Table, row_ids: Sequence[str], tx: Tx
    ) -> list[str]:
        """Clear rows of a table; return which media have an object that is to be deleted."""
        counts: Counter[str] = Counter()
        objects: list[str] = []
        found = tx.execute(sa.select(table).where(table.c.id.in_(row_ids)))
        for row in map(dict, found.mappings().all()):
            objects += self.forgotten.content(tx, receipt_id, table, row, counts)
            values = traces.cleared(row)
            if values:
                tx.execute(sa.update(table).where(table.c.id == row["id"]).values(**values))
                counts[table.name] += 1
        add_counts(tx, receipt_id, counts)
        return objects

    async def _delete(self, workspace_id: str, medium_id: str) -> None:
        """Delete an object now; if that fails, its job goes on."""
        now = self.clock.now()
        job = Job(
            id=medium_id,
            workspace_id=workspace_id,
            kind=JobKind.MEDIUM,
            subject_id=medium_id,
            due_at=now,
            tries=0,
        )
        await self.delete_object(job)

    def _erased(self, workspace_id: str, receipt_id: str, tx: Tx) -> None:
        tx.execute(
            sa.update(erasures)
            .where(erasures.c.workspace_id == workspace_id, erasures.c.id == receipt_id)
            .values(addresses=None, erased_at=self.clock.now())
        )

    async def _end(self, workspace_id: str, receipt_id: str) -> None:
        """Ask the providers; end the erasure if that is all, or let the engine go on."""
        again_at = await self.vendors.ask(workspace_id, receipt_id)
        left = await self.db.read(partial(self._addresses, workspace_id, receipt_id))
        if left is not None:
            again_at = self.clock.now() + _AGAIN
        if again_at is not None:
            await self._later(workspace_id, receipt_id, again_at)
            return

        def fn(tx: Tx) -> None:
            finished = sa.update(erasures).where(
                erasures.c.workspace_id == workspace_id,
                erasures.c.id == receipt_id,
                erasures.c.finished_at.is_(None),
            )
            if tx.execute(finished.values(finished_at=self.clock.now())).rowcount:
                self.audit.note(tx, "erasure.ended", HUB, receipt_id, workspace_id=workspace_id)
            jobs.cancel(tx, workspace_id, JobKind.ERASURE, receipt_id)

        await self.db.write(fn)
        self.log.info("privacy.erased", receiptId=receipt_id)

    async def _later(self, workspace_id: str, receipt_id: str, due_at: datetime) -> None:
        await self.db.write(
            lambda tx: self.engine.enqueue(tx, workspace_id, JobKind.ERASURE, receipt_id, due_at)
        )


def _place(workspace_id: str, receipt_id: str) -> Place:
    return Place(
        workspace_id=workspace_id, table=erasures.name, row_id=receipt_id, column="addresses"
    )
