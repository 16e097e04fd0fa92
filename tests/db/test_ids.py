"""Ids sort by time, so a time tells which ids are older."""

from trunkline.db.types import earliest_id
from trunkline.sdk import IdSource
from trunkline.testing import FakeClock


def test_the_earliest_id_of_a_moment_parts_what_was_made_before_from_the_rest() -> None:
    clock = FakeClock()
    ids = IdSource(clock)
    before = ids.new("row")
    clock.travel(0.001)
    bound = earliest_id("row", clock.now())

    assert before < bound < ids.new("row")
