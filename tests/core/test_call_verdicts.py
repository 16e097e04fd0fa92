"""How a call ended says what became of what it was to say."""

import pytest

from trunkline.core.calls.judging import verdict
from trunkline.core.calls.models import OVER, CallState, moves_to
from trunkline.sdk import AnsweredBy, CallStatus, DeliveryStatus

SENT, DELIVERED, FAILED = DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.FAILED


@pytest.mark.parametrize(
    ("status", "by", "duration_s", "spoken_ms", "expected"),
    [
        (CallStatus.RINGING, None, None, 20_000, SENT),
        (CallStatus.IN_PROGRESS, AnsweredBy.HUMAN, None, 20_000, SENT),
        (CallStatus.COMPLETED, AnsweredBy.HUMAN, 21, 20_000, DELIVERED),
        (CallStatus.COMPLETED, None, 19, 20_000, DELIVERED),
        (CallStatus.COMPLETED, None, 18, 20_000, FAILED),
        (CallStatus.COMPLETED, AnsweredBy.MACHINE, 18, 20_000, FAILED),
        (CallStatus.COMPLETED, AnsweredBy.MACHINE, 31, 20_000, DELIVERED),
        (CallStatus.COMPLETED, AnsweredBy.FAX, 31, 20_000, FAILED),
        (CallStatus.COMPLETED, None, None, 20_000, DELIVERED),
        (CallStatus.COMPLETED, None, 1, 0, DELIVERED),
        (CallStatus.COMPLETED, None, 1, 900, DELIVERED),
        (CallStatus.COMPLETED, None, 0, 900, FAILED),
        (CallStatus.BUSY, None, None, 20_000, FAILED),
        (CallStatus.NO_ANSWER, None, 0, 20_000, FAILED),
        (CallStatus.FAILED, None, 0, 20_000, FAILED),
        (CallStatus.CANCELED, None, 0, 20_000, FAILED),
    ],
)
def test_only_what_was_heard_to_its_end_is_delivered(
    status: CallStatus,
    by: AnsweredBy | None,
    duration_s: int | None,
    spoken_ms: int,
    expected: DeliveryStatus,
) -> None:
    judged = verdict(status, by, duration_s, spoken_ms)

    assert judged.status is expected
    assert (judged.code is not None) == (expected is FAILED)
    assert expected is not FAILED or judged.sentence


def test_a_sentence_says_how_much_was_heard_and_who_took_it() -> None:
    cut = verdict(CallStatus.COMPLETED, None, 4, 20_400)
    left = verdict(CallStatus.COMPLETED, AnsweredBy.MACHINE, 30, 20_000)
    unsure = verdict(CallStatus.COMPLETED, None, None, 20_000)

    assert cut.sentence is not None
    assert "4 of 21 seconds" in cut.sentence
    assert left.sentence == "It was left with an answering machine."
    assert unsure.sentence == "The provider does not tell how long it was listened to."


@pytest.mark.parametrize("by", [AnsweredBy.HUMAN, AnsweredBy.MACHINE])
def test_a_sound_that_began_late_may_not_have_been_heard_to_its_end(by: AnsweredBy) -> None:
    doubtful = verdict(CallStatus.COMPLETED, by, 5, 5_030, found_out_s=4)
    heard = verdict(CallStatus.COMPLETED, by, 9, 5_030, found_out_s=4)
    cut = verdict(CallStatus.COMPLETED, by, 3, 5_030, found_out_s=4)

    assert (doubtful.status, cut.status) == (DELIVERED, FAILED)
    assert "may not have been heard" in str(doubtful.sentence)
    assert "may not have been heard" not in str(heard.sentence)


def test_calls_move_forward_only() -> None:
    order = [CallState(each) for each in ("queued", "initiated", "ringing", "in-progress")]

    for at, state in enumerate(order):
        assert moves_to(state) == {*order[:at], CallState.UNKNOWN}
    for end in OVER:
        assert moves_to(end) == {*order, CallState.UNKNOWN}
    assert moves_to(CallState.UNKNOWN) == {*order}
