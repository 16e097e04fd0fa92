"""What was registered is in force: at the start, and on every hub as soon as it changes."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.credentials import repository
from trunkline.core.credentials.models import CredentialsStatus, Registered
from trunkline.core.credentials.watching import Watching
from trunkline.core.privacy.sealing import Seals
from trunkline.core.trouble import tell_trouble
from trunkline.sdk import Database, EventLog, Tx

Configure = Callable[[Mapping[str, Mapping[str, object]]], list[Connection]]
"""Makes the connections of the settings and of what was registered."""

_AGAIN_S: Final = 1.0
_UNREADABLE: Final = (
    "What was registered of it cannot be decrypted. Register it anew, with all of its credentials."
)


class Following:
    """Lets the connections follow the rows of what was registered."""

    def __init__(
        self,
        db: Database,
        connections: Connections,
        configure: Configure,
        watching: Watching,
        seals: Seals,
        log: EventLog,
    ) -> None:
        self._db = db
        self._connections = connections
        self._configure = configure
        self._watching = watching
        self._seals = seals
        self._log = log
        self._in_settings = {*connections.names(), *connections.missing()}
        self._applied: dict[str, tuple[str, int]] = {}
        self._one_at_a_time = asyncio.Lock()

    def made_with(self, registered: Mapping[str, Registered]) -> list[Connection]:
        """Return the connections that there would be with these."""
        given = {
            name: {**(each.values or {}), "provider": each.provider}
            for name, each in registered.items()
        }
        return [
            replace(each, config=None, fault=_UNREADABLE)
            if each.name in registered and registered[each.name].values is None
            else each
            for each in self._configure(given)
        ]

    async def run(self) -> None:
        """Follow, until cancelled, what this hub or another one on its database registers."""
        while True:
            try:
                async with self._db.listen(repository.TOPIC) as notes:
                    await self.refresh()
                    async for _ in notes:
                        await self.refresh()
            except Exception as error:  # noqa: BLE001 - it is logged, and looked at again
                tell_trouble(self._log, "connections.cannot_follow", error)
            await asyncio.sleep(_AGAIN_S)

    async def refresh(self) -> None:
        """Put in force what the rows say now."""
        async with self._one_at_a_time:
            found, refused = await self._db.read(self._read)
            self._watching.know(
                refused.keys(),
                {each.connection for each in found if each.status is not CredentialsStatus.ACTIVE},
            )
            registered = {each.connection: each for each in found}
            now = {name: each.edition for name, each in registered.items()}
            before = self._applied
            changed = [name for name in {**before, **now} if now.get(name) != before.get(name)]
            if not changed:
                return
            made = self.made_with(registered)
            for name in changed:
                its = [each for each in made if each.name == name]
                is_wanted = name in registered or name in self._in_settings
                self._connections.replace(name, its, is_wanted=is_wanted)
                self._tell(name, its, is_registered=name in registered)
            self._applied = now

    def _read(self, tx: Tx) -> tuple[list[Registered], Mapping[str, object]]:
        return repository.read_all(tx, self._seals), repository.read_refused(tx)

    def _tell(self, name: str, its: list[Connection], *, is_registered: bool) -> None:
        what = "connection.registered" if is_registered else "connection.unregistered"
        self._log.info(what, connection=name)
        fault = its[0].fault if its else self._connections.missing().get(name)
        if fault:
            self._log.error("connection.not_usable", connection=name, fault=fault)
