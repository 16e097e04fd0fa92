"""
How long it takes to verify a record of a million rows, and what the record adds to a send.

``python -m bench.audit`` measures both databases; it needs a few minutes, most of it to write.
"""

import argparse
import asyncio
import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from bench.databases import durable_postgres, opened
from trunkline.audit_verifier import GENESIS, Row
from trunkline.core.audit import repository
from trunkline.core.audit.chain import Chain
from trunkline.core.audit.models import Details
from trunkline.core.audit.service import Audit
from trunkline.core.audit.verifying import Verifying
from trunkline.core.audit.witness import FILE, Witness
from trunkline.core.principal import DEFAULT_WORKSPACE, Principal, Scope
from trunkline.core.privacy.keys import Keys
from trunkline.core.privacy.vault import BodyVault
from trunkline.db.schema import audit_log
from trunkline.db.types import utc_text
from trunkline.sdk import Database, IdSource, SystemClock, Tx

ROWS: Final = 1_000_000
MOST_S: Final = 5.0
_AT_ONCE: Final = 2_000
_SIGNED_EVERY: Final = 1_000
_NOTES: Final = 5_000
_DETAILS: Final = (
    '{"agent":"agent-17","channel":"sms","recipient":"20b372cb74fdc5984d9817a2e424f83c",'
    '"status":"sending","rule":null,"connection":"twilio","costMicros":7900,"currency":"USD",'
    '"simulated":false}'
)


async def fill(db: Database, chain: Chain, ids: IdSource, count: int) -> None:
    """Write a record as hubs would have written it."""
    now = SystemClock().now()
    head: tuple[int, bytes] = (0, GENESIS)

    def page(tx: Tx, rows: list[Row]) -> None:
        values: list[dict[str, Any]] = [
            {**row._asdict(), "workspace_id": row.workspace, "created_at": now} for row in rows
        ]
        for each in values:
            del each["workspace"], each["timestamp"]
        tx.execute(sa.insert(audit_log), values)
        for row in rows:
            if row.seq % _SIGNED_EVERY == 0:
                signed = chain.sign(DEFAULT_WORKSPACE, (row.seq, row.row_hash), now)
                repository.add_checkpoint(tx, ids.new("row"), signed, now)

    for start in range(0, count, _AT_ONCE):
        rows: list[Row] = []
        for _ in range(min(_AT_ONCE, count - start)):
            about = (ids.new("row"), utc_text(now), "message.accepted", "0a4be5428c3d")
            row = Row(0, DEFAULT_WORKSPACE, *about, ids.new("msg"), _DETAILS, b"", b"")
            rows.append(chain.sealed(row, head))
            head = (rows[-1].seq, rows[-1].row_hash)
        await db.write(lambda tx, rows=rows: page(tx, rows))  # type: ignore[misc]


async def measure(url: str, data_dir: Path, count: int) -> tuple[float, float, float, int]:
    """Return the seconds of a verification, those of CPU, the µs of a note, and the faults."""
    clock = SystemClock()
    keys, ids = Keys(os.urandom(32)), IdSource(clock)
    chain, vault = Chain(keys), BodyVault(keys, clock, ids, hold_hours=1)
    async with opened(url, data_dir) as db:
        await fill(db, chain, ids, count)
        verifying = Verifying(db, chain, Witness(data_dir / FILE), vault)
        began_s, cpu_s = time.perf_counter(), time.process_time()
        found = await verifying.verify(Principal(scope=Scope.LOCAL))
        verified_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
        assert found.rows == count, found.rows
        audit = Audit(chain, clock, ids)

        def notes(tx: Tx) -> float:
            details: Details = {"agent": "agent-17", "channel": "sms", "costMicros": 7900}
            began_s = time.process_time()
            for number in range(_NOTES):
                audit.note(tx, "message.accepted", "0a4be5428c3d", f"msg_{number}", details)
                if tx.pipeline is not None and number % 100 == 99:
                    tx.pipeline.send()
            return (time.process_time() - began_s) / _NOTES * 1e6

        return verified_s, cpu_s, await db.write(notes), found.fault_count


def main() -> None:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--db", choices=["sqlite", "postgres"], action="append")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        for kind in given.db or ["sqlite", "postgres"]:
            url = "sqlite:///trunkline.db"
            if kind == "postgres":
                server = stack.enter_context(durable_postgres())
                if server is None:
                    continue
                url = stack.enter_context(server.database())
            verified_s, cpu_s, note_us, faults = asyncio.run(measure(url, Path(folder), given.rows))
            print(
                f"{kind}: {given.rows:,} rows verified in {verified_s:.2f} s, {cpu_s:.2f} s of CPU "
                f"({faults} faults; at most {MOST_S} s for {ROWS:,}); "
                f"a row takes {note_us:.0f} µs of CPU to write"
            )


if __name__ == "__main__":
    main()
