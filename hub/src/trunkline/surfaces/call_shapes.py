"""What goes over the wire of calls."""

from typing import Annotated, Any

from pydantic import Field

from trunkline.core.calls.models import Call
from trunkline.core.calls.service import TracedCall
from trunkline.surfaces.shapes import (
    Arguments,
    EvidenceShape,
    HistoryShape,
    Reference,
    Result,
    Time,
    Whole,
    money,
    optional,
)


class CallShape(Result):
    """One phone call."""

    id: str
    agent_id: str
    direction: str
    from_: str = Field(serialization_alias="from")
    to: str
    status: str = Field(
        description="queued, initiated, ringing, in-progress; completed, busy, no-answer, failed, "
        "canceled; or unknown: it is over, and nobody told how it ended."
    )
    answered_by: str | None = optional("human, machine, fax or unknown.")
    duration_seconds: int | None = optional("From the answer to the end.")
    started_at: Time
    answered_at: Time | None = optional()
    ended_at: Time | None = optional()
    message_id: str | None = optional(
        "The message that it says; of an inbound one the message that was left in it."
    )
    cost: float | None
    currency: str | None
    reason: str | None = optional()
    simulated: bool | None = optional(told=False)


class TracedCallShape(CallShape):
    """A call with all that was learnt of it, oldest first."""

    history: list[HistoryShape]


class CallsShape(Result):
    """Calls, newest first."""

    calls: list[CallShape]


class CallsArguments(Arguments):
    """Which calls to list."""

    limit: Annotated[int, Field(ge=1, le=1000), Whole] = 50


class CallArguments(Arguments):
    """One call."""

    id: Reference


def call_shape(call: Call) -> CallShape:
    """Return a call as it goes over the wire."""
    return CallShape(**_values(call))


def traced_call_shape(traced: TracedCall) -> TracedCallShape:
    """Return a call as it goes over the wire, with its history."""
    return TracedCallShape(**_values(traced.call), history=history_of(traced))


def history_of(traced: TracedCall) -> list[HistoryShape]:
    """Return a call's history as it goes over the wire."""
    return [
        HistoryShape(
            status=entry.status,
            at=entry.at,
            evidence=EvidenceShape(source=entry.source.value, event_id=entry.event_id),
            moved=entry.moved,
        )
        for entry in traced.history
    ]


def _values(call: Call) -> dict[str, Any]:
    return {
        "id": call.id,
        "agent_id": call.agent_id,
        "direction": call.direction.value,
        "from_": call.from_address,
        "to": call.to_address,
        "status": call.status.value,
        "answered_by": call.answered_by.value if call.answered_by else None,
        "duration_seconds": call.duration_s,
        "started_at": call.created_at,
        "answered_at": call.answered_at,
        "ended_at": call.ended_at,
        "message_id": call.message_id,
        "cost": money(call.cost_micros),
        "currency": call.currency,
        "reason": call.reason,
        "simulated": call.simulated or None,
    }
