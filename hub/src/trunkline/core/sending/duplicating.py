"""Sending duplicates: each a message of its own, or a signed post to a URL."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import httpx2

from trunkline.core.agents import repository as agents
from trunkline.core.connections.registry import Connections
from trunkline.core.duplicates import repository
from trunkline.core.duplicates.models import OPEN, Duplicate, DuplicateState, Way
from trunkline.core.duplicates.service import GONE, place_of
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job, JobKind
from trunkline.core.forwarding.posting import post, wait_s
from trunkline.core.forwarding.repository import signing_of
from trunkline.core.forwarding.signing import secrets_of, signed
from trunkline.core.messages import repository as messages
from trunkline.core.messages.content import Form, unpacked
from trunkline.core.messages.models import SendMessage
from trunkline.core.principal import Principal, Scope
from trunkline.core.privacy.keys import Keys, Purpose, Unreadable
from trunkline.core.privacy.vault import BodyVault
from trunkline.core.problems import Problem
from trunkline.core.sending.service import Messages
from trunkline.sdk import Clock, Database, EventLog, IdSource, MessageClass, Tx

_IS_OVER: Final = "The message is not there any more."
_BUSY: Final = 503
_LATE: Final = "Its time has passed: the hub was not there."
_LIVE: Final = "The agent was simulated when it sent this, and is live by now."
_AGENTS: Final = "An agent of this hub has the number: it would mirror what it gets."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parcel:
    """A duplicate that is under way, with what it says and what signs it."""

    duplicate: Duplicate
    text: str
    secrets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """Why a try failed; a further one is of use unless it `is_final`."""

    reason: str
    is_final: bool = False
    wish_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicating:
    """
    Does the jobs of duplicates.

    A message is sent under a key of its own, and at most one row says whose duplicate it is: a hub
    that dies anywhere in between doubles nothing. A URL may be told again, under the same id.
    """

    db: Database
    messages: Messages
    connections: Connections
    vault: BodyVault
    http: httpx2.AsyncClient
    engine: Engine
    keys: Keys
    clock: Clock
    ids: IdSource
    log: EventLog

    async def work(self, job: Job) -> None:
        """Make a try, unless the rows tell that none is needed any more."""
        workspace_id, message_id = job.workspace_id, job.subject_id
        parcel = await self.db.write(lambda tx: self._begin(tx, workspace_id, message_id))
        if parcel is None:
            return
        if parcel.duplicate.way is Way.URL:
            failure = await self._post(parcel)
        else:
            failure = await self._send(workspace_id, parcel)
        state = await self.db.write(
            lambda tx: self._end(tx, workspace_id, parcel.duplicate, failure)
        )
        if failure is not None and state is not DuplicateState.DONE:
            self.log.warning(
                "duplicate.failed",
                messageId=message_id,
                agentId=parcel.duplicate.agent_id,
                state=state.value,
                reason=failure.reason,
            )

    def _begin(self, tx: Tx, workspace_id: str, message_id: str) -> _Parcel | None:
        """Let a try be under way, unless it is over or cannot be; from then on an erasure waits."""
        duplicate = repository.find(tx, workspace_id, message_id)
        if duplicate is None or duplicate.state not in OPEN:
            return None
        if repository.copy_of(tx, workspace_id, message_id) is not None:
            self._end(tx, workspace_id, duplicate, None)
            return None
        text = None
        why = self._why_not(tx, workspace_id, duplicate)
        if why is None:
            try:
                text = self.vault.held(tx, place_of(workspace_id, duplicate))
            except Unreadable:
                why = "The text cannot be decrypted."
        signing = signing_of(tx, workspace_id, duplicate.agent_id)
        if text is None or signing is None:
            self._end(tx, workspace_id, duplicate, _Failure(reason=why or GONE, is_final=True))
            return None
        repository.move(tx, workspace_id, duplicate, DuplicateState.UNDER_WAY)
        begun = repository.find(tx, workspace_id, message_id)
        assert begun is not None  # it was just written
        now = self.clock.now()
        return _Parcel(
            duplicate=begun,
            text=text,
            secrets=secrets_of(self.keys, workspace_id, begun.agent_id, signing, now),
        )

    def _why_not(self, tx: Tx, workspace_id: str, duplicate: Duplicate) -> str | None:
        """Return why a duplicate is not sent, or None."""
        message = messages.find_message(tx, workspace_id, duplicate.message_id)
        agent = agents.find_agent(tx, workspace_id, duplicate.agent_id)
        if message is None or agent is None:
            return _IS_OVER
        if self.clock.now() > duplicate.deadline_at:
            return duplicate.reason or _LATE
        if message.simulated and not self.connections.is_simulated(agent):
            return _LIVE
        if duplicate.way is Way.SMS:
            owner = agents.find_agent_by_address(tx, workspace_id, "sms", duplicate.to)
            return None if owner is None else _AGENTS
        return None

    async def _send(self, workspace_id: str, parcel: _Parcel) -> _Failure | None:
        duplicate = parcel.duplicate
        form = Form.OBJECT if duplicate.way is Way.EMAIL else Form.PLAIN
        key = self.keys.digest(Purpose.PSEUDONYMS, "duplicate", duplicate.message_id)
        command = SendMessage(
            channel=duplicate.way.value,
            content=unpacked(parcel.text, media_count=0, form=form),
            to=duplicate.to,
            idempotency_key=key.hex(),
            duplicate_of=duplicate.message_id,
            message_class=MessageClass.INTERNAL,
        )
        principal = Principal(scope=Scope.LOCAL, workspace_id=workspace_id)
        try:
            await self.messages.send(principal, duplicate.agent_id, command)
        except Problem as refused:
            return _Failure(
                reason=refused.detail,
                is_final=refused.status != _BUSY,
                wish_s=refused.retry_after_s or 0.0,
            )
        return None

    async def _post(self, parcel: _Parcel) -> _Failure | None:
        duplicate, now = parcel.duplicate, self.clock.now()
        body = parcel.text.encode()
        headers = signed(parcel.secrets, duplicate.id, now, body)
        refused = await post(self.http, duplicate.to, body, headers, now)
        if refused is None:
            return None
        return _Failure(reason=refused.reason, is_final=refused.is_hopeless, wish_s=refused.wish_s)

    def _end(
        self, tx: Tx, workspace_id: str, duplicate: Duplicate, failure: _Failure | None
    ) -> DuplicateState:
        """Write down what a try came to; what was stored as a message tells of itself."""
        now, state = self.clock.now(), DuplicateState.DONE
        due_at = now
        if failure is not None and repository.copy_of(tx, workspace_id, duplicate.message_id):
            failure = None
        if failure is not None:
            due_at += timedelta(seconds=wait_s(self.ids, duplicate.tries, failure.wish_s))
            is_late = failure.is_final or due_at > duplicate.deadline_at
            state = DuplicateState.FAILED if is_late else DuplicateState.WAITING
        reason = failure.reason if failure else None
        if state is DuplicateState.WAITING:
            if repository.move(tx, workspace_id, duplicate, state, reason=reason):
                kind, message_id = JobKind.DUPLICATE, duplicate.message_id
                self.engine.enqueue(tx, workspace_id, kind, message_id, due_at)
            return state
        repository.move(tx, workspace_id, duplicate, state, reason=reason, finished_at=now)
        self.vault.shred(tx, place_of(workspace_id, duplicate))
        tx.notify("messages", duplicate.message_id)
        return state
