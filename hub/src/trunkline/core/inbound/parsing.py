"""What an adapter makes of a request, checked before the hub believes it."""

from collections.abc import Iterable

from trunkline.core.agents.models import Agent
from trunkline.core.numbers import is_same
from trunkline.sdk import InboundEvent, Received, Reported


def events_in(parsed: Iterable[object]) -> list[InboundEvent]:
    """Return what an adapter parsed; TypeError if that is not events."""
    events = []
    for event in parsed:
        if not isinstance(event, InboundEvent):
            raise TypeError("an adapter must parse a request to events")
        if isinstance(event, Received) and not isinstance(event.body, str):
            raise TypeError("an adapter must give a text as text")
        if isinstance(event, Reported) and not isinstance(event.cost_micros, int | None):
            raise TypeError("an adapter must report a cost in micro-units")
        events.append(event)
    return events


def is_for(event: InboundEvent, agent: Agent) -> bool:
    """Tell whether the hub's own address in an event is the agent's."""
    if isinstance(event, Received):
        return is_same(event.recipient, agent.phone)
    if isinstance(event, Reported) and event.sender is not None:
        return event.sender == agent.phone
    return True


def kind_of(event: InboundEvent) -> str:
    """Return the word that an event of this kind is stored with."""
    if isinstance(event, Received):
        return "sms"
    return "message-status" if isinstance(event, Reported) else "other"
