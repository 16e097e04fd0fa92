"""Writing the record: a row in the transaction of the act, so that neither is there alone."""

import json

from trunkline.audit_verifier import Row
from trunkline.core.audit import repository
from trunkline.core.audit.chain import Chain
from trunkline.core.audit.models import Details, actor_of
from trunkline.core.principal import DEFAULT_WORKSPACE, Principal
from trunkline.db.types import utc_text
from trunkline.sdk import Clock, IdSource, Tx


class Audit:
    """The pen: every room that does something worth recording is given it."""

    def __init__(self, chain: Chain, clock: Clock, ids: IdSource) -> None:
        self._chain = chain
        self._clock = clock
        self._ids = ids

    def note(
        self,
        tx: Tx,
        event_type: str,
        actor: str,
        target: str,
        details: Details | None = None,
        *,
        workspace_id: str = DEFAULT_WORKSPACE,
    ) -> None:
        """
        Record an act in the transaction that does it: if this cannot be written, it is not done.

        Nothing personal may stand in it, as it is kept for good: `target` is an id of the hub's,
        `details` are ids, rules and amounts, a person is `BodyVault.commitment`.
        """
        if any("\n" in each for each in (event_type, actor, target)):
            raise ValueError("what is recorded stands in lines")
        now = self._clock.now()
        row = Row(
            seq=0,
            workspace=workspace_id,
            id=self._ids.new("row"),
            timestamp=utc_text(now),
            event_type=event_type,
            actor=actor,
            target=target,
            details=json.dumps(details or {}, separators=(",", ":")),
            prev_hash=b"",
            row_hash=b"",
        )
        if tx.pipeline is None:  # the one writer of an embedded database: it stands behind nobody
            row = self._chain.sealed(row, repository.head(workspace_id).ask(tx))
        else:
            row = self._chain.unsealed(row)
        repository.add(tx, row, now)

    def act(
        self,
        tx: Tx,
        by: Principal,
        event_type: str,
        target: str,
        details: Details | None = None,
    ) -> None:
        """Record what a caller does, as `note` does."""
        workspace_id = by.workspace_id
        self.note(tx, event_type, actor_of(by), target, details, workspace_id=workspace_id)
