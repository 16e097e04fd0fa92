"""Callbacks in any order: duplicated, shuffled, before the answer and after it."""

import pytest

from tests.simulation.bugs import a_status_may_move_back, an_event_counts_again_after_a_while
from tests.simulation.callbacks import check, check_sequences


@pytest.mark.slow
def test_whatever_the_order_of_callbacks_each_counts_once_and_no_status_goes_back() -> None:
    check_sequences(100)


def test_a_status_that_went_back_would_be_noticed() -> None:
    with a_status_may_move_back(), pytest.raises(AssertionError):
        check([("report", 0, "delivered"), ("report", 0, "sent")])


def test_a_text_that_counted_twice_would_be_noticed() -> None:
    with an_event_counts_again_after_a_while(0.0), pytest.raises(AssertionError):
        check([("text", 0, "hello"), ("text", 0, "hello")])
