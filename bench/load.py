"""
The load: some connections, each of which asks again as soon as it is answered.

``python -m bench.load PLAN`` takes a plan as JSON (`Plan`) and prints a `Load` as JSON. It is a
process of its own, so that its work is not the server's, and speaks HTTP with httptools on uvloop,
so that it asks for little of the machine that it shares with the server.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import count, cycle, islice
from pathlib import Path
from typing import Final, Literal, cast

import httptools
import uvloop

from bench import traffic

SAMPLE_EVERY: Final = 97
Kind = Literal["rest", "mcp", "naive", "vendor", "callback", "repeated"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    What to ask, and for how long.

    Attributes:
        first: The number of the first send; numbers make requests unique.
        most: Ask no more often than this; zero means as often as time allows.
        seconds: How long to measure, after `warm_up_s` in which nothing counts.
        ledger: For callbacks: the texts to report on. `first` skips as many callbacks;
            ``repeated`` starts again at the end, for a server that does not care.
        must_hold: What stands in the body of every good answer.
    """

    kind: Kind
    port: int
    connections: int
    seconds: float
    warm_up_s: float
    token: str = ""
    first: int = 0
    most: int = 0
    ledger: str = ""
    must_hold: str = ""

    def requests(self) -> Iterator[bytes]:
        """Return what to ask."""
        if self.kind in ("callback", "repeated"):
            made = list(traffic.callbacks(Path(self.ledger)))
            end = self.first + self.most if self.most else None
            return cycle(made) if self.kind == "repeated" else islice(made, self.first, end)
        numbers = range(self.first, self.first + self.most) if self.most else count(self.first)
        if self.kind == "vendor":
            return traffic.vendor_sends(numbers)
        sends = {
            "rest": traffic.rest_sends,
            "mcp": traffic.tool_calls,
            "naive": traffic.naive_sends,
        }
        return sends[self.kind](numbers, self.token)


@dataclass(kw_only=True)
class Load:
    """
    What came of it.

    Attributes:
        count, per_s, p50_ms, p95_ms, p99_ms: Of what was answered well in the measured time.
        asked, acknowledged: Of the whole run, warm-up and end included.
        bad: Answers that were not good, by status; a good status with a bad body is negative.
        samples: The number of some sends, and what was answered.
    """

    count: int = 0
    seconds: float = 0.0
    per_s: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    asked: int = 0
    acknowledged: int = 0
    bad: dict[str, int] = field(default_factory=dict)
    samples: list[tuple[int, str]] = field(default_factory=list)


class Run:
    """The state that all connections share."""

    def __init__(self, plan: Plan) -> None:
        self.requests = enumerate(plan.requests(), plan.first)
        self.must_hold = plan.must_hold.encode()
        self.measured_from = time.perf_counter() + plan.warm_up_s
        self.ends = self.measured_from + plan.seconds
        self.latencies: list[float] = []
        self.load = Load()
        self.bad: Counter[str] = Counter()

    def next(self) -> tuple[int, bytes] | None:
        """Return the next request, or None when there are no more or time is up."""
        now = time.perf_counter()
        if now >= self.ends:
            return None
        request = next(self.requests, None)
        if request is None:
            self.ends = now
            return None
        self.load.asked += 1
        return request

    def answered(self, number: int, asked_at: float, status: int, body: bytes) -> None:
        """Note an answer."""
        now = time.perf_counter()
        if not 200 <= status < 300 or self.must_hold not in body:
            self.bad[str(status if status >= 300 else -status)] += 1
            return
        self.load.acknowledged += 1
        if number % SAMPLE_EVERY == 0:
            self.load.samples.append((number, body.decode()))
        if self.measured_from <= now < self.ends:
            self.latencies.append(now - asked_at)

    def result(self, ended: float) -> Load:
        """Return the figures."""
        load, found = self.load, sorted(self.latencies)
        load.bad = dict(self.bad)
        load.seconds = min(self.ends, ended) - self.measured_from
        if found:
            load.count = len(found)
            load.per_s = len(found) / load.seconds
            load.p50_ms, load.p95_ms, load.p99_ms = (
                found[min(int(len(found) * share), len(found) - 1)] * 1000
                for share in (0.5, 0.95, 0.99)
            )
        return load


class Connection(asyncio.Protocol):
    """One connection, which asks for one thing after the other."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))

    def on_body(self, body: bytes) -> None:
        """Note a part of the answer; httptools calls this."""
        self._body += body

    def on_message_complete(self) -> None:
        """Note the answer and ask again; httptools calls this."""
        status = self._parser.get_status_code()
        self._run.answered(self._number, self._asked_at, status, self._body)
        self._ask()

    def _ask(self) -> None:
        request = self._run.next()
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._number, asked = request
        self._body = b""
        self._parser = httptools.HttpResponseParser(self)
        self._asked_at = time.perf_counter()
        self._transport.write(asked)


async def put(plan: Plan) -> Load:
    """Put a server under load."""
    run, loop = Run(plan), asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Connection(run), "127.0.0.1", plan.port)
        for _ in range(plan.connections)
    ]
    await asyncio.gather(*(connection.done for _, connection in opened))
    return run.result(time.perf_counter())


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(put(Plan(**json.loads(sys.argv[1])))))))
