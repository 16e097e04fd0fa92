"""What is paid for and nobody's: numbers and senders that wait for the next agent."""

from dataclasses import dataclass, replace

from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import JobKind
from trunkline.core.principal import Principal
from trunkline.core.problems import NotFound
from trunkline.core.provisioning import repository
from trunkline.core.provisioning.models import Aim, Row
from trunkline.sdk import Clock, Database, Tx


@dataclass(frozen=True, slots=True)
class Keeping:
    """The verbs on what is kept."""

    db: Database
    engine: Engine
    clock: Clock

    async def kept(self, principal: Principal) -> list[Row]:
        """Return what is kept, the oldest first."""
        return await self.db.read(lambda tx: repository.kept(tx, principal.workspace_id))

    async def give_back(self, principal: Principal, address: str) -> None:
        """Give something kept back for good; `NotFound` if nothing such is kept."""
        workspace_id = principal.workspace_id

        def fn(tx: Tx) -> None:
            kept = repository.kept(tx, workspace_id)
            row = next((each for each in kept if each.address == address), None)
            if row is None:
                raise NotFound("kept address")
            now = self.clock.now()
            repository.store(tx, replace(row, aim=Aim.GONE, tries=0), now)
            self.engine.enqueue(tx, workspace_id, JobKind.PROVISION, row.id, now)

        await self.db.write(fn)
