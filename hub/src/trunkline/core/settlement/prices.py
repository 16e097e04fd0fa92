"""What a message cost, asked for once its provider has reckoned: some tell it only then."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from trunkline.core.calls.ledger import CHANNEL
from trunkline.core.channels import kind_of
from trunkline.core.connections.registry import AnySpec, Connections
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job, JobKind
from trunkline.core.messages import repository
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Message
from trunkline.core.settlement.lookups import Lookups, NoAnswer
from trunkline.sdk import Capability, Database, Report, Tx

FIRST_QUESTION: Final = timedelta(minutes=1)
"""After a message is over. Then each wait is as long as the message is old."""
GIVE_UP: Final = timedelta(days=2)
"""After so long the estimate stands."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Does the jobs that ask."""

    db: Database
    connections: Connections
    lookups: Lookups
    journal: Journal
    engine: Engine

    async def work(self, job: Job) -> None:
        """Ask what a message cost, or see to it that it is asked again."""
        message = await self.db.read(
            lambda tx: repository.find_message(tx, job.workspace_id, job.subject_id)
        )
        if message is None or message.cost_final or message.external_id is None:
            return
        connection = self.connections.find(message.connection, kind_of(message.channel))
        if connection is None or connection.fault:
            return
        number = message.external_id
        report: Report | None = None
        with suppress(NoAnswer):  # which is logged; it is asked again
            report = await self.lookups.fetch(message, connection, number)
        await self.db.write(lambda tx: self._note(tx, job, message, report))

    def _note(self, tx: Tx, job: Job, message: Message, report: Report | None) -> None:
        if report is not None and report.cost_micros is not None:
            self.journal.charge(
                tx, job.workspace_id, message.id, report.cost_micros, report.currency
            )
            return
        now = self.journal.clock.now()
        age = now - message.created_at
        if age < GIVE_UP:
            at = now + max(FIRST_QUESTION, age)
            self.engine.enqueue(tx, job.workspace_id, JobKind.PRICE, message.id, at)


def ask_later(
    journal: Journal,
    engine: Engine,
    tx: Tx,
    workspace_id: str,
    message: Message,
    spec: AnySpec,
) -> None:
    """Let the price of a message that is over be asked for, if nobody has told it by now."""
    standing = repository.find_message(tx, workspace_id, message.id)
    asked_by = Capability.CALL_LOOKUP if message.channel == CHANNEL else Capability.LOOKUP_BY_ID
    can = asked_by in spec.capabilities
    if can and standing is not None and standing.external_id and not standing.cost_final:
        at = journal.clock.now() + FIRST_QUESTION
        engine.enqueue(tx, workspace_id, JobKind.PRICE, message.id, at)
