"""Who is at work on a database that several hubs share, and what to do about one that died."""

from collections.abc import Callable
from typing import Final

from trunkline.core.engine import repository
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.core.trouble import tell_trouble
from trunkline.db.locks import hold
from trunkline.sdk import Clock, Database, EventLog, Tx

BEAT_S: Final = 1.0
DEAD_S: Final = 8.0
"""
An executor that has not shown itself for so long is given up. One that could not show itself for
half of that asks no provider: by the time it does, another may be at work on its messages.
"""


class Pulse:
    """
    Shows the others that this process lives, by counting on in its row.

    Nobody compares clocks: the others watch whether the count goes on.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        executor: str,
        roots: Callable[[], tuple[int, int]],
    ) -> None:
        """`roots` tells the newest root key that this process knows, and the one it seals with."""
        self._db = db
        self._clock = clock
        self._executor = executor
        self._roots = roots
        self._began_s = 0.0
        self._beat_s = float("-inf")

    async def beat(self) -> None:
        """Count on; a process that had been given up begins anew."""
        before_s, now = self._clock.monotonic(), self._clock.now()
        knows, seals = self._roots()
        counted = await self._db.write(
            lambda tx: repository.beat(
                tx, DEFAULT_WORKSPACE, self._executor, now, knows_root=knows, seals_root=seals
            )
        )
        if not counted:
            self._began_s = self._clock.monotonic()
        self._beat_s = before_s

    def may_ask(self, begun_s: float) -> bool:
        """
        Tell whether an attempt that began then (by the monotonic clock) is surely still ours.

        A process that stood still may have been given up, and its attempts with it.
        """
        return begun_s >= self._began_s and self._clock.monotonic() - self._beat_s < DEAD_S / 2

    async def leave(self) -> None:
        """Say that this process ends in good order: nothing of its is under way."""
        await self._db.write(lambda tx: repository.forget(tx, self._executor))


class Executors:
    """Watches the others, and gives up those that no longer live."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        log: EventLog,
        pulse: Pulse,
        executor: str,
        settle_dead: Callable[[Tx, str], int],
    ) -> None:
        """`settle_dead` settles the attempts of a dead executor and returns how many there were."""
        self._db = db
        self._clock = clock
        self._log = log
        self._pulse = pulse
        self._executor = executor
        self._settle_dead = settle_dead
        self._seen: dict[str, tuple[int, float]] = {}
        self._looked_at = float("-inf")

    async def run(self) -> None:
        """Beat and watch until cancelled."""
        while True:
            try:
                await self._pulse.beat()
                await self.watch()
            except Exception as error:  # noqa: BLE001 - without a beat this hub may send nothing
                tell_trouble(self._log, "executor.cannot_beat", error)
            await self._clock.sleep(BEAT_S)

    async def watch(self) -> None:
        """Give up those whose count has stood still for too long."""
        now = self._clock.monotonic()
        if now - self._looked_at > DEAD_S / 2:  # this process stood still itself
            self._seen.clear()
        self._looked_at = now
        beats = await self._db.read(repository.read_beats)
        self._seen = {
            executor: before
            if (before := self._seen.get(executor)) and before[0] == count
            else (count, now)
            for executor, count in beats.items()
        }
        for executor, (count, since) in self._seen.items():
            if executor != self._executor and now - since > DEAD_S:
                await self._give_up(executor, count)

    async def _give_up(self, executor: str, beats: int) -> None:
        def fn(tx: Tx) -> tuple[int, int] | None:
            hold(tx, "executor", executor)
            if not repository.give_up(tx, executor, beats):
                return None
            return self._settle_dead(tx, executor), repository.release(tx, executor)

        found = await self._db.write(fn)
        if found is not None:
            attempts, jobs = found
            self._log.warning("executor.given_up", executor=executor, attempts=attempts, jobs=jobs)
