"""Sends over MCP, as a client of the present protocol makes them, one request each."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from bench.figures import Figure, incorrect, ratio, value
from bench.gates import TRIVIAL
from bench.p1 import NAMES, Sender, warm_sender
from bench.processes import asgi
from bench.run import Run

CONNECTIONS: Final = 32


def measure(run: Run) -> Iterator[Figure]:
    """Measure hubs and the SDK's own trivial tool in turn."""
    loads: dict[str, list[float]] = {name: [] for name in run.databases}
    floors: list[float] = []
    with ExitStack() as stack:
        server = stack.enter_context(asgi("bench.mcp_floor:app", run.directory("mcp")))
        floor = Sender(server=server, vendor=server, ask=None, kind="mcp")
        hubs = {
            name: replace(stack.enter_context(warm_sender(run, name)), kind="mcp")
            for name in run.databases
        }
        for _ in run.each_round():
            floors.append(
                floor.send(
                    connections=CONNECTIONS, seconds=run.seconds, warm_up_s=run.warm_up_s
                ).per_s
            )
            for name, each in hubs.items():
                load = each.send(
                    connections=CONNECTIONS, seconds=run.seconds, warm_up_s=run.warm_up_s
                )
                loads[name].append(load.per_s)
        wrong = {name: each.complaints() for name, each in hubs.items()}
    yield value(f"Calls of {TRIVIAL}", floors, "/s")
    if server.complaints:
        yield incorrect(f"Calls of {TRIVIAL}", server.complaints)
    for name, complaints in wrong.items():
        at = f"MCP sends, {NAMES[name]}"
        if complaints:
            yield incorrect(at, complaints)
        per_s = [0.0] * run.rounds if complaints else loads[name]
        yield value(at, per_s, "/s")
        yield ratio(f"{at} ÷ {TRIVIAL}", per_s, floors)
