"""Ids sort in the order they were made, and are UUIDv7 behind their prefix."""

from datetime import UTC, datetime
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from trunkline.sdk import IdSource, SystemClock
from trunkline.testing import FakeClock, seeded_entropy


def uuid_of(identifier: str) -> UUID:
    return UUID(hex=identifier.partition("_")[2])


def test_an_id_is_its_prefix_and_a_uuid_of_version_7_with_the_time_in_it() -> None:
    clock = FakeClock(datetime(2026, 1, 15, 12, 0, 0, 123_000, tzinfo=UTC))

    identifier = IdSource(clock, seeded_entropy()).new("msg")

    assert identifier.startswith("msg_")
    assert len(identifier) == len("msg_") + 32
    assert uuid_of(identifier).version == 7
    assert uuid_of(identifier).variant == RFC_4122
    assert uuid_of(identifier).int >> 80 == int(clock.now().timestamp() * 1000)


@given(st.lists(st.floats(min_value=-60, max_value=60), max_size=60))
def test_ids_sort_in_the_order_they_were_made_even_if_the_clock_is_set_back(
    steps_s: list[float],
) -> None:
    clock = FakeClock()
    ids = IdSource(clock, seeded_entropy())

    made = [ids.new("row")]
    for step_s in steps_s:
        clock.travel(step_s)
        made.append(ids.new("row"))

    assert made == sorted(set(made))


def test_more_ids_than_a_millisecond_can_count_still_sort_and_stay_version_7() -> None:
    ids = IdSource(FakeClock(), seeded_entropy())

    made = [ids.new("row") for _ in range(3 * 4096)]

    assert made == sorted(set(made))
    assert {uuid_of(one).version for one in made} == {7}
    assert {uuid_of(one).variant for one in made} == {RFC_4122}


def test_two_sources_at_one_moment_make_different_ids() -> None:
    assert IdSource(FakeClock()).new("row") != IdSource(FakeClock()).new("row")


def test_the_same_seed_makes_the_same_ids() -> None:
    first, second = (IdSource(FakeClock(), seeded_entropy(7)) for _ in range(2))

    assert [first.new("row"), first.secret()] == [second.new("row"), second.secret()]


def test_a_secret_has_the_length_asked_for_and_is_never_the_same() -> None:
    ids = IdSource(SystemClock())

    assert len(ids.secret(24)) == 24
    assert ids.secret() != ids.secret()
