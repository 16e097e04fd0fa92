"""What happens in a run: drawn from its seed before it begins."""

import random
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from tests.simulation.channels import LINES, Line
from tests.simulation.disk import Trouble
from tests.simulation.weather import Weather

STORM_S: Final = 60.0
CALM_S: Final = 120.0
AGENTS: Final = {
    "key": "+14155550101",
    "lookup": "+14155550102",
    "none": "+14155550103",
    "any": "+14155550104",
}
"""Each agent's number: one for each flavour, named after it, and one that has the slot's choice."""
SLOT: Final = ("key", "lookup")
"""Who sends for the agent that has no connection of its own, best first."""
SLOTS: Final = (("key",), ("lookup",), ("none",), SLOT, ("none", "key"), ("lookup", "none"))
"""Who does on channels on which no agent has one."""
PEOPLE: Final = ("+14155552671", "+14155552672", "+14155552673")


@dataclass(slots=True, kw_only=True)
class Order:
    """
    Something a client wants said once, however often it has to ask.

    `keyed` orders are sent again until they are answered; `twins` more clients ask for the same.
    """

    number: int
    at_s: float
    agent: str
    recipient: str
    keyed: bool = True
    twins: tuple[float, ...] = ()
    in_s: float | None = None
    valid_for_s: int | None = None
    cancel_after_s: float | None = None
    answers: list[tuple[str, str | None]] = field(default_factory=list)
    canceled: bool = False

    @property
    def body(self) -> str:
        """What is to be said."""
        return f"text {self.number}"

    @property
    def due_s(self) -> float | None:
        """When it is to go out, if not at once: for every twin the same time."""
        if self.in_s is None:
            return None
        return self.at_s + max((0.0, *self.twins)) + self.in_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """
    Something that happens to the hubs.

    Attributes:
        kind: text, suspend, resume, kill, stop, stall, jump, outage.
        which: Whom it happens to: a number, an agent, or the place of a hub.
        value: The text, or for how many seconds.
    """

    at_s: float
    kind: str
    which: str
    value: str | float = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    One run: how many hubs, what is ordered, what happens, how much trouble there is.

    Attributes:
        trouble: How likely an operation of the database goes wrong during the storm.
        stormy: Whether vendors are in trouble then.
        nth, fault: One operation of the database, counted from 1, and what goes wrong with it.
        script: How the first requests to vendors are taken, whatever the weather.
        channel: Of everything that is said in it.
        slot: Who sends for agents without a connection of their own, best first.
    """

    seed: int
    hubs: int
    orders: tuple[Order, ...]
    events: tuple[Event, ...]
    trouble: float = 0.0
    storm_s: float = STORM_S
    stormy: bool = True
    nth: int = 0
    fault: Trouble | None = None
    script: tuple[Weather, ...] = ()
    channel: str = "sms"
    slot: tuple[str, ...] = SLOT

    @property
    def line(self) -> Line:
        """What is peculiar to the channel."""
        return LINES[self.channel]

    @property
    def ahead_s(self) -> float:
        """For how many seconds the clock is set forward, all in all."""
        return sum(max(0.0, float(e.value)) for e in self.events if e.kind == "jump")


def plan_of(seed: int, channel: str = "sms") -> Plan:
    """Return the plan of a seed."""
    chance = random.Random(f"plan {seed}")
    hubs = 3 if seed % 6 == 5 else 1
    orders: list[Order] = []
    for number in range(chance.randint(4, 12)):
        order = _order(chance, number)
        if orders and chance.random() < 0.3:  # soon after another one, between the same two
            before = orders[-1]
            order.agent, order.recipient = before.agent, before.recipient
            order.at_s = before.at_s + chance.uniform(0, 8)
        orders.append(order)
    events = [event for _ in range(chance.randint(2, 8)) for event in _happening(chance, hubs)]
    return Plan(
        seed=seed,
        hubs=hubs,
        orders=tuple(orders),
        events=tuple(sorted(events, key=lambda event: event.at_s)),
        trouble=chance.choice((0.0, 0.01, 0.03, 0.08)),
        channel=channel,
        slot=SLOT if channel in ("sms", "voice") else chance.choice(SLOTS),
    )


def _order(chance: random.Random, number: int) -> Order:
    keyed = chance.random() < 0.8
    twins = [chance.uniform(0, 1), chance.uniform(0, 20)][: chance.choice((0, 0, 1, 2))]
    return Order(
        number=number,
        at_s=chance.uniform(0, STORM_S - 10),
        agent=chance.choice(list(AGENTS)),
        recipient=chance.choice(PEOPLE),
        keyed=keyed,
        twins=tuple(twins) if keyed else (),
        in_s=chance.uniform(1, 40) if chance.random() < 0.25 else None,
        valid_for_s=chance.randint(5, 40) if chance.random() < 0.2 else None,
        cancel_after_s=chance.uniform(0, 20) if chance.random() < 0.25 else None,
    )


def _happening(chance: random.Random, hubs: int) -> list[Event]:
    """Return one thing that happens, with its end if it has one."""
    at_s = chance.uniform(0, STORM_S)
    over_s = min(at_s + chance.uniform(0.1, 15), STORM_S)
    hub = str(chance.randrange(hubs))
    agent = chance.choice(list(AGENTS))
    person = chance.choice(PEOPLE)
    event = partial(Event, at_s=at_s)
    stop = event(kind="text", which=person, value="STOP")
    start = Event(at_s=over_s, kind="text", which=person, value="START")
    stall_s = chance.choice((chance.uniform(0.1, 10), chance.uniform(20, 40)))
    happenings = [
        [event(kind="kill", which=hub)],
        [event(kind="kill", which=hub)],
        [event(kind="stop", which=hub)],
        [event(kind="text", which=person, value="hello")],
        [stop],
        [stop, start],
        [event(kind="suspend", which=agent), Event(at_s=over_s, kind="resume", which=agent)],
        [event(kind="jump", which="the clock", value=chance.uniform(-2.0, 2.0))],
        [event(kind="outage", which="the database", value=over_s - at_s)],
    ]
    if hubs > 1:  # a single hub that stands still is only slow
        happenings += 2 * [[event(kind="stall", which=hub, value=stall_s)]]
    return chance.choice(happenings)
