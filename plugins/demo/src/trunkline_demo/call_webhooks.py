"""The webhooks of calls, and the answer that says what to do in one."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final, Literal

from pydantic import Field, TypeAdapter

from trunkline.sdk import (
    AnsweredBy,
    CallReported,
    CallStatus,
    CallStep,
    Decline,
    Failure,
    FailureKind,
    HangUp,
    InboundEvent,
    Media,
    Pause,
    Play,
    ReceivedCall,
    Record,
    Recorded,
)
from trunkline_demo.hooks import Webhook

CALL_FAILURES: Final = {
    "busy": Failure(
        kind=FailureKind.UNEXPLAINED,
        sentence="The line was busy, or the call was declined: call again later, or write.",
    ),
    "no-answer": Failure(
        kind=FailureKind.UNEXPLAINED,
        sentence="Nobody answered in time: call again later, or write.",
    ),
    "canceled": Failure(
        kind=FailureKind.UNEXPLAINED,
        sentence="The call was given up before anybody answered.",
    ),
    "carrier_failure": Failure(
        kind=FailureKind.TEMPORARY,
        sentence="The carrier could not connect the call: call again later.",
    ),
    "not_served": Failure(
        kind=FailureKind.UNREACHABLE,
        sentence="Nobody takes calls at this number: check the number.",
    ),
}
"""What the network says against a call that was not answered, by its code."""


class CallAsked(Webhook):
    """The JSON body that asks what to do with a call to one of the hub's numbers."""

    type: Literal["call.received"] = "call.received"
    id: str
    sender: str = Field(min_length=1)
    recipient: str

    def events(self) -> Sequence[InboundEvent]:
        return [
            ReceivedCall(
                external_id=f"call:{self.id}",
                provider_id=self.id,
                sender=self.sender,
                recipient=self.recipient,
            )
        ]


class CallTold(Webhook):
    """The JSON body that tells how far a call got; of its end, the final price with it."""

    type: Literal["call.status"] = "call.status"
    id: str
    sender: str
    recipient: str
    status: str
    error_code: str | None = None
    answered_by: AnsweredBy | None = None
    duration_s: int | None = None
    cost_micros: int | None = None
    currency: str | None = None

    def events(self) -> Sequence[InboundEvent]:
        known = CallStatus(self.status) if self.status in set(CallStatus) else None
        return [
            CallReported(
                external_id=f"call-status:{self.id}:{self.status}",
                provider_id=self.id,
                sender=self.sender,
                recipient=self.recipient,
                status=None if known is None else known.delivery,
                vendor_status=self.status,
                error_code=self.error_code,
                cost_micros=self.cost_micros,
                currency=self.currency,
                call_status=known,
                answered_by=self.answered_by,
                duration_s=self.duration_s,
            )
        ]


class RecordingTold(Webhook):
    """The JSON body that tells that a recording is ready; without a URL nothing was said."""

    type: Literal["call.recorded"] = "call.recorded"
    id: str
    call_id: str
    url: str | None = None
    content_type: str | None = None
    duration_s: int | None = None

    def events(self) -> Sequence[InboundEvent]:
        media = None if self.url is None else Media(url=self.url, content_type=self.content_type)
        return [
            Recorded(
                external_id=f"recording:{self.id}",
                provider_id=self.id,
                call_id=self.call_id,
                media=media,
                duration_s=self.duration_s,
            )
        ]


# --- what to do in a call -------------------------------------------------------------------------

_FORMS: Final[dict[str, TypeAdapter[CallStep]]] = {
    "play": TypeAdapter(Play),
    "record": TypeAdapter(Record),
    "pause": TypeAdapter(Pause),
    "hang_up": TypeAdapter(HangUp),
    "decline": TypeAdapter(Decline),
}
_WORDS: Final = {Play: "play", Record: "record", Pause: "pause", HangUp: "hang_up"}
_ANSWER: Final = TypeAdapter(dict[Literal["steps"], list[dict[str, object]]])


def rendered(steps: Sequence[CallStep]) -> bytes:
    """Return steps as the network reads them: ``{"steps": [{"do": "pause", "duration_s": 1}]}``."""
    found = [{"do": _WORDS.get(type(step), "decline"), **_fields(step)} for step in steps]
    return json.dumps({"steps": found}).encode()


def _fields(step: CallStep) -> dict[str, object]:
    if isinstance(step, Play):  # how the hub itself reads its sound is none of the network's
        media = {"url": step.media.url, "content_type": step.media.content_type}
        return {"media": media, "text": step.text}
    return asdict(step)


def read_steps(body: bytes) -> tuple[CallStep, ...]:
    """Return the steps in an answer; `ValueError` if it is none."""
    steps: list[CallStep] = []
    for each in _ANSWER.validate_json(body).get("steps", []):
        form = _FORMS.get(str(each.pop("do", None)))
        if form is None:
            raise ValueError("a step of no known name")
        steps.append(form.validate_python(each))
    return tuple(steps)
