"""Which status may follow which, as the hub's documentation promises it."""

from itertools import product

import pytest

from trunkline.core.messages.models import FINAL, MOVES, TAKEN, TAKEN_BACK, Channel, Status

PROMISED = {
    "held": "queued sent delivered read failed blocked canceled",
    "queued": "held sending sent delivered read failed blocked canceled",
    "sending": "queued sent delivered read failed unknown",
    "unknown": "queued sending sent delivered read failed",
    "sent": "delivered read failed",
    "delivered": "read",
}
"""House.md, section 4."""


@pytest.mark.parametrize(("source", "target"), [*product(Status, Status)])
def test_a_message_moves_as_promised_and_no_other_way(source: Status, target: Status) -> None:
    allowed = source in MOVES.get(target, frozenset())

    assert allowed == (target.value in PROMISED.get(source.value, "").split())


@pytest.mark.parametrize("status", sorted(FINAL - {Status.DELIVERED}))
def test_from_its_end_no_message_moves(status: Status) -> None:
    assert not [target for target, sources in MOVES.items() if status in sources]


def test_a_message_loses_its_text_before_its_provider_has_it_only_if_it_will_never_be_sent() -> (
    None
):
    never_sent = FINAL - TAKEN

    assert never_sent == {Status.FAILED, Status.BLOCKED, Status.CANCELED}
    assert not [target for target, sources in MOVES.items() if never_sent & sources]


def test_only_a_mail_that_was_delivered_may_still_come_back() -> None:
    assert {Status.FAILED: {Channel.EMAIL: {Status.DELIVERED}}} == TAKEN_BACK
