"""Admitting a message: its key, the gate and its rows, in one transaction."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy.exc import IntegrityError

from trunkline.core.channels import Block
from trunkline.core.connections.routes import Later, Route
from trunkline.core.delivery.attempts import Attempt, Switch
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import JobKind
from trunkline.core.gate.gate import Gate, Reviewed, Standing, over
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
from trunkline.db.hot import both
from trunkline.sdk import Clock, Database, IdSource, Tx

_TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    A reviewed send: whose, under which key, and over which route.

    `route` is `Later` if it must wait for one, and None if it is not sent now anyway. `answered` is
    the message that it answers.
    """

    principal: Principal
    command: SendMessage
    key: Key
    reviewed: Reviewed
    route: Route | Later | None
    answered: Message | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What came of it: an attempt to make, or a message that is not to be sent now."""

    message: Message
    attempt: Attempt | None
    replayed: bool = False
    block: Block | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """Stores messages with their first attempt."""

    db: Database
    gate: Gate
    journal: Journal
    engine: Engine
    clock: Clock
    ids: IdSource
    valid_for_s: int

    async def admit(self, plan: Plan) -> Admitted:
        """
        Store the message with its first attempt, or with the job that makes it later; or find its
        twin; or store it as blocked.
        """
        for tries_left in reversed(range(_TRIES)):
            try:
                return await self.db.write(lambda tx: self._admit(tx, plan))
            except IntegrityError:  # another hub bound the key at the same moment: look again
                if not tries_left:
                    raise
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
        block = self.gate.commit(reviewed, standing)
        message = self.journal.store(
            tx,
            workspace_id,
            self._compose(reviewed, plan, block),
            reviewed.act.content if block is None else None,
            Evidence(source=Source.SEND),
            days=days,
        )
        if block is not None:
            return Admitted(message=message, attempt=None, block=block)
        if offered := reviewed.act.content.choices:
            conversation = (message.agent_id, message.channel, message.to_address)
            choices.offer(tx, self.journal.vault, workspace_id, conversation, message.id, offered)
        row_id = self.ids.new("row")
        idempotency.bind(tx, workspace_id, row_id, plan.key, message.id, now, instead_of=first)
        if not isinstance(route, Route):
            due_at = message.due_at or now
            self.engine.enqueue(tx, workspace_id, JobKind.ATTEMPT, message.id, due_at)
            return Admitted(message=message, attempt=None)
        switch = None
        if route.passed_over is not None:
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
            tx, workspace_id, attempt.id, message, executor=self.engine.executor, now=now
        )
        return Admitted(message=message, attempt=attempt)

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
        )
        days = keep_days(workspace_id, act.agent.id, plan.command.channel)
        bound, (standing, kept) = both(
            idempotency.bound(workspace_id, plan.key), both(asked, days)
        ).ask(tx)
        return bound, standing, kept

    def _compose(self, reviewed: Reviewed, plan: Plan, block: Block | None) -> Message:
        now, command, route = self.clock.now(), plan.command, plan.route
        later = not isinstance(route, Route)
        starts_at = command.send_at or now
        deadline_at = starts_at + timedelta(seconds=command.valid_for_s or self.valid_for_s)
        due_at, reason = (starts_at if later else None), None
        if isinstance(route, Later):
            due_at, reason = min(route.at, deadline_at), route.why
        status = Status.QUEUED if later else Status.SENDING
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
            status=Status.BLOCKED if block else status,
            segments=reviewed.units.count,
            cost_micros=0 if block else reviewed.cost_micros,
            currency=reviewed.currency,
            cost_final=block is not None,
            error_code="blocked" if block else None,
            rule=block.rule if block else None,
            reason=block.sentence if block else reason,
            retry_after_s=None,
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
        )
