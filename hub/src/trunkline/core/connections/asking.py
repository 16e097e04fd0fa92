"""Calling an adapter: in time, and whatever it raises."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from trunkline.sdk import ProviderError, Unsupported

T = TypeVar("T")


class AdapterFailed(Exception):
    """An adapter raised what none may raise, its cause; nothing is known of what it was to do."""


async def ask(call: Callable[[], Awaitable[T]], timeout_s: float) -> T:
    """
    Return what an adapter answers.

    Raises:
        ProviderError, Unsupported: The provider refused, or could not answer.
        TimeoutError: It did not answer in time.
        AdapterFailed: The adapter raised anything else, SystemExit too.
    """
    try:
        async with asyncio.timeout(timeout_s):
            return await call()
    except (ProviderError, Unsupported, TimeoutError):
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) or _is_being_cancelled():
            raise
        raise AdapterFailed(type(error).__name__) from error


def _is_being_cancelled() -> bool:
    """Tell whether somebody cancels this task, or an adapter only raised as if."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
