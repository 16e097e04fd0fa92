"""Recording what was denied before there was anything to store."""

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from trunkline.core.audit.models import actor_of
from trunkline.core.audit.service import Audit
from trunkline.core.principal import Principal
from trunkline.core.trouble import tell_trouble
from trunkline.sdk import Clock, Database, EventLog

EVERY: Final = timedelta(minutes=1)
"""So often one denial is recorded at most, however often somebody runs into it."""
_REMEMBERED: Final = 1_000


class Denials:
    """
    Records who was denied what.

    Whoever is denied something can ask for it as fast as they like: the same denial is recorded
    once a minute, with how many went before it unrecorded.
    """

    def __init__(self, audit: Audit, db: Database, clock: Clock, log: EventLog) -> None:
        self._audit = audit
        self._db = db
        self._clock = clock
        self._log = log
        self._known: dict[tuple[str, str, str], tuple[datetime, int]] = {}

    async def note(self, by: Principal, operation: str, code: str) -> None:
        """Record a denial. It stands also if that cannot be written."""
        key, now = (actor_of(by), operation, code), self._clock.now()
        noted_at, unrecorded = self._known.get(key, (None, 0))
        if noted_at is not None and now - noted_at < EVERY:
            self._known[key] = (noted_at, unrecorded + 1)
            return
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = (now, 0)
        details = {"code": code, "agent": by.agent_id, "unrecorded": unrecorded}
        note = partial(
            self._audit.note,
            event_type="access.denied",
            actor=key[0],
            target=operation,
            details=details,
            workspace_id=by.workspace_id,
        )
        try:
            await self._db.write(note)
        except Exception as error:  # noqa: BLE001 - who was denied something hears of that
            tell_trouble(self._log, "audit.denial_not_recorded", error)
