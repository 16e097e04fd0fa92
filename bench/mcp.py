"""Sends over MCP, as a client of the present protocol makes them, one request each."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from bench.figures import Figure, incorrect, ratio, value
from bench.p1 import NAMES, Sender, warm_sender
from bench.processes import asgi
from bench.run import Run

PART: Final = "mcp"
CONNECTIONS: Final = 32
GATE: Final = 0.5


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
            floors.append(floor.send(connections=CONNECTIONS, seconds=run.seconds).per_s)
            for name, each in hubs.items():
                load = each.send(connections=CONNECTIONS, seconds=run.seconds)
                loads[name].append(load.per_s)
        wrong = {name: each.complaints() for name, each in hubs.items()}
    yield value(PART, "MCP SDK, trivial tool", floors, "/s")
    if server.complaints:
        yield incorrect(PART, "MCP SDK, trivial tool", server.complaints)
    for name, complaints in wrong.items():
        at = f"MCP sends, {NAMES[name]}"
        if complaints:
            yield incorrect(PART, at, complaints)
        per_s = [0.0] * run.rounds if complaints else loads[name]
        yield value(PART, at, per_s, "/s")
        gate = GATE if name == "sqlite" else None
        yield ratio(PART, f"{at} ÷ MCP SDK, trivial tool", per_s, floors, at_least=gate)
