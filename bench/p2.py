"""P2: signed callbacks of the vendor, from the request to the answer, stored before it is given."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.correctness import counts
from bench.figures import Figure, incorrect, ratio, value
from bench.gates import BARE, callbacks, callbacks_p99
from bench.load import Load, Plan
from bench.p1 import NAMES, Sender, warm_sender
from bench.processes import Server, asgi
from bench.run import Run
from bench.traffic import REPORTS

CONNECTIONS: Final = 32
_WARM_UP_S: Final = 0.3
_TEXTS_PER_ROUND: Final = 1500


@dataclass(kw_only=True)
class Reported:
    """A hub that sent texts, and what its vendor reported of them so far."""

    sender: Sender
    ledger: Path
    texts: int

    def report(self, run: Run) -> Load:
        """Let the vendor report on as many texts as belong to a round, or as time allows."""
        plan = Plan(
            kind="callback",
            port=self.sender.server.port,
            connections=CONNECTIONS,
            seconds=run.seconds,
            warm_up_s=_WARM_UP_S,
            first=self.sender.server.asked,
            most=self.texts * len(REPORTS) // run.rounds,
            ledger=str(self.ledger),
        )
        return self.sender.server.put_under_load(plan)

    def complaints(self) -> Iterator[str]:
        """Yield what is wrong with what the hub stored of the reports."""
        server, ask = self.sender.server, self.sender.ask
        assert ask is not None
        yield from server.complaints
        acknowledged = server.acknowledged
        events = counts(ask("SELECT state, count(*) FROM inbound_events GROUP BY state"))
        if events != {"handled": acknowledged}:
            yield f"{acknowledged} acknowledged, but the events are {events}"
        delivered = max(0, acknowledged - self.texts * (len(REPORTS) - 1))  # told last
        wanted = {"sent": self.texts - delivered, "delivered": delivered}
        states = counts(ask("SELECT status, count(*) FROM messages GROUP BY status"))
        if states != {name: number for name, number in wanted.items() if number}:
            yield f"the texts should be {wanted}, but are {states}"
        ((bodies,),) = ask("SELECT count(*) FROM body_vault")
        if bodies != self.texts - delivered:
            yield f"{bodies} bodies are held, of {self.texts - delivered} texts under way"


def measure(run: Run) -> Iterator[Figure]:
    """Measure hubs and the bare server in turn."""
    loads: dict[str, list[Load]] = {name: [] for name in run.databases}
    floors: list[float] = []
    with ExitStack() as stack:
        hubs = {name: _reported(run, stack, name) for name in run.databases}
        bare = stack.enter_context(asgi("bench.bare:app", run.directory("bare")))
        ledger = next(iter(hubs.values())).ledger
        for _ in run.each_round():
            floors.append(_floor(run, bare, ledger))
            for name, each in hubs.items():
                loads[name].append(each.report(run))
        wrong = {name: list(each.complaints()) for name, each in hubs.items()}
    yield value(f"POST to a {BARE}", floors, "/s")
    for name, complaints in wrong.items():
        yield from _figures(name, loads[name], floors, complaints)


def _figures(
    name: str, loads: list[Load], floors: list[float], complaints: list[str]
) -> Iterator[Figure]:
    at = f"Callbacks, {NAMES[name]}"
    if complaints:
        yield incorrect(at, complaints)
    per_s = [0.0 if complaints else load.per_s for load in loads]
    yield value(at, per_s, "/s")
    yield ratio(callbacks(name), per_s, floors)
    yield value(callbacks_p99(name), [load.p99_ms for load in loads], "ms", floors=floors)


def _reported(run: Run, stack: ExitStack, name: str) -> Reported:
    """Start a hub and let it send what will be reported on."""
    sender = stack.enter_context(warm_sender(run, name))
    server = sender.server
    sender.send(connections=CONNECTIONS, seconds=300, most=_TEXTS_PER_ROUND * run.rounds)
    texts = server.acknowledged
    ledger = run.directory("ledger") / "texts"
    ledger.write_bytes(sender.vendor.get("/ledger"))
    server.asked = server.acknowledged = 0  # from here on, of callbacks
    return Reported(sender=sender, ledger=ledger, texts=texts)


def _floor(run: Run, bare: Server, ledger: Path) -> float:
    plan = Plan(
        kind="repeated",
        port=bare.port,
        connections=CONNECTIONS,
        seconds=run.seconds,
        warm_up_s=_WARM_UP_S,
        ledger=str(ledger),
    )
    return bare.put_under_load(plan).per_s
