"""
Keys are rotated while the hub works: a new root key under a new master key, then all else under it.

Every ciphertext says which root it is under, and hubs open all of them; so it does not matter when
each is sealed anew, nor how often that is broken off.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Final

import sqlalchemy as sa

from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job, JobKind, count_behind
from trunkline.core.principal import DEFAULT_WORKSPACE, Principal
from trunkline.core.privacy.keys import KEY_BYTES, NONCE_BYTES, Keys, Unreadable, sealed_with
from trunkline.core.privacy.masters import Masters
from trunkline.core.privacy.roots import (
    Root,
    add_root,
    read_roots,
    seal_anew,
    sealing_number,
    set_root,
)
from trunkline.core.privacy.sealing import Seals
from trunkline.core.privacy.vault import Place, unwrap, wrap
from trunkline.core.problems import Invalid
from trunkline.core.trouble import tell_trouble
from trunkline.db.locks import hold
from trunkline.db.schema import contact_keys, metadata
from trunkline.db.schema.base import SEALED
from trunkline.sdk import Clock, Database, EventLog, IdSource, Tx

ROWS: Final = 200
"""So many rows are sealed anew in one transaction: a few milliseconds."""
LOOK_S: Final = 1.0
RETRY_S: Final = 5.0


class Stage(StrEnum):
    """How far a rotation is."""

    SETTLED = "settled"
    WAITING = "waiting"
    """Some hub does not have the new keys yet."""

    SEALING = "sealing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """
    Which keys are in use.

    Attributes:
        master_mark: The fingerprint of the newest master key that is used.
        behind: How many hubs are waited for.
    """

    stage: Stage
    number: int
    master_mark: str
    made_at: datetime
    settled_at: datetime | None
    behind: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """Begins rotations, does them, and lets this process know the keys of others'."""

    db: Database
    keys: Keys
    masters: Masters
    engine: Engine
    clock: Clock
    ids: IdSource
    log: EventLog
    begun: Callable[[Tx, Principal], None]
    """Takes down, in its transaction, that somebody has begun one."""

    async def begin(self, by: Principal) -> Rotated:
        """
        Rotate all keys that can be; one that is under way goes on.

        Raises:
            Invalid: The master keys are given, and none of them is new.
        """
        found = await self.db.read(read_roots)
        if found[-1].settled_at is not None:
            used = {root.master_mark for root in found}
            new = next(iter(self.masters.by_mark().items()))
            if new[0] in used:
                if self.masters.given:
                    raise Invalid(
                        "CREDENTIALS_ENCRYPTION_KEY",
                        "put a new key before the one that is there, with a comma between them, "
                        "for every hub, and restart them one after the other. Then rotate.",
                    )
                self.masters.put_first(self.ids.secret(KEY_BYTES))
        master = self.masters.all()[0]
        row_id, now, job = self.ids.new("row"), self.clock.now(), self.engine.enqueue
        root, nonce = self.ids.secret(KEY_BYTES), self.ids.secret(NONCE_BYTES)

        def fn(tx: Tx) -> None:
            hold(tx, "root_keys")
            newest, subject = read_roots(tx)[-1], ""
            if newest.settled_at is not None:
                add_root(tx, row_id, newest.number + 1, root, master, nonce, now, seals=False)
            subject = newest.id if newest.settled_at is None else row_id
            job(tx, DEFAULT_WORKSPACE, JobKind.ROTATION, subject, now)
            self.begun(tx, by)
            tx.notify("root_keys", subject)

        await self.db.write(fn)
        await self.refresh()
        return await self.show(by)

    async def show(self, by: Principal) -> Rotated:
        """Tell which keys are in use, and how far the last rotation is."""

        def fn(tx: Tx) -> tuple[Root, int]:
            newest = read_roots(tx)[-1]
            return newest, self._count_behind(newest, tx)

        newest, behind = await self.db.read(fn)
        stage = Stage.WAITING if behind else Stage.SEALING
        if newest.settled_at is not None:
            stage, behind = Stage.SETTLED, 0
        return Rotated(
            stage=stage,
            number=newest.number,
            master_mark=newest.master_mark,
            made_at=newest.created_at,
            settled_at=newest.settled_at,
            behind=behind,
        )

    async def work(self, job: Job) -> None:
        """
        Bring a rotation as far as it gets now.

        Hubs seal with the new root once all of them can open it, and what is under an older one is
        sealed anew once none seals with that any more.
        """
        await self.refresh()
        newest = (await self.db.read(read_roots))[-1]
        if newest.id != job.subject_id or newest.settled_at is not None:
            return
        if newest.seals_from is None and not await self._behind(newest):
            await self.db.write(partial(self._seals_now, newest))
            await self.refresh()
            newest = (await self.db.read(read_roots))[-1]
        if newest.seals_from is None or await self._behind(newest):
            await self._look_again(job)
            return
        sealed = await self._each(contact_keys.c.wrapped_key, self._wrapped_anew)
        for column in _sealed_columns():
            sealed += await self._each(column, partial(self._sealed_anew, column))
        await self.db.write(partial(self._settle, newest))
        self.log.info("keys.rotated", number=newest.number, sealed=sealed)
        await self.refresh()

    async def run(self) -> None:
        """Take part in what other hubs rotate, until cancelled."""
        while True:
            try:
                async with self.db.listen("root_keys") as notes:
                    await self.refresh()
                    async for _ in notes:
                        await self.refresh()
            except Exception as error:  # noqa: BLE001 - this hub is waited for meanwhile
                tell_trouble(self.log, "keys.cannot_listen", error)
                await self.clock.sleep(RETRY_S)

    async def refresh(self) -> None:
        """Know every root, seal with the one that all hubs know, and retire what is past."""
        found = await self.db.read(read_roots)
        unknown = [root for root in found if root.number > self.keys.knows]
        masters = self.masters.by_mark() if unknown else {}
        for root in unknown:
            opened = root.open(masters)
            if opened is None:
                self.log.error("keys.master_key_missing", mark=root.master_mark)
                return
            self.keys.learn(root.number, opened)
        self.keys.seals_with = sealing_number(found)
        if found[-1].settled_at is not None:
            for mark in self.masters.retire({root.master_mark for root in found}):
                self.log.warning("keys.master_key_retired", mark=mark)

    async def _behind(self, root: Root) -> int:
        return await self.db.read(partial(self._count_behind, root))

    def _count_behind(self, root: Root, tx: Tx) -> int:
        """Return how many hubs are to know a root, or if all do, to seal with it."""
        sealing, lacks_it = root.seals_from is not None, self.keys.knows < root.number
        others = count_behind(tx, root.number, sealing=sealing, but=self.engine.executor)
        return others + lacks_it

    async def _look_again(self, job: Job) -> None:
        due_at = self.clock.now() + timedelta(seconds=LOOK_S)

        def fn(tx: Tx) -> None:
            self.engine.enqueue(tx, job.workspace_id, job.kind, job.subject_id, due_at)
            tx.notify("root_keys", job.subject_id)  # who was behind may have the key by now

        await self.db.write(fn)

    def _seals_now(self, root: Root, tx: Tx) -> None:
        set_root(tx, root.id, seals_from=self.clock.now())
        tx.notify("root_keys", root.id)

    def _settle(self, newest: Root, tx: Tx) -> None:
        """Put every root under the newest one's master key: the others have nothing left."""
        masters = self.masters.by_mark()
        master = masters[newest.master_mark]
        hold(tx, "root_keys")
        for root in read_roots(tx):
            if root.master_mark != newest.master_mark:
                opened = root.open(masters)
                assert opened is not None  # it was opened before this hub was
                seal_anew(tx, root, opened, master, self.ids.secret(NONCE_BYTES))
        set_root(tx, newest.id, settled_at=self.clock.now())
        tx.notify("root_keys", newest.id)

    async def _each(
        self, column: sa.Column[bytes], anew: Callable[[str, str, bytes], bytes]
    ) -> int:
        """Seal a column of every row anew, a few at a time; others write between two."""
        sealed, last = 0, ""
        while True:
            count, last = await self.db.write(partial(self._page, column, anew, last))
            sealed += count
            if not last:
                return sealed

    def _page(
        self,
        column: sa.Column[bytes],
        anew: Callable[[str, str, bytes], bytes],
        last: str,
        tx: Tx,
    ) -> tuple[int, str]:
        """Seal the next rows anew; return how many were, and the last one that was looked at."""
        table, sealed = column.table, 0
        rows = tx.execute(
            sa.select(table.c.id, table.c.workspace_id, column.label("secret"))
            .where(table.c.id > last, column.is_not(None))
            .order_by(table.c.id)
            .limit(ROWS)
        ).all()
        for row in rows:
            if sealed_with(row.secret) == self.keys.seals_with:
                continue
            try:
                secret = anew(row.workspace_id, row.id, row.secret)
            except Unreadable:  # it stays as it is: nobody could read it before either
                self.log.error("keys.unreadable", column=str(column), rowId=row.id)
                continue
            sealed += tx.execute(
                sa.update(table)
                # What somebody changed meanwhile was sealed anew with it.
                .where(table.c.id == row.id, column == row.secret)
                .values({column: secret})
            ).rowcount
        return sealed, rows[-1].id if len(rows) == ROWS else ""

    def _wrapped_anew(self, workspace_id: str, row_id: str, wrapped: bytes) -> bytes:
        secret = unwrap(self.keys, workspace_id, row_id, wrapped)
        return wrap(self.keys, self.ids, workspace_id, row_id, secret)

    def _sealed_anew(
        self, column: sa.Column[bytes], workspace_id: str, row_id: str, sealed: bytes
    ) -> bytes:
        place = Place(
            workspace_id=workspace_id,
            table=column.table.name,
            row_id=row_id,
            column=column.info[SEALED],
        )
        seals = Seals(self.keys, self.ids)
        return seals.seal(place, seals.open(place, sealed))


def _sealed_columns() -> list[sa.Column[bytes]]:
    """Return every column whose secrets `Seals` has sealed."""
    columns = (column for table in metadata.sorted_tables for column in table.c)
    return [column for column in columns if SEALED in column.info]
