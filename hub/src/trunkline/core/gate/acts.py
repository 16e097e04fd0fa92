"""What an agent is about to do, as the gate sees it, and how things stand."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from trunkline.core.agents.models import Agent
from trunkline.core.channels import ChannelRules, Units
from trunkline.core.compliance.filters import Ruling
from trunkline.core.compliance.repository import Why
from trunkline.core.connections.registry import Connection, PassedOver
from trunkline.core.gate.able import estimate
from trunkline.core.gate.chains import Chain
from trunkline.core.gate.rules import Acquaintance
from trunkline.core.limits.models import Allowance
from trunkline.core.messages.content import Content
from trunkline.sdk import MessageClass

_UNCOUNTED: Final = Allowance()


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """
    What an agent wants to send: on which channel, to whom, and what it says.

    Attributes:
        message_class: What it is for, if its caller or its agent's setting says so.
        at: When it shall be sent, if not now.
        ruling: What the compliance filters said, once they were asked.
        token: The kid of the token that asks for it, if that has caps of its own.
        is_duplicate: It says once more, to whom its operator named, what is done already.
    """

    agent: Agent
    rules: ChannelRules
    recipient: str
    content: Content
    message_class: MessageClass | None = None
    at: datetime | None = None
    ruling: Ruling | None = None
    token: str | None = None
    is_duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """
    An act that may be stored: who sends, over which connection, at what estimated cost.

    Attributes:
        candidates: The connections that may carry it, best first.
        passed_over: The one that comes before them all, if that cannot be used.
        simulated: The agent is: it goes to the simulated network, also if that is over by then.
    """

    act: Act
    sender: str
    connection: Connection
    candidates: tuple[Connection, ...]
    passed_over: PassedOver | None = None
    units: Units
    cost_micros: int | None
    currency: str | None
    simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    How things stand, as far as a judgement rests on that.

    Attributes:
        closed: Who of the recipients gets nothing more, by their argument, and why.
        wrote_at: When the recipient wrote last; of channels that ask for it.
        allowance: What the agent may still do.
        chain: How far the two have answered each other, where a program answers there.
        acquaintance: What the filters judge by; None where there are none.
        is_new: The hub has never written to the recipient, nor heard of them; if it was asked.
    """

    agent: Agent | None
    closed: tuple[str, Why] | None = None
    wrote_at: datetime | None = None
    allowance: Allowance = _UNCOUNTED
    chain: Chain | None = None
    acquaintance: Acquaintance | None = None
    is_new: bool = False


def recipients_of(recipient: str, content: Content) -> Iterator[tuple[str, str]]:
    """Yield each recipient with the argument that names it."""
    yield "to", recipient
    for field, addresses in (("cc", content.cc), ("bcc", content.bcc)):
        for index, address in enumerate(addresses):
            yield f"{field}.{index}", address


def over(reviewed: Reviewed, connection: Connection) -> Reviewed:
    """Return a reviewed act as it goes over another of its candidates."""
    if connection is reviewed.connection:
        return reviewed
    act = reviewed.act
    cost_micros, currency = estimate(
        act.rules,
        connection,
        act.recipient,
        reviewed.units.count,
        with_media=bool(act.content.media),
    )
    return replace(reviewed, connection=connection, cost_micros=cost_micros, currency=currency)
