"""What is said in a recording, as text: for owners who keep what is said."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import Agent
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job, JobKind
from trunkline.core.media.models import Medium, MediumState
from trunkline.core.media.service import MediaStore
from trunkline.core.media.shelf import Shelf
from trunkline.core.messages import repository as messages
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import BodyState, Message
from trunkline.core.privacy.keys import Unreadable
from trunkline.core.speech.transcribing import NoTranscript, Transcribed, Transcribing
from trunkline.core.usage.ledger import Ledger
from trunkline.core.usage.models import PartCost
from trunkline.core.visible import visible
from trunkline.sdk import AudioFormat, Database, EventLog, Tx

FIRST_LOOK: Final = timedelta(seconds=2)
"""After so long the recording may be there. Then each wait is as long as the message is old."""
AGAIN: Final = timedelta(minutes=1)
"""After so long a recogniser is asked again that could not just then."""
TRIED_FOR: Final = timedelta(minutes=15)
"""So old a message is when nobody is asked any more what is said in it."""
_FORMATS: Final = {
    "audio/wav": AudioFormat.WAV,
    "audio/mpeg": AudioFormat.MP3,
    "audio/ogg": AudioFormat.OGG_OPUS,
}
"""By what the hub found in a recording."""


@dataclass(frozen=True, slots=True)
class Transcripts:
    """
    Does the jobs that ask what is said.

    A hub that is killed before it stored the answer asks anew.
    """

    db: Database
    transcribing: Transcribing
    store: MediaStore
    shelf: Shelf
    journal: Journal
    engine: Engine
    usage: Ledger
    log: EventLog

    async def work(self, job: Job) -> None:
        """Let a message have the transcript of its recording, once that is there."""
        workspace_id, message_id = job.workspace_id, job.subject_id

        def look(tx: Tx) -> tuple[Message | None, Agent | None, Medium | None]:
            message = messages.find_message(tx, workspace_id, message_id)
            if message is None or message.body_state is not BodyState.KEPT:
                return None, None, None
            found = self.shelf.of_messages(tx, workspace_id, (message_id,)).get(message_id, [])
            agent = agents.find_agent(tx, workspace_id, message.agent_id)
            return message, agent, next(iter(found), None)

        message, agent, medium = await self.db.read(look)
        if message is None or agent is None or medium is None:
            return
        if medium.state is MediumState.PENDING:
            await self.db.write(lambda tx: self._later(tx, workspace_id, message))
            return
        form = _FORMATS.get(medium.content_type or "")
        if medium.state is not MediumState.STORED or form is None:
            return
        told = await self.transcribing.transcript(
            agent, lambda: self.store.open(workspace_id, medium), form
        )
        if isinstance(told, NoTranscript):
            goes_on = self.journal.clock.now() < message.created_at + TRIED_FOR
            self.log.warning(
                "recording.not_transcribed",
                messageId=message_id,
                reason=told.sentence,
                triedAgain=goes_on,
            )
            if goes_on:
                await self.db.write(lambda tx: self._later(tx, workspace_id, message, AGAIN))
            return
        await self.db.write(lambda tx: self._keep(tx, workspace_id, message_id, told))

    def _keep(self, tx: Tx, workspace_id: str, message_id: str, told: Transcribed) -> None:
        message = messages.find_message(tx, workspace_id, message_id)
        assert message is not None  # messages are not deleted
        self.usage.paid(
            tx,
            workspace_id,
            PartCost(
                row_id=self.journal.ids.new("use"),
                agent_id=message.agent_id,
                channel=message.channel,
                part=told.cost.part,
                connection=told.cost.connection,
                provider=told.cost.provider,
                message_id=message_id,
                units=told.cost.units,
                cost_micros=told.cost.cost_micros,
                currency=told.cost.currency,
                cost_final=told.cost.cost_final,
                simulated=message.simulated,
            ),
        )
        try:
            content = self.journal.content(tx, workspace_id, message)
        except Unreadable:
            content = None
        if content is not None:
            said = replace(content, transcript=visible(told.transcript.text))
            self.journal.restate(tx, workspace_id, message, said)

    def _later(
        self, tx: Tx, workspace_id: str, message: Message, wait: timedelta = FIRST_LOOK
    ) -> None:
        now = self.journal.clock.now()
        at = now + max(wait, now - message.created_at)
        self.engine.enqueue(tx, workspace_id, JobKind.TRANSCRIPT, message.id, at)
