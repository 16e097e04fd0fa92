"""What is past its time, and what nothing leads to: destroyed, and deleted where it lies."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from trunkline.core.connections.registry import Connection
from trunkline.core.engine.marks import find_mark, set_mark
from trunkline.core.media import repository
from trunkline.core.media.shelf import Shelf
from trunkline.core.media.stores import Stores
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.core.problems import StorageTrouble
from trunkline.db.types import earliest_id
from trunkline.sdk import STORAGE, Capability, Database, EventLog, ProviderError, Tx, Unsupported

_MARK: Final = "media_orphans"
_UNDER_WAY: Final = timedelta(hours=1)
"""An object that is younger may be one whose row is about to be written."""


@dataclass(frozen=True, slots=True)
class Sweeping:
    """Keeps house among media."""

    db: Database
    stores: Stores
    shelf: Shelf
    log: EventLog

    async def sweep(self) -> int:
        """Destroy the keys of what is past its time; return how many."""
        swept = 0
        while more := await self.db.write(self.shelf.sweep):
            swept += more
        return swept

    async def sweep_orphans(self) -> int:
        """
        Once a day, delete the objects that no row tells of, in every storage; return how many.

        Something may break off between the storing of bytes and of the row that tells of them.
        """
        if not await self.db.write(self._is_due):
            return 0
        deleted = 0
        for connection in self.stores.connections.all():
            can_list = Capability.STORAGE_LIST in connection.spec.capabilities
            if connection.kind == STORAGE.name and not connection.fault and can_list:
                try:
                    deleted += await self._delete_orphans(connection)
                except StorageTrouble as trouble:
                    self.log.warning(
                        "media.orphans_not_swept",
                        connection=connection.name,
                        reason=trouble.detail,
                    )
        return deleted

    def _is_due(self, tx: Tx) -> bool:
        now = self.shelf.clock.now()
        today = now.date().isoformat()
        if find_mark(tx, DEFAULT_WORKSPACE, _MARK) == today:
            return False
        set_mark(tx, DEFAULT_WORKSPACE, self.shelf.ids.new("row"), _MARK, today, now)
        return True

    async def _delete_orphans(self, connection: Connection) -> int:
        before = earliest_id("med", self.shelf.clock.now() - _UNDER_WAY)
        provider = await self.stores.opened(connection.name)
        old: dict[str, str] = {}
        try:
            async for each in provider.list(self.stores.prefix):
                workspace_id, _, name = each.key.removeprefix(self.stores.prefix).partition("/")
                if name < before:
                    old[each.key] = workspace_id
        except (ProviderError, Unsupported) as error:
            raise StorageTrouble(str(error)) from error
        deleted = 0
        for key, workspace_id in old.items():
            if not await self.db.read(_is_known(workspace_id, key)):
                await self.stores.delete(connection.name, key)
                deleted += 1
        return deleted


def _is_known(workspace_id: str, key: str) -> Callable[[Tx], bool]:
    return lambda tx: repository.has_object(tx, workspace_id, key)
