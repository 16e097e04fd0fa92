"""Open providers: each is entered at its first use, by a task of its own that also leaves it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

from trunkline.sdk import Clock, EventLog, Provider, TrunklineError

_CLOSE_TIMEOUT_S: Final = 2.0
_LONGEST_TOLD: Final = 300

Enter = Callable[[], AbstractAsyncContextManager[Provider]]
"""Calls an adapter's `open`."""


class CannotOpen(Exception):
    """
    A provider's `open` raised, its cause: surely nothing was sent.

    The text is a sentence for operator and agent.
    """


class OpenProviders:
    """
    The open providers of all connections.

    What is under way over a connection that is changed goes on with the provider that it has, which
    is closed once no call to it can still be under way.
    """

    def __init__(self, clock: Clock, log: EventLog, *, settles_s: float) -> None:
        """`settles_s` is how long a call may take at most."""
        self._clock = clock
        self._log = log
        self._settles_s = settles_s
        self._open: dict[tuple[str, str], OpenProvider] = {}
        self._retired: dict[OpenProvider, asyncio.Task[None]] = {}
        self._failed: dict[str, str] = {}

    async def provider(self, name: str, kind: str, enter: Enter) -> Provider:
        """
        Return the provider of a connection in a kind, opening it at first use.

        Raises:
            CannotOpen: Its `open` raised; the next use tries again.
        """
        key = name, kind
        held = self._open.get(key)
        if held is None:
            held = self._open[key] = OpenProvider(name, enter)
        try:
            provider = await held.provider()
        except CannotOpen as error:
            if self._open.get(key) is held:
                del self._open[key]
                self._failed[name] = str(error)
            self._log.error(
                "connection.open_failed",
                connection=name,
                error_type=type(error.__cause__).__name__,
                reason=str(error),
                exc_info=None if isinstance(error.__cause__, TrunklineError) else error.__cause__,
            )
            raise
        self._failed.pop(name, None)
        return provider

    def is_open(self, name: str, kind: str) -> bool:
        """Tell whether a connection is open in a kind."""
        held = self._open.get((name, kind))
        return held is not None and held.is_open

    def why_not(self, name: str) -> str | None:
        """Return why a connection could not be opened when it was last tried, if it could not."""
        return self._failed.get(name)

    def retire(self, name: str) -> None:
        """Open a connection anew at its next use, and close what is open of it in a while."""
        for key in [each for each in self._open if each[0] == name]:
            held = self._open.pop(key)
            self._retired[held] = asyncio.create_task(self._close_settled(held))
        self._failed.pop(name, None)

    async def close(self) -> None:
        """Close all of them, at once."""
        for task in self._retired.values():
            task.cancel()
        held = [*self._open.values(), *self._retired]
        self._open.clear()
        await asyncio.gather(*(each.close(self._log) for each in held))

    async def _close_settled(self, held: "OpenProvider") -> None:
        await self._clock.sleep(self._settles_s)
        await held.close(self._log)
        del self._retired[held]


class OpenProvider:
    """
    A provider in the hands of one task, which enters its context manager and leaves it again.

    Whatever the adapter raises, SystemExit too, stays in here: it never ends the hub.
    """

    def __init__(self, name: str, enter: Enter) -> None:
        self._name = name
        self._opened: asyncio.Future[Provider] = asyncio.Future()
        self._stop = asyncio.Event()
        self._close_error: BaseException | None = None
        self._task = asyncio.create_task(self._hold(enter))

    @property
    def is_open(self) -> bool:
        """Whether it is there to be asked."""
        return self._opened.done() and self._opened.exception() is None

    async def provider(self) -> Provider:
        """Return it once it is open; CannotOpen if that fails."""
        return await asyncio.shield(self._opened)

    async def close(self, log: EventLog) -> None:
        """Let its adapter end it, within two seconds."""
        self._stop.set()
        if not self._opened.done():
            self._task.cancel()
        _, hanging = await asyncio.wait([self._task], timeout=_CLOSE_TIMEOUT_S)
        for task in hanging:
            task.cancel()
            self._close_error = TimeoutError()
        if self._close_error is not None:
            log.error(
                "connection.close_failed",
                connection=self._name,
                error_type=type(self._close_error).__name__,
            )

    async def _hold(self, enter: Enter) -> None:
        try:
            async with enter() as provider:
                self._opened.set_result(provider)
                await self._stop.wait()
        except BaseException as error:
            if self._opened.done():
                self._close_error = error
            else:
                failure = CannotOpen(_told(error))
                failure.__cause__ = error
                self._opened.set_exception(failure)
            if isinstance(error, asyncio.CancelledError):
                raise


def _told(error: BaseException) -> str:
    """Return what an error says if it is one of ours, which promise a text fit for everybody."""
    if isinstance(error, TrunklineError):
        return str(error)[:_LONGEST_TOLD]
    return f"Its adapter raised {type(error).__name__}; the log says where."
