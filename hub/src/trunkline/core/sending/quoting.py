"""What would become of a send, said beforehand by the code that sends, without doing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from trunkline.core.channels import Block
from trunkline.core.compliance.filters import Wait
from trunkline.core.connections.registry import Connection
from trunkline.core.connections.routes import Later, Routes
from trunkline.core.gate.acts import Reviewed, over
from trunkline.core.gate.foresight import foreseen
from trunkline.core.gate.holds import Ask
from trunkline.core.limits.models import Exceeded, Wish
from trunkline.core.messages.models import SendMessage
from trunkline.core.principal import Principal
from trunkline.core.problems import Blocked, OutOfWindow, Problem
from trunkline.core.sending.preparing import Preparing
from trunkline.core.sending.saying import Saying
from trunkline.core.speech.models import Cost
from trunkline.sdk import KINDS, Database


class Decision(StrEnum):
    """What would become of it."""

    ALLOW = "allow"
    """It would be handed to the provider at once."""

    DEFER = "defer"
    """It would be stored, and handed over later."""

    BLOCK = "block"
    """It would be refused."""

    RATE_LIMITED = "rate_limited"
    SPEND_CAP = "spend_cap"
    HOLD = "hold"
    """A person would be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """
    What would become of a message.

    Attributes:
        code: Of the refusal that a send would end in.
        rule, field: What that is about, where a send would say so.
        reason: Why, in a sentence.
        connection: The one that it would go over; None where that was not found out.
        why_connection: Why that one, in a sentence.
        segments, encoding: How much it is, in what its channel counts in.
        parts: What it is expected to cost beside what carries it, each with what is charged.
        cost_micros, currency: What carrying it is expected to cost.
        earliest_at: When it may go, if not now.
        remaining: How many acts the agent would have left in its tightest window; None: no limit.
        spend_remaining_micros: What the tightest cap would leave to spend; None: no cap.
        repeats: The message that was sent already under the same key: nothing would be sent.
        wish: The act as limits see it, where it was found out.
    """

    decision: Decision
    code: str | None = None
    rule: str | None = None
    field: str | None = None
    reason: str | None = None
    connection: Connection | None = None
    why_connection: str | None = None
    segments: int | None = None
    encoding: str | None = None
    parts: tuple[Cost, ...] = ()
    cost_micros: int | None = None
    currency: str | None = None
    earliest_at: datetime | None = None
    repeats: str | None = None
    remaining: int | None = None
    spend_remaining_micros: int | None = None
    wish: Wish | None = None
    simulated: bool = False

    @property
    def takes_room(self) -> bool:
        """Whether it would be counted against the agent's limits."""
        goes = self.decision in (Decision.ALLOW, Decision.DEFER, Decision.HOLD)
        return goes and self.repeats is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotes:
    """Quotes sends. Nothing is written, no key is bound, nothing is spoken, nobody is asked."""

    db: Database
    preparing: Preparing
    saying: Saying
    routes: Routes

    async def of(
        self,
        principal: Principal,
        agent_id: str,
        command: SendMessage,
        before: Sequence[Wish] = (),
    ) -> Quote:
        """Return what would become of a message if it were sent now, after some others."""
        try:
            draft = await self.preparing.draft(principal, agent_id, command)
            if draft.repeats is not None:
                return Quote(
                    decision=Decision.ALLOW,
                    reason="It was sent before: nothing is sent again.",
                    repeats=draft.repeats,
                )
            reviewed = await self.preparing.reviewed(principal, draft)
            return await self._of_reviewed(principal, draft.command, reviewed, before)
        except Problem as problem:
            return refused(problem)

    async def _of_reviewed(
        self,
        principal: Principal,
        command: SendMessage,
        reviewed: Reviewed,
        before: Sequence[Wish],
    ) -> Quote:
        workspace_id = principal.workspace_id
        parts: tuple[Cost, ...] = ()
        if not await self.saying.is_blocked(workspace_id, reviewed):
            reviewed, parts = await self.saying.foreseen(workspace_id, reviewed)
        earliest_at, reason, why = command.send_at, None, None
        if command.send_at is None and command.batch_id is None:
            route = self.routes.foreseen(reviewed.candidates)
            if isinstance(route, Later):
                earliest_at, reason = route.at, route.why
            else:
                reviewed, why = over(reviewed, route.connection), route.passed_over
        standing = await self.db.peek(lambda tx: self.saying.standing(tx, workspace_id, reviewed))
        foresight = foreseen(self.preparing.gate, workspace_id, reviewed, standing, before)
        block = foresight.stop
        if isinstance(block, Exceeded):
            decision, reason = Decision(block.code), block.sentence
            wait_s = block.retry_after_s
            now = self.preparing.clock.now()
            earliest_at = None if wait_s is None else now + timedelta(seconds=wait_s)
        elif isinstance(block, Wait):
            decision, reason = Decision.DEFER, block.sentence
            earliest_at = max(block.until, earliest_at or block.until)
        elif isinstance(block, Ask):
            decision, reason, earliest_at = Decision.HOLD, block.doubts[0].why, None
        elif block is not None:
            decision, reason, earliest_at = Decision.BLOCK, block.sentence, None
        else:
            decision = Decision.ALLOW if earliest_at is None else Decision.DEFER
        return Quote(
            decision=decision,
            code=_code_of(block) if isinstance(block, Block | Exceeded) else None,
            rule=block.doubts[0].rule if isinstance(block, Ask) else block.rule if block else None,
            field=block.field if isinstance(block, Block) else None,
            reason=reason,
            connection=reviewed.connection,
            why_connection=why or _why(reviewed),
            segments=reviewed.units.count,
            encoding=reviewed.units.encoding,
            parts=() if isinstance(block, Block | Exceeded) else parts,
            cost_micros=0 if isinstance(block, Block | Exceeded) else reviewed.cost_micros,
            currency=reviewed.currency,
            earliest_at=earliest_at,
            remaining=foresight.remaining,
            spend_remaining_micros=foresight.spend_remaining,
            wish=foresight.wish,
            simulated=reviewed.simulated,
        )


def refused(problem: Problem) -> Quote:
    """Return a refusal that a send would end in as a quote."""
    rule, field = problem.facts.get("rule"), problem.facts.get("field")
    return Quote(
        decision=Decision.BLOCK,
        code=problem.code,
        rule=None if rule is None else str(rule),
        field=None if field is None else str(field),
        reason=problem.detail,
    )


def _code_of(block: Block | Exceeded) -> str:
    if isinstance(block, Exceeded):
        return block.code
    return OutOfWindow.code if block.rule == "window" else Blocked.code


def _why(reviewed: Reviewed) -> str:
    """Say why the connection carries it that does."""
    connection, agent = reviewed.connection, reviewed.act.agent
    noun = KINDS[connection.kind].noun
    if reviewed.passed_over is not None:
        return f"'{reviewed.passed_over.name}' comes first. {reviewed.passed_over.why}"
    if reviewed.simulated:
        return "The agent is simulated."
    if agent.connection_for(connection.kind) == connection.name:
        return f"It is the agent's own for {noun}."
    return f"It comes first for {noun}."
