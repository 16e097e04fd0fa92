"""One try at a forward: post the message, and write down what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import httpx2

from trunkline.core.agents import repository as agents
from trunkline.core.alerts.alarms import Alarms
from trunkline.core.alerts.models import AlertKind
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job, JobKind
from trunkline.core.forwarding import repository
from trunkline.core.forwarding.destinations import Destinations
from trunkline.core.forwarding.models import ForwardState
from trunkline.core.forwarding.posting import post, wait_s
from trunkline.core.forwarding.signing import secrets_of, signed
from trunkline.core.messages import repository as messages
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Direction, File, Message, ReadableMessage
from trunkline.core.privacy.keys import Keys, Unreadable
from trunkline.sdk import Database, EventLog, Tx

TIMEOUT_S: Final = 10.0
"""What a callback URL has for its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parcel:
    """What is posted, and where to."""

    url: str
    body: bytes
    secrets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """Why a forward did not arrive; no further try is of use if it has an `end`."""

    reason: str
    end: ForwardState | None = None
    wish_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Courier:
    """
    Does the jobs that forward.

    A message is posted again under the same id when the hub dies between the answer and the
    note of it: at least once, never less.
    """

    db: Database
    http: httpx2.AsyncClient
    destinations: Destinations
    journal: Journal
    engine: Engine
    keys: Keys
    log: EventLog
    alarms: Alarms
    render: Callable[[ReadableMessage, datetime], bytes]
    files: Callable[[Tx, str, Message], tuple[File, ...]]
    """Returns what came with a message."""

    async def work(self, job: Job) -> None:
        """Make a try, unless the rows tell that none is needed any more."""
        workspace_id, message_id = job.workspace_id, job.subject_id
        parcel = await self.db.read(lambda tx: self._parcel(tx, workspace_id, message_id))
        if parcel is None:
            return
        failure = parcel if isinstance(parcel, _Failure) else await self._post(message_id, parcel)
        state = await self.db.write(lambda tx: self._end(tx, workspace_id, message_id, failure))
        if failure is None:
            self.log.info("forward.delivered", messageId=message_id)
        elif state is ForwardState.DEAD:
            self.log.error("forward.dead", messageId=message_id, reason=failure.reason)
        elif state is ForwardState.WAITING:
            self.log.warning("forward.failed", messageId=message_id, reason=failure.reason)

    def _parcel(self, tx: Tx, workspace_id: str, message_id: str) -> _Parcel | _Failure | None:
        forward = repository.find(tx, workspace_id, message_id)
        message = messages.find_message(tx, workspace_id, message_id)
        if forward is None or forward.state is not ForwardState.WAITING or message is None:
            return None
        if message.acknowledged_at is not None:
            reason = "The agent has acknowledged the message."
            return _Failure(reason=reason, end=ForwardState.ACKNOWLEDGED)
        agent = agents.find_agent(tx, workspace_id, forward.agent_id)
        url = self.destinations.of(agent) if agent else None
        signing = repository.signing_of(tx, workspace_id, forward.agent_id)
        if url is None or signing is None:
            return _Failure(reason="The agent has no callback URL any more.", end=ForwardState.DEAD)
        try:
            content = self.journal.content(tx, workspace_id, message)
        except Unreadable:
            return _Failure(reason="The text cannot be decrypted.", end=ForwardState.DEAD)
        if content is None and message.direction is Direction.INBOUND:
            return _Failure(reason="The text is gone: its time is over.", end=ForwardState.DEAD)
        readable = ReadableMessage(
            message=message, content=content, files=self.files(tx, workspace_id, message)
        )
        return _Parcel(
            url=url,
            body=self.render(readable, forward.created_at),
            secrets=secrets_of(
                self.keys, workspace_id, forward.agent_id, signing, self.journal.clock.now()
            ),
        )

    async def _post(self, message_id: str, parcel: _Parcel) -> _Failure | None:
        now = self.journal.clock.now()
        headers = signed(parcel.secrets, message_id, now, parcel.body)
        refused = await post(self.http, parcel.url, parcel.body, headers, now)
        if refused is None:
            return None
        end = ForwardState.DEAD if refused.is_hopeless else None
        return _Failure(reason=refused.reason, end=end, wish_s=refused.wish_s)

    def _end(
        self, tx: Tx, workspace_id: str, message_id: str, failure: _Failure | None
    ) -> ForwardState | None:
        """Write down what a try came to, and return that; None if the forward was over before."""
        now = self.journal.clock.now()
        if failure is None:
            message = messages.find_message(tx, workspace_id, message_id)
            is_news = repository.deliver(tx, workspace_id, message_id, now)
            if is_news and message is not None and message.direction is Direction.INBOUND:
                self.journal.acknowledge(tx, workspace_id, message)
            return ForwardState.DELIVERED
        forward = repository.find(tx, workspace_id, message_id)
        if forward is None:
            return None
        wait = timedelta(seconds=wait_s(self.journal.ids, forward.tries, failure.wish_s))
        due_at = now + wait
        too_late = ForwardState.DEAD if due_at > forward.deadline_at else ForwardState.WAITING
        state = failure.end or too_late
        if not repository.fail(tx, workspace_id, message_id, state, failure.reason, now):
            return None
        if state is ForwardState.WAITING:
            self.engine.enqueue(tx, workspace_id, JobKind.FORWARD, message_id, due_at)
        elif state is ForwardState.DEAD:
            self.alarms.raise_in(tx, workspace_id, AlertKind.FORWARD_DEAD, forward.agent_id)
        return state
