"""Messages that a provider took and never reported on: asked about once, then flagged."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from trunkline.core.calls.ledger import CHANNEL
from trunkline.core.calls.telling import Telling
from trunkline.core.channels import kind_of
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.marks import find_mark, set_mark
from trunkline.core.messages import repository, trail
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Flag, Message, Status
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.core.settlement.lookups import Lookups, NoAnswer
from trunkline.core.settlement.reports import note_report
from trunkline.db.types import earliest_id
from trunkline.sdk import (
    Capability,
    Database,
    EventLog,
    Report,
    Tx,
)

QUESTIONS: Final = 100
"""So many are asked in one sweep; what is left over is next time's."""
_BATCH: Final = 100
_BATCHES: Final = 50
_AT_ONCE: Final = 8
_LEASE: Final = timedelta(minutes=5)
_LOOK_BACK: Final = timedelta(days=1)
_MARK: Final = "overdue"
_FREE: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """
    Messages to look at, which are this hub's until `mark` has been replaced.

    `last` says that no others are overdue.
    """

    mark: str
    upto: str
    last: bool
    messages: tuple[tuple[str, Message], ...]


@dataclass(frozen=True, slots=True)
class Overdue:
    """
    Watches by the attempts, whose ids tell their time: each is looked at when it turns overdue.

    How far that got is a mark, which also says until when a hub has the next batch to itself.
    """

    db: Database
    connections: Connections
    lookups: Lookups
    journal: Journal
    engine: Engine
    telling: Telling
    log: EventLog
    final_within: timedelta

    async def sweep(self) -> None:
        """Look at what has turned overdue since the last sweep, within bounds."""
        questions = QUESTIONS
        for _ in range(_BATCHES):
            batch = await self.db.write(self._take)
            if batch is None:
                return
            reports = await self._ask(batch.messages)
            settle = partial(self._settle, batch=batch, reports=reports)
            flagged = await self.db.write(settle)
            for connection, count in flagged.items():
                self.log.warning("message.no_final_status", connection=connection, count=count)
            questions -= len(reports)
            if batch.last or questions <= 0:
                return

    def _take(self, tx: Tx) -> _Batch | None:
        """Return the next batch; None if there is none, or another hub is at it."""
        now = self.journal.clock.now()
        after, leased = self._read_mark(tx, now)
        if leased != _FREE and datetime.fromisoformat(leased) > now:
            return None
        before = earliest_id("att", now - self.final_within)
        found = trail.sent_between(tx, after, before, _BATCH)
        last = len(found) < _BATCH
        upto = before if last else found[-1][0]
        mark = f"{after} {(now + _LEASE).isoformat()}" if found else f"{upto} {_FREE}"
        self._write_mark(tx, mark, now)
        messages = tuple(
            (workspace_id, message)
            for _, workspace_id, message_id in found
            if (message := repository.find_message(tx, workspace_id, message_id)) is not None
        )
        return _Batch(mark=mark, upto=upto, last=last, messages=messages) if found else None

    async def _ask(self, messages: Sequence[tuple[str, Message]]) -> Mapping[str, Report | None]:
        """Return what the providers that can be asked know, by message."""
        room, silent = asyncio.Semaphore(_AT_ONCE), set[str]()

        async def fetch(message: Message, connection: Connection) -> Report | None:
            async with room:
                if connection.name in silent:
                    return None
                number = message.external_id or ""
                try:
                    return await self.lookups.fetch(message, connection, number)
                except NoAnswer:
                    silent.add(connection.name)  # for this time
                    return None

        asked = [
            (message, connection)
            for _, message in messages
            if (connection := self._connection_of(message)) is not None
            and self.lookups.can(connection, message.channel)
            and message.external_id is not None
        ]
        answers = await asyncio.gather(*(fetch(*question) for question in asked))
        return {message.id: answer for (message, _), answer in zip(asked, answers, strict=True)}

    def _settle(
        self, tx: Tx, batch: _Batch, reports: Mapping[str, Report | None]
    ) -> Mapping[str, int]:
        """Note what the providers told; flag the rest, and return how many of each connection."""
        flagged: Counter[str] = Counter()
        now = self.journal.clock.now()
        if find_mark(tx, DEFAULT_WORKSPACE, _MARK) != batch.mark:
            return flagged  # this hub stood still, and another has taken over
        self._write_mark(tx, f"{batch.upto} {_FREE}", now)
        for workspace_id, message in batch.messages:
            report = reports.get(message.id)
            connection = self._connection_of(message)
            if report is not None and connection is not None:
                note_report(
                    self.journal,
                    self.engine,
                    tx,
                    workspace_id,
                    message,
                    report,
                    connection.spec,
                    self.telling,
                )
            standing = repository.find_message(tx, workspace_id, message.id)
            if standing is None or standing.status is not Status.SENT or standing.flag:
                continue  # it is known now, or flagged
            if self._could_be_known(message):
                repository.set_values(tx, workspace_id, message.id, flag=Flag.NO_FINAL_STATUS.value)
                flagged[message.connection] += 1
        return flagged

    def _connection_of(self, message: Message) -> Connection | None:
        return self.connections.find(message.connection, kind_of(message.channel))

    def _could_be_known(self, message: Message) -> bool:
        """Tell whether anybody could have told: where nobody ever does, silence says nothing."""
        connection = self._connection_of(message)
        if connection is None:
            return True
        if message.channel == CHANNEL:
            ways = {Capability.CALL_STATUS.value, Capability.CALL_LOOKUP}
        else:
            ways = {f"{message.channel}.status", Capability.LOOKUP_BY_ID}
        return bool(ways & connection.spec.capabilities)

    def _read_mark(self, tx: Tx, now: datetime) -> tuple[str, str]:
        mark = find_mark(tx, DEFAULT_WORKSPACE, _MARK)
        if mark is None:
            return earliest_id("att", now - self.final_within - _LOOK_BACK), _FREE
        after, leased = mark.split(" ")
        return after, leased

    def _write_mark(self, tx: Tx, mark: str, now: datetime) -> None:
        row_id = self.journal.ids.new("row")
        set_mark(tx, DEFAULT_WORKSPACE, row_id, _MARK, mark, now)
