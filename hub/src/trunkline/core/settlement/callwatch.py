"""Calls whose provider does not tell of their end: asked for, and ended as far as anybody knows."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from trunkline.core.calls import repository
from trunkline.core.calls.ledger import CHANNEL
from trunkline.core.calls.models import OVER, Call, CallState
from trunkline.core.calls.telling import Telling
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job
from trunkline.core.messages import repository as messages
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Flag, Status
from trunkline.core.settlement.lookups import Lookups, NoAnswer
from trunkline.core.settlement.reports import note_report
from trunkline.sdk import TELEPHONY, CallReport, Database, EventLog, Report, Tx

GIVE_UP: Final = timedelta(minutes=10)
"""So long after a call must be over it is still asked for."""
_NOBODY_TOLD: Final = "It is over by now, and nobody told how it ended."


@dataclass(frozen=True, slots=True)
class CallWatch:
    """Does the jobs that ask. A call that ended meanwhile is asked for no more."""

    db: Database
    connections: Connections
    lookups: Lookups
    journal: Journal
    engine: Engine
    telling: Telling
    log: EventLog

    async def work(self, job: Job) -> None:
        """Ask how far a call got, or give it up."""
        workspace_id = job.workspace_id
        call = await self.db.read(lambda tx: repository.find_call(tx, workspace_id, job.subject_id))
        if call is None or call.status in OVER or call.status is CallState.UNKNOWN:
            return
        connection = self.connections.find(call.connection, TELEPHONY.name)
        report: Report | None = None
        number = call.external_id
        if connection is not None and number and self.lookups.can(connection, CHANNEL):
            with suppress(NoAnswer):  # which is logged; it is asked again
                report = await self.lookups.fetch(call, connection, number)
        given_up = await self.db.write(
            lambda tx: self._note(tx, workspace_id, job.subject_id, report, connection)
        )
        if given_up:
            self.log.warning("call.no_final_status", callId=call.id, connection=call.connection)

    def _note(
        self,
        tx: Tx,
        workspace_id: str,
        call_id: str,
        report: Report | None,
        connection: Connection | None,
    ) -> bool:
        """Write down what a provider said; tell whether the call is given up."""
        call = repository.find_call(tx, workspace_id, call_id)
        if call is None:
            return False
        if isinstance(report, CallReport) and connection is not None:
            self._tell(tx, workspace_id, call, report, connection)
            call = repository.find_call(tx, workspace_id, call_id) or call
        if call.status in OVER or call.status is CallState.UNKNOWN:
            return False
        if self.journal.clock.now() < call.over_by + GIVE_UP:
            self.telling.ledger.ask_again(tx, workspace_id, call)
            return False
        given_up = self.telling.ledger.give_up(tx, workspace_id, call, _NOBODY_TOLD)
        if given_up and call.says is not None:
            message = messages.find_message(tx, workspace_id, call.says)
            if message is not None and message.status is Status.SENT and not message.flag:
                flag = Flag.NO_FINAL_STATUS.value
                messages.set_values(tx, workspace_id, message.id, flag=flag)
        return given_up

    def _tell(
        self, tx: Tx, workspace_id: str, call: Call, report: CallReport, connection: Connection
    ) -> None:
        message = None
        if call.says is not None:
            message = messages.find_message(tx, workspace_id, call.says)
        if message is None:
            self.telling.of_call(tx, workspace_id, call, report)
            return
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
