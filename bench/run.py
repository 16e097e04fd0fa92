"""One run of the bench: how long, on which databases, and what it noticed of the machine."""

import os
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path

from bench.disk import fdatasync_ms
from plugins.postgres.tests.server import Server as Postgres


@dataclass(kw_only=True)
class Run:
    """
    One run.

    Attributes:
        rounds: How often each thing is measured, in turn with what it is compared with.
        seconds: How long a load is measured, after `warm_up_s`.
        postgres: The running server, or None.
        fdatasync_p50_ms, fdatasync_p99_ms, loads: One value for each round of any part.
    """

    quick: bool
    databases: tuple[str, ...]
    home: Path
    postgres: Postgres | None
    rounds: int = field(init=False)
    seconds: float = field(init=False)
    warm_up_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.rounds, self.seconds, self.warm_up_s = (2, 0.7, 0.4) if self.quick else (5, 2.0, 1.0)
        self.fdatasync_p50_ms: list[float] = []
        self.fdatasync_p99_ms: list[float] = []
        self.loads: list[float] = []

    @cached_property
    def _numbers(self) -> Iterator[int]:
        return count(1)

    def directory(self, name: str) -> Path:
        """Return a new directory of the run's own; its path is short enough for a socket."""
        path = self.home / f"{name}{next(self._numbers)}"
        path.mkdir()
        return path

    def each_round(self) -> Iterator[int]:
        """Yield the number of each round, and look at the machine before it."""
        for number in range(self.rounds):
            times = fdatasync_ms(self.home)
            self.fdatasync_p50_ms.append(statistics.median(times))
            self.fdatasync_p99_ms.append(times[int(len(times) * 0.99)])
            self.loads.append(os.getloadavg()[0])
            yield number
