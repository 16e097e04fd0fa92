"""What the hub loads: one spec, and the hook that offers it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from trunkline.sdk import Capability, ProviderContext, ProviderSpec, StorageProvider, hookimpl
from trunkline_s3.config import S3Config


@asynccontextmanager
async def open_s3(config: S3Config, context: ProviderContext) -> AsyncIterator[StorageProvider]:
    """Open one bucket; S3 has no log-in, so nothing needs undoing either."""
    from trunkline_s3.storage import S3Storage

    yield S3Storage(config, context)


S3: ProviderSpec[StorageProvider, S3Config] = ProviderSpec(
    name="s3",
    config=S3Config,
    open=open_s3,
    capabilities=frozenset(
        {
            Capability.STORAGE_WRITE,
            Capability.STORAGE_READ,
            Capability.STORAGE_LIST,
            Capability.STORAGE_PRESIGN,
        }
    ),
)


@hookimpl
def trunkline_register_storage() -> Sequence[ProviderSpec[StorageProvider, S3Config]]:
    """Offer S3 and what speaks as it does."""
    return [S3]
