"""Asking an adapter: in time, whatever it does with its being cancelled or raises."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from trunkline.core.connections import asking
from trunkline.core.connections.asking import AdapterFailed, ask
from trunkline.sdk import AuthFailed


def raising(error: BaseException | type[BaseException]) -> Callable[[], Awaitable[Any]]:
    async def fail() -> None:
        raise error

    return fail


async def deaf(stop: asyncio.Event) -> None:
    """Take no notice of being cancelled."""
    while not stop.is_set():
        try:
            await stop.wait()
        except asyncio.CancelledError:
            continue


async def test_case_d12_an_adapter_that_swallows_its_cancellation_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "_LETS_GO_WITHIN_S", 0.01)
    stop = asyncio.Event()

    with pytest.raises(TimeoutError):
        await ask(lambda: deaf(stop), 0.01)
    stop.set()


async def test_case_d12_who_is_cancelled_while_asking_is_not_kept_by_the_adapter_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "_LETS_GO_WITHIN_S", 0.01)
    stop = asyncio.Event()
    asker = asyncio.create_task(ask(lambda: deaf(stop), 60))
    await asyncio.sleep(0)
    asker.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asker
    stop.set()


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError, ValueError]
)
async def test_case_d12_whatever_an_adapter_raises_is_its_failure_and_ends_nothing(
    error: type[BaseException],
) -> None:
    with pytest.raises(AdapterFailed, match=error.__name__):
        await ask(raising(error), 60)


async def test_what_an_adapter_may_raise_passes_and_so_does_its_answer() -> None:
    async def answer() -> str:
        return "taken"

    with pytest.raises(AuthFailed, match="no"):
        await ask(raising(AuthFailed("no")), 60)
    assert await ask(answer, 60) == "taken"
