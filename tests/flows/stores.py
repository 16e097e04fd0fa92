"""A storage in the test's memory, which fails as the test says, and a hub that stores there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tests.flows.hubs import DEMO
from tests.flows.networks import NoConfig
from trunkline.loading import Plugins, load_plugins
from trunkline.sdk import (
    Capability,
    ProviderContext,
    ProviderSpec,
    Rejected,
    StorageProvider,
    StoredObject,
)

STORED = DEMO.replace("[slots]\n", '[slots]\nstorage = ["one", "two"]\n')
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00"
    b"\x90wS\xde\x00\x00\x00\x0cIDATx\x9cc\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef"
    b"\x00\x00\x00\x00IEND\xaeB`\x82"
)


@dataclass
class Store:
    """Objects by key, and an error for each call to come."""

    name: str
    objects: dict[str, bytes] = field(default_factory=dict)
    script: list[Exception] = field(default_factory=list)

    holds: bool = True
    """Whether it keeps what it is given; one that does not takes no memory."""

    def spec(self) -> ProviderSpec[Any, Any]:
        """Return what the hub loads."""

        @asynccontextmanager
        async def open_it(
            config: NoConfig, context: ProviderContext
        ) -> AsyncIterator[StorageProvider]:
            yield _Provider(self)

        return ProviderSpec(
            name=self.name,
            config=NoConfig,
            open=open_it,
            capabilities=frozenset(
                {Capability.STORAGE_WRITE, Capability.STORAGE_READ, Capability.STORAGE_LIST}
            ),
        )


class _Provider(StorageProvider):
    def __init__(self, store: Store) -> None:
        self._store = store

    def _fail(self) -> None:
        if self._store.script:
            raise self._store.script.pop(0)

    async def put(
        self,
        key: str,
        content: AsyncIterator[bytes],
        *,
        content_type: str,
        length: int | None = None,
    ) -> StoredObject:
        self._fail()
        whole, came = bytearray(), 0
        async for piece in content:
            came += len(piece)
            whole += piece if self._store.holds else b""
        assert length == came
        self._store.objects[key] = bytes(whole)
        return StoredObject(key=key, length=came, content_type=content_type)

    async def get(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        self._fail()
        if key not in self._store.objects:
            raise Rejected("There is no such object.")
        part = self._store.objects[key][start:end]
        for at in range(0, len(part), 7_000):
            yield part[at : at + 7_000]

    async def delete(self, key: str) -> None:
        self._fail()
        self._store.objects.pop(key, None)

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        for key, whole in sorted(self._store.objects.items()):
            if key.startswith(prefix):
                yield StoredObject(key=key, length=len(whole), content_type="")


def storing(*stores: Store) -> Plugins:
    """Return the installed plugins with these storages beside them."""
    plugins = load_plugins()
    storage = {
        **plugins.providers.get("storage", {}),
        **{each.name: each.spec() for each in stores},
    }
    return replace(plugins, providers={**plugins.providers, "storage": storage})
