"""What an adapter makes of a request, checked before the hub believes it."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from trunkline.core.addresses import is_same, untagged
from trunkline.core.agents.models import Agent
from trunkline.core.inbound.repository import RECORDING
from trunkline.core.inbound.seeing import Seen, Unfit, seen
from trunkline.sdk import (
    CallReported,
    InboundEvent,
    Received,
    ReceivedCall,
    Recorded,
    Reported,
    Unreadable,
    WebhookAdapter,
    WebhookRequest,
)

ANOTHERS: Final = "It is for another number than the agent's."
_LONGEST: Final = 300
_WORDS: Final = {
    CallReported: "call-status",
    Reported: "message-status",
    ReceivedCall: "call",
    Recorded: RECORDING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """
    One event of a request.

    Attributes:
        event: None if it cannot even be told what it was.
        fault: Why it cannot be used, in a sentence, if it cannot.
        letter_id: Under which it is kept if it cannot be used. It is none that the event itself may
            have, so that it counts as a new one once its adapter is repaired.
    """

    event: InboundEvent | None
    fault: str | None = None
    letter_id: str


def read(
    adapter: WebhookAdapter[Any], request: WebhookRequest, told: Callable[[BaseException], None]
) -> list[Read]:
    """
    Return what an adapter reads in a request, each event checked by itself.

    What cannot be read spoils nothing that can. `told` hears of what `parse` raised.
    """
    target = request.url.partition("://")[2].partition("/")[2]  # whichever hub was asked
    line = f"{request.method} {target}\n".encode()  # of a GET it is all there is
    digest = hashlib.sha256(line + request.body).hexdigest()
    found: list[Read] = []
    try:
        for index, event in enumerate(adapter.parse(request)):
            found.append(checked(event, f"{digest}:{index}"))
    except BaseException as error:  # noqa: BLE001 - an adapter may raise anything
        told(error)
        found.append(Read(event=None, fault="The adapter could not read it.", letter_id=digest))
    return found


def for_agent(found: Iterable[Read], agent: Agent) -> list[Read]:
    """Return them with a fault each that is for another agent."""
    return [
        each
        if each.fault or each.event is None or is_for(each.event, agent)
        else replace(each, event=None, fault=ANOTHERS)
        for each in found
    ]


def checked(event: object, letter_id: str) -> Read:
    """Return what an adapter made of one event, and what is wrong with that."""
    if isinstance(event, Unreadable):
        known = hashlib.sha256(f"unreadable {event.external_id}".encode(errors="replace"))
        return Read(event=None, fault=str(event.reason)[:_LONGEST], letter_id=known.hexdigest())
    fault, text = _fault(event), event
    if fault is None and isinstance(event, Received) and event.incomplete:
        return Read(event=event, letter_id=letter_id)
    if fault is None and isinstance(event, Received):
        try:
            text = seen(event)
        except Unfit as error:
            fault = str(error)
        except Exception:  # noqa: BLE001 - an adapter may put anything into an event
            fault = "The adapter told something of the text that the hub cannot read."
    if fault is not None or not isinstance(text, InboundEvent):
        return Read(event=None, fault=fault, letter_id=letter_id)
    return Read(event=text, letter_id=letter_id)


def _fault(event: object) -> str | None:
    if not isinstance(event, InboundEvent):
        return "The adapter made no event of it."
    texts: tuple[object, ...] = ()
    if isinstance(event, Received):
        texts = (event.body, event.sender, event.recipient)
    elif isinstance(event, Reported):
        texts = (event.vendor_status, event.sender or "")
        if not isinstance(event.cost_micros, int | None):
            return "The adapter told a cost that is no whole number."
        if isinstance(event, CallReported) and not isinstance(event.duration_s, int | None):
            return "The adapter told a duration that is no whole number."
    elif isinstance(event, ReceivedCall):
        texts = (event.provider_id, event.sender, event.recipient)
    elif isinstance(event, Recorded):
        texts = (event.provider_id, event.call_id, event.media.url if event.media else "")
        if not isinstance(event.duration_s, int | None):
            return "The adapter told a duration that is no whole number."
    if not all(isinstance(each, str) for each in texts):
        return "The adapter told something that is no text."
    return None


def is_for(event: InboundEvent, agent: Agent) -> bool:
    """Tell whether the hub's own address in an event is the agent's."""
    if isinstance(event, ReceivedCall):
        return is_same(event.recipient, agent.address("voice"))
    if isinstance(event, Seen | Received):
        own = agent.address(event.channel)
        return is_same(event.recipient, own) or is_same(untagged(event.recipient), own)
    return True  # a report is about what its provider's id says, by whatever URL it came


def kind_of(event: InboundEvent) -> str:
    """Return the word that an event of this kind is stored with."""
    if isinstance(event, Seen):
        return event.channel
    for kind, word in _WORDS.items():
        if isinstance(event, kind):
            return word
    return "other"
