"""What an operator may see and do of who gets nothing more."""

from dataclasses import dataclass

from trunkline.core.audit.service import Audit
from trunkline.core.compliance import repository
from trunkline.core.compliance.repository import Suppression, Why
from trunkline.core.principal import Principal
from trunkline.core.privacy.vault import BodyVault
from trunkline.core.problems import Forbidden, NotFound
from trunkline.sdk import Database, EventLog, Tx


@dataclass(frozen=True, slots=True)
class Suppressions:
    """The operator's verbs on the suppression list."""

    db: Database
    log: EventLog
    vault: BodyVault
    audit: Audit

    async def newest(self, principal: Principal, limit: int) -> list[Suppression]:
        """Return who gets nothing more and why, the newest first."""
        workspace_id = principal.workspace_id
        return await self.db.read(lambda tx: repository.newest(tx, workspace_id, limit), heavy=True)

    async def lift(self, principal: Principal, address: str) -> int:
        """
        Let an address that bounced be written to again, and return to how many senders.

        Raises:
            NotFound: It is not closed.
            Forbidden: Its owner asked for it, which nobody else takes back.
        """
        workspace_id = principal.workspace_id
        erased = self.vault.erased(workspace_id, address)

        def fn(tx: Tx) -> int:
            found = repository.reasons(tx, workspace_id, address, erased)
            if not found:
                raise NotFound("suppression")
            if any(why is not Why.BOUNCED for why in found):
                raise Forbidden(
                    "Whoever has this address asked for no more messages. Only they can take that "
                    "back, by writing START."
                )
            repository.lift_bounces(tx, workspace_id, address, erased)
            key = self.vault.known_key(tx, workspace_id, address)
            target = key.commitment(address) if key else "unknown"
            details = {"senders": len(found)}
            self.audit.act(tx, principal, "suppression.lifted", target, details)
            return len(found)

        lifted = await self.db.write(fn)
        self.log.info("suppression.lifted", count=lifted)
        return lifted
