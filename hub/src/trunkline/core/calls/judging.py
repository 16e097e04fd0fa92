"""What became of what a call was to say, by how the call ended. Pure functions."""

from dataclasses import dataclass
from typing import Final

from trunkline.sdk import AnsweredBy, CallStatus, DeliveryStatus, FailureKind

_ROUNDING_S: Final = 1
"""Providers tell whole seconds, and a sound rarely ends with one."""

_NOT_CONNECTED: Final = {
    CallStatus.BUSY: "The line was busy, or the call was declined. Try again later.",
    CallStatus.NO_ANSWER: "Nobody answered in time. Try again later, or another way.",
    CallStatus.FAILED: "The call could not be connected: check the number, or try again later.",
    CallStatus.CANCELED: "The call was given up before anybody answered.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    What a call's status says of its message.

    Attributes:
        sentence: Why it failed, or how it was delivered if not to a person's ear.
        code: The hub's code of a failure.
    """

    status: DeliveryStatus
    sentence: str | None = None
    code: str | None = None


def verdict(
    status: CallStatus,
    answered_by: AnsweredBy | None,
    duration_s: int | None,
    spoken_ms: int,
    found_out_s: int = 0,
) -> Verdict:
    """
    Judge a call of a message whose sound takes `spoken_ms`; 0 where nobody knows.

    About `found_out_s` of it passed before the sound began.
    """
    if status in _NOT_CONNECTED:
        return _not_delivered(_NOT_CONNECTED[status])
    if status is CallStatus.COMPLETED:
        return _of_completed(answered_by, duration_s, -(-spoken_ms // 1000), found_out_s)
    return Verdict(status=DeliveryStatus.SENT)


def _of_completed(
    answered_by: AnsweredBy | None, duration_s: int | None, spoken_s: int, found_out_s: int
) -> Verdict:
    """Judge a call that was answered and is over: was all of it heard, and by whom?"""
    if answered_by is AnsweredBy.FAX:
        return _not_delivered("A fax machine answered, so nobody heard it. Check the number.")
    is_cut = duration_s is not None and duration_s + _ROUNDING_S < spoken_s
    if is_cut or (spoken_s and duration_s == 0):
        return _not_delivered(
            f"The call ended after {duration_s} of {spoken_s} seconds, so it was not heard to its "
            "end."
        )
    sentence = None
    if spoken_s and duration_s is not None and duration_s + _ROUNDING_S < spoken_s + found_out_s:
        sentence = (
            f"The call lasted {duration_s} seconds and its sound {spoken_s}, which began only once "
            "it was found out who answered: its end may not have been heard."
        )
    elif answered_by is AnsweredBy.MACHINE:
        sentence = "It was left with an answering machine."
    elif duration_s is None and spoken_s:
        sentence = "The provider does not tell how long it was listened to."
    return Verdict(status=DeliveryStatus.DELIVERED, sentence=sentence)


def _not_delivered(sentence: str) -> Verdict:
    return Verdict(
        status=DeliveryStatus.FAILED, sentence=sentence, code=FailureKind.UNEXPLAINED.value
    )
