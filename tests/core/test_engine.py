"""Jobs: done when they are due, by one hub at a time, and again if their work broke off."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from trunkline.core.engine import repository
from trunkline.core.engine.engine import AT_ONCE, Engine, Work
from trunkline.core.engine.executors import DEAD_S, Executors, Pulse
from trunkline.core.engine.repository import Job, JobKind
from trunkline.db.schema import engine_jobs, metadata
from trunkline.sdk import Database, IdSource, Tx
from trunkline.testing import FakeClock, RecordingLog

pytestmark = pytest.mark.both(slow=True)

SUBJECT = "msg_1"
Start = Callable[..., Engine]


@pytest.fixture
async def tables(db: Database) -> Database:
    """A database with the hub's tables."""
    await db.write(lambda tx: metadata.create_all(tx.connection))
    return db


@pytest.fixture
def clock() -> FakeClock:
    """A clock that the test moves on."""
    return FakeClock()


@pytest.fixture
def start(tables: Database, clock: FakeClock) -> Start:
    """Return a function that makes an engine of an executor, which does attempts by `work`."""

    def start(work: Work, executor: str = "one") -> Engine:
        engine = Engine(tables, clock, IdSource(clock), RecordingLog(), executor)
        engine.serve(JobKind.ATTEMPT, work)
        return engine

    return start


class Worker:
    """Work that keeps what it was asked to do, and breaks off as often as it is told to."""

    def __init__(self, breaks_off: int = 0) -> None:
        self.breaks_off = breaks_off
        self.did: list[str] = []

    async def __call__(self, job: Job) -> None:
        self.did.append(job.subject_id)
        if len(self.did) <= self.breaks_off:
            raise RuntimeError


def due(
    engine: Engine, clock: FakeClock, in_s: float = 0.0, subject_id: str = SUBJECT
) -> Callable[[Tx], None]:
    """Return what enqueues a job."""
    due_at = clock.now() + timedelta(seconds=in_s)
    return lambda tx: engine.enqueue(tx, "default", JobKind.ATTEMPT, subject_id, due_at)


def jobs(tx: Tx) -> int:
    """Return how many jobs there are, those at work among them."""
    return len(tx.execute(sa.select(engine_jobs)).all())


async def until(come: Callable[[], bool]) -> None:
    """Wait until something has come; fail after five seconds."""
    async with asyncio.timeout(5):
        while not come():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)


async def settle(engine: Engine) -> None:
    """Let an engine do all that is due."""
    while await engine.step():
        pass


# --- one engine -----------------------------------------------------------------------------------


async def test_a_job_whose_transaction_is_rolled_back_was_never_there(
    tables: Database, start: Start, clock: FakeClock
) -> None:
    worker = Worker()
    engine = start(worker)

    def fail(tx: Tx) -> None:
        due(engine, clock)(tx)
        raise LookupError

    with pytest.raises(LookupError):
        await tables.write(fail)
    await settle(engine)

    assert worker.did == []
    assert await tables.read(repository.next_due) is None


async def test_a_job_is_done_once_and_not_before_it_is_due(
    tables: Database, start: Start, clock: FakeClock
) -> None:
    worker = Worker()
    engine = start(worker)
    await tables.write(due(engine, clock, 10))
    did = []
    for travel_s in (0, 9.9, 0.2, 3600):
        clock.travel(travel_s)
        await settle(engine)
        did.append(len(worker.did))

    assert did == [0, 0, 1, 1]
    assert await tables.read(repository.next_due) is None


@pytest.mark.parametrize(("first_s", "then_s"), [(10, 100), (100, 10)])
async def test_of_two_times_for_a_job_the_last_word_counts(
    tables: Database, start: Start, clock: FakeClock, first_s: float, then_s: float
) -> None:
    worker = Worker()
    engine = start(worker)
    await tables.write(due(engine, clock, first_s))
    await tables.write(due(engine, clock, then_s))
    did = []
    for travel_s in (11, 90):
        clock.travel(travel_s)
        await settle(engine)
        did.append(len(worker.did))

    assert did == ([1, 1] if then_s == 10 else [0, 1])


async def test_work_that_enqueues_its_own_job_is_called_again(
    tables: Database, start: Start, clock: FakeClock
) -> None:
    did = []

    async def work(job: Job) -> None:
        did.append(job.subject_id)
        if len(did) < 3:
            await tables.write(due(engine, clock, 5))

    engine = start(work)
    await tables.write(due(engine, clock))
    for _ in range(5):
        await settle(engine)
        clock.travel(5)

    assert did == [SUBJECT] * 3


async def test_a_job_that_is_due_anew_while_its_work_goes_on_is_begun_after_it(
    tables: Database, start: Start, clock: FakeClock
) -> None:
    begun, ends = [], asyncio.Semaphore(0)

    async def work(job: Job) -> None:
        begun.append(job.id)
        if len(begun) == 1:
            await tables.write(due(engine, clock))
        await ends.acquire()

    engine = start(work)
    await tables.write(due(engine, clock))
    running = asyncio.create_task(engine.run())
    await until(lambda: len(begun) == 1)
    look = asyncio.create_task(engine.step())  # as another job would make it look
    await asyncio.sleep(0.05)
    still = len(begun)
    ends.release()
    await until(lambda: len(begun) == 2)
    left = await tables.read(repository.next_due), await tables.read(jobs)
    ends.release()
    await until(look.done)
    await engine.drain(5)
    running.cancel()

    assert still == 1
    assert left == (None, 1), "the end of the first removed the second, which a crash would lose"
    assert await tables.read(jobs) == 0


async def test_an_engine_that_is_cancelled_while_it_wakes_ends(start: Start) -> None:
    engine = start(Worker())
    for _ in range(20):
        running = asyncio.create_task(engine.run())
        await asyncio.sleep(0.02)
        engine._wake.set()
        await asyncio.sleep(0)  # the wait is over, and its task not yet told so
        running.cancel()
        await asyncio.wait({running}, timeout=1)
        assert running.done()


async def test_an_engine_goes_on_after_a_fault_that_nobody_foresaw(
    tables: Database, start: Start, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, faults = Worker(), [LookupError("odd")]
    honest = repository.next_due

    def next_due(tx: Tx) -> datetime | None:
        if faults:
            raise faults.pop()
        return honest(tx)

    monkeypatch.setattr("trunkline.core.engine.engine.POLL_S", 0.02)
    monkeypatch.setattr(repository, "next_due", next_due)
    engine = start(worker)
    await tables.write(due(engine, clock))
    running = asyncio.create_task(engine.run())
    await until(lambda: worker.did == [SUBJECT])
    await engine.drain(5)
    running.cancel()


async def test_work_that_breaks_off_is_done_again_after_a_wait_that_grows(
    tables: Database, start: Start, clock: FakeClock
) -> None:
    worker = Worker(breaks_off=3)
    engine = start(worker)
    await tables.write(due(engine, clock))
    did = []
    for travel_s in (0, 0.9, 0.2, 4.8, 0.3, 29.5, 0.6, 3600):
        clock.travel(travel_s)
        await settle(engine)
        did.append(len(worker.did))

    assert did == [1, 1, 2, 2, 3, 3, 4, 4]


async def test_of_many_jobs_the_most_overdue_begin_first_and_not_all_at_once(
    tables: Database, start: Start, clock: FakeClock
) -> None:
    begun, most = [], AT_ONCE[JobKind.ATTEMPT]

    async def work(job: Job) -> None:
        begun.append(job.subject_id)
        if len(begun) == most:
            full.set()
        await let.wait()

    full, let, engine = asyncio.Event(), asyncio.Event(), start(work)
    subjects = [f"msg_{number}" for number in range(most + 5)]
    for number, subject_id in enumerate(reversed(subjects)):
        await tables.write(due(engine, clock, -number, subject_id))
    stepping = asyncio.create_task(engine.step())
    await full.wait()
    assert begun == subjects[:most]
    let.set()
    await stepping
    await settle(engine)

    assert sorted(begun) == sorted(subjects)


# --- several --------------------------------------------------------------------------------------


async def test_two_engines_of_one_database_do_each_job_once(
    tables: Database, start: Start, clock: FakeClock
) -> None:
    did: list[tuple[str, str]] = []

    def worker(name: str) -> Work:
        async def work(job: Job) -> None:
            did.append((job.subject_id, name))
            await asyncio.sleep(0.001)

        return work

    engines = [start(worker(name), name) for name in ("one", "two")]
    subjects = {f"msg_{number}" for number in range(200)}
    for subject_id in subjects:
        await tables.write(due(engines[0], clock, subject_id=subject_id))
    await asyncio.gather(*map(settle, engines))

    assert sorted(subject_id for subject_id, _ in did) == sorted(subjects)
    assert {name for _, name in did} == {"one", "two"}


async def test_what_a_dead_executor_had_claimed_is_done_by_another_once_it_is_released(
    tables: Database, start: Start, clock: FakeClock
) -> None:
    worker = Worker()
    engine = start(worker, "another")
    await tables.write(due(engine, clock))
    wanted = [(JobKind.ATTEMPT, 1)]
    (job,) = await tables.write(lambda tx: repository.claim(tx, "dead", clock.now(), wanted))
    await settle(engine)
    before = list(worker.did)
    released = await tables.write(lambda tx: repository.release(tx, "dead"))
    claimed = await tables.write(lambda tx: repository.claim(tx, "third", clock.now(), wanted))
    await tables.write(lambda tx: repository.finish(tx, "dead", job.id))  # it only stood still
    await tables.write(lambda tx: repository.release(tx, "third"))
    await settle(engine)

    assert (before, released, claimed) == ([], 1, [job])
    assert worker.did == [SUBJECT]


@pytest.mark.parametrize("alive", [True, False])
async def test_an_executor_that_no_longer_shows_itself_is_given_up_and_no_other(
    tables: Database, start: Start, clock: FakeClock, alive: bool
) -> None:
    buried: list[str] = []

    def settle(tx: Tx, executor: str) -> int:
        buried.append(executor)
        return 0

    other, mine = (Pulse(tables, clock, executor, lambda: (1, 1)) for executor in ("other", "mine"))
    watching = Executors(tables, clock, RecordingLog(), mine, "mine", settle)
    engine = start(Worker(), "mine")
    await tables.write(due(engine, clock))
    wanted = [(JobKind.ATTEMPT, 1)]
    await tables.write(lambda tx: repository.claim(tx, "other", clock.now(), wanted))
    await other.beat()
    for _ in range(int(DEAD_S) + 2):
        await mine.beat()
        await watching.watch()
        clock.travel(1)
        if alive:
            await other.beat()

    assert buried == ([] if alive else ["other"])
    assert await engine.step() is not alive  # its job is to be had, or it is not


async def test_a_process_that_stood_still_begins_anew_once_it_was_given_up(
    tables: Database, clock: FakeClock
) -> None:
    pulse = Pulse(tables, clock, "one", lambda: (1, 1))
    await pulse.beat()
    begun_s = clock.monotonic()
    answers = [pulse.may_ask(begun_s)]
    clock.travel(DEAD_S + 1)
    answers.append(pulse.may_ask(begun_s))  # it cannot know what the others did meanwhile
    await tables.write(lambda tx: repository.give_up(tx, "one", 0))
    await pulse.beat()
    answers += [pulse.may_ask(begun_s), pulse.may_ask(clock.monotonic())]

    assert answers == [True, False, False, True]


def test_every_kind_of_job_has_its_room() -> None:
    assert set(AT_ONCE) == set(JobKind)
