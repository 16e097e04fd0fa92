"""How much of one process may go over one connection: at once, and in a second."""

import asyncio
from collections import deque
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from trunkline.core.problems import Overloaded
from trunkline.sdk import Clock

AT_ONCE: Final = 64
"""Calls to one connection at once, in one process, unless its table says otherwise."""
WAITING: Final = 256
"""So many more callers wait for their turn; further ones are sent away."""
_COME_BACK_S: Final = 2.0


class Bounds(BaseModel):
    """What a connection's table may say to the hub; its other keys are for the adapter."""

    model_config = ConfigDict(frozen=True)

    max_at_once: int = Field(default=AT_ONCE, ge=1, le=10_000)
    max_per_second: float | None = Field(default=None, gt=0, le=10_000, allow_inf_nan=False)


class Lane:
    """
    The room for calls to one connection, so that a slow provider takes none of another's.

    Those who wait for an answer queue up, the first first. Jobs can be put off instead, and take
    `jobs_at_once` of the room at most: what is at work on jobs is shared by all connections.
    """

    def __init__(self, *, at_once: int, jobs_at_once: int, patience_s: float) -> None:
        self._room = asyncio.Semaphore(at_once)
        self.jobs_at_once = jobs_at_once
        self._jobs = 0
        self._patience_s = patience_s
        self._waiting = 0

    async def enter(self) -> None:
        """
        Take room, once there is some; give it back with `leave`.

        Raises:
            Overloaded: Too many wait, or it took too long.
        """
        if not self._room.locked():
            await self._room.acquire()
            return
        if self._waiting >= WAITING:
            raise Overloaded(_COME_BACK_S)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience_s):
                await self._room.acquire()
        except TimeoutError:
            raise Overloaded(_COME_BACK_S) from None
        finally:
            self._waiting -= 1

    def leave(self) -> None:
        """Give back what `enter` took."""
        self._room.release()

    async def enter_job(self) -> bool:
        """Take room for a job if there is some; give it back with `leave_job`."""
        if self._room.locked() or self._jobs >= self.jobs_at_once:
            return False
        self._jobs += 1
        await self._room.acquire()  # at once
        return True

    def leave_job(self) -> None:
        """Give back what `enter_job` took."""
        self._jobs -= 1
        self._room.release()


class Rate:
    """
    At most so many calls in any second.

    Who comes too early is told when to come again. Each is told a later time than the one before,
    so that those who come as they were told find room, and nobody overtakes them.
    """

    def __init__(self, clock: Clock, per_s: float) -> None:
        self._clock = clock
        self._per_s = per_s
        self._begun_s: deque[float] = deque()
        self._last_told_s = float("-inf")
        self.sharers = 1
        """How many processes share it evenly."""

    def foreseen_s(self) -> float:
        """Return in how many seconds one call more may begin; it is not counted."""
        now, share = self._clock.monotonic(), self._per_s / self.sharers
        most = max(1, int(share))
        free_s = self._begun_s[-most] + most / share if len(self._begun_s) >= most else now
        return max(free_s, self._last_told_s, now) - now

    def wait_s(self, *, told: bool) -> float:
        """
        Count one call and return 0; or return in how many seconds to come again.

        `told` is who was told a time before, and need not stand behind those that still wait.
        """
        now, share = self._clock.monotonic(), self._per_s / self.sharers
        most = max(1, int(share))
        window_s = most / share
        while self._begun_s and self._begun_s[0] + window_s <= now:
            self._begun_s.popleft()
        if len(self._begun_s) < most and (told or self._last_told_s <= now):
            self._begun_s.append(now)
            return 0.0
        full = len(self._begun_s) >= most
        free_s = self._begun_s[-most] + window_s if full else now
        self._last_told_s = max(free_s, self._last_told_s + window_s / most)
        return self._last_told_s - now
