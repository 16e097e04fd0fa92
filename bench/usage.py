"""
How long a dashboard takes over a million rows of usage: `python -m bench.usage`.

Told are the p50 and p99 of one agent's and of all agents', with changes that are still to be added.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from trunkline.app import open_hub
from trunkline.core.principal import Principal, Scope
from trunkline.core.usage.models import Span, Usage, UsageState
from trunkline.core.usage.repository import add_usage
from trunkline.core.usage.service import UsageReports
from trunkline.db.schema import usage_changes
from trunkline.loading import load_plugins
from trunkline.sdk import Database, IdSource, SystemClock, Tx
from trunkline.settings import load_settings

AGENTS: Final = 100
DAYS: Final = 90
IN_ONE: Final = 500
"""Rows of one transaction."""
LATEST: Final = 1_500
"""So many changes are not yet in the totals: what five seconds at 300 sends a second leave."""
ASKED: Final = 300


def usage(number: int, now: datetime, ids: IdSource) -> Usage:
    """Return one text of one of the agents, on one of the days."""
    return Usage(
        id=ids.new("use"),
        created_at=now - timedelta(days=number % DAYS),
        agent_id=f"agent-{number % AGENTS}",
        action_type="message",
        channel=("sms", "whatsapp", "email")[number % 3],
        connection=("one", "two")[number % 2],
        provider="wire",
        state=UsageState.SPENT,
        units=1,
        unit="segment",
        cost_micros=7_900,
        currency="USD",
        billed_micros=7_900,
        message_id=f"msg_{number:032x}",
    )


def write(first: int, now: datetime, ids: IdSource, tx: Tx) -> None:
    """Write down a batch."""
    for number in range(first, first + IN_ONE):
        add_usage(tx, "default", ids, usage(number, now, ids))


async def fill(db: Database, rows: int, add_up: Callable[[], Awaitable[int]]) -> None:
    """Write rows, and add up all of them but the latest."""
    ids, now = IdSource(SystemClock()), datetime.now(UTC)
    for first in range(0, rows - LATEST, IN_ONE):
        await db.write(partial(write, first, now, ids))
        if first % 50_000 == 0:
            await add_up()
    await add_up()
    for first in range(rows - LATEST, rows, IN_ONE):
        await db.write(partial(write, first, now, ids))


async def measure(ask: Callable[[int], Awaitable[object]]) -> str:
    """Return how long asking takes."""
    taken = []
    for number in range(ASKED):
        begun = time.perf_counter()
        await ask(number)
        taken.append((time.perf_counter() - begun) * 1000)
    taken.sort()
    return f"p50 {taken[ASKED // 2]:.2f} ms, p99 {taken[ASKED * 99 // 100]:.2f} ms"


async def _of_one(reports: UsageReports, by: Principal, span: Span, number: int) -> object:
    return await reports.dashboard(by, span, f"agent-{number % AGENTS}")


async def _of_all(reports: UsageReports, by: Principal, span: Span, _: int) -> object:
    return await reports.dashboard(by, span)


async def run(rows: int, data_dir: Path) -> None:
    """Fill a database and measure."""
    settings = load_settings(config=None, data_dir=data_dir, environ={})
    settings = settings.model_copy(
        update={"pool": settings.pool.model_copy(update={"size": AGENTS})}
    )
    async with open_hub(settings, load_plugins(), environ={}, works=False) as running:
        hub, admin = running.hub, Principal(scope=Scope.LOCAL)
        for number in range(AGENTS):
            await hub.agents.create(admin, f"agent-{number}", {})
        begun = time.perf_counter()
        await fill(hub.db, rows, hub.usage.add_up)
        waiting = await hub.db.read(
            lambda tx: tx.execute(sa.select(sa.func.count()).select_from(usage_changes)).scalar()
        )
        print(f"{rows:,} rows of {AGENTS} agents in {time.perf_counter() - begun:.0f} s")
        print(f"{waiting:,} changes are not yet in the totals")
        for span in (Span.DAY, Span.MONTH, Span.ALL):
            one = await measure(partial(_of_one, hub.usage, admin, span))
            everybody = await measure(partial(_of_all, hub.usage, admin, span))
            print(f"{span.value:>5}: one agent {one}; all {everybody}")
        page = await measure(lambda _: hub.usage.page(admin, None, 50))
        print(f"a page of rows, all agents: {page}")


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as data_dir:
        asyncio.run(run(given.rows, Path(data_dir)))


if __name__ == "__main__":
    main()
