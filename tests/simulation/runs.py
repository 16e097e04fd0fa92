"""Running seeds."""

import asyncio
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass

from tests.simulation.checks import violations
from tests.simulation.hubs import without_surfaces
from tests.simulation.plans import Plan, plan_of
from tests.simulation.virtual import VirtualLoop
from tests.simulation.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run that is over: which promises it broke, and what happened."""

    seed: int
    broken: tuple[str, ...]
    trace: tuple[str, ...]
    hash: str
    counts: Counter[str]


def run_seed(seed: int, channel: str = "sms") -> Run:
    """Run one seed on a channel."""
    return run_plan(plan_of(seed, channel))


def run_plan(plan: Plan) -> Run:
    """Run a plan in a loop and a time of its own."""
    loop = VirtualLoop()
    loop.set_exception_handler(lambda *_: None)  # what dies half-way leaves errors to nobody
    world = World(plan, loop)
    try:
        asyncio.set_event_loop(loop)
        with without_surfaces(), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a dead process awaits nothing more
            raised: tuple[str, ...] = ()
            try:
                loop.run_until_complete(world.run())
            except Exception as error:  # noqa: BLE001 - a seed that ends so has found something
                raised = tuple(traceback.format_exception(error))
            finally:
                loop.run_until_complete(world.end())
        return Run(
            seed=plan.seed,
            broken=(*raised, *violations(world)),
            trace=tuple(world.trace),
            hash=world.hash(),
            counts=_counts(world),
        )
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _counts(world: World) -> Counter[str]:
    statuses = world.disk.rows("SELECT status FROM messages WHERE direction = 'outbound'")
    counts = Counter(f"messages {row['status']}" for row in statuses)
    counts["accepted by vendors"] = sum(len(vendor.texts) for vendor in world.vendors.values())
    counts["database operations"] = world.operations
    counts["requests to vendors"] = sum(len(vendor.requests) for vendor in world.vendors.values())
    counts["attempts"] = len(world.disk.rows("SELECT id FROM message_attempts"))
    counts["deaths"] = sum("died" in line for line in world.trace)
    return counts
