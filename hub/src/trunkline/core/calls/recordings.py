"""What was said in a call and recorded becomes a message that came in."""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import Agent
from trunkline.core.calls import repository
from trunkline.core.calls.ledger import CHANNEL, Ledger
from trunkline.core.calls.models import Call
from trunkline.core.calls.transcripts import FIRST_LOOK
from trunkline.core.engine.repository import JobKind
from trunkline.core.forwarding.service import Forwarding
from trunkline.core.media.shelf import Expected, Shelf
from trunkline.core.messages.content import Content
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import (
    BodyState,
    Direction,
    Evidence,
    Message,
    Source,
    Status,
)
from trunkline.core.subscriptions.announcing import Announcements
from trunkline.db.schema import messages
from trunkline.sdk import Recorded, Tx

DURATION: Final = "durationSeconds"
"""How a recording's length is told to its reader."""


@dataclass(frozen=True, slots=True)
class Recordings:
    """Takes recordings in. Every method runs inside the caller's transaction."""

    journal: Journal
    shelf: Shelf
    ledger: Ledger
    forwarding: Forwarding
    announcements: Announcements

    def take(
        self, tx: Tx, workspace_id: str, call: Call, event: Recorded, event_id: str
    ) -> str | None:
        """
        Store a recording as a message, and return its id.

        None: nothing was said, or the provider told of it before; the call's history has it.
        """
        agent = agents.find_agent(tx, workspace_id, call.agent_id)
        known = self._is_known(tx, workspace_id, call.connection, event.provider_id)
        is_empty = event.media is None or event.duration_s == 0
        if not known:
            self.ledger.recorded(tx, workspace_id, call, event_id, empty=is_empty)
        if known or is_empty or agent is None:
            return None
        return self._stored(tx, workspace_id, agent, call, event, event_id)

    def _stored(
        self,
        tx: Tx,
        workspace_id: str,
        agent: Agent,
        call: Call,
        event: Recorded,
        event_id: str,
    ) -> str:
        assert event.media is not None
        lasted = event.duration_s
        told = [("kind", "recording")]
        if lasted is not None:
            told.append((DURATION, str(lasted)))
        message = Message(
            id=self.journal.ids.new("msg"),
            created_at=self.journal.clock.now(),
            agent_id=agent.id,
            channel=CHANNEL,
            direction=Direction.INBOUND,
            from_address=call.contact,
            to_address=call.own,
            body_state=BodyState.HELD,
            connection=call.connection,
            provider=call.provider,
            external_id=event.provider_id,
            status=Status.RECEIVED,
            segments=None,
            cost_micros=None,
            currency=None,
            cost_final=False,
            error_code=None,
            rule=None,
            reason=None,
            retry_after_s=None,
            reply_to=call.says,
            acknowledged_at=None,
            media_count=1,
            ref=call.external_id,
            simulated=call.simulated,
        )
        content = Content(body="", told=tuple(told))
        evidence = Evidence(source=Source.CALLBACK, event_id=event_id)
        message = self.journal.store(tx, workspace_id, message, content, evidence)
        if call.message_id is None:
            repository.set_values(tx, workspace_id, call.id, message_id=message.id)
        recording = Expected(url=event.media.url, content_type=event.media.content_type)
        self.shelf.expect(tx, workspace_id, message, (recording,))
        if message.body_state is BodyState.KEPT:
            at = message.created_at + FIRST_LOOK
            self.ledger.engine.enqueue(tx, workspace_id, JobKind.TRANSCRIPT, message.id, at)
        self.forwarding.announce(tx, workspace_id, agent, message.id)
        self.announcements.received(tx, workspace_id, agent, message)
        return message.id

    def _is_known(self, tx: Tx, workspace_id: str, connection: str, recording: str) -> bool:
        found = sa.select(messages.c.id).where(
            messages.c.workspace_id == workspace_id,
            messages.c.connection == connection,
            messages.c.external_id == recording,
            messages.c.direction == Direction.INBOUND.value,
        )
        return tx.execute(found.limit(1)).first() is not None
