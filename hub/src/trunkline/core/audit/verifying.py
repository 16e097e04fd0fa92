"""Verifying the record, and handing it out to whoever verifies it elsewhere."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Final

from trunkline.audit_verifier import Record, Row
from trunkline.core.audit import repository
from trunkline.core.audit.chain import Chain
from trunkline.core.audit.models import Page, Verdict
from trunkline.core.audit.witness import Witness
from trunkline.core.principal import Principal
from trunkline.core.privacy.vault import BodyVault
from trunkline.core.problems import NotFound
from trunkline.sdk import Database, Tx

_ROWS: Final = 5_000
"""So many rows are read at once: those of a server are read on the event loop."""


@dataclass(frozen=True, slots=True)
class Verifying:
    """The operator's verbs on the record."""

    db: Database
    chain: Chain
    witness: Witness
    vault: BodyVault

    async def verify(self, by: Principal) -> Verdict:
        """Judge every row by its hash, and the rows by all that was signed, also in the file."""
        workspace_id, record = by.workspace_id, self.chain.record()
        beside, unreadable = self.witness.read()
        stored = await self.db.read(lambda tx: repository.checkpoints(tx, workspace_id), heavy=True)
        for each in dict.fromkeys((*stored, *beside)):
            record.take_checkpoint(each)
        for number in unreadable:
            record.fault("forged", 0, f"line {number} of {self.witness.path.name} is unreadable")
        rows = await self._read(workspace_id, None)
        while rows:
            # What is read next comes from the server while this is hashed.
            following = self._read(workspace_id, rows[-1][0])
            rows, _ = await asyncio.gather(following, asyncio.to_thread(record.take_rows, rows))
        waiting = await self._judge_unsealed(workspace_id, record)
        faults = record.end()
        return Verdict(
            rows=record.rows,
            checkpoints=len(record.checkpoints),
            waiting=waiting,
            head=record.head,
            public_key=self.chain.public_key,
            lost=tuple(record.lost),
            faults=tuple(faults),
            fault_count=record.fault_count,
        )

    async def _read(self, workspace_id: str, after: int | None) -> list[Row]:
        asked = partial(repository.rows_after, workspace_id=workspace_id, after=after, most=_ROWS)
        return await self.db.read(asked, heavy=True)

    async def _judge_unsealed(self, workspace_id: str, record: Record) -> int:
        """Return how many rows wait to be sealed; one that no hub wrote never is."""
        after, waiting = "", 0
        while rows := await self.db.read(
            partial(repository.unsealed_after, workspace_id=workspace_id, after=after, most=_ROWS),
            heavy=True,
        ):
            for row in rows:
                if self.chain.is_ours(row):
                    waiting += 1
                else:
                    record.fault("forged", 0, f"{row.id} waits to be sealed, and no hub wrote it")
            after = rows[-1].id
        return waiting

    async def page(self, by: Principal, after: int, most: int) -> Page:
        """Return sealed rows after one, and what was signed of them."""

        def fn(tx: Tx) -> Page:
            rows = repository.rows_after(tx, by.workspace_id, after or None, most)
            signed = repository.checkpoints(tx, by.workspace_id, after=after or None)
            if not rows:
                return Page(rows=(), checkpoints=tuple(signed), next_seq=None)
            last = rows[-1][0]
            of_these = tuple(each for each in signed if each.seq <= last)
            return Page(rows=tuple(rows), checkpoints=of_these, next_seq=last)

        return await self.db.read(fn, heavy=True)

    async def recipient(self, by: Principal, address: str) -> str:
        """
        Return what stands for an address in the record.

        Raises:
            NotFound: Nothing does, or not any more: its owner was erased.
        """
        key = await self.db.read(lambda tx: self.vault.known_key(tx, by.workspace_id, address))
        if key is None:
            raise NotFound("contact")
        return key.commitment(address)
