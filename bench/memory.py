"""How much memory a hub holds once it has sent for a while."""

from collections.abc import Iterator
from typing import Final

from bench.figures import Figure, incorrect, value
from bench.gates import MEMORY
from bench.p1 import warm_sender
from bench.run import Run

SENDS: Final = 100_000
QUICK_SENDS: Final = 4_000


def measure(run: Run) -> Iterator[Figure]:
    """Send, and look at the process."""
    sends = QUICK_SENDS if run.quick else SENDS
    with warm_sender(run, "sqlite") as sender:
        before = sender.server.rss_mib()
        sender.send(connections=32, seconds=900, most=sends)
        after = sender.server.rss_mib()
        complaints = sender.complaints()
    yield value("Memory of the hub before them", [before], "MiB")
    if complaints:
        yield incorrect(MEMORY, complaints)
    else:
        yield value(MEMORY, [after], "MiB", note=f" after {sends:,}")
