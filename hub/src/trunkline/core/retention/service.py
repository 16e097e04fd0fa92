"""The verbs of privacy: what is kept, and the sweep of what is past its time."""

from typing import Final

from trunkline.core.agents import repository as agents
from trunkline.core.audit.models import Details
from trunkline.core.audit.service import Audit
from trunkline.core.messages import idempotency
from trunkline.core.principal import Principal
from trunkline.core.privacy.keeps import set_keep
from trunkline.core.privacy.vault import BodyVault
from trunkline.core.problems import Invalid, NotFound
from trunkline.sdk import Clock, Database, IdSource, Tx

MAX_KEEP_DAYS: Final = 3650


class Privacy:
    """Keeps nothing unless asked to, and forgets in time."""

    def __init__(
        self, db: Database, vault: BodyVault, clock: Clock, ids: IdSource, audit: Audit
    ) -> None:
        self._db = db
        self._vault = vault
        self._clock = clock
        self._ids = ids
        self._audit = audit

    async def keep(self, principal: Principal, agent_id: str, channel: str, days: int) -> None:
        """Keep the texts of an agent and channel, encrypted, for `days`; 0 keeps none."""
        if not 0 <= days <= MAX_KEEP_DAYS:
            raise Invalid("days", f"give 0 to {MAX_KEEP_DAYS}.")
        now, row_id = self._clock.now(), self._ids.new("row")

        def fn(tx: Tx) -> None:
            if agents.find_agent(tx, principal.workspace_id, agent_id) is None:
                raise NotFound("agent")
            set_keep(tx, principal.workspace_id, row_id, agent_id, channel, days, now)
            details: Details = {"channel": channel, "days": days}
            self._audit.act(tx, principal, "privacy.keep_set", agent_id, details)

        await self._db.write(fn)

    async def sweep(self) -> int:
        """Shred every text and forget every key past its time; return how many texts went."""
        now, shredded = self._clock.now(), 0
        while await self._db.write(lambda tx: idempotency.sweep(tx, now)):
            pass
        while swept := await self._db.write(self._vault.sweep):
            shredded += swept
        return shredded
