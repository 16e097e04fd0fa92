"""What the hub adds to a call of a vendor that takes 50 ms."""

from collections.abc import Iterator
from typing import Final

from bench.figures import Figure, incorrect, value
from bench.gates import ADDED
from bench.load import Plan
from bench.p1 import warm_sender
from bench.processes import sink
from bench.run import Run

CONNECTIONS: Final = 16
LATENCY_MS: Final = 50.0


def measure(run: Run) -> Iterator[Figure]:
    """Call a vendor directly and through a hub in turn."""
    direct: list[float] = []
    added: list[float] = []
    with (
        sink(run.directory("vendor"), LATENCY_MS) as vendor,
        warm_sender(run, "sqlite", latency_ms=LATENCY_MS) as sender,
    ):
        begun = len(run.fdatasync_p50_ms)
        for number in run.each_round():
            plan = Plan(
                kind="vendor",
                port=vendor.port,
                connections=CONNECTIONS,
                seconds=run.seconds,
                warm_up_s=run.warm_up_s,
                first=number * 1_000_000,
            )
            direct.append(vendor.put_under_load(plan).p50_ms)
            load = sender.send(
                connections=CONNECTIONS, seconds=run.seconds, warm_up_s=run.warm_up_s
            )
            added.append(load.p50_ms - direct[-1])
        complaints = [*sender.complaints(), *vendor.complaints]
    yield value("Vendor of 50 ms called directly, p50", direct, "ms")
    yield value("Added by the hub, SQLite, p50", added, "ms")
    if complaints:
        yield incorrect(ADDED, complaints)
        return
    disk = [2 * each for each in run.fdatasync_p50_ms[begun:]]
    beyond = [more - two for more, two in zip(added, disk, strict=True)]
    floors = [call + two for call, two in zip(direct, disk, strict=True)]
    yield value(ADDED, beyond, "ms", floors=floors)
