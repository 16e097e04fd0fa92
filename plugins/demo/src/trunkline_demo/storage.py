"""A storage in memory, which can be made to fail. It is empty again after every start."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Final

from trunkline.sdk import (
    Capability,
    Clock,
    NotSetUp,
    ProviderContext,
    ProviderSpec,
    Rejected,
    RetryLater,
    StorageProvider,
    StoredObject,
    check_key,
)
from trunkline_demo.config import DemoConfig

MOST_BYTES: Final = 100_000_000
"""In all objects together."""
_PIECE: Final = 64 * 1024


class StorageTrouble(StrEnum):
    """What may be made to be wrong with the storage."""

    FULL = "full"
    READ_ONLY = "read_only"
    AWAY = "away"


class Shelf:
    """
    The objects of one network.

    Attributes:
        trouble: What is wrong with it now, if anything is.
    """

    def __init__(self) -> None:
        self.objects: dict[str, tuple[StoredObject, bytes]] = {}
        self.trouble: StorageTrouble | None = None

    def reach(self) -> None:
        """Raise what everybody meets who asks it now."""
        if self.trouble is StorageTrouble.AWAY:
            raise RetryLater("The simulated storage could not be reached.", unavailable=True)

    def write(self, about: StoredObject, content: bytes) -> None:
        """Put an object in its place."""
        self.reach()
        others = sum(each.length for key, (each, _) in self.objects.items() if key != about.key)
        if self.trouble is StorageTrouble.FULL or others + about.length > MOST_BYTES:
            raise NotSetUp("The simulated storage is full.")
        if self.trouble is StorageTrouble.READ_ONLY:
            raise NotSetUp("The simulated storage may only be read.")
        self.objects[about.key] = about, content


class DemoStorage(StorageProvider):
    """One connection to a shelf."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        self._shelf = shelf
        self._clock = clock

    async def put(
        self,
        key: str,
        content: AsyncIterator[bytes],
        *,
        content_type: str,
        length: int | None = None,
    ) -> StoredObject:
        check_key(key)
        self._shelf.reach()
        taken = bytearray()
        async for piece in content:
            taken += piece
            if len(taken) > MOST_BYTES:
                raise NotSetUp("The simulated storage is full.")
        if length is not None and length != len(taken):
            raise Rejected("Other bytes came than were announced.")
        about = StoredObject(
            key=key, length=len(taken), content_type=content_type, modified_at=self._clock.now()
        )
        self._shelf.write(about, bytes(taken))
        return about

    async def get(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        check_key(key)
        self._shelf.reach()
        about, content = self._shelf.objects.get(key, (None, b""))
        if about is None or not 0 <= start <= about.length:
            raise Rejected("There is no such object, or it ends before that.")
        end = about.length if end is None else min(end, about.length)
        for at in range(start, end, _PIECE):
            yield content[at : min(at + _PIECE, end)]

    async def stat(self, key: str) -> StoredObject | None:
        check_key(key)
        self._shelf.reach()
        return self._shelf.objects.get(key, (None,))[0]

    async def delete(self, key: str) -> None:
        check_key(key)
        self._shelf.reach()
        self._shelf.objects.pop(key, None)

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        self._shelf.reach()
        for key, (about, _) in sorted(self._shelf.objects.items()):
            if key.startswith(prefix):
                yield about


def storage_spec(shelf: Shelf) -> ProviderSpec[StorageProvider, DemoConfig]:
    """Return the spec of a network's storage."""

    @asynccontextmanager
    async def open_storage(
        _config: DemoConfig, context: ProviderContext
    ) -> AsyncIterator[StorageProvider]:
        yield DemoStorage(shelf, context.clock)

    return ProviderSpec(
        name="demo",
        config=DemoConfig,
        open=open_storage,
        capabilities=frozenset(
            {Capability.STORAGE_WRITE, Capability.STORAGE_READ, Capability.STORAGE_LIST}
        ),
        simulated=True,
    )
