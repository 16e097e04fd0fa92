"""The door for webhooks: verify, parse, store once, apply; only then acknowledge."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final

import sqlalchemy as sa

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import Agent, Mode
from trunkline.core.alerts.alarms import Alarms
from trunkline.core.alerts.models import AlertKind
from trunkline.core.calls.answering import Answers
from trunkline.core.channels import CHANNELS
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.inbound import repository
from trunkline.core.inbound.completing import Completing
from trunkline.core.inbound.dispatch import Dispatch
from trunkline.core.inbound.letters import packed, packed_event, place_of
from trunkline.core.inbound.parsing import ANOTHERS, Read, checked, for_agent, kind_of, read
from trunkline.core.inbound.reporting import Applied
from trunkline.core.inbound.repository import EventState, StoredEvent
from trunkline.core.inbound.vouching import Vouching
from trunkline.core.messages.journal import Journal
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.core.problems import Forbidden, Missing, NotFound
from trunkline.db.schema import messages
from trunkline.metrics import Metrics
from trunkline.sdk import (
    EMAIL,
    Database,
    DatabaseFailed,
    EventLog,
    InboundEvent,
    Overloaded,
    Received,
    ReceivedCall,
    Tx,
    WebhookReply,
    WebhookRequest,
)

_ATTEMPT: Final = re.compile(r"att_[0-9a-f]{32}")
_SERVED_WITHIN: Final = timedelta(days=30)


class Refused(Forbidden):
    """
    The request proves nothing: not signed by a connection of this hub, or not for this agent.

    `why` and `connection` are for the log; who calls without proof is told neither.
    """

    def __init__(self, why: str, connection: Connection | None = None) -> None:
        super().__init__("The request is not from a provider that serves this address.")
        self.why = why
        self.connection = connection.name if connection else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A request whose events are durable: what to answer, and whose it was."""

    reply: WebhookReply
    provider: str


class Intake:
    """Takes webhooks in. A provider hears 2xx only of what is durable."""

    def __init__(
        self,
        db: Database,
        connections: Connections,
        journal: Journal,
        dispatch: Dispatch,
        completing: Completing,
        metrics: Metrics,
        log: EventLog,
        answers: Answers,
        vouching: Vouching,
        alarms: Alarms,
    ) -> None:
        self._answers = answers
        self._vouching = vouching
        self._alarms = alarms
        self._completing = completing
        self._db = db
        self._connections = connections
        self._journal = journal
        self._dispatch = dispatch
        self._metrics = metrics
        self._log = log

    async def for_agent(self, agent_id: str, request: WebhookRequest) -> Taken:
        """
        Take a callback on an agent's own route.

        Raises:
            NotFound: There is no such agent.
            Refused: No connection that serves the agent vouches for it, or it is for another agent.
        """
        agent = await self._db.read(lambda tx: agents.find_agent(tx, DEFAULT_WORKSPACE, agent_id))
        if agent is None:
            raise NotFound("agent")
        refused: Refused | None = None
        for connection in self._vouching.claimants(request):
            if (doubt := await self._vouching.doubt(connection, request)) is not None:
                refused = refused or Refused(doubt, connection)
            elif not await self._serves(connection, agent):
                refused = Refused("The connection does not serve the agent.", connection)
            else:
                return await self._take(connection, request, agent)
        raise refused or Refused("No connection knows such requests.")

    async def for_connection(self, name: str, request: WebhookRequest) -> Taken:
        """
        Take a callback on a connection's route; the address inside decides the agent.

        Raises:
            NotFound: There is no such connection, or it takes no callbacks.
            Refused: The signature does not hold.
        """
        connection = self._connections.account(name)
        if connection is None or connection.config is None or connection.spec.webhook is None:
            raise NotFound("connection")
        if (doubt := await self._vouching.doubt(connection, request)) is not None:
            raise Refused(doubt, connection)
        return await self._take(connection, request, None)

    async def hear(self, connection: Connection, event: InboundEvent) -> None:
        """
        Take in an event that a provider told by itself.

        Raises:
            DatabaseFailed, Overloaded: It is not stored: let it be told again.
        """
        now = self._journal.clock.now()
        request = WebhookRequest(
            method="LISTEN", url=f"listen:{connection.name}", headers={}, body=b"", received_at=now
        )
        name = f"heard {getattr(event, 'external_id', '')}"
        letter_id = hashlib.sha256(name.encode(errors="replace")).hexdigest()
        each = await asyncio.to_thread(checked, event, letter_id)
        if await self._is_told_again(connection, each):
            return
        whole = await self._completing.complete(connection, each)
        await self._counted(self._store(connection, request, None, whole, heard=event))

    async def _serves(self, connection: Connection, agent: Agent) -> bool:
        """Tell whether a connection serves an agent, or served it in the last 30 days."""
        used = {rules.kind for name, rules in CHANNELS.items() if agent.address(name)}
        for each in self._connections.kinds(connection.name):
            if each.kind not in used:
                continue
            # Its real number is still written to while it is simulated.
            for as_it_is in (agent, replace(agent, mode=Mode.LIVE)):
                with suppress(Missing):  # nothing serves it now; something may have
                    first = self._connections.for_agent(as_it_is, each.kind)
                    if each in self._connections.candidates(first, as_it_is, frozenset()):
                        return True
        since = self._journal.clock.now() - _SERVED_WITHIN
        served = sa.select(messages.c.id).where(
            messages.c.workspace_id == DEFAULT_WORKSPACE,
            messages.c.agent_id == agent.id,
            messages.c.connection == connection.name,
            messages.c.created_at >= since,
        )
        return await self._db.read(
            lambda tx: tx.execute(served.limit(1)).first() is not None, heavy=True
        )

    async def _take(
        self, connection: Connection, request: WebhookRequest, agent: Agent | None
    ) -> Taken:
        adapter, provider = connection.spec.webhook, connection.spec.name
        assert adapter is not None  # the callers chose a connection that has one
        told = partial(self._vouching.tell_raised, connection, "parse")
        # To make text of HTML may take a second.
        if self._connections.find(connection.name, EMAIL.name) is not None:
            found = await asyncio.to_thread(read, adapter, request, told)
        else:
            found = read(adapter, request, told)
        if agent is not None and found:
            found = for_agent(found, agent)
            if all(each.fault == ANOTHERS for each in found):
                raise Refused(ANOTHERS, connection)
        new = [each for each in found if not await self._is_told_again(connection, each)]
        for each in [await self._completing.complete(connection, each) for each in new]:
            await self._counted(self._store(connection, request, agent, each))
        called = next((each.event for each in found if isinstance(each.event, ReceivedCall)), None)
        if called is not None:
            steps = await self._answers.steps(DEFAULT_WORKSPACE, connection, called)
            reply = self._vouching.ask(
                connection, "render", lambda: _reply(adapter.render(request, steps))
            )
        else:
            reply = self._vouching.ask(connection, "reply", lambda: _reply(adapter.reply(request)))
        return Taken(reply=reply or WebhookReply(), provider=provider)

    async def _is_told_again(self, connection: Connection, each: Read) -> bool:
        """Tell whether what is only announced was stored before: then nothing is fetched anew."""
        event = each.event
        if not isinstance(event, Received) or not event.incomplete:
            return False
        name, external_id = connection.name, event.external_id
        known = await self._db.read(
            lambda tx: repository.is_stored(tx, DEFAULT_WORKSPACE, name, external_id)
        )
        if known:
            self._metrics.inbound_event("received")
            self._metrics.inbound_event("duplicate")
        return known

    async def _counted(self, ending: Awaitable[str]) -> None:
        """Count an event, and how it ends."""
        self._metrics.inbound_event("received")
        state = "failed"
        try:
            state = await ending
        finally:
            self._metrics.inbound_event(state)

    async def _store(
        self,
        connection: Connection,
        request: WebhookRequest,
        agent: Agent | None,
        each: Read,
        heard: InboundEvent | None = None,
    ) -> str:
        """
        Store an event and what it came to; return how it ended.

        Of one that was heard there is no request: it is kept itself if it cannot be used.
        """
        event = each.event
        keep = partial(self._keep_letter, connection, request, agent, heard)
        if event is None:
            return await keep(each)
        stored = self._stored(connection, request, agent, event.external_id, kind_of(event))

        def fn(tx: Tx) -> Applied | None:
            return self._dispatch.take_in(tx, stored, event, connection)

        try:
            applied = await self._db.write(fn)
        except (DatabaseFailed, Overloaded):
            raise
        except Exception as error:  # noqa: BLE001 - an adapter may put anything into an event
            self._log.error("webhook.not_applied", eventId=stored.id, exc_info=error)
            unfit = replace(each, fault="The hub could not apply it.")
            return await keep(unfit)
        state = applied.state.value if applied else "duplicate"
        self._log.info(
            "webhook.stored",
            agentId=stored.agent_id,
            provider=connection.spec.name,
            connection=connection.name,
            kind=stored.kind,
            eventId=stored.id,
            state=state,
            messageId=applied.message_id if applied else None,
        )
        return state

    async def _keep_letter(
        self,
        connection: Connection,
        request: WebhookRequest,
        agent: Agent | None,
        heard: InboundEvent | None,
        each: Read,
    ) -> str:
        """
        Keep the request of what cannot be used, encrypted, for a repaired adapter; each once.

        A STOP in an event that could be read counts all the same.
        """
        stored = self._stored(connection, request, agent, each.letter_id, "unreadable")
        letter = packed(request) if heard is None else packed_event(heard)
        place = place_of(stored.workspace_id, stored.id)

        def fn(tx: Tx) -> str:
            if repository.is_known(tx, stored):
                return "duplicate"
            if each.event is not None:
                self._dispatch.opt_out(tx, stored, each.event)
            dead = Applied(state=EventState.DEAD, reason=each.fault)
            self._dispatch.store(tx, stored, dead)
            self._journal.vault.hold(tx, place, f"connection:{connection.name}", letter)
            self._alarms.raise_in(tx, stored.workspace_id, AlertKind.DEAD_LETTER, connection.name)
            return dead.state.value

        state = await self._db.write(fn)
        self._log.warning(
            "webhook.unreadable",
            provider=connection.spec.name,
            connection=connection.name,
            eventId=stored.id,
            reason=each.fault,
        )
        return state

    def _stored(
        self,
        connection: Connection,
        request: WebhookRequest,
        agent: Agent | None,
        external_id: str,
        kind: str,
    ) -> StoredEvent:
        return StoredEvent(
            id=self._journal.ids.new("evt"),
            workspace_id=DEFAULT_WORKSPACE,
            connection=connection.name,
            external_id=external_id,
            kind=kind,
            agent_id=agent.id if agent else None,
            attempt_id=_attempt_of(request),
        )


def _reply(given: object) -> WebhookReply:
    if not isinstance(given, WebhookReply):
        raise TypeError("an adapter must answer with a WebhookReply")
    return given


def _attempt_of(request: WebhookRequest) -> str | None:
    """Return the attempt that a callback URL of the hub names; a garbled query names none."""
    try:
        named = dict(request.query).get("attempt", "")
    except ValueError:
        return None
    return named if _ATTEMPT.fullmatch(named) else None
