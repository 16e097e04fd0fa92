"""What the hub loads: one spec, and the hook that offers it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from pydantic import BaseModel, ConfigDict

from trunkline.sdk import Capability, ProviderContext, ProviderSpec, StorageProvider, hookimpl


class LocalStorageConfig(BaseModel):
    """There is nothing to set: the files lie in the connection's own directory."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@asynccontextmanager
async def open_local_storage(
    config: LocalStorageConfig, context: ProviderContext
) -> AsyncIterator[StorageProvider]:
    """Open the directory, and remove what a hub that died left half written."""
    from trunkline_local_storage.storage import open_storage

    yield await open_storage(context)


LOCAL_STORAGE: ProviderSpec[StorageProvider, LocalStorageConfig] = ProviderSpec(
    name="local-storage",
    config=LocalStorageConfig,
    open=open_local_storage,
    capabilities=frozenset(
        {Capability.STORAGE_WRITE, Capability.STORAGE_READ, Capability.STORAGE_LIST}
    ),
    local=True,
)


@hookimpl
def trunkline_register_storage() -> Sequence[ProviderSpec[StorageProvider, LocalStorageConfig]]:
    """Offer the data directory."""
    return [LOCAL_STORAGE]
