"""Whether providers take the credentials of connections: told once when that changes."""

import asyncio
from collections.abc import Callable, Collection
from typing import Final

from trunkline.core.alerts.alarms import Alarms
from trunkline.core.alerts.models import AlertKind
from trunkline.core.credentials import repository
from trunkline.core.credentials.models import CredentialsStatus
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.core.trouble import tell_trouble
from trunkline.metrics import Metrics
from trunkline.sdk import Clock, Database, EventLog, IdSource, Tx

Announce = Callable[[Tx, str, bool], None]
"""Tells subscribers, in the transaction, that a connection's credentials are refused, or hold."""

_AGAIN_S: Final = 1.0


class Watching:
    """
    Writes down when the credentials of a connection are first refused, and when they hold again.

    Everything that providers answer is heard; what is known already costs nothing. The row decides,
    so that however many hubs hear of it, it is announced once.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: IdSource,
        log: EventLog,
        metrics: Metrics,
        announce: Announce,
        alarms: Alarms,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._log = log
        self._metrics = metrics
        self._announce = announce
        self._alarms = alarms
        self._refused: set[str] = set()
        self._unproven: set[str] = set()
        self._heard: dict[str, bool] = {}
        self._is_heard = asyncio.Event()

    def know(self, refused: Collection[str], unproven: Collection[str]) -> None:
        """Take what the rows say: who is refused, and who was not taken since it was registered."""
        self._refused, self._unproven = set(refused), set(unproven)

    def hear(self, connection: str, holds: bool) -> None:
        """Hear what a provider made of the credentials of a connection."""
        is_news = connection in self._refused or connection in self._unproven
        if is_news if holds else connection not in self._refused:
            self._heard[connection] = holds
            self._is_heard.set()

    async def run(self) -> None:
        """Write down what is heard, until cancelled."""
        while True:
            await self._is_heard.wait()
            self._is_heard.clear()
            while self._heard:
                connection, holds = next(iter(self._heard.items()))
                try:
                    await self._settle(connection, holds=holds)
                except Exception as error:  # noqa: BLE001 - it is logged, and tried again
                    tell_trouble(self._log, "credentials.not_noted", error)
                    await asyncio.sleep(_AGAIN_S)
                else:
                    if self._heard.get(connection) is holds:
                        del self._heard[connection]

    def settle(self, tx: Tx, connection: str, *, holds: bool) -> bool:
        """Note what a provider made of credentials; tell whether that is a change."""
        now = self._clock.now()
        status = CredentialsStatus.ACTIVE if holds else CredentialsStatus.INVALID
        repository.set_status(tx, connection, status, now)
        refused_at = None if holds else now
        changed = repository.set_refused(tx, self._ids.new("row"), connection, refused_at, now)
        if changed:
            self._announce(tx, connection, holds)
            alarm = self._alarms.over_in if holds else self._alarms.raise_in
            alarm(tx, DEFAULT_WORKSPACE, AlertKind.CREDENTIALS_REFUSED, connection)
        tx.notify(repository.TOPIC, connection)
        return changed

    async def _settle(self, connection: str, *, holds: bool) -> None:
        changed = await self._db.write(lambda tx: self.settle(tx, connection, holds=holds))
        self._unproven.discard(connection)
        if holds:
            self._refused.discard(connection)
        else:
            self._refused.add(connection)
        if changed:
            self.tell(connection, holds=holds)

    def tell(self, connection: str, *, holds: bool) -> None:
        """Log a change that was noted."""
        if holds:
            self._log.info("credentials.recovered", connection=connection)
            return
        self._metrics.security_event("credentials_expired")
        self._log.warning(
            "credentials.expired",
            connection=connection,
            reason="Its provider refuses them: register new ones with `trunkline providers set`.",
        )
