"""The provider: files in threads, so that the event loop never waits for a disk."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from trunkline.sdk import (
    Account,
    Clock,
    OutcomeUnknown,
    ProviderContext,
    Rejected,
    StorageProvider,
    StoredObject,
    check_key,
)
from trunkline_local_storage.files import Draft, Files, OpenFile

M = TypeVar("M")

PIECE: Final = 256 * 1024
"""How many bytes a thread reads or writes at a time."""

_LITTLE: Final = 1_000_000_000
_CONTENT_TYPE: Final = re.compile(r"[\x20-\x7e]{1,255}")


async def open_storage(context: ProviderContext) -> "LocalStorage":
    """Open the storage in the connection's directory."""
    directory = context.data_dir()
    return LocalStorage(await asyncio.to_thread(Files, directory), context.clock)


class LocalStorage(StorageProvider):
    """Objects in one directory."""

    def __init__(self, files: Files, clock: Clock) -> None:
        self._files = files
        self._clock = clock

    async def verify(self) -> Account:
        free = await asyncio.to_thread(self._files.room_bytes)
        notes = f"Only {free // 1_000_000} MB are free on the disk of the data directory."
        return Account(notes=(notes,) if free < _LITTLE else ())

    async def put(
        self,
        key: str,
        content: AsyncIterator[bytes],
        *,
        content_type: str,
        length: int | None = None,
    ) -> StoredObject:
        check_key(key)
        if not _CONTENT_TYPE.fullmatch(content_type):
            raise Rejected("That is no content type.")
        about = StoredObject(
            key=key, length=0, content_type=content_type, modified_at=self._clock.now()
        )
        draft = await _made(partial(self._files.draft, about), Draft.abandon)
        try:
            written = await _copy(content, draft, length)
            await asyncio.to_thread(draft.finish)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(draft.abandon))
            raise
        return replace(about, length=written)

    async def get(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        check_key(key)
        file = await _made(partial(self._files.open, key), _close)
        if file is None:
            raise Rejected("There is no such object.")
        try:
            length = file.about.length
            if not 0 <= start <= length:
                raise Rejected("The object ends before that.")
            end = length if end is None else min(end, length)
            while start < end:
                piece = await asyncio.to_thread(file.read, start, min(PIECE, end - start))
                if not piece:
                    raise OutcomeUnknown("The file became shorter while it was read.")
                start += len(piece)
                yield piece
        finally:
            await asyncio.shield(asyncio.to_thread(file.close))

    async def stat(self, key: str) -> StoredObject | None:
        check_key(key)
        return await asyncio.to_thread(self._files.stat, key)

    async def delete(self, key: str) -> None:
        check_key(key)
        await asyncio.to_thread(self._files.delete, key)

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        for about in await asyncio.to_thread(self._files.found, prefix):
            yield about


async def _copy(content: AsyncIterator[bytes], draft: Draft, length: int | None) -> int:
    """Write all of a content, and return how long it was."""
    pieces: list[bytes] = []
    held = written = 0
    async for piece in content:
        pieces.append(piece)
        held += len(piece)
        written += len(piece)
        if length is not None and written > length:
            raise Rejected("More came than was announced.")
        if held >= PIECE:
            await asyncio.to_thread(draft.write, pieces)
            pieces, held = [], 0
    if length is not None and written < length:
        raise Rejected("Less came than was announced.")
    await asyncio.to_thread(draft.write, pieces)
    return written


async def _made(make: Callable[[], M], unmake: Callable[[M], None]) -> M:
    """Make something in a thread; once nobody waits for it any more it is unmade."""
    making = asyncio.ensure_future(asyncio.to_thread(make))

    def undo(made: "asyncio.Future[M]") -> None:
        if not made.cancelled() and made.exception() is None:
            unmake(made.result())

    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        making.add_done_callback(undo)
        raise


def _close(file: OpenFile | None) -> None:
    if file is not None:
        file.close()
