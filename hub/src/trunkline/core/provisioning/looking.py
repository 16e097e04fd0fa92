"""How what an agent has stands now, by asking for it to be looked at once more."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import JobKind
from trunkline.core.provisioning import repository
from trunkline.core.provisioning.models import Aim, Part, Row, Step
from trunkline.sdk import Clock, Database, DatabaseFailed, Overloaded, Tx

FRESH: Final = timedelta(minutes=1)
"""What was looked at so lately is not looked at again."""
WAITS_S: Final = 2.0
"""So long a caller waits for its providers; later the engine goes on alone."""


@dataclass(frozen=True, slots=True)
class Looking:
    """Looks at rows again."""

    db: Database
    engine: Engine
    clock: Clock

    async def rows(self, workspace_id: str, agent_id: str) -> dict[Part, Row]:
        """Return an agent's rows, as they stand after another look, or for now."""
        read = lambda tx: repository.of_agent(tx, workspace_id, agent_id)  # noqa: E731
        rows = await self.db.read(read)
        stale = [each for each in rows.values() if self._is_stale(each)]
        if not stale:
            return rows

        def ask(tx: Tx) -> None:
            now = self.clock.now()
            for each in stale:
                self.engine.enqueue(tx, workspace_id, JobKind.PROVISION, each.id, now)

        with suppress(TimeoutError, DatabaseFailed, Overloaded):
            async with asyncio.timeout(WAITS_S), self.db.listen(repository.NOTES) as notes:
                await self.db.write(ask)
                waiting = aiter(notes)
                while True:
                    rows = await self.db.read(read)
                    versions = {each.id: each.version for each in rows.values()}
                    if all(versions.get(each.id) != each.version for each in stale):
                        break
                    with suppress(TimeoutError):
                        async with asyncio.timeout(0.2):
                            await anext(waiting)
        return rows

    def _is_stale(self, row: Row) -> bool:
        is_had = row.step is Step.ASSIGNED and row.aim is Aim.HAVE
        return is_had and row.updated_at is not None and self.clock.now() - row.updated_at > FRESH
