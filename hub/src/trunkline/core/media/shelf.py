"""The rows of media: whose they are, how long they are there. Only SQL, no storage is asked."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import JobKind
from trunkline.core.media import repository
from trunkline.core.media.models import Medium, MediumState
from trunkline.core.messages.models import BodyState, File, Message
from trunkline.core.privacy.keys import Unreadable
from trunkline.core.privacy.vault import BodyVault, Place
from trunkline.core.problems import Gone, Invalid
from trunkline.db.schema import media
from trunkline.sdk import Clock, IdSource, Tx

_LONGEST_REASON: Final = 300
_LINGER: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """What of a medium is under the key of its contact: its own key, its name and its hash."""

    key: bytes
    name: str | None
    sha256: str

    def packed(self) -> str:
        """Return it as one text to be encrypted."""
        return json.dumps({"key": self.key.hex(), "name": self.name, "sha256": self.sha256})

    @classmethod
    def unpacked(cls, text: str) -> "Secret":
        """Return what was packed."""
        given = json.loads(text)
        return cls(key=bytes.fromhex(given["key"]), name=given["name"], sha256=given["sha256"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """
    What came with a message and is still with its provider.

    Attributes:
        url: Where, for the adapter or for anybody; None where it cannot be fetched.
        size_bytes: As the provider told.
    """

    url: str | None
    content_type: str | None = None
    name: str | None = None
    size_bytes: int | None = None

    def packed(self) -> str:
        """Return it as one text to be encrypted."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Shelf:
    """
    Binds media to messages and lets them go. Every method runs inside the caller's transaction.

    What belongs to a message is sealed under the key of its contact, whose erasure destroys it; an
    agent's own, which may go to anybody, under one of the agent's.
    """

    vault: BodyVault
    engine: Engine
    clock: Clock
    ids: IdSource
    hold: timedelta
    """How long what is in nobody's hands is there: as long as a text."""

    def expect(
        self, tx: Tx, workspace_id: str, message: Message, came: Sequence[Expected]
    ) -> list[Medium]:
        """Note what came with a message, whose bytes are fetched as soon as `tx` has committed."""
        if not came:
            return []
        until = self.until(tx, workspace_id, message)
        return [
            self._expect(tx, workspace_id, message, each, place, until)
            for place, each in enumerate(came)
        ]

    def until(self, tx: Tx, workspace_id: str, message: Message) -> datetime:
        """Return until when what belongs to a message that was just stored is there at most."""
        if message.body_state is BodyState.KEPT:
            kept = repository.kept_until(tx, workspace_id, message.id)
            if kept is not None:
                return kept
        return (message.due_at or message.created_at) + self.hold

    def _expect(
        self,
        tx: Tx,
        workspace_id: str,
        message: Message,
        came: Expected,
        place: int,
        until: datetime,
    ) -> Medium:
        medium_id, now = self.ids.new("med"), self.clock.now()
        source = self.vault.seal(
            tx, _source_place(workspace_id, medium_id), message.contact, came.packed()
        )
        medium = Medium(
            id=medium_id,
            created_at=now,
            agent_id=message.agent_id,
            message_id=message.id,
            direction=message.direction,
            state=MediumState.PENDING,
            content_type=came.content_type,
            name=came.name,
            length=came.size_bytes,
            sha256=None,
            duration_ms=None,
            reason=None,
            expires_at=until,
            position=place,
            source=source,
        )
        repository.add(tx, workspace_id, medium)
        self.engine.enqueue(tx, workspace_id, JobKind.MEDIUM, medium_id, now)
        return medium

    def put(self, tx: Tx, workspace_id: str, medium: Medium, secret: Secret) -> Medium:
        """Insert a medium that is an agent's own, whose bytes are stored; return it."""
        sealed = self._seal(tx, workspace_id, medium.id, of_agent(medium.agent_id), secret)
        medium = replace(medium, sealed=sealed)
        repository.add(tx, workspace_id, medium)
        return medium

    def arrive(
        self, tx: Tx, workspace_id: str, medium: Medium, contact: str, secret: Secret
    ) -> bool:
        """Note that a pending medium is stored; False if it has been let go meanwhile."""
        sealed = self._seal(tx, workspace_id, medium.id, contact, secret)
        return repository.set_values(
            tx,
            workspace_id,
            medium.id,
            (MediumState.PENDING,),
            state=MediumState.STORED.value,
            content_type=medium.content_type,
            length=medium.length,
            duration_ms=medium.duration_ms,
            connection=medium.connection,
            object=medium.object_key,
            sealed=sealed,
        )

    def put_off(
        self, tx: Tx, workspace_id: str, medium: Medium, reason: str, due_at: datetime
    ) -> None:
        """Let a pending medium be fetched again later, and say why it is not there yet."""
        if repository.set_values(
            tx,
            workspace_id,
            medium.id,
            (MediumState.PENDING,),
            reason=reason[:_LONGEST_REASON],
            tries=medium.tries + 1,
        ):
            self.engine.enqueue(tx, workspace_id, JobKind.MEDIUM, medium.id, due_at)

    def fail(self, tx: Tx, workspace_id: str, medium: Medium, reason: str) -> None:
        """Give up a pending medium: it stays to be seen, with why."""
        repository.set_values(
            tx,
            workspace_id,
            medium.id,
            (MediumState.PENDING,),
            state=MediumState.FAILED.value,
            reason=reason[:_LONGEST_REASON],
        )

    def attach(
        self,
        tx: Tx,
        workspace_id: str,
        message: Message,
        medium_id: str,
        *,
        position: int = 0,
    ) -> None:
        """
        Let a stored medium be one message's alone: it goes with its text.

        Raises:
            Invalid: The message's agent has no such medium, or it is gone.
        """
        medium = self.own(tx, workspace_id, message.agent_id, medium_id, "media")
        secret = self.secret(tx, workspace_id, medium)
        sealed = self._seal(tx, workspace_id, medium_id, message.contact, secret)
        repository.set_values(
            tx,
            workspace_id,
            medium_id,
            (MediumState.STORED,),
            message_id=message.id,
            position=position,
            sealed=sealed,
            expires_at=self.until(tx, workspace_id, message),
        )

    def lend(
        self, tx: Tx, workspace_id: str, agent_id: str, handles: Collection[str], until: datetime
    ) -> None:
        """
        See to it that media of an agent are there until then, when what names them is done.

        Raises:
            Invalid: It has no such medium, or it is gone.
        """
        for medium_id in handles:
            self.own(tx, workspace_id, agent_id, medium_id, "mediaUrl")
            repository.prolong(tx, workspace_id, medium_id, until)

    def own(self, tx: Tx, workspace_id: str, agent_id: str, medium_id: str, field: str) -> Medium:
        """
        Return a stored medium of an agent's.

        Raises:
            Invalid: It has no such medium, or it is gone.
        """
        medium = self.find(tx, workspace_id, medium_id)
        if medium is None or medium.agent_id != agent_id:
            raise Invalid(field, "you have no such medium: upload it first, to /api/v1/media.")
        if medium.state is MediumState.PENDING:
            raise Invalid(field, "this medium is still being fetched: try again in a moment.")
        if medium.state is not MediumState.STORED:
            raise Invalid(field, "this medium is gone: upload it again.")
        return medium

    def find(self, tx: Tx, workspace_id: str, medium_id: str) -> Medium | None:
        """Return a medium by its id, gone if its time is over; None if there never was one."""
        found = repository.find(tx, workspace_id, medium_id)
        return None if found is None else self._as_it_is(tx, workspace_id, found)

    def of_messages(
        self, tx: Tx, workspace_id: str, message_ids: Collection[str]
    ) -> dict[str, list[Medium]]:
        """Return the media that belong to messages, in their order, by message."""
        found: dict[str, list[Medium]] = {}
        for each in repository.of_messages(tx, workspace_id, message_ids):
            if each.message_id is not None:
                found.setdefault(each.message_id, []).append(self._as_it_is(tx, workspace_id, each))
        return found

    def files(self, tx: Tx, workspace_id: str, message: Message) -> tuple[File, ...]:
        """Return what came with a message, as its reader sees it."""
        if not message.media_count:
            return ()
        found = self.of_messages(tx, workspace_id, (message.id,)).get(message.id, ())
        return tuple(map(file_of, found))

    def secret(self, tx: Tx, workspace_id: str, medium: Medium) -> Secret:
        """
        Return what of a stored medium is secret.

        Raises:
            Gone: Its key was destroyed.
        """
        if medium.sealed is None:
            raise Gone("medium")
        place = _place(workspace_id, medium.id)
        packed = self.vault.unseal(tx, place, medium.sealed)
        if packed is None:
            raise Gone("medium")
        return Secret.unpacked(packed)

    def source(self, tx: Tx, workspace_id: str, medium: Medium) -> Expected | None:
        """Return where its provider has a medium, or None once that is of no use."""
        if medium.source is None:
            return None
        place = _source_place(workspace_id, medium.id)
        packed = self.vault.unseal(tx, place, medium.source)
        return None if packed is None else Expected(**json.loads(packed))

    def let_go(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """
        Let what belongs to a message stay for an hour at most: its text has just been destroyed.

        A callback has handed the text over, and not its files; a provider may still be reading.
        """
        repository.shorten(tx, workspace_id, message.id, self.clock.now() + _LINGER)

    def sweep(self, tx: Tx) -> int:
        """Destroy what is past its time, at most 500 media a call, and return how many."""
        count, with_object = repository.sweep(tx, self.clock.now())
        for workspace_id, medium_id in with_object:
            self.delete_object(tx, workspace_id, medium_id)
        return count

    def delete_object(self, tx: Tx, workspace_id: str, medium_id: str) -> None:
        """Let the object of a medium that is gone be deleted, however often that takes."""
        self.engine.enqueue(tx, workspace_id, JobKind.MEDIUM, medium_id, self.clock.now())

    def _seal(
        self, tx: Tx, workspace_id: str, medium_id: str, contact: str, secret: Secret
    ) -> bytes:
        return self.vault.seal(tx, _place(workspace_id, medium_id), contact, secret.packed())

    def _as_it_is(self, tx: Tx, workspace_id: str, medium: Medium) -> Medium:
        """Return a medium with its name and hash, and as gone where nobody could read it."""
        if medium.state is MediumState.GONE:
            return medium
        gone = replace(medium, state=MediumState.GONE, sealed=None, source=None)
        if medium.expires_at <= self.clock.now():
            return gone
        try:
            if medium.state is not MediumState.STORED:
                source = self.source(tx, workspace_id, medium)
                return replace(medium, name=source.name if source else None)
            secret = self.secret(tx, workspace_id, medium)
        except (Gone, Unreadable):
            return gone
        return replace(medium, name=secret.name, sha256=secret.sha256)


def file_of(medium: Medium) -> File:
    """Return a medium as the reader of its message sees it."""
    return File(
        id=medium.id,
        state=medium.state.value,
        name=medium.name,
        content_type=medium.content_type,
        length=medium.length,
        duration_ms=medium.duration_ms,
        reason=None if medium.state is MediumState.STORED else medium.reason,
    )


def of_agent(agent_id: str) -> str:
    """Return whose key an agent's own media are sealed under: no contact is called so."""
    return f"agent:{agent_id}"


def _place(workspace_id: str, medium_id: str) -> Place:
    return Place(workspace_id=workspace_id, table=media.name, row_id=medium_id, column="sealed")


def _source_place(workspace_id: str, medium_id: str) -> Place:
    return Place(workspace_id=workspace_id, table=media.name, row_id=medium_id, column="source")
