"""One run: a vendor, hubs under load, and what is done to them."""

import asyncio
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiohttp import ClientSession, ClientTimeout, TCPConnector

from bench.adapters import write_distribution
from bench.report import commit
from plugins.postgres.tests.server import Server
from tests.chaos.audit import Books, is_settled, judge, read_books
from tests.chaos.client import Client
from tests.chaos.crash import SPEAKING, STEPS
from tests.chaos.report import DATABASE, FROZEN, RANDOM, Outcome
from tests.chaos.wire import BadWire, bad_wire
from tests.databases import SQLITE
from tests.processes import (
    EndedAtStart,
    HubProcess,
    command,
    forked,
    free_port,
    hub_process,
    started,
    vendor_process,
)
from tests.proxies import RoundRobin, round_robin

ROOT: Final = Path(__file__).parents[2]
FLAVOURS: Final = ("key", "lookup", "none")
CHANNELS: Final = {
    "sms": ("telephony", "postbird_", "phone=+14155550123"),
    "email": ("email", "postbird_mail_", "email=p14155550123@mail.example"),
    "whatsapp": ("whatsapp", "postbird_chat_", "whatsapp=+14155550123"),
    "voice": ("telephony", "postbird_voice_", "phone=+14155550123"),
}
"""Of each channel the slot, how its providers' names begin, and the agent's address."""
DURABLE: Final = "-c shared_buffers=64MB"
_LONGEST_LIFE_S: Final = {1: 1.5, 3: 4.5}  # of more hubs each lives longer, on as many cores
_PASSAGES: Final = (1, 1, 1, 2, 3, 5, 8)  # some steps come once in a life, and some all the time
_WHOLE: Final = 0.25  # of those killed at random so many start from nothing, and are timed
_FROZEN_S: Final = {1: (1.0, 4.0), 3: (9.0, 11.0)}  # others give a hub up after eight seconds
_CONFIG: Final = """
[server]
public_url = "{public_url}"
[database]
url = "{database}"
[plugins]
required = ["chaos", "example"]
[messages]
provider_timeout_s = 3
final_within_s = 60
[slots]
{slot} = "{provider}"
tts = "chaosvoice"
storage = "local-storage"
[providers.{provider}]
base_url = "http://127.0.0.1:{wire}"
api_key = "pb-test-key"
signing_secret = "pb-test-secret"
"""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    What to do.

    Attributes:
        flavour: What the vendor offers for a lost answer: ``key``, ``lookup`` or ``none``.
        database: ``sqlite`` or ``postgres``.
        hubs: 1, or 3 on one PostgreSQL.
        kills: How many kills at least.
        channel: Of what is sent and arrives.
        sends_per_s: How many sends are asked for.
        patience_s: How long everything may take to settle after the last kill.
    """

    flavour: str
    database: str
    hubs: int
    kills: int
    seed: int
    channel: str = "sms"
    sends_per_s: float = 50.0
    patience_s: float = 120.0

    @property
    def can_ask(self) -> bool:
        """Whether what nobody knows can be found out; a call that is found may be anybody's."""
        return self.flavour != "none" and self.channel != "voice"


@dataclass(kw_only=True)
class Run:
    """A run under way."""

    plan: Plan
    folder: Path
    server: Server | None
    database: str
    config: Path
    ports: list[int]
    client: Client
    wire: BadWire
    vendor: str
    faults: Counter[str] = field(default_factory=Counter)
    starts_s: list[float] = field(default_factory=list)
    started: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.plan.seed)
        self.steps: list[str] | None = None
        self.database_away = 0  # odd while it is, and another number each time

    @property
    def ledger(self) -> Path:
        """Where the vendor writes down what it accepted."""
        return self.folder / "ledger"

    def data_dir(self, place: int) -> Path:
        """Return the data directory of the hub of a place."""
        return self.folder / f"hub-{place}"

    @asynccontextmanager
    async def hub(
        self, place: int, step: str | None = None, *, whole: bool = False
    ) -> AsyncIterator[HubProcess]:
        """Start the hub of a place, a `whole` one or a fork; with a step, one that dies there."""
        environ = environment(self.folder)
        if step is not None:
            environ["CHAOS_STEP"] = step
        began, away = time.monotonic(), self.database_away
        async with hub_process(
            "serve",
            data_dir=self.data_dir(place),
            port=self.ports[place],
            config=self.config,
            environ=environ,
            start=started if whole else forked,
        ) as hub:
            if whole and away == self.database_away and not away % 2:
                self.starts_s.append(time.monotonic() - began)
            yield hub

    async def haunt(self, place: int) -> None:
        """Start the hub of a place and kill it, again and again, until there were enough kills."""
        await asyncio.sleep(place)  # the first ones one after the other
        while self.started < self.plan.kills:
            self.started += 1
            away = self.database_away
            try:
                await self._live(place)
            except EndedAtStart:  # as a hub does whose database goes away while it opens
                if away == self.database_away and not away % 2:
                    raise
                self.started -= 1

    async def _live(self, place: int) -> None:
        draw = self.random.random()
        if draw < 0.55:
            await self._live_to_a_step(place, self._next_step())
        elif draw < 0.95:
            await self._live_for_a_while(place)
        else:
            await self._freeze(place)

    def _next_step(self) -> str:
        """Return each step in turn, in an order that changes: its first passage, later another."""
        if not self.steps:
            passages = (1,) if self.steps is None else _PASSAGES
            steps = [*STEPS, *(SPEAKING if self.plan.channel == "voice" else ())]
            self.steps = [f"{step}:{self.random.choice(passages)}" for step in steps]
            self.random.shuffle(self.steps)
        return self.steps.pop()

    async def _live_to_a_step(self, place: int, step: str) -> None:
        away = self.database_away
        try:
            async with self.hub(place, step) as hub:
                with suppress(TimeoutError):
                    await asyncio.wait_for(_death(hub), 2 * _LONGEST_LIFE_S[self.plan.hubs])
                came = hub.process.poll() is not None
                hub.kill()
        except EndedAtStart:  # at the step, before anybody saw that it was ready
            if away != self.database_away or away % 2:
                raise
            came = True
        self.faults[step.partition(":")[0] if came else RANDOM] += 1

    async def _live_for_a_while(self, place: int) -> None:
        async with self.hub(place, whole=self.random.random() < _WHOLE) as hub:
            await asyncio.sleep(self.random.uniform(0.0, _LONGEST_LIFE_S[self.plan.hubs]))
            hub.kill()
        self.faults[RANDOM] += 1

    async def _freeze(self, place: int) -> None:
        """Let a hub stand still, and come back when others may have given it up."""
        async with self.hub(place) as hub:
            await asyncio.sleep(self.random.uniform(0.2, 1.0))
            hub.process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(self.random.uniform(*_FROZEN_S[self.plan.hubs]))
            hub.process.send_signal(signal.SIGCONT)
            await asyncio.sleep(self.random.uniform(0.5, 2.0))
            hub.kill()
        self.faults[FROZEN] += 1

    async def crash_database(self) -> None:
        """Crash the database's server under load and start it again, until there is no load."""
        while self.started < self.plan.kills:
            await asyncio.sleep(self.random.uniform(8.0, 20.0))
            if self.server is not None:
                await self._crash_server(self.server)

    async def _crash_server(self, server: Server) -> None:
        self.database_away += 1
        await asyncio.to_thread(server.stop, "immediate")
        await asyncio.sleep(self.random.uniform(0.0, 1.0))
        await asyncio.to_thread(server.start, DURABLE)
        self.database_away += 1
        self.faults[DATABASE] += 1

    async def settle(self) -> Books:
        """Let nothing further go wrong and wait until nothing is under way, within reason."""
        self.wire.harm = 0.0
        until = time.monotonic() + self.plan.patience_s
        waits_for_answers = self.plan.can_ask
        while True:
            async with self.client.http.post(f"{self.vendor}/quiet") as answer:
                left = (await answer.json())["left"]
            books = read_books(self.database, self.data_dir(0), self.ledger)
            calm = not left and not self.client.under_way
            if calm and is_settled(books, waits_for_answers=waits_for_answers):
                return books
            if time.monotonic() > until:
                return books
            await asyncio.sleep(0.5)


async def _death(hub: HubProcess) -> None:
    while hub.process.poll() is None:  # noqa: ASYNC110 - the system tells nobody
        await asyncio.sleep(0.02)


def environment(folder: Path) -> dict[str, str]:
    """Return what a hub must find: the adapters of this folder as if they were installed."""
    path = f"{folder / 'plugins'}{os.pathsep}{ROOT}"
    return {"PYTHONPATH": path, "CREDENTIALS_ENCRYPTION_KEY": bytes(range(0, 256, 8)).hex()}


def _command(folder: Path, *words: str) -> str:
    """Run a command on the first hub's data, and return what it said."""
    data_dir, config = folder / "hub-0", folder / "trunkline.toml"
    return command(*words, data_dir=data_dir, config=config, environ=environment(folder))


@asynccontextmanager
async def prepared(plan: Plan, folder: Path, server: Server | None) -> AsyncIterator[Run]:
    """Start a vendor behind a bad wire, and prepare the database and an agent."""
    slot, names, address = CHANNELS[plan.channel]
    ports, config = [free_port() for _ in range(plan.hubs)], folder / "trunkline.toml"
    write_distribution(folder / "plugins", "chaos", "tests.chaos.adapters")
    async with AsyncExitStack() as stack:
        database = stack.enter_context(server.database()) if server else SQLITE
        front: RoundRobin | None = None
        if plan.hubs > 1:
            front = await stack.enter_async_context(round_robin())
            front.ports = list(ports)
        base_url = f"http://127.0.0.1:{front.port if front else ports[0]}"
        vendor = stack.enter_context(
            vendor_process(
                folder / "ledger",
                flavour=plan.flavour,
                seed=plan.seed,
                mishap=0.1,
                # Where nothing else tells what became of a text, its reports have to.
                reported=1.0 if plan.flavour == "none" else 0.25,
                inbound_url=f"{base_url}/webhooks/ann/sms",
                inbound_per_s=5.0,
            )
        )
        wire = await stack.enter_async_context(
            bad_wire(int(vendor.rpartition(":")[2]), plan.seed, harm=0.03)
        )
        config.write_text(
            _CONFIG.format(
                public_url=base_url,
                database=database,
                wire=wire.port,
                slot=slot,
                provider=f"{names}{plan.flavour}",
            )
        )
        for words in (("db", "upgrade"), ("agents", "create", "ann", address)):
            _command(folder, *words)
        (token,) = re.findall(r"tl_agent_\w+", _command(folder, "tokens", "issue", "ann"))
        http = await stack.enter_async_context(
            ClientSession(timeout=ClientTimeout(total=20), connector=TCPConnector(force_close=True))
        )
        yield Run(
            plan=plan,
            folder=folder,
            server=server,
            database=database,
            config=config,
            ports=ports,
            client=Client(token=token, base_url=base_url, http=http, channel=plan.channel),
            wire=wire,
            vendor=vendor,
        )


async def carry_out(plan: Plan, folder: Path, server: Server | None) -> Outcome:
    """Do what a plan says, wait until everything has settled, and look what became of it."""
    async with prepared(plan, folder, server) as run:
        load = asyncio.create_task(run.client.load(plan.sends_per_s))
        trouble = [run.haunt(place) for place in range(plan.hubs)]
        await asyncio.gather(*trouble, *([run.crash_database()] if server else []))
        load.cancel()
        async with AsyncExitStack() as stack:
            for place in range(plan.hubs):
                await stack.enter_async_context(run.hub(place))
            books = await run.settle()
        run.faults.update({f"wire {fault}": times for fault, times in run.wire.done.items()})
        client = run.client
        violations = judge(books, client.message_ids, can_ask=plan.can_ask)
        if client.refused or client.under_way:
            pending = [f"{len(client.under_way)} without an answer"] * bool(client.under_way)
            violations["unanswered"] = [*client.refused, *pending]
        for task in client.under_way:
            task.cancel()
        return Outcome(
            flavour=(plan.flavour if plan.channel == "sms" else f"{plan.channel}, {plan.flavour}"),
            database=plan.database,
            hubs=plan.hubs,
            seed=plan.seed,
            commit=commit("hub"),
            load=round(os.getloadavg()[0], 1),
            faults=dict(run.faults),
            starts_s=[round(start_s, 2) for start_s in run.starts_s],
            acknowledged=len(client.message_ids),
            accepted=sum(len(references) for references in books.texts.values()),
            unsure=len(books.unsure),
            unresolved=sum(status == "unknown" for status in books.statuses.values()),
            arrived=len(books.arrived),
            events=sum(books.events.values()),
            violations=violations,
        )
