"""Callbacks in any order and any number: each counts once, and no status goes back."""

import asyncio
import json
from collections.abc import Iterator
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulation.checks import FORWARD
from tests.simulation.hubs import without_surfaces
from tests.simulation.plans import AGENTS, PEOPLE, Plan
from tests.simulation.vendors import Vendor, attempt_of
from tests.simulation.virtual import VirtualLoop
from tests.simulation.weather import Flavour
from tests.simulation.world import OPERATOR, World, take
from trunkline.core.hub import Hub
from trunkline.core.messages.content import Content
from trunkline.core.messages.models import Channel, SendMessage
from trunkline.sdk import Outbound, OutcomeUnknown, Receipt, WebhookRequest

MESSAGES: Final = (0, 1)
STATUSES: Final = ("sent", "delivered", "read", "failed")
Step = tuple[str, int, str]
"""What comes: a report on a message, a text from a person, or the answer to a send."""

REPORTS: Final[list[Step]] = [("report", each, status) for each in MESSAGES for status in STATUSES]
TEXTS: Final[list[Step]] = [("text", each, "hello") for each in MESSAGES]
ANSWERS: Final[list[Step]] = [
    ("answer", each, answer) for each in MESSAGES for answer in ("sent", "unknown")
]


class Asked(Vendor):
    """A vendor that takes what it is asked to send, and answers when it is told to."""

    def __init__(self, world: World) -> None:
        super().__init__(
            Flavour.NONE, world.chance, world.chance, world.clock, world.post, world.note, iter(())
        )
        self.came = asyncio.Event()
        self.attempts: list[str] = []
        self.answers: list[asyncio.Future[str]] = []

    async def send(self, sms: Outbound) -> Receipt | None:
        number = len(self.attempts)
        self.attempts.append(attempt_of(sms.status_url))
        self.answers.append(asyncio.get_running_loop().create_future())
        self.came.set()
        if await self.answers[number] == "unknown":
            raise OutcomeUnknown("The connection broke.")
        return Receipt(provider_id=f"none-{number}")


async def play(world: World, steps: list[Step]) -> None:
    """Send two messages and let the steps come while they wait for their answers, and after."""
    world.delay_s = lambda: 0.0  # type: ignore[method-assign]  # it is about order, not about time
    vendor = world.vendors[Flavour.NONE] = Asked(world)
    await world.begin()
    life = world.lives[0]
    assert life is not None
    sends = []
    for number in MESSAGES:
        sends.append(life.process.spawn(_send(life.hub, number)))
        await vendor.came.wait()
        vendor.came.clear()
    for what, number, detail in [*steps, *(("answer", each, "sent") for each in MESSAGES)]:
        if what != "answer":
            await world.call(partial(take, "none", _request(world, vendor, what, number, detail)))
        elif not vendor.answers[number].done():
            vendor.answers[number].set_result(detail)
            await sends[number]


async def _send(hub: Hub, number: int) -> None:
    content = Content(body=f"text {number}")
    command = SendMessage(channel=Channel.SMS, content=content, to=PEOPLE[number])
    await hub.messages.send(OPERATOR, "none", command)


def _request(world: World, vendor: Asked, what: str, number: int, detail: str) -> WebhookRequest:
    told: dict[str, Any] = {"kind": "status", "event": f"{what}-{number}-{detail}"}
    if what == "report":
        told |= {"id": f"none-{number}", "sender": AGENTS["none"], "status": detail}
    else:
        told |= {"kind": "sms", "sender": PEOPLE[number], "recipient": AGENTS["none"]}
        told |= {"body": detail}
    return WebhookRequest(
        method="POST",
        url=f"http://hub/webhooks/none/message-status?attempt={vendor.attempts[number]}",
        headers=MappingProxyType({"vendor": "none"}),
        body=json.dumps(told).encode(),
        received_at=world.clock.now(),
    )


def expected(steps: list[Step], number: int) -> Iterator[str]:
    """Return how the status of a message moves: forward only, by the first of each step."""
    status, answered = "sending", False
    for what, which, detail in [*dict.fromkeys(steps), ("answer", number, "sent")]:
        if which != number or what == "text" or (what == "answer" and answered):
            continue
        answered = answered or what == "answer"
        if detail in FORWARD.get(status, set()):
            yield f"{status}>{detail}"
            status = detail


def check(steps: list[Step]) -> None:
    """Play a sequence and compare what the database committed with what must come of it."""
    loop = VirtualLoop()
    world = World(Plan(seed=0, hubs=1, orders=(), events=()), loop)
    try:
        asyncio.set_event_loop(loop)
        with without_surfaces():
            loop.run_until_complete(play(world, steps))
            loop.run_until_complete(world.end())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    rows = world.disk.rows
    for number, person in enumerate(PEOPLE[: len(MESSAGES)]):
        (sent,) = rows("SELECT id FROM messages WHERE to_address = ?", person)
        moves = rows("SELECT detail FROM log WHERE what = 'status' AND subject = ?", sent["id"])
        assert [row["detail"] for row in moves] == list(expected(steps, number))
        received = rows("SELECT id FROM messages WHERE from_address = ?", person)
        assert len(received) == (("text", number, "hello") in steps)
    told = {step for step in steps if step[0] != "answer"}
    assert len(rows("SELECT id FROM inbound_events")) == len(told)


def check_sequences(number: int) -> None:
    """Check so many sequences of callbacks, chosen by chance; the shortest that fails is told."""

    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.sampled_from(REPORTS + TEXTS + ANSWERS), max_size=24))
    def every(steps: list[Step]) -> None:
        check(steps)

    every()
