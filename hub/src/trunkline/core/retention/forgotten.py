"""What goes with the messages of somebody who is erased: what they say, their files, their jobs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from trunkline.core.calls.ledger import CHANNEL as VOICE
from trunkline.core.calls.models import GOES_ON
from trunkline.core.channels import kind_of
from trunkline.core.connections.registry import Connections
from trunkline.core.duplicates.models import DuplicateState
from trunkline.core.duplicates.repository import copy_of
from trunkline.core.engine import repository as jobs
from trunkline.core.engine.repository import JobKind
from trunkline.core.forwarding.models import ForwardState
from trunkline.core.media.models import MediumState
from trunkline.core.media.shelf import Shelf
from trunkline.core.messages import idempotency, repository
from trunkline.core.messages.journal import Journal, place_of
from trunkline.core.messages.models import BodyState, Direction, Evidence, Source, Status
from trunkline.core.privacy.keys import Unreadable
from trunkline.core.retention.receipts import add_answer
from trunkline.core.retention.traces import Traces
from trunkline.db.schema import (
    calls,
    duplicates,
    forwards,
    media,
    messages,
    speeches,
    vendor_deletions,
)
from trunkline.sdk import Capability, Tx

_ENDS: Final = "Its contact was erased."
_WAITS: Final = (Status.QUEUED.value, Status.HELD.value)
_JOBS: Final = (
    *(JobKind.ATTEMPT, JobKind.RECONCILE, JobKind.FORWARD, JobKind.TRANSCRIPT),
    JobKind.DUPLICATE,
)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Every method runs inside the caller's transaction."""

    journal: Journal
    shelf: Shelf
    connections: Connections

    def waiting(self, traces: Traces, tx: Tx) -> Sequence[str]:
        """Return the messages to somebody that wait to be sent, and such duplicates of theirs."""
        found = sa.select(messages.c.id).where(
            messages.c.workspace_id == traces.workspace_id,
            sa.or_(messages.c.to_address.in_(list(traces.marks)), _says_again(traces)),
            messages.c.direction == Direction.OUTBOUND.value,
            messages.c.status.in_(_WAITS),
        )
        return tx.execute(found).scalars().all()

    def cancel(self, tx: Tx, workspace_id: str, message_id: str) -> bool:
        """Cancel a message that waits; False if an attempt at it has begun meanwhile."""
        message = repository.find_message(tx, workspace_id, message_id)
        evidence = Evidence(source=Source.PERSON)
        if message is None or not self.journal.move(
            tx, workspace_id, message, Status.CANCELED, evidence
        ):
            return False
        repository.set_values(tx, workspace_id, message_id, due_at=None)
        self.journal.release(tx, workspace_id, message_id)
        idempotency.free(tx, workspace_id, message_id)
        jobs.cancel(tx, workspace_id, JobKind.ATTEMPT, message_id)
        return True

    def spoken(self, traces: Traces, tx: Tx) -> Sequence[str]:
        """Return the media that were spoken for somebody, of messages that can still be read."""
        found = sa.select(messages.c.id).where(
            messages.c.workspace_id == traces.workspace_id,
            messages.c.to_address.in_(list(traces.marks)),
            messages.c.channel == VOICE,
            messages.c.body_state != BodyState.SHREDDED.value,
        )
        handles: set[str] = set()
        for message_id in tx.execute(found).scalars().all():
            message = repository.find_message(tx, traces.workspace_id, message_id)
            assert message is not None  # it was just read
            with suppress(Unreadable):
                content = self.journal.content(tx, traces.workspace_id, message)
                handles.update(each.url for each in (content.media if content else ()))
        spoken = sa.select(speeches.c.media_id).where(
            speeches.c.workspace_id == traces.workspace_id, speeches.c.media_id.in_(handles)
        )
        return tx.execute(spoken).scalars().all()

    def content(
        self,
        tx: Tx,
        receipt_id: str,
        table: sa.Table,
        row: Mapping[str, object],
        counts: Counter[str],
    ) -> list[str]:
        """Destroy what goes with a row that is cleared; return which media have an object."""
        if table is not messages:
            return []
        workspace_id, message_id = str(row["workspace_id"]), str(row["id"])
        now = self.journal.clock.now()
        values = dict.fromkeys(("body", "body_until", "ref", "vendor_ref", "follows", "flag"))
        inbound = row["direction"] == Direction.INBOUND.value
        read_at = {"acknowledged_at": row["acknowledged_at"] or now} if inbound else {}
        repository.set_values(
            tx, workspace_id, message_id, body_state=BodyState.SHREDDED.value, **values, **read_at
        )
        for kind in _JOBS:
            jobs.cancel(tx, workspace_id, kind, message_id)
        tx.execute(
            sa.update(forwards)
            .where(
                forwards.c.workspace_id == workspace_id,
                forwards.c.message_id == message_id,
                forwards.c.state == ForwardState.WAITING.value,
            )
            .values(state=ForwardState.DEAD.value, reason=_ENDS, finished_at=now)
        )
        tx.execute(
            sa.update(duplicates)
            .where(
                duplicates.c.workspace_id == workspace_id,
                duplicates.c.message_id == message_id,
                duplicates.c.state == DuplicateState.WAITING.value,
            )
            .values(state=DuplicateState.FAILED.value, reason=_ENDS, finished_at=now)
        )
        self._again(tx, receipt_id, workspace_id, message_id, counts)
        self._ask_for_deletion(tx, receipt_id, row)
        return self.files(tx, workspace_id, media.c.message_id == message_id, counts)

    def _again(
        self,
        tx: Tx,
        receipt_id: str,
        workspace_id: str,
        message_id: str,
        counts: Counter[str],
    ) -> None:
        """Destroy what says once more, to somebody else, what a message said."""
        copy = copy_of(tx, workspace_id, message_id)
        if copy is None:
            return
        self._ask_for_deletion(
            tx,
            receipt_id,
            {
                "workspace_id": workspace_id,
                "connection": copy.connection,
                "channel": copy.channel,
                "external_id": copy.external_id,
            },
        )
        if copy.body_state is BodyState.SHREDDED:
            return
        self.journal.vault.shred(tx, place_of(workspace_id, copy))
        gone = {"body": None, "body_until": None, "body_state": BodyState.SHREDDED.value}
        repository.set_values(tx, workspace_id, copy.id, **gone)
        counts[messages.name] += 1

    def files(
        self, tx: Tx, workspace_id: str, which: sa.ColumnElement[bool], counts: Counter[str]
    ) -> list[str]:
        """Destroy the keys of some files; return which have an object, whose deletion is begun."""
        of_message = (media.c.workspace_id == workspace_id, which)
        found = tx.execute(sa.select(media.c.id, media.c.object).where(*of_message)).all()
        ids = [row.id for row in found]
        gone = {"state": MediumState.GONE.value, "sealed": None, "source": None, "reason": None}
        counts["media"] += tx.execute(sa.update(media).where(*of_message).values(gone)).rowcount
        spoken = speeches.c.media_id.in_(ids)
        tx.execute(sa.delete(speeches).where(speeches.c.workspace_id == workspace_id, spoken))
        objects = [row.id for row in found if row.object is not None]
        for each in objects:
            self.shelf.delete_object(tx, workspace_id, each)
        return objects

    def _ask_for_deletion(self, tx: Tx, receipt_id: str, row: Mapping[str, object]) -> None:
        """Note that its provider is to be asked to delete a message, if it can be."""
        if row["external_id"] is None:
            return
        name, kind = str(row["connection"]), kind_of(str(row["channel"]))
        connection = self.connections.find(name, kind)
        able = connection is not None and (
            Capability.MESSAGE_DELETE in connection.spec.capabilities
        )
        if not able:
            add_answer(tx, receipt_id, name, "cannot")
            return
        tx.execute(
            sa.insert(vendor_deletions).values(
                id=self.journal.ids.new("row"),
                workspace_id=row["workspace_id"],
                created_at=self.journal.clock.now(),
                erasure_id=receipt_id,
                connection=name,
                kind=kind,
                external_id=row["external_id"],
                tries=0,
            )
        )


def _theirs(traces: Traces) -> sa.Select[str]:
    """Return the messages to and from somebody."""
    forms = list(traces.marks)
    return sa.select(messages.c.id).where(
        messages.c.workspace_id == traces.workspace_id,
        sa.or_(messages.c.to_address.in_(forms), messages.c.from_address.in_(forms)),
    )


def _says_again(traces: Traces) -> sa.ColumnElement[bool]:
    """Tell of a message whether it says once more what one to or from somebody said."""
    return messages.c.duplicate_of.in_(_theirs(traces))


def under_way(traces: Traces, tx: Tx) -> frozenset[str]:
    """
    Return the messages to somebody that are being sent, those of theirs of which a duplicate is,
    and the calls that go on.
    """
    theirs = list(traces.marks)
    sending = sa.select(messages.c.id).where(
        messages.c.workspace_id == traces.workspace_id,
        messages.c.to_address.in_(theirs),
        messages.c.status == Status.SENDING.value,
    )
    going = sa.select(calls.c.id, calls.c.message_id).where(
        calls.c.workspace_id == traces.workspace_id,
        sa.or_(calls.c.from_address.in_(theirs), calls.c.to_address.in_(theirs)),
        calls.c.status.in_([each.value for each in GOES_ON]),
    )
    told = sa.select(duplicates.c.message_id).where(
        duplicates.c.workspace_id == traces.workspace_id,
        duplicates.c.state == DuplicateState.UNDER_WAY.value,
        duplicates.c.message_id.in_(_theirs(traces)),
    )
    again = sa.select(messages.c.duplicate_of).where(
        messages.c.workspace_id == traces.workspace_id,
        messages.c.status == Status.SENDING.value,
        _says_again(traces),
    )
    statements = (sending, told, again)
    busy = {each for statement in statements for each in tx.execute(statement).scalars()}
    return frozenset(busy.union(*(filter(None, row) for row in tx.execute(going))))
