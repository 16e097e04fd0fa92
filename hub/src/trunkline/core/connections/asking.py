"""Calling an adapter: in time, and whatever it raises."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from trunkline.sdk import ProviderError, Unsupported

T = TypeVar("T")
_LETS_GO_WITHIN_S: Final = 1.0


class AdapterFailed(Exception):
    """An adapter raised what none may raise, its cause; nothing is known of what it was to do."""


async def ask(call: Callable[[], Awaitable[T]], timeout_s: float) -> T:
    """
    Return what an adapter answers.

    It is called in a task of its own, so that one that takes no notice of being cancelled keeps
    nobody waiting, and what it raises ends nothing else.

    Raises:
        ProviderError, Unsupported: The provider refused, or could not answer.
        TimeoutError: It did not answer in time.
        AdapterFailed: The adapter raised anything else, SystemExit too.
    """
    task = asyncio.create_task(_held(call))
    try:
        await asyncio.wait({task}, timeout=timeout_s)
    finally:
        in_time = task.done()
        if not in_time:
            task.cancel()
            await asyncio.wait({task}, timeout=_LETS_GO_WITHIN_S)
    if not in_time:
        raise TimeoutError
    said = task.result()
    if isinstance(said, _Answer):
        return said.value
    if isinstance(said, ProviderError | Unsupported | TimeoutError):
        raise said
    raise AdapterFailed(type(said).__name__) from said


@dataclass(frozen=True, slots=True)
class _Answer(Generic[T]):
    value: T


async def _held(call: Callable[[], Awaitable[T]]) -> _Answer[T] | BaseException:
    """Return what comes of a call: raised by a task, some errors would end the event loop."""
    try:
        return _Answer(await call())
    except BaseException as error:  # noqa: BLE001 - an adapter may raise anything
        return error
