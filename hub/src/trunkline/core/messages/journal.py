"""Writing down what becomes of a message: its status, the evidence, the end of its content."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from trunkline.core.audit.models import HUB
from trunkline.core.audit.service import Audit
from trunkline.core.messages import repository, trail
from trunkline.core.messages.content import Content, Form, unpacked
from trunkline.core.messages.models import (
    FINAL,
    TAKEN,
    BodyState,
    Direction,
    Evidence,
    Message,
    Source,
    Status,
)
from trunkline.core.privacy.keeps import keep_days
from trunkline.core.privacy.keys import Unreadable
from trunkline.core.privacy.vault import BodyVault, ContactKey, Place
from trunkline.db.schema import messages
from trunkline.sdk import Clock, IdSource, Tx


class Accounts(Protocol):
    """Who hears of what messages cost (`trunkline.core.usage.ledger`)."""

    def taken(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """A provider has a message."""

    def doubted(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """Nobody knows whether a provider has a message."""

    def not_taken(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """A message of which nobody knew was not taken, and is queued again."""

    def released(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """A message surely was not sent."""

    def corrected(
        self,
        tx: Tx,
        workspace_id: str,
        message: Message,
        cost_micros: int | None,
        currency: str | None,
        *,
        final: bool,
    ) -> None:
        """A message has another cost than before."""


@dataclass(frozen=True, slots=True)
class Journal:
    """Moves messages forward. Every method runs inside the caller's transaction."""

    vault: BodyVault
    clock: Clock
    ids: IdSource
    announce: Callable[[Tx, str, Message, Status], None]
    """Lets whoever wants to know hear what a message came to, if `tx` commits."""
    let_go: Callable[[Tx, str, Message], None]
    """Destroys what belongs to a message that has media, together with its text."""
    accounts: Accounts
    duplicate: Callable[[Tx, str, Message, Content | None], None]
    """Lets a message that a provider took be told once more, if `tx` commits."""
    audit: Audit

    def store(
        self,
        tx: Tx,
        workspace_id: str,
        message: Message,
        content: Content | None,
        evidence: Evidence,
        *,
        days: int | None = None,
        by: str | None = None,
    ) -> Message:
        """
        Insert a message and return it as stored.

        Its content goes to the vault; or beside it, encrypted, if its owner keeps texts; or
        nowhere, for None. Who has asked already for how many `days` they are kept, says so. An act
        of somebody's is recorded with whom it was `by`.
        """
        if content is not None:
            message = replace(message, content_form=content.form)
        place = place_of(workspace_id, message)
        key: ContactKey | None = None
        if days is None and content is not None:
            days = keep_days(workspace_id, message.agent_id, message.channel).ask(tx)
        sealed, until = None, None
        if content is not None:
            key = self.vault.key(tx, workspace_id, message.contact)
        if content is None or key is None:
            message = replace(message, body_state=BodyState.SHREDDED)
        elif days:
            message = replace(message, body_state=BodyState.KEPT)
            sealed = self.vault.seal(tx, place, key, content.packed())
            until = (message.due_at or message.created_at) + timedelta(days=days)
        else:
            self.vault.hold(tx, place, key, content.packed(), since=message.due_at)
        repository.add_message(tx, workspace_id, message, body=sealed, body_until=until)
        if message.direction is Direction.INBOUND:
            tx.notify("inbound", message.agent_id)
        self.note(tx, workspace_id, message.id, message.status.value, evidence, moved=True)
        if by is not None:
            key = key or self.vault.known_key(tx, workspace_id, message.contact)
            self._record(tx, workspace_id, message, by, key)
        return message

    def move(
        self, tx: Tx, workspace_id: str, message: Message, to: Status, evidence: Evidence
    ) -> bool:
        """Move a message if it may get there; note the evidence either way; tell if it moved."""
        is_over = to in FINAL and message.direction is Direction.OUTBOUND
        shreds = is_over and message.body_state is BodyState.HELD
        now = self.clock.now()
        moved = repository.move(
            tx,
            workspace_id,
            message.id,
            to,
            now,
            shreds=shreds,
            is_reported=evidence.source in (Source.CALLBACK, Source.LOOKUP),
        )
        self.note(tx, workspace_id, message.id, to.value, evidence, moved=moved)
        if moved and to in TAKEN and message.duplicated:
            self._tell_again(tx, workspace_id, replace(message, status=to))
        if moved and shreds:
            self._shred(tx, workspace_id, message)
        if moved:
            self.announce(tx, workspace_id, message, to)
        if moved and to in (Status.BLOCKED, Status.CANCELED):
            by = message.agent_id if evidence.source is Source.AGENT else HUB
            details = {"agent": message.agent_id, "from": message.status.value}
            self.audit.note(tx, f"message.{to}", by, message.id, details, workspace_id=workspace_id)
        if moved and to in TAKEN and message.status not in TAKEN:
            self.accounts.taken(tx, workspace_id, message)
        if moved and to is Status.UNKNOWN:
            self.accounts.doubted(tx, workspace_id, message)
        if moved and to is Status.QUEUED and message.status is Status.UNKNOWN:
            self.accounts.not_taken(tx, workspace_id, message)
        if moved and to in TAKEN and message.reply_to is not None:
            answered = repository.find_message(tx, workspace_id, message.reply_to)
            if answered is not None and answered.direction is Direction.INBOUND:
                self.acknowledge(tx, workspace_id, answered)
        return moved

    def charge(
        self,
        tx: Tx,
        workspace_id: str,
        message_id: str,
        cost_micros: int | None,
        currency: str | None,
        *,
        final: bool = True,
    ) -> None:
        """Note what a message costs: by its vendor, or, if not `final`, as it is expected to."""
        repository.hold_message(tx, workspace_id, message_id)
        standing = repository.find_message(tx, workspace_id, message_id)
        assert standing is not None  # messages are not deleted
        repository.set_values(
            tx, workspace_id, message_id, cost=cost_micros, currency=currency, cost_final=final
        )
        self.accounts.corrected(tx, workspace_id, standing, cost_micros, currency, final=final)

    def release(self, tx: Tx, workspace_id: str, message_id: str) -> None:
        """Note that a message, which has moved in this transaction, surely was not sent."""
        standing = repository.find_message(tx, workspace_id, message_id)
        assert standing is not None
        repository.set_values(tx, workspace_id, message_id, cost=0, cost_final=True)
        self.accounts.released(tx, workspace_id, standing)

    def note(
        self,
        tx: Tx,
        workspace_id: str,
        message_id: str,
        status: str,
        evidence: Evidence,
        *,
        moved: bool,
    ) -> None:
        """Append to a message's history."""
        trail.add_history(
            tx,
            workspace_id,
            self.ids.new("row"),
            message_id,
            status,
            evidence,
            moved=moved,
            now=self.clock.now(),
        )

    def content(self, tx: Tx, workspace_id: str, message: Message) -> Content | None:
        """
        Return what a message says, or None once that is gone.

        Raises:
            Unreadable: It was damaged, moved or forged.
        """
        place = place_of(workspace_id, message)
        if message.body_state is BodyState.KEPT:
            sealed = repository.kept_body(tx, workspace_id, message.id)
            text = None if sealed is None else self.vault.unseal(tx, place, sealed)
        else:
            text = self.vault.held(tx, place)
        return None if text is None else content_in(message, text)

    def restate(self, tx: Tx, workspace_id: str, message: Message, content: Content) -> None:
        """Write down anew what a message says whose text its owner keeps."""
        if message.body_state is not BodyState.KEPT or content.form is not message.content_form:
            return
        place = place_of(workspace_id, message)
        sealed = self.vault.seal(tx, place, message.contact, content.packed())
        repository.set_values(tx, workspace_id, message.id, body=sealed)

    def acknowledge(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """Note that an agent is done with an inbound message; its text is needed no more."""
        if message.acknowledged_at is None:
            repository.set_values(tx, workspace_id, message.id, acknowledged_at=self.clock.now())
            self.shred(tx, workspace_id, message)

    def shred(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """Remove a held text; one that its owner keeps stays."""
        if message.body_state is BodyState.HELD:
            self._shred(tx, workspace_id, message)
            repository.set_values(tx, workspace_id, message.id, body_state=BodyState.SHREDDED.value)

    def _tell_again(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """Have a message told once more; its text is there for the last time, maybe."""
        try:
            content = self.content(tx, workspace_id, message)
        except Unreadable:
            content = None
        self.duplicate(tx, workspace_id, message, content)

    def _record(
        self, tx: Tx, workspace_id: str, message: Message, by: str, key: ContactKey | None
    ) -> None:
        """Record what somebody wanted to send, and whether it may go."""
        refused = message.status in (Status.BLOCKED, Status.RATE_LIMITED)
        self.audit.note(
            tx,
            "message.refused" if refused else "message.accepted",
            by,
            message.id,
            {
                "agent": message.agent_id,
                "channel": message.channel,
                "recipient": key.commitment(message.contact) if key else None,
                "status": message.status.value,
                "rule": message.rule,
                "connection": message.connection,
                "costMicros": message.cost_micros,
                "currency": message.currency,
                "simulated": message.simulated,
            },
            workspace_id=workspace_id,
        )

    def _shred(self, tx: Tx, workspace_id: str, message: Message) -> None:
        self.vault.shred(tx, place_of(workspace_id, message))
        if message.media_count:
            self.let_go(tx, workspace_id, message)


def content_in(message: Message, text: str) -> Content:
    """Return the content of a message from what was encrypted of it."""
    return unpacked(text, media_count=message.media_count, form=message.content_form)


def place_of(workspace_id: str, message: Message) -> Place:
    """Return where the content of a message belongs."""
    column = "body_and_media" if message.media_count else "body"
    if message.content_form is Form.OBJECT:
        column = "content"
    return Place(workspace_id=workspace_id, table=messages.name, row_id=message.id, column=column)
