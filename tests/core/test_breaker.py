"""The circuit breaker, of one hub and of two that share a database."""

import asyncio
from collections.abc import Callable

import pytest

from tests.alarms import silent_alarms
from trunkline.core.connections.breaker import FAILURES, Breakers
from trunkline.db.schema import metadata
from trunkline.metrics import Metrics
from trunkline.sdk import Database, IdSource
from trunkline.testing import FakeClock, RecordingLog

pytestmark = pytest.mark.both(slow=True)

PROBE_S = 35.0


@pytest.fixture
async def tables(db: Database) -> Database:
    """A database with the hub's tables."""
    await db.write(lambda tx: metadata.create_all(tx.connection))
    return db


@pytest.fixture
def clock() -> FakeClock:
    """A clock that the test moves on."""
    return FakeClock()


Start = Callable[[], Breakers]


@pytest.fixture
def start(tables: Database, clock: FakeClock) -> Start:
    """Return a function that makes the breakers of a hub."""
    return lambda: Breakers(
        tables,
        clock,
        IdSource(clock),
        RecordingLog(),
        Metrics(),
        silent_alarms(tables, clock),
        probe_s=PROBE_S,
    )


async def answer(breakers: Breakers, *, trouble: bool, times: int = 1) -> None:
    """Let a provider be asked, and answer."""
    for _ in range(times):
        permit = await breakers.permit("wire")
        assert permit is not None
        breakers.note(permit, trouble=trouble)
    await breakers.save()


async def test_it_opens_after_so_many_failures_in_a_row_and_no_fewer(start: Start) -> None:
    breakers = start()
    await answer(breakers, trouble=True, times=FAILURES - 1)
    await answer(breakers, trouble=False)
    await answer(breakers, trouble=True, times=FAILURES - 1)
    still = breakers.open_until("wire")
    await answer(breakers, trouble=True)

    assert (still, await breakers.permit("wire")) == (None, None)
    assert breakers.open_until("wire") is not None
    assert await breakers.permit("other") is not None


async def test_the_pause_doubles_with_each_probe_that_fails_up_to_ten_minutes(
    start: Start, clock: FakeClock
) -> None:
    breakers, pauses_s = start(), []
    await answer(breakers, trouble=True, times=FAILURES)
    for _ in range(7):
        until = breakers.open_until("wire")
        assert until is not None
        pauses_s.append((until - clock.now()).total_seconds())
        clock.travel(pauses_s[-1])
        await answer(breakers, trouble=True)

    assert pauses_s == [30, 60, 120, 240, 480, 600, 600]


async def test_one_probe_that_succeeds_closes_it_and_forgets_the_failures(
    start: Start, clock: FakeClock
) -> None:
    breakers = start()
    await answer(breakers, trouble=True, times=FAILURES)
    clock.travel(30)
    await answer(breakers, trouble=False)
    await answer(breakers, trouble=True, times=FAILURES - 1)

    assert breakers.open_until("wire") is None


async def test_of_all_hubs_one_probes_and_the_others_hear_what_came_of_it(
    start: Start, clock: FakeClock
) -> None:
    one, two, three = start(), start(), start()
    await answer(one, trouble=True, times=FAILURES)
    for each in (two, three):
        await each.refresh()
    told = [each.open_until("wire") for each in (one, two, three)]
    clock.travel(30)
    permits = [await each.permit("wire") for each in (two, one, three)]
    probes = [permit for permit in permits if permit is not None]
    two.note(probes[0], trouble=False)
    await two.save()
    for each in (one, three):
        await each.refresh()

    assert None not in told
    assert len(probes) == 1
    assert [each.open_until("wire") for each in (one, two, three)] == [None, None, None]


async def test_a_prober_that_dies_is_followed_by_another(start: Start, clock: FakeClock) -> None:
    one, two = start(), start()
    await answer(one, trouble=True, times=FAILURES)
    await two.refresh()
    clock.travel(30)
    lost = await one.permit("wire")
    early = await two.permit("wire")
    await two.refresh()
    clock.travel(PROBE_S)

    assert (lost is not None, early) == (True, None)
    assert await two.permit("wire") is not None


async def test_an_answer_to_what_was_asked_before_it_opened_changes_nothing(start: Start) -> None:
    breakers = start()
    old = [await breakers.permit("wire") for _ in range(2)]
    await answer(breakers, trouble=True, times=FAILURES)
    until = breakers.open_until("wire")
    for permit, trouble in zip(old, (True, False), strict=True):
        assert permit is not None
        breakers.note(permit, trouble=trouble)

    assert breakers.open_until("wire") == until


async def test_it_is_still_open_after_a_start(start: Start) -> None:
    before, after = start(), start()
    await answer(before, trouble=True, times=FAILURES)
    await after.refresh()

    assert after.open_until("wire") == before.open_until("wire")


async def test_a_connection_asked_for_the_first_time_disturbs_no_save(start: Start) -> None:
    breakers = start()
    for _ in range(FAILURES):
        permit = await breakers.permit("wire")
        assert permit is not None
        breakers.note(permit, trouble=True)

    async def meanwhile() -> None:
        assert breakers.open_until("other") is None

    await asyncio.gather(breakers.save(), meanwhile())
    other = start()
    await other.refresh()

    assert other.open_until("wire") is not None


async def test_what_was_read_too_early_does_not_undo_what_happened_since(
    start: Start, tables: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    breakers, read = start(), tables.read

    async def read_slowly(fn, **more):  # type: ignore[no-untyped-def]
        rows = await read(fn, **more)
        await answer(breakers, trouble=True, times=FAILURES)
        return rows

    monkeypatch.setattr(tables, "read", read_slowly)
    await breakers.refresh()

    assert breakers.open_until("wire") is not None


async def test_a_provider_that_does_well_costs_no_statement(
    start: Start, tables: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    breakers = start()
    for verb in ("read", "write"):
        monkeypatch.setattr(tables, verb, None)

    await answer(breakers, trouble=False, times=3)
    await answer(breakers, trouble=True, times=FAILURES - 1)
