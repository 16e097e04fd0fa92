"""How much may go over one connection: at once in one process, and in a second."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.core.connections import lanes
from trunkline.core.connections.lanes import Lane, Rate
from trunkline.core.problems import Overloaded
from trunkline.testing import FakeClock


def lane(at_once: int = 2, jobs_at_once: int = 1, patience_s: float = 5.0) -> Lane:
    """Return an empty lane."""
    return Lane(at_once=at_once, jobs_at_once=jobs_at_once, patience_s=patience_s)


async def test_who_finds_no_room_waits_and_the_first_comes_first() -> None:
    narrow, order = lane(at_once=1), []

    async def pass_through(name: str) -> None:
        await narrow.enter()
        order.append(name)
        await asyncio.sleep(0)
        narrow.leave()

    await asyncio.gather(*(pass_through(name) for name in "abc"))

    assert order == ["a", "b", "c"]


async def test_who_waits_too_long_is_sent_away_and_takes_no_room() -> None:
    narrow = lane(at_once=1, patience_s=0.01)
    await narrow.enter()
    with pytest.raises(Overloaded) as refusal:
        await narrow.enter()
    narrow.leave()
    await asyncio.wait_for(narrow.enter(), 1)

    assert refusal.value.retry_after_s


async def test_only_so_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "WAITING", 2)
    narrow = lane(at_once=1)
    await narrow.enter()
    waiting = [asyncio.create_task(narrow.enter()) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await narrow.enter()
    waiting[0].cancel()  # a caller who goes away makes room in the queue
    await asyncio.sleep(0)
    waiting.append(asyncio.create_task(narrow.enter()))
    for _ in range(2):
        narrow.leave()
    await asyncio.wait_for(asyncio.gather(*waiting[1:]), 1)


async def test_jobs_wait_for_nothing_and_leave_room_for_callers() -> None:
    wide = lane(at_once=3, jobs_at_once=1)

    assert await wide.enter_job()
    assert not await wide.enter_job()
    await wide.enter()
    wide.leave_job()
    await wide.enter()
    await wide.enter()
    assert not await wide.enter_job()  # there is no room at all


@given(
    per_s=st.floats(min_value=0.2, max_value=50),
    sharers=st.integers(min_value=1, max_value=4),
    steps=st.lists(st.floats(min_value=0, max_value=2), max_size=60),
)
def test_in_no_second_more_begin_than_the_share_allows(
    per_s: float, sharers: int, steps: list[float]
) -> None:
    clock, begun = FakeClock(), []
    rate = Rate(clock, per_s)
    rate.sharers = sharers
    for step in steps:
        clock.travel(step)
        if not rate.wait_s(told=True):
            begun.append(clock.monotonic())

    share = per_s / sharers
    window_s, most = max(1, int(share)) / share, max(1, int(share))
    for at in begun:
        assert len([each for each in begun if at <= each < at + window_s - 1e-9]) <= most


def test_whoever_comes_as_told_finds_room_and_is_not_overtaken() -> None:
    clock = FakeClock()
    rate = Rate(clock, 2)
    waits = [rate.wait_s(told=False) for _ in range(6)]
    clock.travel(1.0)
    newcomer = rate.wait_s(told=False)
    came_as_told = []
    for told_s in sorted(wait for wait in waits if wait):
        clock.travel(max(0.0, told_s + 0.001 - clock.monotonic()))
        came_as_told.append(rate.wait_s(told=True))

    assert waits == [0, 0, 1.0, 1.5, 2.0, 2.5]
    assert newcomer == 2.0  # three seconds from the start: behind the four that wait
    assert came_as_told == [0, 0, 0, 0]
