"""Beginning an attempt after the first: the gate's last look, and the row, in one transaction."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from trunkline.core.channels import rules_of
from trunkline.core.compliance.filters import Wait
from trunkline.core.connections.registry import Connection
from trunkline.core.connections.routes import Later, Route
from trunkline.core.delivery.attempts import Attempt, Switch
from trunkline.core.delivery.holding import Holding
from trunkline.core.delivery.outcomes import Outcomes
from trunkline.core.engine.engine import Engine
from trunkline.core.gate.able import estimate
from trunkline.core.gate.blocks import SUSPENSION
from trunkline.core.gate.gate import Gate
from trunkline.core.messages import idempotency, repository, trail
from trunkline.core.messages.content import Content
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Evidence, Flag, Message, Source, Status
from trunkline.core.messages.threads import references
from trunkline.sdk import Tx

_LEAST_LEFT: Final = timedelta(minutes=5)
"""What was put off has at least so long to go out then."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """Begins attempts. Every method runs inside the caller's transaction."""

    gate: Gate
    outcomes: Outcomes
    holding: Holding
    journal: Journal
    engine: Engine

    def begin(
        self,
        tx: Tx,
        workspace_id: str,
        message_id: str,
        standing: Status,
        begun_s: float,
        route: Route,
    ) -> Attempt | Later | None:
        """
        Store the next attempt at a message that is `standing` there, if the gate lets it.

        One that must not go out before a later time has till then, and as long as it had after.
        """
        message = repository.find_message(tx, workspace_id, message_id)
        if message is None or message.status is not standing:
            return None
        content = self._content_in_time(tx, workspace_id, message)
        if content is None:
            return None
        able = route.connection.spec.capabilities
        content = rules_of(message.channel).over(content, route.connection.name, able)
        block = self.gate.recheck(
            tx, workspace_id, message, content, leaves=not route.connection.spec.simulated
        )
        if isinstance(block, Wait):
            return self._wait(tx, workspace_id, message, block)
        if block is not None:
            if standing is Status.QUEUED and block.rule == SUSPENSION:
                self.holding.hold_overtaken(tx, workspace_id, message)
            elif standing is Status.QUEUED:
                self._block(tx, workspace_id, message, block.rule, block.sentence)
            else:
                repository.set_values(tx, workspace_id, message_id, flag=Flag.UNKNOWN.value)
            return None
        evidence = Evidence(source=Source.SEND)
        if not self.journal.move(tx, workspace_id, message, Status.SENDING, evidence):
            return None
        number = message.attempts + 1
        repository.set_values(tx, workspace_id, message_id, attempts=number, due_at=None)
        message, switch = self._over(tx, workspace_id, message, route)
        attempt = Attempt(
            id=self.journal.ids.new("att"),
            workspace_id=workspace_id,
            message=replace(message, status=Status.SENDING, attempts=number),
            content=content,
            connection=route.connection,
            number=number,
            begun_s=begun_s,
            resend=standing is Status.UNKNOWN,
            others=route.others,
            switch=switch,
            references=references(tx, workspace_id, message),
        )
        trail.add_attempt(
            tx,
            workspace_id,
            attempt.id,
            attempt.message,
            executor=self.engine.executor,
            now=self.journal.clock.now(),
        )
        return attempt

    def _wait(self, tx: Tx, workspace_id: str, message: Message, wait: Wait) -> Later:
        """Let a message wait for a time at which it may go."""
        if message.deadline_at is not None:
            left = max(message.deadline_at - self.journal.clock.now(), _LEAST_LEFT)
            repository.set_values(
                tx, workspace_id, message.id, deadline_at=wait.until + left, rule=wait.rule
            )
        return Later(at=wait.until, why=wait.sentence)

    def _over(
        self, tx: Tx, workspace_id: str, message: Message, route: Route
    ) -> tuple[Message, Switch | None]:
        """Let a message be the route's connection's, from whichever it was."""
        connection = route.connection
        if message.connection == connection.name:
            return message, None
        cost_micros, currency = _price(message, connection)
        over = replace(
            message,
            connection=connection.name,
            provider=connection.spec.name,
            cost_micros=cost_micros,
            currency=currency,
        )
        repository.set_values(
            tx, workspace_id, message.id, connection=over.connection, provider=over.provider
        )
        self.journal.charge(tx, workspace_id, message.id, cost_micros, currency, final=False)
        why = message.reason or route.passed_over or "It comes first."
        return over, Switch(before=message.connection, why=why)

    def _content_in_time(self, tx: Tx, workspace_id: str, message: Message) -> Content | None:
        """Return what to send; None, having given the message up, once its time has passed."""
        now = self.journal.clock.now()
        late = message.deadline_at is not None and now > message.deadline_at
        content = None if late else self.journal.content(tx, workspace_id, message)
        if late and message.status is Status.QUEUED:
            self.outcomes.expire(tx, workspace_id, message, message.reason or "It had to wait.")
        elif content is None and message.status is Status.QUEUED:
            why = "Its text was destroyed before it could be sent: the time to hold it was over."
            self.outcomes.fail(tx, workspace_id, message, "expired", why)
        elif content is None:
            repository.set_values(tx, workspace_id, message.id, flag=Flag.UNKNOWN.value)
        return content

    def _block(self, tx: Tx, workspace_id: str, message: Message, rule: str, why: str) -> None:
        self.journal.move(tx, workspace_id, message, Status.BLOCKED, Evidence(source=Source.SEND))
        repository.set_values(
            tx,
            workspace_id,
            message.id,
            error_code="blocked",
            rule=rule,
            reason=why,
            due_at=None,
        )
        self.journal.release(tx, workspace_id, message.id)
        idempotency.free(tx, workspace_id, message.id)


def _price(message: Message, connection: Connection) -> tuple[int | None, str | None]:
    return estimate(
        rules_of(message.channel),
        connection,
        message.to_address,
        message.segments or 1,
        with_media=message.media_count > 0,
    )
