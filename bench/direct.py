"""What the hub adds to a call of a vendor that takes 50 ms."""

import statistics
from collections.abc import Iterator
from typing import Final

from bench.figures import Figure, Verdict, digits, incorrect, value
from bench.load import Plan
from bench.p1 import warm_sender
from bench.processes import sink
from bench.run import Run

PART: Final = "direct"
CONNECTIONS: Final = 16
LATENCY_MS: Final = 50.0
OVER_DISK_MS: Final = 3.0


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
                first=number * 1_000_000,
            )
            direct.append(vendor.put_under_load(plan).p50_ms)
            load = sender.send(connections=CONNECTIONS, seconds=run.seconds)
            added.append(load.p50_ms - direct[-1])
        complaints = [*sender.complaints(), *vendor.complaints]
    disk_ms = statistics.median(run.fdatasync_p50_ms[begun:])
    at = f"Added to a vendor's {LATENCY_MS:g} ms by the hub, SQLite, {CONNECTIONS} connections, p50"
    yield value(PART, "Vendor called directly, p50", direct, "ms")
    if complaints:
        yield incorrect(PART, at, complaints)
        return
    median = statistics.median(added)
    most = 2 * disk_ms + OVER_DISK_MS
    yield Figure(
        part=PART,
        name=at,
        measured=f"{digits(median)} ({digits(min(added))} to {digits(max(added))}) ms",
        gate=f"≤ {digits(most)} ms (2 fdatasync + 3 ms)",
        verdict=Verdict.PASS if median <= most else Verdict.FAIL,
    )
