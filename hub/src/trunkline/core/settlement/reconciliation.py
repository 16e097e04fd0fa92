"""Finding out what became of a message whose outcome nobody knows, by what its adapter offers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from trunkline.core.calls.ledger import CHANNEL, LONGEST_OUTBOUND
from trunkline.core.calls.telling import Telling
from trunkline.core.channels import kind_of
from trunkline.core.connections.clocks import VendorClocks
from trunkline.core.connections.registry import AnySpec, Connection, Connections
from trunkline.core.delivery.attempts import key_of
from trunkline.core.delivery.outcomes import Outcomes
from trunkline.core.delivery.retry import Redelivery
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job, JobKind
from trunkline.core.messages import repository, trail
from trunkline.core.messages.content import Content
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Evidence, Flag, Message, Source, Status
from trunkline.core.privacy.keys import Unreadable
from trunkline.core.settlement.likeness import Likeness, likeness, near
from trunkline.core.settlement.lookups import Lookups, NoAnswer
from trunkline.core.settlement.reports import note_report
from trunkline.sdk import (
    CallReport,
    Capability,
    Database,
    EventLog,
    FailureKind,
    MessageProvider,
    Report,
    TelephonyProvider,
    Tx,
    Unsupported,
)

GIVE_UP: Final = timedelta(hours=24)
"""After so long nobody is asked any more, and a person must decide."""
_CLOCK_KNOWN: Final = timedelta(minutes=10)
_CLOCK_UNKNOWN: Final = timedelta(hours=2)
"""So much earlier a look-up begins than the first attempt, by the provider's clock. What else it
finds then does no harm: a message is known by what it says."""
_CALL_GRACE: Final = timedelta(minutes=10)
"""So long after a call must be over its outcome may still be told, before a person must decide."""
_NOT_PLACED: Final = (
    "The provider has no such call: it was not placed, and is not tried again by itself."
)
_NOT_PLACED_CODE: Final = FailureKind.TEMPORARY.value
_RIVAL_S: Final = 5.0
_AGAIN_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """
    What is unknown, and what bears on the answer.

    Attributes:
        begun_at: When its newest attempt began.
        trusted_at: Once a look-up that finds nothing proves that it was not taken.
        asked_until: After that nobody is asked any more, and a person must decide.
        resent_until: Until then the provider drops what is sent to it a second time.
        since: When the provider can have taken it at the earliest, by the provider's clock.
        content: What it says; None once that is gone.
        twins: Messages between the same two that say the same, or whose text is gone, oldest first,
            the message itself among them: a look-up cannot tell them apart. Calls say nothing to a
            look-up, so all of them are.
    """

    message: Message
    begun_at: datetime
    trusted_at: datetime
    asked_until: datetime
    resent_until: datetime
    since: datetime
    content: Content | None
    twins: tuple[Message, ...]

    @property
    def is_call(self) -> bool:
        """Whether it is one: nobody is called a second time, whatever a look-up finds."""
        return self.message.channel == CHANNEL


_Found = tuple[Report, Likeness]
_Ask = Callable[[_Question, Connection], Awaitable[Sequence[_Found]]]


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """
    Does the jobs that ask.

    Attributes:
        nothing_at: When a look-up first found nothing that can be trusted, by message and attempts.
    """

    db: Database
    connections: Connections
    lookups: Lookups
    redelivery: Redelivery
    outcomes: Outcomes
    journal: Journal
    engine: Engine
    vendor_clocks: VendorClocks
    telling: Telling
    log: EventLog
    timeout_s: float
    flag_after: timedelta
    nothing_at: dict[tuple[str, int], datetime] = field(default_factory=dict)

    async def work(self, job: Job) -> None:
        """Resolve a message of unknown outcome, or see to it that it is looked at again."""
        workspace_id, now = job.workspace_id, self.journal.clock.now()
        question = await self.db.read(lambda tx: self._question(tx, workspace_id, job.subject_id))
        if question is None:
            return
        message = question.message
        connection = self.connections.find(message.connection, kind_of(message.channel))
        if connection is None or connection.fault or now > question.asked_until:
            await self._flag(workspace_id, question)
            return
        abilities = connection.spec.capabilities
        if question.is_call:
            await self._of_a_call(workspace_id, question, connection)
        elif now <= question.resent_until:
            await self.redelivery.resend(workspace_id, question.message.id)
        elif Capability.LOOKUP_BY_KEY in abilities:
            await self._look_up(workspace_id, question, connection, self._by_key)
        elif Capability.LOOKUP_BY_ADDRESS in abilities:
            await self._look_up(workspace_id, question, connection, self._by_address)
        elif now >= question.begun_at + self.flag_after:
            await self._flag(workspace_id, question)
        else:  # a callback may still tell
            await self._later(workspace_id, question.message, question.begun_at + self.flag_after)

    async def _of_a_call(
        self, workspace_id: str, question: _Question, connection: Connection
    ) -> None:
        surely_over = question.begun_at + LONGEST_OUTBOUND + _CALL_GRACE
        if Capability.CALL_LOOKUP_BY_ADDRESS in connection.spec.capabilities:
            await self._look_up(workspace_id, question, connection, self._calls_by_address)
        elif self.journal.clock.now() >= surely_over:
            await self._flag(workspace_id, question)
        else:  # a callback may still tell
            await self._later(workspace_id, question.message, surely_over)

    def _question(self, tx: Tx, workspace_id: str, message_id: str) -> _Question | None:
        message = repository.find_message(tx, workspace_id, message_id)
        if message is None or message.status is not Status.UNKNOWN:
            return None
        begun_at = trail.begun_at(tx, workspace_id, message_id) or message.created_at
        first_at = trail.unknown_since(tx, workspace_id, message_id) or begun_at
        connection = self.connections.find(message.connection, kind_of(message.channel))
        spec = connection.spec if connection else None
        # The provider is opened, and then asked, and each may take that long.
        takes = timedelta(seconds=2 * self.timeout_s)
        latency = timedelta(seconds=spec.accept_latency_s if spec else 0)
        ahead = self.vendor_clocks.ahead(message.connection)
        margin = _CLOCK_UNKNOWN if ahead is None else _CLOCK_KNOWN
        # No vendor promises to remember a key for ever: every resend counts from the first attempt.
        key = spec.idempotency if spec else None
        window = timedelta(seconds=key.window_s) - takes if key else timedelta(seconds=-1)
        content = self._content(tx, workspace_id, message)
        rivals = repository.rivals(tx, workspace_id, message, first_at - margin - takes - latency)
        return _Question(
            message=message,
            begun_at=begun_at,
            trusted_at=begun_at + takes + latency,
            asked_until=(first_at if key else begun_at + takes) + GIVE_UP,
            resent_until=first_at + window,
            since=first_at - margin + (ahead or timedelta()),
            content=content,
            twins=tuple(
                rival
                for rival in rivals
                if rival.id == message.id
                or message.channel == CHANNEL
                or content is None
                or self._content(tx, workspace_id, rival) in (content, None)
            ),
        )

    def _content(self, tx: Tx, workspace_id: str, message: Message) -> Content | None:
        try:
            return self.journal.content(tx, workspace_id, message)
        except Unreadable:
            return None

    def _still(self, tx: Tx, workspace_id: str, question: _Question) -> _Question | None:
        """Return the question as it stands now; None if it is none, or about a later attempt."""
        standing = self._question(tx, workspace_id, question.message.id)
        if standing is None or standing.message.attempts != question.message.attempts:
            return None
        return standing

    async def _look_up(
        self, workspace_id: str, question: _Question, connection: Connection, ask: _Ask
    ) -> None:
        message, now = question.message, self.journal.clock.now()
        if any(twin.status is Status.SENDING for twin in question.twins):
            await self._later(workspace_id, message, now + timedelta(seconds=_RIVAL_S))
            return
        try:
            found = await ask(question, connection)
        except NoAnswer:
            await self._later(workspace_id, message, now + timedelta(seconds=_AGAIN_S))
            return
        same, perhaps = await self.db.read(
            lambda tx: self._unclaimed(tx, workspace_id, message, found)
        )
        if len(same) == len(question.twins) == 1:
            await self._settle(workspace_id, question, connection.spec, same[0])
        elif same and len(same) == len(question.twins) and not question.is_call:
            # All were taken; which is which, nobody tells.
            await self._settle(workspace_id, question, connection.spec, None)
        elif now < question.trusted_at:
            await self._later(workspace_id, message, question.trusted_at)
        elif not same and not perhaps:
            lag = timedelta(seconds=connection.spec.lookup_lag_s)
            nothing_since = self._nothing_since(question) if lag else now
            if now - nothing_since >= lag:
                await self._not_taken(workspace_id, question)
            else:
                await self._later(workspace_id, message, nothing_since + lag)
        else:  # nothing tells which of them was sent, or whether what is there is this one
            await self._flag(workspace_id, question)

    def _nothing_since(self, question: _Question) -> datetime:
        """
        Return when a look-up found nothing for the first time, which is now unless it was before.

        A hub that starts anew looks twice again.
        """
        now, message = self.journal.clock.now(), question.message
        for known, at in [*self.nothing_at.items()]:
            if now - at > GIVE_UP:
                del self.nothing_at[known]
        return self.nothing_at.setdefault((message.id, message.attempts), now)

    def _unclaimed(
        self, tx: Tx, workspace_id: str, message: Message, found: Sequence[_Found]
    ) -> tuple[list[Report], list[Report]]:
        """Return what is the message, and what may be, of what is no other message already."""
        same: list[Report] = []
        perhaps: list[Report] = []
        for report, like in found:
            known = repository.find_by_external_id(
                tx, workspace_id, message.connection, report.provider_id
            )
            if known is None and like is not Likeness.OTHER:
                (same if like is Likeness.SAME else perhaps).append(report)
        return same, perhaps

    async def _by_address(self, question: _Question, connection: Connection) -> Sequence[_Found]:
        message = question.message
        reports = await self.lookups.ask(
            message,
            connection,
            lambda provider: provider.find(
                message.from_address, message.to_address, question.since
            ),
        )
        return [(report, likeness(question.content, report)) for report in reports]

    async def _calls_by_address(
        self, question: _Question, connection: Connection
    ) -> Sequence[_Found]:
        message = question.message

        async def ask(provider: MessageProvider[Any]) -> Sequence[CallReport]:
            if not isinstance(provider, TelephonyProvider):
                raise Unsupported("looking up calls by number")
            return await provider.find_calls(
                message.from_address, message.to_address, question.since
            )

        reports = await self.lookups.ask(message, connection, ask)
        ahead = self.vendor_clocks.ahead(message.connection)
        margin = _CLOCK_UNKNOWN if ahead is None else _CLOCK_KNOWN
        latest = question.trusted_at + margin + (ahead or timedelta())
        return [(report, near(report, question.since, latest)) for report in reports]

    async def _by_key(self, question: _Question, connection: Connection) -> Sequence[_Found]:
        key = key_of(question.message.id, connection.spec)
        report = await self.lookups.ask(
            question.message,
            connection,
            lambda provider: provider.find_by_key(key, question.since),
        )
        return [] if report is None else [(report, Likeness.SAME)]

    async def _settle(
        self, workspace_id: str, question: _Question, spec: AnySpec, report: Report | None
    ) -> None:
        """
        Note what the provider told of it, unless that may be of another message by now.

        Without a report it was taken, and nothing more is known.
        """
        message = question.message

        def fn(tx: Tx) -> bool:
            standing = self._still(tx, workspace_id, question)
            if standing is None:
                return False
            taken_since = report is not None and repository.find_by_external_id(
                tx, workspace_id, message.connection, report.provider_id
            )
            if _tries(standing.twins) != _tries(question.twins) or taken_since:
                at = self.journal.clock.now() + timedelta(seconds=_RIVAL_S)
                self.engine.enqueue(tx, workspace_id, JobKind.RECONCILE, message.id, at)
                return False
            if report is not None:
                repository.set_external_id(
                    tx, workspace_id, message.id, message.connection, report.provider_id
                )
                note_report(
                    self.journal,
                    self.engine,
                    tx,
                    workspace_id,
                    message,
                    report,
                    spec,
                    self.telling,
                )
            else:
                evidence = Evidence(source=Source.LOOKUP)
                self.journal.move(tx, workspace_id, message, Status.SENT, evidence)
                repository.set_values(tx, workspace_id, message.id, reason=None)
            self._flag_if_late(tx, workspace_id, question)
            return True

        if await self.db.write(fn):
            self.log.info("message.found", messageId=message.id, provider=message.provider)

    def _flag_if_late(self, tx: Tx, workspace_id: str, question: _Question) -> None:
        """Flag what is `sent` and nothing more so late that `Overdue` will not look for it."""
        message_id = question.message.id
        standing = repository.find_message(tx, workspace_id, message_id)
        is_late = self.journal.clock.now() >= question.begun_at + self.flag_after
        if is_late and standing and standing.status is Status.SENT and not standing.flag:
            repository.set_values(tx, workspace_id, message_id, flag=Flag.NO_FINAL_STATUS.value)

    async def _not_taken(self, workspace_id: str, question: _Question) -> None:
        """
        Queue what the provider surely does not have, unless it has moved on since it said so.

        A call is given up instead: whoever wants it decides whether it is still wanted.
        """
        message = question.message

        def fn(tx: Tx) -> bool:
            if self._still(tx, workspace_id, question) is None:
                return False
            evidence = Evidence(source=Source.LOOKUP)
            if question.is_call:
                self.outcomes.fail(
                    tx, workspace_id, message, _NOT_PLACED_CODE, _NOT_PLACED, evidence
                )
                return True
            self.journal.move(tx, workspace_id, message, Status.QUEUED, evidence)
            due_at = self.journal.clock.now()
            repository.set_values(tx, workspace_id, message.id, due_at=due_at)
            self.engine.enqueue(tx, workspace_id, JobKind.ATTEMPT, message.id, due_at)
            return True

        if await self.db.write(fn):
            self.log.info("message.not_found", messageId=message.id, provider=message.provider)

    async def _later(self, workspace_id: str, message: Message, at: datetime) -> None:
        await self.db.write(
            lambda tx: self.engine.enqueue(tx, workspace_id, JobKind.RECONCILE, message.id, at)
        )

    async def _flag(self, workspace_id: str, question: _Question) -> None:
        """Ask a person to look: nobody else can tell."""
        message = question.message

        def fn(tx: Tx) -> bool:
            if self._still(tx, workspace_id, question) is None:
                return False  # a callback has told meanwhile
            repository.set_values(tx, workspace_id, message.id, flag=Flag.UNKNOWN.value)
            return True

        if await self.db.write(fn):
            self.log.error(
                "message.outcome_unknown", messageId=message.id, provider=message.provider
            )


def _tries(messages: Sequence[Message]) -> list[tuple[str, int]]:
    """Return what must be as it was for an answer about some messages to hold."""
    return [(message.id, message.attempts) for message in messages]
