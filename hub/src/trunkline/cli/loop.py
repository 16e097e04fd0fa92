"""The hub's event loop: it ends when its work has ended, whatever plugins do on it."""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NoReturn, TypeVar

import uvloop

from trunkline.logs import get_log

T = TypeVar("T")

_ENDS_WITHIN_S: Final = 1.0
"""For tasks to take notice that they are cancelled, and for threads to end."""

_left_behind: list[str] = []


def run(work: Coroutine[Any, Any, None]) -> None:
    """
    Run a coroutine on the hub's event loop.

    Tasks and threads that do not end with it are left behind, and `leave` ends the process anyway.
    """
    runner = asyncio.Runner(loop_factory=_Loop)
    threads = ThreadPoolExecutor(thread_name_prefix="hub")
    runner.get_loop().set_default_executor(threads)
    try:
        runner.run(work)
    finally:
        tasks = runner.run(_end_tasks())
        threads.shutdown(wait=False, cancel_futures=True)
        hanging = [*tasks, *_hanging_threads()]
        if hanging:
            get_log("trunkline").warning("hub.left_behind", tasks_and_threads=hanging)
            _left_behind.extend(hanging)
        else:
            runner.close()


def leave(code: int) -> NoReturn:
    """Exit, without waiting for what was left behind."""
    if _left_behind:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)
    sys.exit(code)


class _Loop(uvloop.Loop):
    """A loop that nobody stops but the end of its work, nor a SystemExit in another task."""

    _work: asyncio.Future[Any] | None = None

    def run_until_complete(self, future: Any) -> Any:
        work = self._work = asyncio.ensure_future(future, loop=self)
        while True:
            try:
                return super().run_until_complete(work)
            except SystemExit as error:
                if work.done():
                    raise
                get_log("trunkline").error("hub.would_have_ended", exc_info=error)

    def stop(self) -> None:
        if self._work is None or self._work.done():
            super().stop()
        else:
            get_log("trunkline").error("hub.would_have_stopped")


async def _end_tasks() -> list[str]:
    """Cancel every other task, wait a moment, and return the names of those that do not end."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    if not tasks:
        return []
    for task in tasks:
        task.cancel()
    _, hanging = await asyncio.wait(tasks, timeout=_ENDS_WITHIN_S)
    return [task.get_name() for task in hanging]


def _hanging_threads() -> list[str]:
    """Return the names of the threads that would keep the process from ending."""
    deadline = time.monotonic() + _ENDS_WITHIN_S
    others = [each for each in threading.enumerate() if each is not threading.main_thread()]
    hanging = []
    for thread in others:
        if not thread.daemon and thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                hanging.append(thread.name)
    return hanging
