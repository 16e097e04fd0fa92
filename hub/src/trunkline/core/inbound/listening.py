"""Listening to providers without webhooks: one hub to each connection, and nothing told is lost."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.marks import find_mark, set_mark
from trunkline.core.inbound.intake import Intake
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.sdk import (
    AuthFailed,
    Capability,
    Clock,
    Database,
    EventLog,
    Heard,
    IdSource,
    MessageProvider,
    NotSetUp,
    Tx,
    Unsupported,
)

LEASE: Final = timedelta(seconds=60)
"""For so long nobody else listens where a hub has died."""
RENEW_S: Final = 20.0
_FIRST_PAUSE_S: Final = 5.0
_LONGEST_PAUSE_S: Final = 300.0
_REFUSED_PAUSE_S: Final = 600.0
"""After a refusal that an operator must mend."""
_NOWHERE: Final = "-"


class Lost(Exception):
    """Another hub listens now: this one stood still for longer than its lease."""


@dataclass(frozen=True, slots=True)
class Listening:
    """
    Listens to every connection that can be listened to.

    Who listens, until when, and how far it got is a mark. The position is noted once the events
    before it are stored: what was told twice meanwhile is known by its id.
    """

    db: Database
    connections: Connections
    intake: Intake
    engine: Engine
    clock: Clock
    ids: IdSource
    log: EventLog

    async def run(self) -> None:
        """Listen until cancelled, to the connections as they are then."""
        listening: dict[tuple[str, str], tuple[Connection, asyncio.Task[None]]] = {}
        try:
            while True:
                change = self.connections.change
                able = {
                    (each.name, each.kind): each
                    for each in self.connections.all()
                    if Capability.LISTEN in each.spec.capabilities and not each.fault
                }
                gone = [key for key, (each, _) in listening.items() if able.get(key) is not each]
                await _end([listening.pop(key)[1] for key in gone])
                for key in able.keys() - listening.keys():
                    task = asyncio.create_task(self._keep_listening(able[key]))
                    listening[key] = able[key], task
                await change.wait()
        finally:
            await _end([task for _, task in listening.values()])

    async def _keep_listening(self, connection: Connection) -> None:
        try:
            await self._listen_again(connection)
        except asyncio.CancelledError:
            await self.db.write(lambda tx: self._leave(tx, connection))  # to the next hub at once
            raise

    async def _listen_again(self, connection: Connection) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            wait_s = RENEW_S  # while another hub listens
            try:
                position = await self._take(connection)
                if position is not None:
                    await self._listen(connection, None if position == _NOWHERE else position)
                    wait_s = pause_s = _FIRST_PAUSE_S
            except Unsupported:
                return  # its settings are for sending alone
            except (AuthFailed, NotSetUp) as error:
                wait_s = _REFUSED_PAUSE_S
                self._tell(connection, error, str(error))
            except Exception as error:  # noqa: BLE001 - it is logged, and tried again
                wait_s = pause_s = min(_LONGEST_PAUSE_S, 2 * pause_s)
                self._tell(connection, error)
            await self.clock.sleep(wait_s)

    async def _listen(self, connection: Connection, position: str | None) -> None:
        provider = await self.connections.opened(connection, MessageProvider)
        stream = provider.listen(position)
        try:
            while (heard := await self._next(connection, stream)) is not None:
                for event in heard.events:
                    await self.intake.hear(connection, event)
                await self._note(connection, heard.position)
        finally:
            close = getattr(stream, "aclose", None)
            if close is not None:
                await close()

    async def _next(self, connection: Connection, stream: AsyncIterator[Heard]) -> Heard | None:
        """Return what is told next, renewing the lease while nothing is; None at the end."""
        following: asyncio.Future[Any] = asyncio.ensure_future(anext(stream, None))
        try:
            while not following.done():
                await asyncio.wait([following], timeout=RENEW_S)
                if not following.done():
                    await self._note(connection, None)
        finally:
            if not following.done():
                following.cancel()
                await asyncio.wait([following])
        heard: Heard | None = following.result()
        return heard

    async def _take(self, connection: Connection) -> str | None:
        """Return where to go on if this hub may listen now; None while another does."""

        def fn(tx: Tx) -> str | None:
            owner, until, position = _read(find_mark(tx, DEFAULT_WORKSPACE, _mark(connection)))
            now = self.clock.now()
            if owner != self.engine.executor and until is not None and until > now:
                return None
            self._write(tx, connection, position, now)
            return position

        return await self.db.write(fn)

    async def _note(self, connection: Connection, position: str | None) -> None:
        """Note how far it got, if that has moved, and go on having the connection; or be lost."""

        def fn(tx: Tx) -> bool:
            owner, _, before = _read(find_mark(tx, DEFAULT_WORKSPACE, _mark(connection)))
            if owner == self.engine.executor:
                self._write(tx, connection, position or before, self.clock.now())
            return owner == self.engine.executor

        if not await self.db.write(fn):
            raise Lost

    def _leave(self, tx: Tx, connection: Connection) -> None:
        owner, _, position = _read(find_mark(tx, DEFAULT_WORKSPACE, _mark(connection)))
        if owner == self.engine.executor:
            self._write(tx, connection, position, self.clock.now() - LEASE)

    def _write(self, tx: Tx, connection: Connection, position: str, now: datetime) -> None:
        value = f"{self.engine.executor} {(now + LEASE).isoformat()} {position}"
        set_mark(tx, DEFAULT_WORKSPACE, self.ids.new("row"), _mark(connection), value, now)

    def _tell(
        self, connection: Connection, error: BaseException, reason: str | None = None
    ) -> None:
        self.log.warning(
            "connection.not_listening",
            connection=connection.name,
            error_type=type(error).__name__,
            reason=reason,
        )


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _mark(connection: Connection) -> str:
    return f"listening:{connection.kind}:{connection.name}"[:64]


def _read(mark: str | None) -> tuple[str | None, datetime | None, str]:
    if mark is None:
        return None, None, _NOWHERE
    owner, until, position = mark.split(" ", 2)
    return owner, datetime.fromisoformat(until), position
