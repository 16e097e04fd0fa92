"""What the notes of a database pass through: a listener far behind is told so, for good."""

import pytest

from trunkline.sdk import Listeners, Note, Overloaded


async def test_a_listener_10_000_notes_behind_is_told_so_and_others_are_not() -> None:
    listeners = Listeners()
    with listeners.feed("many") as late, listeners.feed("just enough") as in_time:
        for number in range(10_001):
            listeners.publish(Note("many", str(number)))
            if number < 10_000:
                listeners.publish(Note("just enough", str(number)))

        with pytest.raises(Overloaded, match="10,000 notes behind"):
            await anext(late)
        assert [int((await anext(in_time)).id) for _ in range(10_000)] == list(range(10_000))
        listeners.publish(Note("many", "later"))
        with pytest.raises(Overloaded):  # for good, not with a gap
            await anext(late)
