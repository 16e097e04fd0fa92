"""One run: hubs, vendors, clients and people in virtual time, all of it decided by the seed."""

import asyncio
import contextvars
import hashlib
import json
import random
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from tests.simulation.channels import SMS, WHATSAPP
from tests.simulation.disk import AFTER, Disk, SimulatedDatabase, Trouble, the_disk
from tests.simulation.hubs import Life, hold_open
from tests.simulation.plans import AGENTS, CALM_S, PEOPLE, Event, Order, Plan
from tests.simulation.speech import Studio
from tests.simulation.vendors import Vendor
from tests.simulation.virtual import START, Process, VirtualClock, VirtualLoop
from tests.simulation.weather import FAIR_WEATHER, FLAVOURS, STORM, Flavour
from trunkline.core.hub import Hub
from trunkline.core.messages.models import SendMessage
from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import Problem
from trunkline.sdk import DatabaseFailed, Overloaded, WebhookRequest

OPERATOR: Final = Principal(scope=Scope.LOCAL)
PATIENCE_S: Final = 45.0
"""How long a client waits for an answer."""
CALLBACK_S: Final = 8.0
"""How long a vendor waits until its callback is acknowledged; then it calls again."""


class World:
    """
    Everything that is not the hub, and the hubs in it.

    `trace` says what happened, in order; two runs of one seed have the same.
    """

    def __init__(self, plan: Plan, loop: VirtualLoop) -> None:
        self.plan = plan
        self.clock = VirtualClock(loop)
        self.disk: Disk = the_disk()
        self.disk.wipe()
        self.chance = random.Random(f"run {plan.seed}")
        self.trace: list[str] = []
        self.lives: list[Life | None] = [None] * plan.hubs
        self.calm = False
        self.operations = 0
        self._starting = True
        self.over_at = START
        self.jumped_s = 0.0
        self.told: dict[str, bool] = {}
        """Every event a vendor told of, and whether a hub acknowledged it."""
        self.texts: dict[str, tuple[str, str]] = {}
        """Who wrote each inbound text, and what it says, by its event."""
        self._outage_until_s = 0.0
        self._loop = loop
        self._context = contextvars.copy_context()
        self._errands: list[asyncio.Task[None]] = []
        script = iter(plan.script)
        self.vendors = {
            flavour: Vendor(
                flavour,
                self.chance,
                random.Random(f"{flavour} {plan.seed}"),
                self.clock,
                self.post,
                self.note,
                script,
                plan.line,
            )
            for flavour in FLAVOURS
        }
        self.studio = Studio(next(iter(self.vendors.values())))
        for vendor in self.vendors.values():
            vendor.heard = self.heard

    def note(self, *words: object) -> None:
        """Add a line to the trace."""
        self.trace.append(f"{self._loop.now_s:8.3f} {' '.join(map(str, words))}")

    def hash(self) -> str:
        """Return what is the same for two runs that went the same way."""
        log = [tuple(row) for row in self.disk.rows("SELECT * FROM log ORDER BY n")]
        return hashlib.sha256(json.dumps([self.trace, log]).encode()).hexdigest()

    # --- luck -------------------------------------------------------------------------------------

    def trouble(self, process: Process, *, writes: bool) -> Trouble | None:
        """Return what goes wrong with an operation of the database."""
        if self._starting:
            return None
        self.operations += 1
        if self.operations == self.plan.nth and (writes or self.plan.fault not in AFTER):
            self.note("database", self.plan.fault)
            return self.plan.fault
        if self.calm:
            return None
        if self._loop.now_s < self._outage_until_s:
            return Trouble.REFUSED
        if self.chance.random() >= self.plan.trouble:
            return None
        what = self.chance.choice(list(Trouble)) if writes else Trouble.REFUSED
        self.note("database", what.value)
        return what

    def delay_s(self) -> float:
        """Return how long half of an operation takes: mostly nothing."""
        return self.chance.choice((0.0, 0.0, 0.0, 0.001, 0.001, 0.05, 0.3))

    # --- the run ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Let the storm pass and the calm after it, then stop the hubs in good order."""
        await self.begin()
        for vendor in self.vendors.values():
            vendor.weather = STORM if self.plan.stormy else FAIR_WEATHER
            vendor.latency_s -= self.plan.ahead_s  # a clock set forward uses some of it up
        for order in self.plan.orders:
            for delay_s in (0.0, *order.twins):
                self.errand(self._order(order, order.at_s + delay_s))
        for event in self.plan.events:
            self.errand(self._happen(event))
        await self.clock.sleep(self.plan.storm_s - self._loop.now_s)
        self.calm = True
        for vendor in self.vendors.values():
            vendor.weather = FAIR_WEATHER
        self.note("calm")
        while not self._is_over():
            await self.clock.sleep(5.0)
        await asyncio.gather(*self._errands)
        for place in range(self.plan.hubs):
            await self._stop(place)
        self.over_at = self.clock.now()

    def _is_over(self) -> bool:
        """Tell whether two minutes have passed, or nothing will happen in them any more."""
        if self._loop.now_s >= self.plan.storm_s + CALM_S:
            return True
        hanging = "SELECT 1 FROM message_attempts WHERE state = 'sending'"
        return (
            all(errand.done() for errand in self._errands)
            and all(self.told.values())
            and not any(vendor.pending for vendor in self.vendors.values())
            and None not in self.lives
            and not self.disk.rows(
                f"SELECT 1 FROM engine_jobs WHERE kind <> 'alert' UNION {hanging}"
            )
        )

    async def end(self) -> None:
        """Let nothing be left in the loop."""
        lives, self.lives = self.lives, [None] * self.plan.hubs
        for life in lives:
            if life is not None:
                life.process.kill()
        for errand in self._errands:
            errand.cancel()
        await asyncio.sleep(3600.0)

    def errand(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin something outside of the hubs."""
        task = self._context.copy().run(self._loop.create_task, work)
        self._errands.append(task)

    async def begin(self) -> None:
        """Start the hubs and create the agents, without trouble."""
        await asyncio.gather(*(self._start(place) for place in range(self.plan.hubs)))
        line = self.plan.line
        for agent_id, phone in AGENTS.items():
            values: dict[str, str | None] = {line.set_by: line.address(phone)}
            if line.kind == SMS.kind:
                values["telephony"] = agent_id if agent_id in self.vendors else None
            await self.call(partial(_create, agent_id, values))
        if line is WHATSAPP:
            for agent_id in AGENTS:
                for person in PEOPLE:
                    if self.chance.random() < 0.75:  # else nobody may write to them yet
                        self._tell(person, agent_id, "hello", Flavour(self.plan.slot[0]))
        self._starting = False

    async def _start(self, place: int) -> None:
        """Start a hub, again and again until it runs, as a service manager would."""
        while self.lives[place] is None:
            process = Process(f"hub {place}", partial(self._died, place))
            database = SimulatedDatabase(self.disk, process, self)
            self.note("start", process.name)
            self.lives[place] = await hold_open(
                process, database, self.vendors, self.clock, self.chance.randbytes,
                self.plan, self.studio,
            )  # fmt: skip
            if self.lives[place] is None:
                await self.clock.sleep(0.5)

    async def _stop(self, place: int) -> None:
        life = self.lives[place]
        if life is not None:
            self.lives[place] = None
            self.note("stop", life.process.name)
            await life.stop()

    def _died(self, place: int) -> None:
        if self.lives[place] is not None:  # else it was being started, or stopped
            self.lives[place] = None
            self.note("died", place)
            self.errand(self._restart(place))

    async def _restart(self, place: int) -> None:
        await self.clock.sleep(self.chance.uniform(0.1, 3.0))
        await self._start(place)

    # --- calling a hub ----------------------------------------------------------------------------

    async def call(
        self, ask: Callable[[Hub], Coroutine[Any, Any, Any]], patience_s: float = PATIENCE_S
    ) -> Any:
        """
        Ask any hub and return its answer; raise what it raises.

        Raises:
            TimeoutError: No hub runs, or it died, or took too long: nobody knows what came of it.
        """
        lives = [life for life in self.lives if life is not None]
        if not lives:
            raise TimeoutError
        life = self.chance.choice(lives)
        task = life.process.spawn(ask(life.hub))
        await asyncio.wait([task], timeout=patience_s)
        if not task.done() or task.cancelled():
            task.cancel()
            raise TimeoutError
        return task.result()

    async def insist(
        self, what: str, ask: Callable[[Hub], Coroutine[Any, Any, Any]], times: int = 40
    ) -> Any:
        """Ask until somebody answers; return the answer, the Problem, or None for never."""
        for _ in range(times):
            try:
                return await self.call(ask)
            except Problem as problem:
                return problem
            except (TimeoutError, DatabaseFailed, Overloaded) as error:
                self.note(what, "not answered:", type(error).__name__)
                await self.clock.sleep(self.chance.uniform(0.2, 4.0))
        return None

    # --- clients ----------------------------------------------------------------------------------

    async def _order(self, order: Order, at_s: float) -> None:
        await self.clock.sleep(at_s)
        command = SendMessage(
            channel=self.plan.line.channel,
            content=self.plan.line.content(order.body),
            to=self.plan.line.address(order.recipient),
            idempotency_key=f"order-{order.number}" if order.keyed else None,
            send_at=None if order.due_s is None else START + timedelta(seconds=order.due_s),
            valid_for_s=order.valid_for_s,
        )
        times = 40 if order.keyed else 1
        answer = await self.insist(
            f"order {order.number}",
            lambda hub: hub.messages.send(OPERATOR, order.agent, command),
            times,
        )
        kind, message_id = _answered(answer)
        order.answers.append((kind, message_id))
        self.note("order", order.number, kind, message_id)
        if order.cancel_after_s is not None and message_id is not None:
            await self._cancel(order, message_id)

    async def _cancel(self, order: Order, message_id: str) -> None:
        await self.clock.sleep(order.cancel_after_s or 0.0)
        answer = await self.insist(
            f"cancel {order.number}",
            lambda hub: hub.messages.cancel(OPERATOR, order.agent, message_id),
        )
        canceled = answer is not None and not isinstance(answer, Problem)
        order.canceled = order.canceled or canceled
        self.note("cancel", order.number, canceled)
        if canceled:
            order.answers.append(("canceled", message_id))

    # --- vendors and people -----------------------------------------------------------------------

    def post(self, url: str, vendor: str, told: dict[str, object]) -> None:
        """Let a vendor call a hub, and again until it is acknowledged."""
        event = str(told["event"])
        self.told.setdefault(event, False)
        self.errand(self._post(url, vendor, told, event))

    async def _post(self, url: str, vendor: str, told: dict[str, object], event: str) -> None:
        agent_id = url.partition("/webhooks/")[2].partition("/")[0]
        for _ in range(60):
            request = WebhookRequest(
                method="POST",
                url=url,
                headers=MappingProxyType({"vendor": vendor}),
                body=json.dumps(told).encode(),
                received_at=self.clock.now(),
            )
            try:
                await self.call(partial(take, agent_id, request), CALLBACK_S)
            except (TimeoutError, DatabaseFailed, Overloaded):
                await self.clock.sleep(self.chance.uniform(0.5, 5.0))
            else:
                self.heard(event)
                return

    def heard(self, event: str) -> None:
        """Note that a hub has acknowledged an event."""
        if not self.told[event]:
            self.told[event] = True
            self.disk.rows("INSERT INTO log (what, subject) VALUES ('heard', ?)", event)
        self.note("told", event)

    async def _happen(self, event: Event) -> None:
        await self.clock.sleep(event.at_s)
        self.note(event.kind, event.which, event.value)
        match event.kind:
            case "text":
                self._write(event)
            case "suspend":
                await self.insist(
                    "suspend", lambda hub: hub.agents.suspend(OPERATOR, event.which, None)
                )
            case "resume":
                await self.insist("resume", lambda hub: hub.agents.resume(OPERATOR, event.which))
            case "jump":
                self.clock.ahead_s += float(event.value)
                self.jumped_s += abs(float(event.value))
            case "outage":
                self._outage_until_s = self._loop.now_s + float(event.value)
            case _:
                await self._hit(event)

    def _write(self, event: Event) -> None:
        """Let somebody write to an agent; the network may deliver it more than once."""
        agent = flavour = self.chance.choice(FLAVOURS)
        if self.plan.line.kind != SMS.kind:
            flavour = Flavour(self.chance.choice(self.plan.slot))
        self._tell(event.which, agent, str(event.value), flavour)

    def _tell(self, person: str, agent: str, body: str, flavour: Flavour) -> None:
        name, line = f"in-{len(self.texts)}", self.plan.line
        self.texts[name] = (line.address(person), body)
        told: dict[str, object] = {
            "kind": "sms",
            "event": name,
            "sender": line.address(person),
            "recipient": line.address(AGENTS[agent]),
            "body": body,
        }
        for _ in range(self.chance.choice((1, 1, 2, 3))):
            if self.vendors[flavour].is_listened_to:
                self.told.setdefault(name, False)
                self.vendors[flavour].mailbox.append(told)
            else:
                self.post(f"http://hub/webhooks/{agent}/sms", flavour.value, told)

    async def _hit(self, event: Event) -> None:
        """Kill a hub, stop it, or let it stand still for a while."""
        place = int(event.which)
        life = self.lives[place]
        if life is None:
            return
        if event.kind == "stall":
            life.process.stall()
            await self.clock.sleep(float(event.value))
            life.process.go_on()
        elif event.kind == "kill":
            life.process.kill()
        else:
            await self._stop(place)
            await self._restart(place)


async def _create(agent_id: str, values: dict[str, str | None], hub: Hub) -> None:
    await hub.agents.create(OPERATOR, agent_id, values)


async def take(agent_id: str, request: WebhookRequest, hub: Hub) -> None:
    """Hand a callback to a hub."""
    await hub.intake.for_agent(agent_id, request)


def _answered(answer: Any) -> tuple[str, str | None]:
    """Return what an answer says, and of which message."""
    if answer is None:
        return "never", None
    if isinstance(answer, Problem):
        return f"refused {answer.code}", answer.facts.get("messageId")  # type: ignore[return-value]
    return answer.message.status.value, answer.message.id
