"""Calls that come in: a row for each, and what its caller hears."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import Agent, AgentStatus
from trunkline.core.calls import repository
from trunkline.core.calls.ledger import CHANNEL, LONGEST_OUTBOUND, Ledger
from trunkline.core.calls.models import Call, CallAnswer, CallState
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.messages.models import Direction, Status
from trunkline.core.numbers import is_number
from trunkline.core.visible import visible
from trunkline.db.locks import hold
from trunkline.db.schema import messages
from trunkline.db.types import earliest_id
from trunkline.sdk import (
    TELEPHONY,
    CallbackKind,
    CallbackUrl,
    CallStep,
    Capability,
    Database,
    Decline,
    HangUp,
    Media,
    Play,
    ReceivedCall,
    Record,
    Tx,
)

WITHHELD: Final = "withheld"
"""Who calls where the number is not shown."""
LONGEST_INBOUND: Final = timedelta(minutes=15)
"""A greeting, and what is said after it."""
_LONGEST_RECORDING_S: Final = 120
_LONGEST_OF_AN_AGENT_S: Final = 600
_LONGEST_NAME: Final = 64
_UNDER_WAY: Final = (Status.SENDING, Status.SENT, Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Answering:
    """Decides what a caller hears. Every method runs inside the caller's transaction."""

    ledger: Ledger

    def take(
        self,
        tx: Tx,
        workspace_id: str,
        agent: Agent,
        connection: Connection,
        event: ReceivedCall,
        event_id: str,
        *,
        simulated: bool,
    ) -> bool:
        """Store a call to an agent with what its caller hears; False if it was stored before."""
        hold(tx, "call", workspace_id, connection.name, event.provider_id)
        if repository.find_by_external_id(tx, workspace_id, connection.name, event.provider_id):
            return False
        now, caller = self.ledger.clock.now(), shown_caller(event.sender)
        call = Call(
            id=self.ledger.ids.new("call"),
            created_at=now,
            agent_id=agent.id,
            direction=Direction.INBOUND,
            connection=connection.name,
            provider=connection.spec.name,
            external_id=event.provider_id,
            from_address=caller,
            to_address=agent.address(CHANNEL) or event.recipient,
            status=CallState.RINGING,
            over_by=now + LONGEST_INBOUND,
            answer=self._answer(tx, workspace_id, agent, caller),
            simulated=simulated,
        )
        self.ledger.begin(tx, workspace_id, call, event_id)
        return True

    def _answer(self, tx: Tx, workspace_id: str, agent: Agent, caller: str) -> CallAnswer:
        if self._is_agent_speaking(tx, workspace_id, caller, agent.address(CHANNEL) or ""):
            return CallAnswer.NOTHING
        if agent.status is not AgentStatus.ACTIVE or not agent.greeting:
            return CallAnswer.TONE  # a suspended agent receives, and says nothing
        return CallAnswer.GREETING

    def _is_agent_speaking(self, tx: Tx, workspace_id: str, caller: str, called: str) -> bool:
        """Tell whether a voice message of an agent of this hub is under way between two numbers."""
        since = self.ledger.clock.now() - LONGEST_OUTBOUND
        speaking = sa.select(messages.c.id).where(
            messages.c.workspace_id == workspace_id,
            messages.c.id >= earliest_id("msg", since),
            messages.c.channel == CHANNEL,
            messages.c.direction == Direction.OUTBOUND.value,
            messages.c.from_address == caller,
            messages.c.to_address == called,
            messages.c.status.in_([each.value for each in _UNDER_WAY]),
        )
        return tx.execute(speaking.limit(1)).first() is not None


@dataclass(frozen=True, slots=True)
class Answers:
    """
    Tells providers what to do with a call that came in, as it was decided when it was stored.

    Attributes:
        sounds: Returns an agent's greeting as a provider can fetch it; None while it has none.
    """

    db: Database
    connections: Connections
    callback_url: CallbackUrl
    sounds: Callable[[str, Agent], Awaitable[Media | None]]

    async def steps(
        self, workspace_id: str, connection: Connection, event: ReceivedCall
    ) -> tuple[CallStep, ...]:
        """Return what the caller hears; the same however often the provider asks."""

        def fn(tx: Tx) -> tuple[Call | None, Agent | None]:
            call = repository.find_by_external_id(
                tx, workspace_id, connection.name, event.provider_id
            )
            agent = agents.find_agent(tx, workspace_id, call.agent_id) if call else None
            return call, agent

        call, agent = await self.db.read(fn)
        if call is None or agent is None:
            return (Decline(),)
        greeting = None
        if call.answer is CallAnswer.GREETING:
            greeting = await self.sounds(workspace_id, agent)
        its = self.connections.find(connection.name, TELEPHONY.name) or connection
        url = self.callback_url(CallbackKind.RECORDING, agent.id)
        return steps(call, its, greeting, url, agent.greeting)


def steps(
    call: Call | None,
    connection: Connection,
    greeting: Media | None,
    recording_url: str,
    text: str | None = None,
) -> tuple[CallStep, ...]:
    """Return what the caller of a call hears; of one that is no agent's, nothing."""
    if call is None or call.answer is None:
        return (Decline(),)
    records = Capability.CALL_RECORD in connection.spec.capabilities
    if call.answer is CallAnswer.NOTHING and records:
        return (
            Record(url=recording_url, max_duration_s=_LONGEST_OF_AN_AGENT_S, beep=False),
            HangUp(),
        )
    plays = call.answer is CallAnswer.GREETING and greeting is not None
    if not (plays or records):
        return (Decline(),)
    return (
        *((Play(media=greeting, text=text),) if plays and greeting else ()),
        *((Record(url=recording_url, max_duration_s=_LONGEST_RECORDING_S),) if records else ()),
        HangUp(),
    )


def shown_caller(sender: str) -> str:
    """Return who calls: a number, or what the provider has instead, in one line."""
    if is_number(sender):
        return sender
    return " ".join(visible(sender).split())[:_LONGEST_NAME] or WITHHELD
