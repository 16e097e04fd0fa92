"""How much memory a hub holds once it has sent for a while."""

from collections.abc import Iterator
from typing import Final

from bench.figures import Figure, incorrect, value
from bench.p1 import warm_sender
from bench.run import Run

PART: Final = "memory"
SENDS: Final = 100_000
QUICK_SENDS: Final = 10_000
GATE_MIB: Final = 130.0


def measure(run: Run) -> Iterator[Figure]:
    """Send, and look at the process."""
    sends = QUICK_SENDS if run.quick else SENDS
    with warm_sender(run, "sqlite") as sender:
        before = sender.server.rss_mib()
        sender.send(connections=32, seconds=900, most=sends)
        after = sender.server.rss_mib()
        complaints = sender.complaints()
    at = f"Memory of the hub after {sends:,} sends, SQLite"
    yield value(PART, "Memory of the hub after 200 sends, SQLite", [before], "MiB")
    if complaints:
        yield incorrect(PART, at, complaints)
    else:
        yield value(PART, at, [after], "MiB", at_most=GATE_MIB)
