"""Time that passes only when nothing is left to do, and processes that can die in it."""

import asyncio
import contextvars
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
_process: contextvars.ContextVar["Process | None"] = contextvars.ContextVar("_process")


class _Jump(selectors.SelectSelector):
    """Waits for no file: whoever would wait moves the loop's time on instead."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("everything waits for everything else")
        self.loop.now_s += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer when nothing is ready."""

    def __init__(self) -> None:
        self.now_s = 0.0
        selector = _Jump()
        selector.loop = self
        super().__init__(selector)
        self.set_task_factory(_make_task)

    def time(self) -> float:
        return self.now_s


class VirtualClock:
    """The clock of a machine in virtual time; `ahead_s` is what somebody has set it forward."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.ahead_s = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.now_s + self.ahead_s)

    def monotonic(self) -> float:
        return self._loop.now_s

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Process:
    """
    A process in the loop: its tasks, and all that they begin.

    It can be killed, between any two awaits, and stand still. Whatever reaches the world outside
    passes `gate` first, which neither a dead process nor one that stands still gets through.
    """

    def __init__(self, name: str, died: Callable[[], None]) -> None:
        """`died` is called once it has been killed."""
        self.name = name
        self._died = died
        self.dead = False
        self.tasks: list[asyncio.Task[Any]] = []
        self._context = contextvars.copy_context()
        self._context.run(_process.set, self)
        self._awake = asyncio.Event()
        self._awake.set()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin something in this process."""
        return self._context.copy().run(asyncio.get_running_loop().create_task, work)

    async def gate(self) -> None:
        """Wait while the process stands still; one that is dead goes no further."""
        while not self._awake.is_set() and not self.dead:
            await self._awake.wait()
        if self.dead:
            raise asyncio.CancelledError

    def stall(self) -> None:
        """Let the process stand still."""
        self._awake.clear()

    def go_on(self) -> None:
        """Let it go on."""
        self._awake.set()

    def kill(self) -> None:
        """End the process as SIGKILL does: no handler of it gets anything done."""
        if self.dead:
            return
        self.dead = True
        self._awake.set()
        for task in self.tasks:
            task.cancel()
        self._died()


def _make_task(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **options)
    process = _process.get(None)
    if process is not None:
        process.tasks.append(task)
        if process.dead:
            task.cancel()
    return task
