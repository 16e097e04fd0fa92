"""A sliding window is never over its limit, whatever happens when."""

import random

import pytest

from trunkline.core.limits.windows import Window, packed, unpacked

MINUTE = 60_000


def filled(window: Window, times: list[int], most: int) -> tuple[Window, list[int]]:
    """Let something happen at each time that there is room for; return when it did."""
    done = []
    for now in times:
        window = window.at(now)
        if window.used < most:
            window = window.with_(now, 1)
            done.append(now)
    return window, done


@pytest.mark.parametrize("seed", range(50))
def test_no_minute_ever_holds_more_than_the_limit(seed: int) -> None:
    drawn = random.Random(seed)
    most = drawn.randint(1, 40)
    times = sorted(drawn.randint(0, 5 * MINUTE) for _ in range(drawn.randint(10, 800)))
    window, done = filled(Window(MINUTE), times, most)

    assert len(window.groups) <= 61
    for start in done:
        assert sum(start <= each < start + MINUTE for each in done) <= most


def test_a_burst_is_forgotten_a_minute_after_it_to_the_millisecond() -> None:
    window, _ = filled(Window(MINUTE), [500, 500, 500], 3)

    assert window.free_ms(3, 1) == 500 + MINUTE
    assert window.at(500 + MINUTE - 1).used == 3
    assert window.at(500 + MINUTE).used == 0


def test_room_is_a_sixtieth_too_late_at_most() -> None:
    window, _ = filled(Window(MINUTE), [0, 999], 2)

    assert window.free_ms(2, 1) == 999 + MINUTE


def test_what_is_too_much_for_an_empty_window_never_fits() -> None:
    assert Window(MINUTE).free_ms(0, 1) is None
    assert Window(MINUTE).with_(0, 5).free_ms(6, 7) is None


def test_a_correction_counts_where_it_was_reserved_and_never_below_nothing() -> None:
    window = Window(MINUTE).with_(0, 5).with_(30_000, 7)

    assert window.corrected(0, -5, 40_000).groups == ((0, 0), (30_000, 7))
    assert window.corrected(20_000, 3, 40_000).groups == ((0, 5), (30_000, 10))
    assert window.corrected(0, -50, 40_000).groups[0] == (0, 0)
    assert window.corrected(50_000, 3, 50_000) == window  # it counts no more


def test_what_is_stored_is_what_was() -> None:
    windows = (Window(MINUTE).with_(0, 5).with_(30_000, 7), Window(60 * MINUTE))

    assert unpacked(packed(windows), (MINUTE, 60 * MINUTE)) == windows
    assert unpacked("", (MINUTE,)) == (Window(MINUTE),)
