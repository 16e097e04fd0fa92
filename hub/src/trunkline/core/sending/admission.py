"""Admitting a message: its key, the gate and its rows, in one transaction."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy.exc import IntegrityError

from trunkline.core.agents.suspension import suspend_in
from trunkline.core.alerts.models import AlertKind
from trunkline.core.approvals import service as approvals
from trunkline.core.approvals.service import Approvals
from trunkline.core.audit.models import HUB, actor_of
from trunkline.core.channels import Block
from trunkline.core.compliance.filters import Wait
from trunkline.core.connections.routes import Later, Route
from trunkline.core.delivery.attempts import Attempt, Switch
from trunkline.core.duplicates.models import destination
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import JobKind
from trunkline.core.gate.acts import Reviewed, Standing, over
from trunkline.core.gate.blocks import HURRIES
from trunkline.core.gate.gate import Gate
from trunkline.core.gate.holds import Ask
from trunkline.core.limits.models import Exceeded
from trunkline.core.limits.service import LimitKeeper
from trunkline.core.media.shelf import Shelf
from trunkline.core.messages import choices, idempotency, repository, trail
from trunkline.core.messages.idempotency import Bound, Key
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import (
    BodyState,
    Direction,
    Evidence,
    Message,
    SendMessage,
    Source,
    Status,
)
from trunkline.core.messages.threads import references
from trunkline.core.principal import Principal
from trunkline.core.privacy.keeps import keep_days
from trunkline.core.subscriptions.announcing import Announcements
from trunkline.core.usage.ledger import Ledger
from trunkline.core.usage.repository import bind_parts
from trunkline.db.hot import both
from trunkline.sdk import Clock, Database, IdSource, Tx

_TRIES: Final = 3
_HURRIED: Final = (
    "It acted in too many ranges of numbers within ten minutes (limits.prefixes_per_10_minutes)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    A reviewed send: whose, under which key, and over which route.

    `route` is `Later` if it must wait for one, and None if it is not sent now anyway. `answered` is
    the message that it answers; `cost_ids` are rows of what was paid for it before it was stored.
    """

    principal: Principal
    command: SendMessage
    key: Key
    reviewed: Reviewed
    route: Route | Later | None
    answered: Message | None = None
    cost_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """
    What came of it: an attempt to make, or a message that is not to be sent now.

    `remaining` is how many acts its agent has left in the tightest window, if there is one.
    """

    message: Message
    attempt: Attempt | None
    replayed: bool = False
    block: Block | Exceeded | None = None
    remaining: int | None = None
    approval_id: str | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """Stores messages with their first attempt."""

    db: Database
    gate: Gate
    journal: Journal
    shelf: Shelf
    engine: Engine
    clock: Clock
    ids: IdSource
    usage: Ledger
    limits: LimitKeeper
    approvals: Approvals
    announcements: Announcements
    valid_for_s: int

    async def admit(self, plan: Plan) -> Admitted:
        """
        Store the message with its first attempt, or with the job that makes it later; or find its
        twin; or store it as blocked.
        """
        for tries_left in reversed(range(_TRIES)):
            try:
                admitted = await self.db.write(lambda tx: self._admit(tx, plan))
            except IntegrityError:  # another hub bound the key at the same moment: look again
                if not tries_left:
                    raise
            else:
                if isinstance(admitted.block, Exceeded):
                    self.limits.tell_hit(plan.reviewed.act.agent.id, admitted.block)
                elif admitted.block is HURRIES:
                    self.limits.tell_hold(plan.reviewed.act.agent.id)
                return admitted
        raise AssertionError("the last try returns or raises")

    def _admit(self, tx: Tx, plan: Plan) -> Admitted:
        begun_s = self.clock.monotonic()
        workspace_id, now, route = plan.principal.workspace_id, self.clock.now(), plan.route
        bound, standing, days = self._ask(tx, plan)
        first = idempotency.first_of(tx, workspace_id, plan.key, bound, now)
        if first is not None and first.counts:
            twin = repository.find_message(tx, workspace_id, first.message_id)
            assert twin is not None  # its row is in the same database as the key
            return Admitted(message=twin, attempt=None, replayed=True)
        reviewed = plan.reviewed
        if isinstance(route, Route):
            reviewed = over(reviewed, route.connection)
        stop = self._judged(tx, workspace_id, reviewed, standing)
        later = stop if isinstance(stop, Wait | Ask) else None
        block = None if isinstance(stop, Wait | Ask) else stop
        if later is not None:
            route = None
        message = self.journal.store(
            tx,
            workspace_id,
            _to_duplicate(self._compose(reviewed, plan, block, standing, later), reviewed),
            reviewed.act.content if block is None else None,
            Evidence(source=Source.SEND),
            days=days,
            by=actor_of(plan.principal),
        )
        if plan.cost_ids:
            bind_parts(tx, workspace_id, plan.cost_ids, message.id)
        if block is not None:
            remaining = None
            if isinstance(block, Exceeded):
                remaining = 0
                self.usage.refused(tx, workspace_id, message)
            return Admitted(message=message, attempt=None, block=block, remaining=remaining)
        remaining = self._reserve(tx, plan, reviewed, standing, message)
        row_id = self.ids.new("row")
        idempotency.bind(tx, workspace_id, row_id, plan.key, message.id, now, instead_of=first)
        if isinstance(later, Ask):
            content = reviewed.act.content
            approval = self.approvals.ask(tx, workspace_id, message, content, later.doubts)
            return Admitted(
                message=message, attempt=None, remaining=remaining, approval_id=approval.id
            )
        if not isinstance(route, Route):
            due_at = message.due_at or now
            self.engine.enqueue(tx, workspace_id, JobKind.ATTEMPT, message.id, due_at)
            return Admitted(message=message, attempt=None, remaining=remaining)
        self.gate.count(tx, workspace_id, reviewed, standing)
        attempt = self._attempt(tx, workspace_id, message, reviewed, route, begun_s)
        return Admitted(message=message, attempt=attempt, remaining=remaining)

    def _reserve(
        self, tx: Tx, plan: Plan, reviewed: Reviewed, standing: Standing, message: Message
    ) -> int | None:
        """Set aside what a message that may go needs: room, money, its media, its choices."""
        workspace_id, content = plan.principal.workspace_id, reviewed.act.content
        remaining = self.gate.reserve(tx, workspace_id, reviewed, standing)
        self.usage.reserved(tx, workspace_id, message)
        if handles := content.handles:
            until = self.shelf.until(tx, workspace_id, message)
            self.shelf.lend(tx, workspace_id, message.agent_id, handles, until)
        if content.choices:
            conversation = (message.agent_id, message.channel, message.to_address)
            vault = self.journal.vault
            choices.offer(tx, vault, workspace_id, conversation, message.id, content.choices)
        return remaining

    def _judged(
        self, tx: Tx, workspace_id: str, reviewed: Reviewed, standing: Standing
    ) -> Block | Exceeded | Wait | Ask | None:
        """Return what stands against an act; whoever acts as if taken over is suspended."""
        block = self.gate.commit(workspace_id, reviewed, standing)
        if block is HURRIES:
            agent_id = reviewed.act.agent.id
            if suspend_in(tx, workspace_id, agent_id, _HURRIED, self.clock.now()):
                self.limits.alarms.raise_in(tx, workspace_id, AlertKind.AGENT_SUSPENDED, agent_id)
            self.journal.audit.note(
                tx,
                "agent.suspended",
                HUB,
                agent_id,
                {"rule": HURRIES.rule},
                workspace_id=workspace_id,
            )
            self.announcements.suspended(tx, workspace_id, agent_id, HURRIES.rule)
        return block

    def _attempt(
        self,
        tx: Tx,
        workspace_id: str,
        message: Message,
        reviewed: Reviewed,
        route: Route,
        begun_s: float,
    ) -> Attempt:
        """Store the first attempt at a message."""
        switch = None
        if reviewed.passed_over is not None:
            switch = Switch(before=reviewed.passed_over.name, why=reviewed.passed_over.why)
        elif route.passed_over is not None:
            switch = Switch(before=reviewed.candidates[0].name, why=route.passed_over)
        attempt = Attempt(
            id=self.ids.new("att"),
            workspace_id=workspace_id,
            message=message,
            content=reviewed.act.rules.over(
                reviewed.act.content, route.connection.name, route.connection.spec.capabilities
            ),
            connection=route.connection,
            number=message.attempts,
            begun_s=begun_s,
            others=route.others,
            switch=switch,
            references=references(tx, workspace_id, message),
        )
        trail.add_attempt(
            tx,
            workspace_id,
            attempt.id,
            message,
            executor=self.engine.executor,
            now=self.clock.now(),
        )
        return attempt

    def _ask(self, tx: Tx, plan: Plan) -> tuple[Bound | None, Standing, int]:
        """Return what the key is bound to, how things stand, and how long the text is kept."""
        workspace_id, act = plan.principal.workspace_id, plan.reviewed.act
        asked = self.gate.standing(
            tx,
            workspace_id,
            act.agent.id,
            act.rules,
            plan.reviewed.sender,
            act.recipient,
            act.content,
            reserves=True,
            asks_if_new=self.gate.holds.asks_if_new(act.agent),
            token=act.token,
        )
        days = keep_days(workspace_id, act.agent.id, plan.command.channel)
        bound, (standing, kept) = both(
            idempotency.bound(workspace_id, plan.key), both(asked, days)
        ).ask(tx)
        return bound, standing, kept

    def _compose(
        self,
        reviewed: Reviewed,
        plan: Plan,
        block: Block | Exceeded | None,
        standing: Standing,
        held_by: Wait | Ask | None,
    ) -> Message:
        now, command, route = self.clock.now(), plan.command, plan.route
        starts_at, rule = command.send_at or now, block.rule if block else None
        if isinstance(held_by, Wait):
            route, rule = Later(at=held_by.until, why=held_by.sentence), held_by.rule
            starts_at = max(starts_at, held_by.until)
        elif isinstance(held_by, Ask):
            route, rule = None, approvals.RULE
        later = not isinstance(route, Route)
        deadline_at = starts_at + timedelta(seconds=command.valid_for_s or self.valid_for_s)
        due_at, reason = (starts_at if later else None), None
        if isinstance(route, Later):
            due_at, reason = min(max(route.at, starts_at), deadline_at), route.why
        status, error_code = Status.QUEUED if later else Status.SENDING, None
        if isinstance(block, Exceeded):
            status, error_code = Status.RATE_LIMITED, block.code
        elif block is not None:
            status, error_code = Status.BLOCKED, "blocked"
        if isinstance(held_by, Ask):
            status, reason = Status.HELD, approvals.WAITS
            due_at = command.send_at
        act, message_id, answered = reviewed.act, self.ids.new("msg"), plan.answered
        ref = act.rules.ref(message_id, reviewed.sender)
        return Message(
            id=message_id,
            created_at=now,
            agent_id=act.agent.id,
            channel=command.channel,
            direction=Direction.OUTBOUND,
            from_address=reviewed.sender,
            to_address=act.recipient,
            body_state=BodyState.SHREDDED if block else BodyState.HELD,
            connection=reviewed.connection.name,
            provider=reviewed.connection.spec.name,
            external_id=None,
            status=status,
            segments=reviewed.units.count,
            cost_micros=0 if block else reviewed.cost_micros,
            currency=reviewed.currency,
            cost_final=block is not None,
            error_code=error_code,
            rule=rule,
            reason=block.sentence if block else reason,
            retry_after_s=block.retry_after_s if isinstance(block, Exceeded) else None,
            reply_to=command.reply_to,
            acknowledged_at=None,
            media_count=len(act.content.media),
            attempts=0 if later or block else 1,
            due_at=None if block else due_at,
            deadline_at=deadline_at,
            batch_id=command.batch_id,
            ref=ref,
            thread=(answered.thread if answered else None) or (message_id if ref else None),
            automatic=answered is not None and answered.automatic,
            copies=self.journal.vault.pseudonyms(
                plan.principal.workspace_id, (*act.content.cc, *act.content.bcc)
            ),
            simulated=reviewed.simulated,
            hops=standing.chain.hop(now) if standing.chain is not None else 0,
            message_class=act.message_class,
            duplicate_of=command.duplicate_of,
        )


def _to_duplicate(message: Message, reviewed: Reviewed) -> Message:
    """Return a message that says of itself whether it is told once more."""
    if destination(reviewed.act.agent, message, reviewed.act.content) is None:
        return message
    return replace(message, duplicated=True)
