"""Who hears about what changed: what the notes of a database pass through on their way."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

from trunkline.sdk.database import Note
from trunkline.sdk.errors import Overloaded

BACKLOG: Final = 10_000
"""Notes a listener may leave unread."""


class _Feed(AsyncIterator[Note]):
    """The notes of one listener, in the order of their commits, until it is ended."""

    def __init__(self) -> None:
        self._unread: deque[Note] = deque()
        self._woken = asyncio.Event()
        self._end: Exception | None = None

    def put(self, note: Note) -> None:
        """Add a note; a listener too far behind is ended, so that it misses none unaware."""
        if self._end is not None:
            return
        if len(self._unread) == BACKLOG:
            self._unread.clear()
            self.end(
                Overloaded(
                    f"This listener fell {BACKLOG:,} notes behind; listen again and read the rows."
                )
            )
            return
        self._unread.append(note)
        self._woken.set()

    def end(self, reason: Exception) -> None:
        """Let the iteration raise `reason` once nothing is unread."""
        self._end = reason
        self._woken.set()

    async def __anext__(self) -> Note:
        while not self._unread:
            if self._end is not None:
                raise self._end
            self._woken.clear()
            await self._woken.wait()
        return self._unread.popleft()


class Listeners:
    """The open feeds of one database, by topic."""

    def __init__(self) -> None:
        self._feeds: dict[str, list[_Feed]] = {}

    @contextmanager
    def feed(self, topic: str) -> Iterator[AsyncIterator[Note]]:
        """Open a feed of `topic` for as long as the block lasts."""
        feed = _Feed()
        feeds = self._feeds.setdefault(topic, [])
        feeds.append(feed)
        try:
            yield feed
        finally:
            feeds.remove(feed)
            if not feeds:
                self._feeds.pop(topic, None)

    def publish(self, note: Note) -> None:
        """Hand a committed note to every feed of its topic."""
        for feed in self._feeds.get(note.topic, ()):
            feed.put(note)

    def end(self, reason: Exception) -> None:
        """End every open feed after its last note; with `StopAsyncIteration` the loop just ends."""
        for feeds in self._feeds.values():
            for feed in feeds:
                feed.end(reason)
