"""One try at telling a subscriber of an event, and what comes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import httpx2

from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job, JobKind
from trunkline.core.forwarding.posting import NotTaken, post, wait_s
from trunkline.core.messages import repository as messages
from trunkline.core.messages.models import Message
from trunkline.core.privacy.keys import Unreadable
from trunkline.core.subscriptions import repository
from trunkline.core.subscriptions.models import EventName, Occurrence, OccurrenceState
from trunkline.core.subscriptions.secrets import SecretStore, signed_for
from trunkline.sdk import Clock, Database, EventLog, IdSource, Tx

MAX_BODY_BYTES: Final = 262_144
"""MCP's events extension, "Delivery profile" (read 2026-11-30)."""
_GONE, _TOO_LARGE = 410, 413
_ENDED_BY_URL: Final = "The URL answered 410: the subscription was ended."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parcel:
    """What is posted, and where to."""

    url: str
    body: bytes
    subscription_id: str
    secrets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Over:
    """No try is needed any more."""

    state: OccurrenceState
    reason: str


@dataclass(frozen=True, slots=True)
class Waker:
    """
    Does the jobs that tell subscribers.

    An event is posted again under the same id when the hub dies between the answer and the note
    of it: at least once, never less. It does not count as read by being told.
    """

    db: Database
    http: httpx2.AsyncClient
    secrets: SecretStore
    engine: Engine
    clock: Clock
    ids: IdSource
    log: EventLog
    render: Callable[[Occurrence, Message | None], bytes]

    async def work(self, job: Job) -> None:
        """Make a try, unless the rows tell that none is needed any more."""
        workspace_id, id_ = job.workspace_id, job.subject_id
        settles = await self.db.read(lambda tx: _is_settling(tx, workspace_id, id_))
        if settles:  # what comes from here on is the next event
            await self.db.write(lambda tx: repository.settle(tx, workspace_id, id_))
        parcel = await self.db.read(lambda tx: self._parcel(tx, workspace_id, id_))
        if parcel is None:
            return
        came = parcel if isinstance(parcel, _Over) else await self._post(id_, parcel)
        state = await self.db.write(lambda tx: self._end(tx, workspace_id, id_, came))
        if state is OccurrenceState.DELIVERED:
            self.log.info("occurrence.delivered", occurrenceId=id_)
        elif state is OccurrenceState.DEAD and came is not None:
            self.log.warning("occurrence.dead", occurrenceId=id_, reason=came.reason)
        elif state is OccurrenceState.WAITING and came is not None:
            self.log.warning("occurrence.failed", occurrenceId=id_, reason=came.reason)

    def _parcel(self, tx: Tx, workspace_id: str, id_: str) -> _Parcel | _Over | None:
        occurrence = repository.find_occurrence(tx, workspace_id, id_)
        if occurrence is None or occurrence.state is not OccurrenceState.WAITING:
            return None
        now = self.clock.now()
        subscription_id = occurrence.subscription_id
        subscription = repository.find_living(tx, workspace_id, subscription_id, now)
        message = messages.find_message(tx, workspace_id, occurrence.message_id)
        if subscription is None or (message is None and occurrence.subject is None):
            return _dead("The subscription has expired, or its token was revoked.")
        is_read = message is not None and message.acknowledged_at is not None
        is_read = is_read and occurrence.size == 1
        if occurrence.event is EventName.MESSAGE_RECEIVED and is_read:
            reason = "The agent has acknowledged the message."
            return _Over(state=OccurrenceState.ACKNOWLEDGED, reason=reason)
        try:
            secrets = self.secrets.all_of(workspace_id, subscription, now)
        except Unreadable:
            return _dead("The secret cannot be decrypted.")
        body = self.render(occurrence, message)
        if len(body) > MAX_BODY_BYTES:
            return _dead(f"The event is larger than {MAX_BODY_BYTES} bytes.")
        return _Parcel(
            url=subscription.wanted.url,
            body=body,
            subscription_id=subscription_id,
            secrets=secrets,
        )

    async def _post(self, id_: str, parcel: _Parcel) -> NotTaken | None:
        now = self.clock.now()
        headers = signed_for(parcel.subscription_id, parcel.secrets, id_, now, parcel.body)
        return await post(self.http, parcel.url, parcel.body, headers, now)

    def _end(
        self, tx: Tx, workspace_id: str, id_: str, came: NotTaken | _Over | None
    ) -> OccurrenceState | None:
        """Write down what a try came to, and return that; None if it was over before."""
        now = self.clock.now()
        occurrence = repository.find_occurrence(tx, workspace_id, id_)
        if occurrence is None:
            return None
        state, reason, due_at = OccurrenceState.DELIVERED, None, None
        if isinstance(came, _Over):
            state, reason = came.state, came.reason
        elif came is not None:
            wait = timedelta(seconds=wait_s(self.ids, occurrence.tries, came.wish_s))
            reason, due_at = came.reason, now + wait
            is_dead = came.is_hopeless or came.status == _TOO_LARGE
            is_dead = is_dead or due_at > occurrence.deadline_at
            state = OccurrenceState.DEAD if is_dead else OccurrenceState.WAITING
        if not repository.end_try(tx, workspace_id, id_, state, reason, now):
            return None
        if isinstance(came, NotTaken) and came.status == _GONE:
            repository.end(tx, workspace_id, occurrence.subscription_id, _ENDED_BY_URL, now)
        if state is OccurrenceState.WAITING and due_at is not None:
            self.engine.enqueue(tx, workspace_id, JobKind.OCCURRENCE, id_, due_at)
        return state


def _is_settling(tx: Tx, workspace_id: str, id_: str) -> bool:
    occurrence = repository.find_occurrence(tx, workspace_id, id_)
    return occurrence is not None and occurrence.state is OccurrenceState.SETTLING


def _dead(reason: str) -> _Over:
    return _Over(state=OccurrenceState.DEAD, reason=reason)
