"""What became of events, and dead letters taken in again once their adapter is repaired."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from trunkline.core.agents import repository as agents
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.inbound import repository
from trunkline.core.inbound.completing import Completing
from trunkline.core.inbound.dispatch import Dispatch
from trunkline.core.inbound.letters import heard_in, place_of, unpacked
from trunkline.core.inbound.parsing import ANOTHERS, Read, checked, for_agent, kind_of, read
from trunkline.core.inbound.reporting import Applied
from trunkline.core.inbound.repository import EndedEvent, EventState, StoredEvent
from trunkline.core.messages.journal import Journal
from trunkline.core.principal import Principal
from trunkline.core.privacy.keys import Unreadable
from trunkline.core.problems import NotFound
from trunkline.sdk import Database, DatabaseFailed, EventLog, Overloaded, Tx

MOST_EVENTS: Final = 1000
_NOT_TRIED: Final = {
    EventState.HANDLED: "It was handled before; nothing was done again.",
    EventState.IGNORED: "The hub had no use for it and kept nothing of it.",
    EventState.WAITING: "It waits for its message, and is tried again by itself.",
}

_NO_REQUEST: Final = (
    "The hub heard of it without a request that could be read again, and could keep nothing of it: "
    "look for it where it came from, such as in the mailbox."
)
_STILL_NOT_APPLIED: Final = "The hub still cannot apply it; the log says why."


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How an event stands after its replay, and what came of that, in a sentence."""

    event: EndedEvent
    outcome: str


class _StaysDead(Exception):
    """The sentence says why."""


@dataclass(frozen=True, slots=True)
class Events:
    """
    Tells how events ended, and takes dead letters in again.

    What lies in the vault was verified when it came, so nobody vouches for it a second time: a
    signature may be valid for minutes only.
    """

    db: Database
    connections: Connections
    journal: Journal
    dispatch: Dispatch
    completing: Completing
    log: EventLog

    async def newest(
        self, principal: Principal, state: EventState | None, limit: int
    ) -> list[EndedEvent]:
        """Return the newest events, of one state or of all."""
        return await self.db.read(
            lambda tx: repository.newest(tx, principal.workspace_id, state, limit), heavy=True
        )

    async def replay_dead(self, principal: Principal) -> list[Replayed]:
        """Replay every dead letter, the oldest first."""
        dead = await self.db.read(
            lambda tx: repository.newest(tx, principal.workspace_id, EventState.DEAD, MOST_EVENTS),
            heavy=True,
        )
        return [await self.replay(principal, event.id) for event in reversed(dead)]

    async def replay(self, principal: Principal, event_id: str) -> Replayed:
        """
        Take a dead letter in again; an event that is not dead stays as it is.

        Raises:
            NotFound: There is no such event.
        """
        found = await self._find(principal, event_id)
        if found.state in _NOT_TRIED:
            return Replayed(event=found, outcome=_NOT_TRIED[found.state])
        record = self.journal.audit.act
        await self.db.write(lambda tx: record(tx, principal, "event.replayed", event_id))
        try:
            outcome = await self._take_in(principal.workspace_id, found)
        except _StaysDead as error:
            outcome = str(error)
            event = await self._find(principal, event_id)
            if event.state in _NOT_TRIED:  # somebody else was quicker
                outcome = _NOT_TRIED[event.state]
        else:
            event = await self._find(principal, event_id)
        self.log.info("webhook.replayed", eventId=event_id, state=event.state.value)
        return Replayed(event=event, outcome=outcome)

    async def _find(self, principal: Principal, event_id: str) -> EndedEvent:
        found = await self.db.read(
            lambda tx: repository.find_event(tx, principal.workspace_id, event_id)
        )
        if found is None:
            raise NotFound("event")
        return found

    async def _take_in(self, workspace_id: str, letter: EndedEvent) -> str:
        connection = self.connections.account(letter.connection)
        if connection is None:
            raise _StaysDead(f"The connection '{letter.connection}' is not configured any more.")
        found = await self._read(workspace_id, letter, connection)
        found = [await self.completing.complete(connection, each) for each in found]
        # Each by itself, as when it came: what still cannot be used keeps none of the others.
        ends: list[Applied | None] = []
        unfit: list[Read] = []
        for each in found:
            if each.fault is not None:
                unfit.append(each)
                continue
            try:
                apply = partial(self._apply, workspace_id, letter, connection, each)
                ends.append(await self.db.write(apply))
            except (DatabaseFailed, Overloaded):
                raise
            except Exception as error:
                self.log.error("webhook.not_applied", eventId=letter.id, exc_info=error)
                unfit.append(replace(each, fault=_STILL_NOT_APPLIED))
        for each in unfit:
            if not await self._has_another_letter(workspace_id, letter, each):
                raise _StaysDead(each.fault or "")
        return await self.db.write(partial(self._end, workspace_id, letter, ends))

    async def _has_another_letter(self, workspace_id: str, letter: EndedEvent, each: Read) -> bool:
        """Tell whether an event that cannot be used is kept apart from this letter."""
        if each.letter_id == letter.external_id:
            return False
        kept = self._stored(workspace_id, letter, each.letter_id, "unreadable")
        return await self.db.write(lambda tx: repository.is_known(tx, kept))

    async def _read(
        self, workspace_id: str, letter: EndedEvent, connection: Connection
    ) -> Sequence[Read]:
        """Return what the adapter now reads in a letter."""
        try:
            held = await self.db.read(
                lambda tx: self.journal.vault.held(tx, place_of(workspace_id, letter.id))
            )
        except Unreadable:
            raise _StaysDead("What was kept of it cannot be decrypted.") from None
        if held is None:
            raise _StaysDead("Its content is gone: it was kept for privacy.hold_hours only.")

        try:
            heard = heard_in(held)
        except ValueError:
            raise _StaysDead(_NO_REQUEST) from None
        if heard is not None:
            return [await asyncio.to_thread(checked, heard, letter.external_id)]
        adapter = connection.spec.webhook
        if adapter is None:
            raise _StaysDead(f"The connection '{connection.name}' takes no webhooks any more.")

        def tell(error: BaseException) -> None:
            self.log.warning(
                "adapter.raised",
                provider=connection.spec.name,
                method="parse",
                error_type=type(error).__name__,
            )
            raise _StaysDead("The adapter still cannot read it.") from error

        found = read(adapter, unpacked(held, letter.created_at), tell)
        agent_id = letter.agent_id
        if agent_id is not None:
            agent = await self.db.read(lambda tx: agents.find_agent(tx, workspace_id, agent_id))
            if agent is None:
                raise _StaysDead("It came on the route of an agent that is no more.")
            found = for_agent(found, agent)
            if found and all(each.fault == ANOTHERS for each in found):
                raise _StaysDead("It came on the route of an agent that it is not for.")
        return found

    def _apply(
        self,
        workspace_id: str,
        letter: EndedEvent,
        connection: Connection,
        each: Read,
        tx: Tx,
    ) -> Applied | None:
        """Take one event of a letter in; None if it had its effect before."""
        assert each.event is not None  # else it has a fault
        kind = kind_of(each.event)
        stored = self._stored(workspace_id, letter, each.event.external_id, kind)
        return self.dispatch.take_in(tx, stored, each.event, connection, came_at=letter.created_at)

    def _stored(
        self, workspace_id: str, letter: EndedEvent, external_id: str, kind: str
    ) -> StoredEvent:
        return StoredEvent(
            id=self.journal.ids.new("evt"),
            workspace_id=workspace_id,
            connection=letter.connection,
            external_id=external_id,
            kind=kind,
            agent_id=letter.agent_id,
            attempt_id=letter.attempt_id,
        )

    def _end(
        self, workspace_id: str, letter: EndedEvent, ends: Sequence[Applied | None], tx: Tx
    ) -> str:
        """Take a letter out of the dead."""
        standing = repository.find_event(tx, workspace_id, letter.id, hold=True)
        if standing is None or standing.state is not EventState.DEAD:
            return _NOT_TRIED[EventState.HANDLED]
        message_id = next((end.message_id for end in ends if end and end.message_id), None)
        new = [end for end in ends if end is not None]
        told = ", ".join(end.state.value for end in new) or "nothing new"
        outcome = f"Replayed: {told}."
        repository.end_letter(
            tx, workspace_id, letter.id, self.journal.clock.now(), outcome, message_id
        )
        self.journal.vault.shred(tx, place_of(workspace_id, letter.id))
        return outcome
