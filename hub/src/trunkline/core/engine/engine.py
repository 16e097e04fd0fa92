"""The engine: does what is due, on this hub or on another one of the same database."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from trunkline.core.engine import repository
from trunkline.core.engine.repository import Job, JobKind
from trunkline.core.trouble import tell_trouble
from trunkline.sdk import (
    Clock,
    Database,
    DatabaseFailed,
    EventLog,
    IdSource,
    Overloaded,
    Tx,
)

Work = Callable[[Job], Awaitable[None]]
"""
Does one job. It may run again after a crash, so it decides by the rows what is left to do; to be
called again it enqueues its job anew, in the transaction that stores what came of it.
"""

POLL_S: Final = 1.0
"""How late another hub's job, or one that has just become due, is noticed at most."""
AT_ONCE: Final[Mapping[JobKind, int]] = {
    JobKind.ATTEMPT: 64,
    JobKind.RECONCILE: 8,
    JobKind.FORWARD: 64,
    JobKind.DUPLICATE: 16,
    JobKind.OCCURRENCE: 64,
    JobKind.REPORT: 8,
    JobKind.PRICE: 4,
    JobKind.CALL: 8,
    JobKind.GREETING: 2,
    JobKind.TRANSCRIPT: 2,
    JobKind.APPROVAL: 4,
    JobKind.SUSPENSION: 2,
    JobKind.ROTATION: 1,
    JobKind.ERASURE: 2,
    JobKind.ALERT: 1,
    JobKind.MEDIUM: 8,
    JobKind.PROVISION: 16,
    JobKind.DEPROVISION: 2,
    JobKind.SENDER_POOL: 1,
}
"""So many jobs of a kind are at work in one process."""
_BROKEN_OFF_S: Final = (1.0, 5.0, 30.0, 300.0)
"""How long a job waits whose work raised."""


class Engine:
    """
    Jobs are rows of the hub's own database, enqueued in the transaction that decides on them.

    `executor` is who this process is. What it has claimed when it dies is given back by the next
    start of an embedded database's hub, or by another hub (`Executors`).
    """

    def __init__(
        self, db: Database, clock: Clock, ids: IdSource, log: EventLog, executor: str
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._log = log
        self.executor = executor
        self._work: dict[JobKind, Work] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: Counter[JobKind] = Counter()
        self._at_work: set[str] = set()
        self._unsure = self._runs = False
        self._wake = asyncio.Event()
        self.broke_off: Callable[[Exception], None] = lambda _: None
        """Is told what work raised that nobody foresaw."""

    def enqueue(
        self, tx: Tx, workspace_id: str, kind: JobKind, subject_id: str, due_at: datetime
    ) -> None:
        """Let a job be due at a time, if and when the caller's transaction commits."""
        row_id, now = self._ids.new("row"), self._clock.now()
        repository.enqueue(tx, row_id, workspace_id, kind, subject_id, due_at, now)

    def serve(self, kind: JobKind, work: Work) -> None:
        """Name what does the jobs of a kind; before `run`."""
        self._work[kind] = work

    async def run(self) -> None:
        """Do what is due until cancelled; then nothing further is begun."""
        listening = asyncio.create_task(self._listen())
        self._runs = True
        try:
            while True:
                self._wake.clear()
                wait_s = await self._begin_what_is_due()
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):  # wait_for may swallow a cancellation
                        await self._wake.wait()
        finally:
            self._runs = False
            listening.cancel()

    async def help_out(self, *kinds: JobKind) -> None:
        """
        Do what is due now of some kinds, to its end, unless the engine runs.

        For a command with a hub of its own, alone on the database, that waits for what it asked.
        """
        if not self._runs:
            await self._begin_what_is_due(kinds)
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def drain(self, timeout_s: float) -> int:
        """Wait for the work under way and return how much did not end in time."""
        if not self._tasks:
            return 0
        _, unfinished = await asyncio.wait(self._tasks, timeout=timeout_s)
        return len(unfinished)

    async def step(self) -> bool:
        """Do what is due now, to its end; tell whether there was anything. For simulations."""
        await self._begin_what_is_due()
        begun = bool(self._tasks)
        if begun:
            await asyncio.wait(self._tasks)
        return begun

    async def _listen(self) -> None:
        while True:
            try:
                async with self._db.listen("jobs") as notes:
                    self._wake.set()
                    async for _ in notes:
                        self._wake.set()
            except Exception as error:  # noqa: BLE001 - what is due is noticed by polling too
                tell_trouble(self._log, "engine.cannot_listen", error)
                await asyncio.sleep(POLL_S)

    async def _begin_what_is_due(self, kinds: Collection[JobKind] | None = None) -> float:
        """Begin what is due, of all kinds or of some; return after how many seconds to look on."""
        wanted = [
            (kind, AT_ONCE[kind] - self._busy[kind])
            for kind in (self._work if kinds is None else kinds)
            if self._busy[kind] < AT_ONCE[kind]
        ]
        now = self._clock.now()
        try:
            if self._unsure:
                await self._db.write(
                    lambda tx: repository.release(tx, self.executor, but=self._at_work)
                )
                self._unsure = False
            due = await self._db.read(repository.next_due)
            if not wanted or due is None:
                return POLL_S
            if due > now:
                return min(POLL_S, (due - now).total_seconds())
            # What is due anew while its work goes on has to wait: its end would finish both.
            jobs = await self._db.write(
                lambda tx: repository.claim(tx, self.executor, now, wanted, but=self._at_work)
            )
        except Exception as error:  # noqa: BLE001 - it is logged, and nobody else would go on
            self._unsure = True  # it may have stored the claim and not been able to say so
            tell_trouble(self._log, "engine.cannot_look", error)
            return POLL_S
        for job in jobs:
            self._busy[job.kind] += 1
            self._at_work.add(job.id)
            task = asyncio.create_task(self._do(job))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return POLL_S

    async def _do(self, job: Job) -> None:
        try:
            await self._work[job.kind](job)
            await self._db.write(lambda tx: repository.finish(tx, self.executor, job.id))
        except Exception as error:  # noqa: BLE001 - it is logged, and tried again
            self._log.error(
                "engine.work_broke_off", kind=job.kind.value, jobId=job.id, exc_info=error
            )
            if not isinstance(error, DatabaseFailed | Overloaded):
                self.broke_off(error)
            await self._give_back(job)
        finally:
            self._busy[job.kind] -= 1
            self._at_work.discard(job.id)
            self._wake.set()  # there is room for another

    async def _give_back(self, job: Job) -> None:
        wait_s = _BROKEN_OFF_S[min(job.tries, len(_BROKEN_OFF_S) - 1)]
        due_at = self._clock.now() + timedelta(seconds=wait_s)
        while True:
            try:
                await self._db.write(
                    lambda tx: repository.break_off(tx, self.executor, job, due_at)
                )
            except Exception as error:  # noqa: BLE001 - until it is back the job is nobody's
                tell_trouble(self._log, "engine.job_not_given_back", error)
                await asyncio.sleep(POLL_S)
            else:
                return
