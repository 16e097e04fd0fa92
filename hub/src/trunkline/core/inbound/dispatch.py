"""Applying an event: a text becomes a message, a report moves a status. Only SQL, no I/O."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from trunkline.core.addresses import canonical, spellings, untagged
from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import SHARED_ADDRESSES, Agent
from trunkline.core.calls import repository as calls
from trunkline.core.calls.answering import Answering
from trunkline.core.calls.ledger import CHANNEL, Ledger
from trunkline.core.calls.models import Call
from trunkline.core.calls.recordings import Recordings
from trunkline.core.calls.telling import Telling
from trunkline.core.channels import rules_of
from trunkline.core.compliance import people, windows
from trunkline.core.compliance import repository as compliance
from trunkline.core.compliance.optword import OptWord
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.connections.simulation import is_simulated_for
from trunkline.core.duplicates.service import Duplicates
from trunkline.core.engine.engine import Engine
from trunkline.core.forwarding.service import Forwarding
from trunkline.core.gate import chains
from trunkline.core.inbound import repository
from trunkline.core.inbound.reporting import Applied, Reports
from trunkline.core.inbound.repository import EventState, StoredEvent
from trunkline.core.inbound.seeing import Seen
from trunkline.core.inbound.threads import OWN_ADDRESS, filed
from trunkline.core.media.shelf import Shelf
from trunkline.core.messages import choices
from trunkline.core.messages import repository as messages
from trunkline.core.messages.choices import Picked
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import (
    BodyState,
    Direction,
    Evidence,
    Flag,
    Message,
    Source,
    Status,
)
from trunkline.core.messages.reply_addresses import ReplyAddresses
from trunkline.core.privacy.keys import Unreadable
from trunkline.core.subscriptions.announcing import Announcements
from trunkline.sdk import TELEPHONY, InboundEvent, ReceivedCall, Recorded, Reported, Tx

_OUT_OF_BOUNDS: Final = "The agent is live, and what is simulated does not come to it."


class Dispatch:
    """Applies events inside the transaction that stores them."""

    def __init__(
        self,
        journal: Journal,
        forwarding: Forwarding,
        announcements: Announcements,
        engine: Engine,
        connections: Connections,
        reply_addresses: ReplyAddresses,
        ledger: Ledger,
        shelf: Shelf,
        duplicates: Duplicates,
        *,
        notes_all: bool,
    ) -> None:
        """`notes_all` asks to note of every channel when somebody wrote: filters judge by it."""
        self._notes_all = notes_all
        self._journal = journal
        self._shelf = shelf
        self._duplicates = duplicates
        self._reply_addresses = reply_addresses
        self._forwarding = forwarding
        self._announcements = announcements
        self._connections = connections
        self._reports = Reports(journal, engine, connections, Telling(journal, ledger))
        self._answering = Answering(ledger)
        self._recordings = Recordings(journal, shelf, ledger, forwarding, announcements)

    def take_in(
        self,
        tx: Tx,
        stored: StoredEvent,
        event: InboundEvent,
        connection: Connection,
        came_at: datetime | None = None,
    ) -> Applied | None:
        """
        Apply an event and store how it ended; None, with no effect, if it was stored before.

        `came_at` is given of one that had to wait.
        """
        if repository.is_known(tx, stored):
            return None
        self._know_sender(tx, stored, event)
        self.opt_out(tx, stored, event, came_at)
        applied = self.apply(tx, stored, event, connection)
        self.store(tx, stored, applied)
        return applied

    def store(self, tx: Tx, stored: StoredEvent, applied: Applied) -> None:
        """Insert an event with its end."""
        repository.add_event(
            tx,
            stored,
            applied.state,
            self._journal.clock.now(),
            reason=applied.reason,
            message_id=applied.message_id,
        )

    def _know_sender(self, tx: Tx, stored: StoredEvent, event: InboundEvent) -> None:
        """Note whose address wrote, where the provider tells: what they asked for moves along."""
        if isinstance(event, Seen) and event.sender_id is not None:
            row_ids = (self._journal.ids.new("row"), self._journal.ids.new("row"))
            now = self._journal.clock.now()
            people.link(tx, stored.workspace_id, row_ids, event.sender, event.sender_id, now)

    def opt_out(
        self, tx: Tx, stored: StoredEvent, event: InboundEvent, came_at: datetime | None = None
    ) -> None:
        """
        Close or open the sender's number if the text asks for it, whatever else becomes of it.

        A START opens nothing that was closed after it was written, as far as that is told, or after
        it came, where it had to wait.
        """
        if not isinstance(event, Seen):
            return
        now = self._journal.clock.now()
        written_at = min(event.occurred_at or now, came_at or now, now)
        if event.asks is OptWord.STOP:
            compliance.suppress_by_stop(
                tx,
                stored.workspace_id,
                self._journal.ids.new("row"),
                event.sender,
                stored.id,
                written_at,
            )
        elif event.asks is OptWord.START:
            before = written_at if event.occurred_at or came_at else None
            compliance.lift(
                tx,
                stored.workspace_id,
                event.sender,
                event.recipient,
                before,
                erased=self._journal.vault.erased(stored.workspace_id, event.sender),
            )

    def apply(
        self, tx: Tx, stored: StoredEvent, event: InboundEvent, connection: Connection
    ) -> Applied:
        """Apply one event and return what it came to."""
        if isinstance(event, Seen):
            return self._receive(tx, stored, event, connection)
        if isinstance(event, Reported):
            return self._reports.apply(tx, stored, event, connection)
        if isinstance(event, ReceivedCall):
            return self._answer(tx, stored, event, connection)
        if isinstance(event, Recorded):
            return self._recorded(tx, stored, event)
        return Applied(state=EventState.IGNORED, reason="The hub has no use for this event.")

    def _answer(
        self, tx: Tx, stored: StoredEvent, event: ReceivedCall, connection: Connection
    ) -> Applied:
        workspace_id = stored.workspace_id
        agent = agents.find_agent_by_address(
            tx, workspace_id, SHARED_ADDRESSES[CHANNEL], event.recipient
        )
        if agent is None or stored.agent_id not in (None, agent.id):
            why = "No agent has the phone number called."
            return Applied(state=EventState.IGNORED, reason=why)
        if self._is_out_of_bounds(agent, connection, TELEPHONY.name):
            return Applied(state=EventState.IGNORED, reason=_OUT_OF_BOUNDS)
        is_new = self._answering.take(
            tx,
            workspace_id,
            agent,
            connection,
            event,
            stored.id,
            simulated=self._connections.is_simulated(agent),
        )
        if not is_new:
            return Applied(state=EventState.IGNORED, reason="The call is known already.")
        return Applied(state=EventState.HANDLED)

    def _recorded(self, tx: Tx, stored: StoredEvent, event: Recorded) -> Applied:
        call = calls.find_by_external_id(
            tx, stored.workspace_id, stored.connection, event.call_id
        ) or self._call_of_message(tx, stored, event)
        if call is None:
            return self._reports.wait(tx, stored, event)
        message_id = self._recordings.take(tx, stored.workspace_id, call, event, stored.id)
        if message_id is None:
            why = "Nothing was recorded, or it is known already."
            return Applied(state=EventState.IGNORED, reason=why)
        return Applied(state=EventState.HANDLED, message_id=message_id)

    def _call_of_message(self, tx: Tx, stored: StoredEvent, event: Recorded) -> Call | None:
        """Return a call whose own id nobody has told yet: its message's is the same."""
        message = messages.find_by_external_id(
            tx, stored.workspace_id, stored.connection, event.call_id
        )
        if message is None:
            return None
        return calls.find_of_message(tx, stored.workspace_id, message.id)

    def _picked(
        self, tx: Tx, workspace_id: str, agent: Agent, event: Seen, answered: Message | None
    ) -> Picked | None:
        """Return what words pick of what their sender was offered last; a tap closes that too."""
        if not event.is_spoken or event.auto:
            return None
        content, vault = event.content, self._journal.vault
        for address in people.addresses_of(tx, workspace_id, event.sender):
            conversation = (agent.id, event.channel, address)
            if content.choice is not None:
                on = answered.id if answered else None
                choices.tapped(tx, vault, workspace_id, conversation, content.choice, on)
                continue
            answer = content.new_text or content.body
            found = choices.picked(tx, vault, workspace_id, conversation, answer)
            if found is not None:
                return found
        return None

    def _receive(self, tx: Tx, stored: StoredEvent, event: Seen, connection: Connection) -> Applied:
        workspace_id, now = stored.workspace_id, self._journal.clock.now()
        rules = rules_of(event.channel)
        agent = _owner(tx, stored, event)
        if agent is None:
            why = f"No agent has the {rules.address} written to."
            return Applied(state=EventState.IGNORED, reason=why)
        if self._is_out_of_bounds(agent, connection, rules.kind):
            return Applied(state=EventState.IGNORED, reason=_OUT_OF_BOUNDS)
        if rules.asks_when_written or self._notes_all:
            windows.note(
                tx,
                workspace_id,
                self._journal.ids.new("row"),
                event.channel,
                event.recipient,
                event.sender,
                min(event.occurred_at or now, now),
                now,
            )
        message_id = self._journal.ids.new("msg")
        belongs = filed(
            tx,
            workspace_id,
            agent.id,
            stored.connection,
            event,
            self._journal.vault.pseudonyms(workspace_id, (event.sender,)),
            self._token_thread(event),
            lambda message: self._subject_of(tx, workspace_id, message),
        )
        answered, content = belongs.answered, event.content
        if not belongs.is_own and _is_own(agent, event):
            belongs = replace(belongs, warning=OWN_ADDRESS, is_own=True)
        if belongs.warning is not None:
            content = replace(content, told=(*content.told, ("warning", belongs.warning)))
        picked = None
        if event.asks is not OptWord.STOP:  # what opens, or nearly closes, may have been offered
            picked = self._picked(tx, workspace_id, agent, event, answered)
        if picked is not None:
            content = replace(content, choice=picked.id, choice_label=picked.label)
        is_near_miss = event.asks is OptWord.UNCLEAR and content.choice is None
        message = Message(
            id=message_id,
            created_at=now,
            agent_id=agent.id,
            channel=event.channel,
            direction=Direction.INBOUND,
            from_address=event.sender,
            to_address=_its_own(agent, event),
            body_state=BodyState.HELD,
            connection=stored.connection,
            provider=connection.spec.name,
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
            reply_to=answered.id if answered else picked.message_id if picked else None,
            acknowledged_at=None,
            media_count=max(len(content.media), len(event.files)),
            flag=Flag.OPT_OUT if is_near_miss else None,
            ref=event.ref,
            thread=(answered.thread if answered else None)
            or (message_id if rules.has_threads else None),
            automatic=event.auto or belongs.is_own or event.is_silent,
            follows="\n".join(event.follows) or None,
            copies=self._journal.vault.pseudonyms(workspace_id, _others(agent, event)),
            simulated=self._connections.is_simulated(agent),
        )
        hops = self._hops(tx, workspace_id, agent, message)
        is_told = self._duplicates.wants(agent, message, content)
        message = replace(message, hops=hops, duplicated=is_told)
        evidence = Evidence(source=Source.CALLBACK, event_id=stored.id)
        message = self._journal.store(tx, stored.workspace_id, message, content, evidence)
        self._shelf.expect(tx, workspace_id, message, event.files)
        self._duplicates.tell(tx, workspace_id, agent, message, content)
        self._forwarding.announce(tx, stored.workspace_id, agent, message.id)
        if not event.is_silent:
            self._announcements.received(tx, stored.workspace_id, agent, message)
        return Applied(state=EventState.HANDLED, message_id=message.id)

    def _hops(self, tx: Tx, workspace_id: str, agent: Agent, message: Message) -> int:
        """Note how far a message is in a chain of answers between programs, and return that."""
        channel, sender = message.channel, message.from_address
        shared = SHARED_ADDRESSES.get(channel, channel)
        by = next(
            filter(
                None,
                (
                    agents.find_agent_by_address(tx, workspace_id, shared, each)
                    for each in spellings(sender)
                ),
            ),
            None,
        )
        return chains.hear(
            tx,
            workspace_id,
            self._journal.ids.new("row"),
            agent.id,
            channel,
            sender,
            message.id,
            by=(by.id, message.to_address) if by is not None and by.id != agent.id else None,
            automatic=message.automatic,
            now=message.created_at,
        )

    def _is_out_of_bounds(self, agent: Agent, connection: Connection, kind: str) -> bool:
        """Tell whether a simulated network writes to an agent that it does not serve."""
        is_for = is_simulated_for(self._connections, agent, kind)
        return connection.spec.simulated and not is_for

    def _token_thread(self, event: Seen) -> str | None:
        """Return the thread whose reply address a message is to; a mailbox may not tell of it."""
        threads = map(self._reply_addresses.thread, (event.recipient, *event.named))
        return next(filter(None, threads), None)

    def _subject_of(self, tx: Tx, workspace_id: str, message: Message) -> str | None:
        try:
            content = self._journal.content(tx, workspace_id, message)
        except Unreadable:
            content = None
        return content.subject if content else None


def _its_own(agent: Agent, event: Seen) -> str:
    """Return the agent's address that was written to, without what a mail's has after a plus."""
    own = agent.address(event.channel)
    return own if own is not None and "@" in own else event.recipient


def _is_own(agent: Agent, event: Seen) -> bool:
    """Tell whether a mail comes from the agent's own address, under whatever id."""
    own = agent.address(event.channel)
    return own is not None and "@" in own and canonical(event.sender) == canonical(own)


def _others(agent: Agent, event: Seen) -> Iterator[str]:
    """Give who else has a message: not the agent, under whatever tag."""
    own = {canonical(untagged(each)) for each in (_its_own(agent, event), event.recipient)}
    for each in event.copies:
        if canonical(untagged(each)) not in own:
            yield each


def _owner(tx: Tx, stored: StoredEvent, event: Seen) -> Agent | None:
    """Return the agent that was written to: an account's own address may hide which."""
    written_to: dict[str, None] = {}
    for address in (event.recipient, *event.also_for):
        whole = (address, untagged(address)) if "@" in address else (address,)
        written_to.update(dict.fromkeys(each for part in whole for each in spellings(part)))
    found = (
        agents.find_agent_by_address(tx, stored.workspace_id, event.channel, address)
        for address in written_to
    )
    agent = next(filter(None, found), None)
    return (
        agent if stored.agent_id is None or agent is None or agent.id == stored.agent_id else None
    )
