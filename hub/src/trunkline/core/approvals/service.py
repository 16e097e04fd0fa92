"""The verbs of approvals: hold an act, show it, decide about it, let it expire."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from trunkline.core.approvals import repository
from trunkline.core.approvals.models import Approval, ApprovalEvent, ApprovalStatus, Via
from trunkline.core.compliance.filters import Doubt
from trunkline.core.delivery.outcomes import Outcomes
from trunkline.core.engine import repository as jobs
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job, JobKind
from trunkline.core.messages import idempotency
from trunkline.core.messages import repository as messages
from trunkline.core.messages.content import Content
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Evidence, Message, Source, Status
from trunkline.core.principal import Principal
from trunkline.core.privacy.keys import Keys, Purpose, Unreadable
from trunkline.core.problems import Changed, Decided, NotFound
from trunkline.core.subscriptions.announcing import Announcements
from trunkline.sdk import Database, EventLog, Tx

RULE: Final = "approval"
"""The rule of a message that waits for one, or was refused one."""
WAITS: Final = "It waits until a person has looked at it."
REFUSED: Final = "A person has looked at it, and it does not go out. Do not send it again."
NOBODY: Final = "Nobody decided about it in time."
_BY_PERSON: Final = Evidence(source=Source.PERSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An approval as somebody who decides is shown it; without its content where that is gone."""

    approval: Approval
    message: Message
    content: Content | None
    events: Sequence[ApprovalEvent] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """
    Holds what a person has to look at.

    Attributes:
        expires: For so long an act waits.
        undo: For so long after the yes it can still be taken back.
        people: How many have to agree.
    """

    db: Database
    journal: Journal
    outcomes: Outcomes
    engine: Engine
    announcements: Announcements
    keys: Keys
    log: EventLog
    expires: timedelta
    undo: timedelta
    people: int

    # --- in the transaction of whatever happens to the message ------------------------------------

    def ask(
        self,
        tx: Tx,
        workspace_id: str,
        message: Message,
        content: Content,
        doubts: tuple[Doubt, ...],
    ) -> Approval:
        """Store that a message, which is held, waits for a person."""
        now = self.journal.clock.now()
        approval = Approval(
            id=self.journal.ids.new("apr"),
            created_at=now,
            agent_id=message.agent_id,
            message_id=message.id,
            batch_id=message.batch_id,
            status=ApprovalStatus.PENDING,
            digest=self.digest(workspace_id, message, content),
            doubts=doubts,
            people=self.people,
            agreed=0,
            expires_at=now + self.expires,
        )
        contact_hash = self.journal.vault.contact_hash(workspace_id, message.to_address)
        repository.add(tx, workspace_id, approval, contact_hash)
        self._note(tx, workspace_id, approval.id, "asked", by=message.agent_id)
        self.announcements.approval(tx, workspace_id, approval.id, approval.agent_id, "pending")
        self.engine.enqueue(tx, workspace_id, JobKind.APPROVAL, approval.id, approval.expires_at)
        return approval

    def cancel(self, tx: Tx, workspace_id: str, message_id: str) -> None:
        """Let what a message waits for be over, as its agent has taken it back."""
        approval = repository.of_message(tx, workspace_id, message_id)
        if approval is not None:
            self._end(tx, workspace_id, approval, ApprovalStatus.CANCELED, by=approval.agent_id)

    # --- for people -------------------------------------------------------------------------------

    async def newest(
        self,
        principal: Principal,
        *,
        status: ApprovalStatus | None = None,
        agent_id: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> list[Approval]:
        """Return approvals, the newest first."""
        workspace_id = principal.workspace_id
        return await self.db.read(
            lambda tx: repository.newest(
                tx, workspace_id, status=status, agent_id=agent_id, before=before, limit=limit
            )
        )

    async def show(self, principal: Principal, approval_id: str, *, via: Via) -> Shown:
        """Return an approval with what it is about; that somebody saw it is noted."""
        workspace_id = principal.workspace_id

        def fn(tx: Tx) -> Shown:
            approval = _found(tx, workspace_id, approval_id)
            self._note(tx, workspace_id, approval.id, "seen", by=_who(principal), via=via)
            message, content = self._subject(tx, workspace_id, approval)
            events = repository.events_of(tx, workspace_id, approval_id)
            return Shown(approval=approval, message=message, content=content, events=events)

        return await self.db.write(fn)

    async def decide(
        self,
        principal: Principal,
        approval_id: str,
        *,
        approve: bool,
        via: Via,
        digest: str | None = None,
        note: str | None = None,
    ) -> Approval:
        """
        Say yes or no, and return how the approval stands then; the first decision counts.

        Who says again what they said changes nothing. A no within the time to undo takes a yes
        back.

        Raises:
            NotFound: There is no such approval.
            Decided: It is over already, otherwise than this.
            Changed: It is not about what `digest` stands for.
        """
        workspace_id = principal.workspace_id

        def fn(tx: Tx) -> Approval:
            approval = _found(tx, workspace_id, approval_id, hold=True)
            if digest is not None and digest != approval.digest:
                raise Changed("This is not what you looked at. Look again before you decide.")
            self._decide(tx, workspace_id, approval, _who(principal), via, note, approve=approve)
            return _found(tx, workspace_id, approval_id)

        decided = await self.db.write(fn)
        if decided.status is ApprovalStatus.EXPIRED:
            raise Decided(decided.id, decided.status.value)
        self.log.info(
            "approval.decided", approvalId=decided.id, status=decided.status.value, via=via.value
        )
        return decided

    async def decide_batch(
        self, principal: Principal, batch_id: str, *, approve: bool, via: Via, note: str | None
    ) -> list[Approval]:
        """Say yes or no to all that waits of a batch."""
        workspace_id = principal.workspace_id

        def fn(tx: Tx) -> list[Approval]:
            found = repository.pending_of_batch(tx, workspace_id, batch_id)
            if not found:
                raise NotFound("approval")
            who = _who(principal)
            for each in found:
                approval = _found(tx, workspace_id, each, hold=True)
                self._decide(tx, workspace_id, approval, who, via, note, approve=approve)
            return [_found(tx, workspace_id, each) for each in found]

        return await self.db.write(fn)

    async def work(self, job: Job) -> None:
        """Let an approval expire whose time has passed."""

        def fn(tx: Tx) -> None:
            approval = repository.find(tx, job.workspace_id, job.subject_id, hold=True)
            if approval is not None and self.journal.clock.now() >= approval.expires_at:
                self._expire(tx, job.workspace_id, approval)

        await self.db.write(fn)

    def digest(self, workspace_id: str, message: Message, content: Content) -> str:
        """Return what stands for recipients, content, media and price together."""
        return self.keys.digest(
            Purpose.PSEUDONYMS,
            "approval",
            workspace_id,
            message.id,
            message.channel,
            message.from_address,
            message.to_address,
            content.packed(),
            str(message.cost_micros),
        ).hex()

    def _decide(
        self,
        tx: Tx,
        workspace_id: str,
        approval: Approval,
        who: str,
        via: Via,
        note: str | None,
        *,
        approve: bool,
    ) -> None:
        wanted = ApprovalStatus.APPROVED if approve else ApprovalStatus.REJECTED
        if approval.status is wanted:
            return
        message, content = self._subject(tx, workspace_id, approval)
        if approval.status is ApprovalStatus.APPROVED and self._can_undo(message):
            self._refuse(tx, workspace_id, message, from_queue=True)
            repository.reopen(tx, workspace_id, approval.id)
            self._end(tx, workspace_id, approval, wanted, by=who, via=via, note=note)
            return
        if approval.status is not ApprovalStatus.PENDING:
            raise Decided(approval.id, approval.status.value)
        if self.journal.clock.now() >= approval.expires_at or content is None:
            self._expire(tx, workspace_id, approval)
            return
        if self.digest(workspace_id, message, content) != approval.digest:
            raise Changed("What waits is not what was asked about any more. Reject it.")
        if not approve:
            self._end(tx, workspace_id, approval, wanted, by=who, via=via, note=note)
            self._refuse(tx, workspace_id, message)
            return
        seen = repository.events_of(tx, workspace_id, approval.id)
        agreed = {each.by for each in seen if each.what == "agreed"} | {who}
        self._note(tx, workspace_id, approval.id, "agreed", by=who, via=via, note=note)
        repository.agree(tx, workspace_id, approval.id, len(agreed))
        if len(agreed) >= approval.people:
            self._end(tx, workspace_id, approval, wanted, by=who, via=via)
            self._release(tx, workspace_id, message)

    def _release(self, tx: Tx, workspace_id: str, message: Message) -> None:
        """Queue what was held; the gate looks at it anew before it is sent."""
        if not self.journal.move(tx, workspace_id, message, Status.QUEUED, _BY_PERSON):
            return
        now = self.journal.clock.now()
        due_at = max(now + self.undo, message.due_at or now)
        deadline_at = message.deadline_at or message.created_at
        messages.set_values(
            tx,
            workspace_id,
            message.id,
            rule=None,
            reason=None,
            due_at=due_at,
            deadline_at=due_at + (deadline_at - message.created_at),
        )
        self.engine.enqueue(tx, workspace_id, JobKind.ATTEMPT, message.id, due_at)

    def _refuse(
        self, tx: Tx, workspace_id: str, message: Message, *, from_queue: bool = False
    ) -> None:
        if not self.journal.move(tx, workspace_id, message, Status.BLOCKED, _BY_PERSON):
            return
        messages.set_values(
            tx,
            workspace_id,
            message.id,
            rule=RULE,
            reason=REFUSED,
            error_code="blocked",
            due_at=None,
        )
        self.journal.release(tx, workspace_id, message.id)
        idempotency.free(tx, workspace_id, message.id)
        if from_queue:
            jobs.cancel(tx, workspace_id, JobKind.ATTEMPT, message.id)

    def _can_undo(self, message: Message) -> bool:
        is_waiting = message.status is Status.QUEUED and message.attempts == 0
        return is_waiting and (message.due_at or message.created_at) > self.journal.clock.now()

    def _expire(self, tx: Tx, workspace_id: str, approval: Approval) -> None:
        if not self._end(tx, workspace_id, approval, ApprovalStatus.EXPIRED, by="hub"):
            return
        message = messages.find_message(tx, workspace_id, approval.message_id)
        if message is not None and message.status is Status.HELD:
            self.outcomes.expire(tx, workspace_id, message, NOBODY)

    def _subject(
        self, tx: Tx, workspace_id: str, approval: Approval
    ) -> tuple[Message, Content | None]:
        message = messages.find_message(tx, workspace_id, approval.message_id)
        assert message is not None  # messages are not deleted
        try:
            return message, self.journal.content(tx, workspace_id, message)
        except Unreadable:
            return message, None

    def _end(
        self,
        tx: Tx,
        workspace_id: str,
        approval: Approval,
        status: ApprovalStatus,
        *,
        by: str,
        via: Via | None = None,
        note: str | None = None,
    ) -> bool:
        now = self.journal.clock.now()
        if not repository.end(tx, workspace_id, approval.id, status, by=by, via=via, now=now):
            return False
        self._note(tx, workspace_id, approval.id, status.value, by=by, via=via, note=note)
        jobs.cancel(tx, workspace_id, JobKind.APPROVAL, approval.id)
        self.announcements.approval(tx, workspace_id, approval.id, approval.agent_id, status.value)
        return True

    def _note(
        self,
        tx: Tx,
        workspace_id: str,
        approval_id: str,
        what: str,
        *,
        by: str,
        via: Via | None = None,
        note: str | None = None,
    ) -> None:
        event = ApprovalEvent(at=self.journal.clock.now(), what=what, by=by, via=via, note=note)
        repository.note(tx, workspace_id, self.journal.ids.new("row"), approval_id, event)


def _found(tx: Tx, workspace_id: str, approval_id: str, *, hold: bool = False) -> Approval:
    approval = repository.find(tx, workspace_id, approval_id, hold=hold)
    if approval is None:
        raise NotFound("approval")
    return approval


def _who(principal: Principal) -> str:
    return principal.kid or principal.scope.value
