"""What is put into a storage is there whole or not at all, and is read as it was put."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest

from trunkline.sdk import OutcomeUnknown, Rejected, StorageProvider
from trunkline.testing.storing import (
    KEY,
    LARGE,
    OLD,
    PIECE,
    TYPE,
    BaseStoringConformance,
    outcome_of,
    patterned,
    whole,
)

_SMALL: Final = patterned(3 * PIECE + 1)
_LENGTHS: Final = {"empty": 0, "a_byte": 1, "pieces": 3 * PIECE + 1, "large": len(LARGE)}
_MOST_HELD: Final = 16 * 1024 * 1024


class BaseKeepingConformance(BaseStoringConformance):
    """The part of `BaseStorageConformance` that is about contents."""

    @pytest.mark.parametrize("announced", [True, False])
    @pytest.mark.parametrize("size", _LENGTHS)
    def test_what_is_put_is_read_back_with_its_type_and_length(
        self, size: str, announced: bool
    ) -> None:
        content = LARGE[: _LENGTHS[size]]

        async def there_and_back(storage: StorageProvider) -> None:
            stored = await storage.put(
                KEY,
                self.pieces(content),
                content_type=TYPE,
                length=len(content) if announced else None,
            )
            assert (stored.key, stored.length, stored.content_type) == (KEY, len(content), TYPE)
            known = await storage.stat(KEY)
            assert known is not None
            assert (known.key, known.length, known.content_type) == (KEY, len(content), TYPE)
            assert known.modified_at is None or known.modified_at.tzinfo is not None
            assert await whole(storage.get(KEY)) == content

        self.used(there_and_back)
        assert not self.leftovers()

    def test_what_was_stored_is_there_when_it_is_opened_again(self) -> None:
        self.used(self.put)

        assert self.used(self.kept) == b"a picture"

    @pytest.mark.parametrize(
        "content_type",
        ["text/plain; charset=utf-8", "application/octet-stream", "image/svg+xml", "audio/x-wav"],
    )
    def test_a_content_type_is_kept_as_it_was_written(self, content_type: str) -> None:
        async def kept(storage: StorageProvider) -> str | None:
            await self.put(storage, content_type=content_type)
            known = await storage.stat(KEY)
            return known.content_type if known else None

        assert self.used(kept) == content_type

    def test_a_content_is_never_held_whole(self) -> None:
        self.needs_place("bounded")
        length = 48 * 1024 * 1024

        async def content() -> AsyncIterator[bytes]:
            for _ in range(length // PIECE):
                self.line.taken += PIECE
                yield bytes(PIECE)

        async def put(storage: StorageProvider) -> int:
            tracemalloc.start()
            try:
                assert (await storage.put(KEY, content(), content_type=TYPE)).length == length
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

        used = self.used(put)
        held = self.line.most_held if self.over_http else used

        assert held <= _MOST_HELD, f"{held} bytes at once: the hub has as many as there are readers"

    @pytest.mark.parametrize("before", [None, OLD])
    @pytest.mark.parametrize("content", [_SMALL, LARGE], ids=["small", "large"])
    @pytest.mark.parametrize("mistake", ["less", "more", "raises", "cancelled"])
    def test_a_content_that_is_not_whole_leaves_the_key_as_it_was(
        self, mistake: str, content: bytes, before: bytes | None
    ) -> None:
        length = len(content) + {"less": 1, "more": -1}.get(mistake, 0)

        async def spoilt(reached: asyncio.Event) -> AsyncIterator[bytes]:
            async for piece in self.pieces(content):
                yield piece
            reached.set()
            if mistake == "raises":
                raise LookupError("the sender went away")
            if mistake == "cancelled":
                await asyncio.Event().wait()

        async def put(storage: StorageProvider) -> bytes | None:
            if before is not None:
                await self.put(storage, content=before)
            reached = asyncio.Event()
            putting = asyncio.ensure_future(
                storage.put(KEY, spoilt(reached), content_type=TYPE, length=length)
            )
            if mistake == "cancelled":
                await reached.wait()
                putting.cancel()
            await asyncio.wait([putting])
            if mistake == "cancelled":
                assert putting.cancelled(), "it takes no notice of being cancelled"
            else:
                wanted = LookupError if mistake == "raises" else Rejected
                assert isinstance(putting.exception(), wanted)
            return await self.kept(storage)

        assert self.used(put) == before
        assert not self.leftovers()

    @pytest.mark.parametrize("old", [_SMALL, LARGE], ids=["small", "large"])
    def test_a_reader_never_sees_a_mixture_of_the_old_and_the_new(self, old: bytes) -> None:
        new = old[::-1]

        async def read(storage: StorageProvider) -> None:
            await self.put(storage, content=old)
            reading = storage.get(KEY)
            begun = await anext(reading)
            await self.put(storage, content=new)
            rest = await outcome_of(whole(reading))
            assert isinstance(rest, OutcomeUnknown) or begun + _bytes(rest) == old
            assert await self.kept(storage) == new

        self.used(read)

    def test_of_two_that_are_put_at_once_one_is_there_whole(self) -> None:
        async def put(storage: StorageProvider) -> bytes | None:
            both = (self.put(storage, content=each) for each in (_SMALL, _SMALL[::-1]))
            await asyncio.gather(*both)
            return await self.kept(storage)

        assert self.used(put) in {_SMALL, _SMALL[::-1]}

    @pytest.mark.parametrize(
        ("start", "end"),
        [(0, 1), (5, 70_000), (65_536, None), (199_999, None), (150_000, 999_999), (7, 7)],
    )
    def test_a_part_is_read_from_its_start_to_before_its_end(
        self, start: int, end: int | None
    ) -> None:
        content = patterned(200_000)

        async def read(storage: StorageProvider) -> bytes:
            await self.put(storage, content=content)
            return await whole(storage.get(KEY, start=start, end=end))

        assert self.used(read) == content[start:end]

    def test_at_its_end_an_object_has_nothing_more_and_beyond_it_is_rejected(self) -> None:
        async def read(storage: StorageProvider) -> tuple[object, ...]:
            await self.put(storage, content=b"12345")
            await self.put(storage, f"{KEY}.0", b"")
            asked = [(KEY, 5), (f"{KEY}.0", 0), (KEY, 6), (f"{KEY}.0", 1)]
            return tuple([await outcome_of(whole(storage.get(k, start=s))) for k, s in asked])

        at_end, empty, *beyond = self.used(read)

        assert (at_end, empty) == (b"", b"")
        assert all(isinstance(each, Rejected) for each in beyond), beyond

    def test_what_is_not_there_is_surely_not_there(self) -> None:
        async def look(storage: StorageProvider) -> None:
            await self.put(storage, f"{KEY}.other")
            await storage.delete(KEY)
            assert await storage.stat(KEY) is None
            absent = await outcome_of(whole(storage.get(KEY)))
            assert isinstance(absent, Rejected)
            assert not self.told(absent)

        self.used(look)

    def test_what_is_deleted_is_gone_and_its_neighbours_are_not(self) -> None:
        async def delete(storage: StorageProvider) -> bytes | None:
            for key in (KEY, f"{KEY}.2", f"{KEY}/3"):
                await self.put(storage, key, key.encode())
            await storage.delete(KEY)
            assert await storage.stat(KEY) is None
            assert isinstance(await outcome_of(whole(storage.get(KEY))), Rejected)
            return await self.kept(storage, f"{KEY}/3")

        assert self.used(delete) == f"{KEY}/3".encode()

    @pytest.mark.parametrize("how", ["closes", "is_cancelled"])
    def test_a_reader_that_goes_away_leaves_nothing_open(self, how: str) -> None:
        async def leave(storage: StorageProvider) -> None:
            await self.put(storage, content=LARGE)
            before = _descriptors()
            reading: Any = storage.get(KEY)
            assert await anext(reading)
            if how == "is_cancelled":
                rest = asyncio.ensure_future(whole(reading))
                await asyncio.sleep(0)
                rest.cancel()
                with suppress(asyncio.CancelledError):
                    await rest
            await reading.aclose()
            assert self.line.answering == 0
            assert self.over_http or _descriptors() <= before

        self.used(leave)


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes), repr(value)
    return value


def _descriptors() -> int:
    """Return how many files this process has open, or 0 where that cannot be told."""
    open_files = Path("/proc/self/fd")
    return len([*open_files.iterdir()]) if open_files.exists() else 0
