"""P3: pages of an inbox among a million messages, by the hub's own statements."""

import os
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import uvloop

from bench.archive import AGENTS, HELD, add_agents, add_messages, agent_of, hold_bodies, id_of
from bench.databases import database_url, opened
from bench.figures import Figure, incorrect, value
from bench.gates import DATABASES
from bench.gates import page as page_of
from bench.run import Run
from trunkline.core.engine.engine import Engine
from trunkline.core.inbox.pages import Inbox, Query
from trunkline.core.media.shelf import Shelf
from trunkline.core.principal import Principal, Scope
from trunkline.core.privacy.keys import Keys
from trunkline.core.privacy.vault import BodyVault
from trunkline.logs import get_log
from trunkline.sdk import IdSource, SystemClock

SIZE: Final = 1_000_000
QUICK_SIZE: Final = 100_000
PAGE: Final = 50
DEEPEST: Final = 50_000
"""Below this message an agent might have less than a page."""

_PAGES: Final = 300


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A full database, open."""

    inbox: Inbox
    size: int

    async def read(self, *, deep: bool) -> tuple[list[float], list[str]]:
        """Read pages of random agents and return how long each took, and what was wrong."""
        chosen = random.Random(os.urandom(8))  # noqa: S311
        times, complaints = [], []
        for _ in range(_PAGES):
            agent = agent_of(chosen.randrange(AGENTS))
            newest = chosen.randrange(DEEPEST, self.size) if deep else self.size
            query = Query(limit=PAGE, cursor=id_of(newest) if deep else None)
            principal = Principal(scope=Scope.AGENT, agent_id=agent)
            started = time.perf_counter()
            page = await self.inbox.page(principal, agent, query)
            times.append((time.perf_counter() - started) * 1000)
            ids = [each.message.id for each in page.messages]
            if len(ids) != PAGE or ids != sorted(ids, reverse=True) or ids[0] >= id_of(newest):
                complaints.append(f"a page of {agent} is wrong")
            if any((each.content is None) != (each.message.id < id_of(self.size - HELD))
                   for each in page.messages):  # fmt: skip
                complaints.append(f"a text of {agent} is missing, or there again")
        return sorted(times), complaints


def measure(run: Run) -> Iterator[Figure]:
    """Fill each database, and read."""
    for name in run.databases:
        with database_url(run, name) as url:
            yield from uvloop.run(_measured(run, name, url))


async def _measured(run: Run, name: str, url: str) -> list[Figure]:
    size = QUICK_SIZE if run.quick else SIZE
    p99_ms: dict[bool, list[float]] = {False: [], True: []}
    wrong: list[str] = []
    async with _archive(url, run.directory("archive"), size) as archive:
        for _ in run.each_round():
            for deep, found in p99_ms.items():
                times, complaints = await archive.read(deep=deep)
                found.append(times[int(len(times) * 0.99)])
                wrong += complaints
    figures = [incorrect(f"Inbox pages, {DATABASES[name]}", wrong[:3])] if wrong else []
    for deep, found in p99_ms.items():
        figures.append(value(page_of(name, deep=deep), found, "ms", note=f" of {size:,}"))
    return figures


@asynccontextmanager
async def _archive(url: str, data_dir: Path, size: int) -> AsyncIterator[Archive]:
    clock, log = SystemClock(), get_log("trunkline")
    ids = IdSource(clock)
    vault = BodyVault(Keys(os.urandom(32)), clock, ids, hold_hours=72)
    async with opened(url, data_dir) as db:
        await add_agents(db)
        await add_messages(url, data_dir, size)
        await hold_bodies(db, vault, size)
        shelf = Shelf(vault, Engine(db, clock, ids, log, "bench"), clock, ids, timedelta(hours=72))
        yield Archive(inbox=Inbox(db, vault, shelf, clock, log, "USD"), size=size)
