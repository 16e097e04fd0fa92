"""What a hub does without being asked: settle what was left, do what is due, keep house."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Final

from trunkline.composition import Composed
from trunkline.core.alerts.models import AlertKind
from trunkline.core.engine.repository import read_beats, release, release_strangers
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal, Scope
from trunkline.sdk import DatabaseFailed, Overloaded, Tx

HOUSEKEEPING_S: Final = 60.0
ADD_UP_S: Final = 5.0
"""What was used meanwhile is summed whenever somebody asks: it must stay little."""
DRAIN_S: Final = 3.0
"""For what is under way once the server has ended, so that a stop takes less than ten seconds."""
_END_S: Final = 0.5
_FEW_SLOTS: Final = 2
STRAGGLERS_S: Final = 30.0
"""Beyond opening the provider and asking it, what an attempt may still take."""


@asynccontextmanager
async def at_work(composed: Composed) -> AsyncIterator[None]:
    """Settle what the dead left, then work until the block is left; what is under way is ended."""
    hub, engine = composed.hub, composed.engine
    await _settle_restored(composed)
    if composed.alone:
        await _take_over(composed)
    else:
        await composed.pulse.beat()
    await _sweep(composed)  # before anybody can ask for what is past its time
    begins_new = (
        engine.run(),
        hub.routes.run(),
        hub.verification.run(),
        composed.following.run(),
        composed.watching.run(),
        hub.sealer.run(),
        composed.listening.run(),
        hub.rotation.run(),
        hub.erasing.run(),
        hub.alarms.run(),
        _keep_house(composed),
        _watch_for_silence(composed),
        _forget_in_time(composed),
        _add_up(composed.hub),
    )
    begun = [asyncio.create_task(each) for each in begins_new]
    # The others must see that this process lives for as long as anything is under way.
    living = None if composed.alone else asyncio.create_task(composed.executors.run())
    try:
        yield
    finally:
        for task in begun:
            task.cancel()
        ended, _ = await asyncio.wait(begun, timeout=_END_S)  # nothing new is begun from here on
        for task in ended:
            if not task.cancelled() and (fault := task.exception()) is not None:
                hub.log.error("background.ended", exc_info=fault)
        drains = (hub.messages.drain(DRAIN_S), engine.drain(DRAIN_S))
        unfinished = sum(await asyncio.gather(*drains))
        if unfinished:
            hub.log.warning("hub.stopped_with_sends_under_way", count=unfinished)
        if living is not None:
            living.cancel()
            if not unfinished:
                await _leave(composed)


async def _leave(composed: Composed) -> None:
    """Say that this hub ends; while the database refuses, the others find out by themselves."""
    try:
        await composed.pulse.leave()
    except (DatabaseFailed, Overloaded) as error:
        composed.hub.log.warning("hub.left_unsaid", reason=str(error))


async def _settle_restored(composed: Composed) -> None:
    unknown = await composed.hub.db.write(composed.recovery.settle_restored)
    if unknown is not None:
        composed.hub.log.warning("hub.restored", unknown=unknown)


async def _take_over(composed: Composed) -> None:
    """Settle what the last process on an embedded database left: it was alone, and is dead."""
    executor = composed.engine.executor

    def fn(tx: Tx) -> int:
        release(tx, executor)
        return composed.recovery.settle_dead(tx, executor)

    leftovers = await composed.hub.db.write(fn)
    if leftovers:
        composed.hub.log.warning("hub.found_sends_of_unknown_outcome", count=leftovers)


async def _keep_house(composed: Composed) -> None:
    """Every minute: shred what is past its time, write down what is only remembered."""
    while True:
        await composed.hub.clock.sleep(HOUSEKEEPING_S)
        await _sweep(composed)


async def _watch_for_silence(composed: Composed) -> None:
    """Every minute: look for messages that nobody reports on; asking may take its time."""
    while True:
        await composed.hub.clock.sleep(HOUSEKEEPING_S)
        await _safely(composed.hub, composed.overdue.sweep)


async def _forget_in_time(composed: Composed) -> None:
    """Look every minute whether today's details of what is over are still to be forgotten."""
    hub = composed.hub
    while True:
        await hub.clock.sleep(HOUSEKEEPING_S)
        await _safely(hub, partial(_forget, hub))


async def _add_up(hub: Hub) -> None:
    """Add what was used to the totals."""
    while True:
        await hub.clock.sleep(ADD_UP_S)
        await _safely(hub, hub.usage.add_up)


async def _sweep(composed: Composed) -> None:
    hub = composed.hub
    await _safely(
        hub,
        lambda: hub.db.write(lambda tx: _settle_forgotten(tx, composed)),
        partial(_shred, hub),
        hub.rotation.refresh,
        hub.tokens.note_uses,
        partial(_remind, hub),
        hub.subscriptions.sweep,
        partial(_count_pool, hub),
    )


async def _safely(hub: Hub, *chores: Callable[[], Awaitable[object]]) -> None:
    """Do one chore after the other; what goes wrong with one is logged and stops no other."""
    for chore in chores:
        try:
            await chore()
        except Exception as error:
            hub.log.error("housekeeping.failed", error_type=type(error).__name__, exc_info=error)
            if not isinstance(error, DatabaseFailed | Overloaded):
                hub.alarms.note(AlertKind.INTERNAL, type(error).__name__)


async def _shred(hub: Hub) -> None:
    shredded = await hub.privacy.sweep() + await hub.media_sweeping.sweep()
    if shredded:
        hub.log.info("privacy.shredded", count=shredded)


async def _forget(hub: Hub) -> None:
    orphans = await hub.media_sweeping.sweep_orphans()
    if orphans:
        hub.log.info("media.orphans_deleted", count=orphans)
    forgotten = await hub.retention.sweep()
    if forgotten:
        hub.log.info("privacy.forgotten", count=forgotten)


async def _remind(hub: Hub) -> None:
    for agent_id in await hub.tokens.remind():
        hub.alarms.note(AlertKind.TOKEN_OLD, agent_id)


async def _count_pool(hub: Hub) -> None:
    pool = await hub.agents.pool(Principal(scope=Scope.LOCAL))
    hub.metrics.pool(used=pool.used, total=pool.size)
    hub.alarms.level(AlertKind.POOL_LOW, is_so=pool.size - pool.used < _FEW_SLOTS)


def _settle_forgotten(tx: Tx, composed: Composed) -> None:
    """Settle what nobody knows any more."""
    me, others = composed.engine.executor, set(read_beats(tx))
    release_strangers(tx, {me, *others})
    begun_before = (
        composed.hub.clock.now() - composed.attempt_takes - timedelta(seconds=STRAGGLERS_S)
    )
    composed.recovery.settle_forgotten(tx, others - {me}, begun_before)
