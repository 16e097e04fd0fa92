"""P1: sends over REST, from request to answer, with the vendor called between two commits."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from bench.correctness import (
    Ask,
    asks_postgres,
    asks_sqlite,
    complaints_of_null,
    complaints_of_sends,
    complaints_of_trail,
)
from bench.databases import database_url
from bench.figures import Figure, incorrect, ratio, value
from bench.gates import DATABASES, NAIVE, NULL, REST_NAIVE, rest
from bench.load import Kind, Load, Plan
from bench.processes import Server, hub, naive, replay, sink
from bench.run import Run
from bench.traffic import RECIPIENTS, SENT

CONNECTIONS: Final = (1, 32)
NAMES: Final = {**DATABASES, "null": NULL, "naive": NAIVE}
_WARM_UP_SENDS: Final = 200
_LEARNING_SENDS: Final = 4 * len(RECIPIENTS)


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Something that sends texts, its vendor, and how to look into its database, if it has one."""

    server: Server
    vendor: Server
    ask: Ask | None
    kind: Kind = "rest"

    def send(
        self, *, connections: int, seconds: float, warm_up_s: float = 0.0, most: int = 0
    ) -> Load:
        """Let it send."""
        plan = Plan(
            kind=self.kind,
            port=self.server.port,
            connections=connections,
            seconds=seconds,
            warm_up_s=warm_up_s,
            token=self.server.token,
            first=self.server.asked,
            most=most,
            must_hold=SENT.decode(),
        )
        return self.server.put_under_load(plan)

    def complaints(self) -> list[str]:
        """Return what is wrong with what it stored and sent."""
        if self.ask is None:
            return list(complaints_of_null(self.server, self.vendor))
        found = list(complaints_of_sends(self.server, self.vendor, self.ask))
        return found if self.kind == "naive" else found + list(complaints_of_trail(self.ask))


@contextmanager
def warm_sender(run: Run, name: str, *, latency_ms: float = 0.0) -> Iterator[Sender]:
    """Start a hub on a database, or the naive build, with a vendor of its own; then warm it up."""
    home = run.directory(name)
    with sink(home, latency_ms) as vendor:
        if name == "naive":
            with naive(home, vendor) as server:
                ask = asks_sqlite(home / "naive.db")
                sender = Sender(server=server, vendor=vendor, ask=ask, kind="naive")
                sender.send(connections=8, seconds=60, most=50)
                yield sender
            return
        with database_url(run, name) as url, hub(home, url, vendor) as server:
            file = home / "data" / "trunkline.db"
            asks = {"sqlite": asks_sqlite(file), "postgres": asks_postgres(url), "null": None}
            sender = Sender(server=server, vendor=vendor, ask=asks[name])
            most = _LEARNING_SENDS if name == "null" else _WARM_UP_SENDS
            sender.send(connections=8, seconds=60, most=most)
            if name == "null":
                replay(server)
            yield sender


def measure(run: Run) -> Iterator[Figure]:
    """Measure hubs, the null database and the naive build in turn."""
    names = [*run.databases, "null", "naive"]
    per_s: dict[tuple[str, int], list[float]] = defaultdict(list)
    p99_ms: dict[tuple[str, int], list[float]] = defaultdict(list)
    cpu_us: list[float] = []
    with ExitStack() as stack:
        senders = {name: stack.enter_context(warm_sender(run, name)) for name in names}
        for number in run.each_round():
            for name in names[number % len(names) :] + names[: number % len(names)]:
                for connections in CONNECTIONS:
                    sender = senders[name]
                    cpu_s, acknowledged = sender.server.cpu_s(), sender.server.acknowledged
                    load = sender.send(
                        connections=connections, seconds=run.seconds, warm_up_s=run.warm_up_s
                    )
                    per_s[name, connections].append(load.per_s)
                    p99_ms[name, connections].append(load.p99_ms)
                    if (name, connections) == ("null", 32):
                        spent_s = sender.server.cpu_s() - cpu_s
                        sends = sender.server.acknowledged - acknowledged
                        cpu_us.append(spent_s / max(sends, 1) * 1e6)
        wrong = {name: sender.complaints() for name, sender in senders.items()}
    for name, complaints in wrong.items():
        if complaints:
            yield incorrect(f"REST sends, {NAMES[name]}", complaints)
            for connections in CONNECTIONS:
                per_s[name, connections] = [0.0] * run.rounds
    yield from _figures(names, per_s, p99_ms, cpu_us)


def _figures(
    names: list[str],
    per_s: dict[tuple[str, int], list[float]],
    p99_ms: dict[tuple[str, int], list[float]],
    cpu_us: list[float],
) -> Iterator[Figure]:
    for name in names:
        for connections in CONNECTIONS:
            at = f"REST sends, {NAMES[name]}, {connections} connection{'s' * (connections > 1)}"
            yield value(at, per_s[name, connections], "/s")
            yield value(f"{at}, p99", p99_ms[name, connections], "ms")
    yield value("CPU of the hub for a send, null database", cpu_us, "µs")
    null = per_s["null", 32]
    for name in names[:-2]:
        yield ratio(rest(name), per_s[name, 32], null)
    if "sqlite" in names:
        yield ratio(REST_NAIVE, per_s["sqlite", 32], per_s["naive", 32])
