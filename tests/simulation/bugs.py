"""Bugs that somebody could have written into the hub, to be planted and found."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa

from trunkline.core.calls.ledger import Ledger
from trunkline.core.channels.whatsapp import WhatsApp
from trunkline.core.delivery import deliver, failing, outcomes
from trunkline.core.delivery.beginning import Beginning
from trunkline.core.delivery.deliver import Delivery
from trunkline.core.delivery.outcomes import Outcomes
from trunkline.core.engine import repository as jobs
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import Job, JobKind
from trunkline.core.gate.gate import Gate
from trunkline.core.inbound import repository as inbound
from trunkline.core.inbound.dispatch import Dispatch
from trunkline.core.inbound.intake import Intake
from trunkline.core.inbound.listening import Listening
from trunkline.core.inbound.reporting import Applied, Reports
from trunkline.core.inbound.repository import EventState
from trunkline.core.messages import idempotency, repository, trail
from trunkline.core.messages.models import MOVES, Evidence, Source, Status
from trunkline.core.sending import admission
from trunkline.core.sending.answers import answer
from trunkline.core.sending.service import Messages
from trunkline.core.settlement import reconciliation
from trunkline.core.settlement.likeness import Likeness
from trunkline.core.settlement.reconciliation import Reconciliation
from trunkline.core.settlement.recovery import Recovery
from trunkline.db.hot import Hot
from trunkline.db.schema import inbound_events, messages, usage_logs
from trunkline.sdk import DeliveryStatus, MessageProvider, OutcomeUnknown, Receipt, RetryLater, Tx

Bug = Callable[[], AbstractContextManager[object]]


def an_unknown_outcome_is_tried_again_blindly() -> AbstractContextManager[object]:
    honest = Outcomes.record

    def record(self: Outcomes, tx: Tx, attempt: Any, outcome: Any, **how: Any) -> Any:
        if isinstance(outcome, OutcomeUnknown):
            outcome = RetryLater(str(outcome))
        return honest(self, tx, attempt, outcome, **how)

    return patch.object(Outcomes, "record", record)


def a_look_up_takes_whatever_the_same_person_got() -> AbstractContextManager[object]:
    return patch.object(reconciliation, "likeness", lambda *_: Likeness.SAME)


def a_look_up_goes_by_the_hubs_own_clock() -> AbstractContextManager[object]:
    return patch.object(reconciliation, "_CLOCK_UNKNOWN", timedelta(0))


def a_report_that_comes_early_is_dropped() -> AbstractContextManager[object]:
    dropped = Applied(state=EventState.IGNORED, reason="The hub sent no such message.")
    return patch.object(Reports, "wait", lambda *_: dropped)


def a_failover_follows_an_unknown_outcome() -> AbstractContextManager[object]:
    honest = Delivery._call

    async def call(self: Delivery, attempt: Any) -> Any:
        outcome = await honest(self, attempt)
        fails_over = isinstance(outcome, OutcomeUnknown) and attempt.others
        return RetryLater(str(outcome)) if fails_over else outcome

    return patch.object(Delivery, "_call", call)


def a_safe_resend_goes_out_under_another_key() -> AbstractContextManager[object]:
    honest = Delivery._ask

    async def ask(self: Delivery, provider: Any, attempt: Any, sms: Any) -> Any:
        return await honest(self, provider, attempt, replace(sms, idempotency_key=attempt.id))

    return patch.object(Delivery, "_ask", ask)


def a_look_up_is_believed_too_early() -> AbstractContextManager[object]:
    honest = Reconciliation._question

    def question(self: Reconciliation, tx: Tx, workspace_id: str, message_id: str) -> Any:
        asked = honest(self, tx, workspace_id, message_id)
        return asked and replace(asked, trusted_at=asked.begun_at - timedelta(seconds=60))

    return patch.object(Reconciliation, "_question", question)


def after_a_crash_what_was_under_way_is_queued_again() -> AbstractContextManager[object]:
    def settle(self: Recovery, tx: Tx, leftovers: list[tuple[str, str, str]]) -> int:
        now = self.journal.clock.now()
        for workspace_id, attempt_id, message_id in leftovers:
            trail.end_attempt(tx, workspace_id, attempt_id, state="failed", now=now)
            message = repository.find_message(tx, workspace_id, message_id)
            assert message is not None
            evidence = Evidence(source=Source.SEND)
            if self.journal.move(tx, workspace_id, message, Status.QUEUED, evidence):
                self.engine.enqueue(tx, workspace_id, JobKind.ATTEMPT, message_id, now)
        return len(leftovers)

    return patch.object(Recovery, "_settle", settle)


def after_a_crash_nobody_looks() -> AbstractContextManager[object]:
    return patch.object(Recovery, "_settle", lambda self, tx, leftovers: len(leftovers))


def an_attempt_whose_storing_was_not_confirmed_is_forgotten() -> AbstractContextManager[object]:
    return patch.object(Recovery, "settle_forgotten", lambda *_: 0)


def a_claim_that_was_not_confirmed_is_forgotten() -> AbstractContextManager[object]:
    honest = jobs.release

    def release(tx: Tx, executor: str, *, but: Any = None) -> int:
        return honest(tx, executor) if but is None else 0

    return patch.object(jobs, "release", release)


def an_event_counts_again_after_a_while(after_s: float = 2.0) -> AbstractContextManager[object]:
    honest = inbound.is_known

    def is_known(tx: Tx, event: inbound.StoredEvent) -> bool:
        if honest(tx, event):
            made_s = int(event.id[4:16], 16) / 1000  # as its id tells
            tx.execute(
                sa.update(inbound_events)
                .where(
                    inbound_events.c.external_id == event.external_id,
                    inbound_events.c.created_at
                    < datetime.fromtimestamp(made_s + 0.001 - after_s, UTC),
                )
                .values(external_id=f"{event.external_id} before {event.id}")
            )
        return honest(tx, event)

    return patch.object(inbound, "is_known", is_known)


def a_status_may_move_back() -> AbstractContextManager[object]:
    return _moves({to: frozenset(Status) for to in MOVES})


def a_cancel_comes_through_after_the_attempt_began() -> AbstractContextManager[object]:
    return _moves({Status.CANCELED: frozenset({Status.QUEUED, Status.SENDING, Status.SENT})})


def _moves(changed: dict[Status, frozenset[Status]]) -> AbstractContextManager[object]:
    """Let statuses be reached from others than the hub's table says."""
    hot = {
        (to, shreds, is_reported): Hot(
            sa.update(messages)
            .where(
                messages.c.workspace_id == sa.bindparam("of_workspace"),
                messages.c.id == sa.bindparam("message_id"),
                sa.or_(*(messages.c.status == source.value for source in sorted(sources))),
            )
            .values(status=to.value, updated_at=sa.bindparam("now"), flag=None)
        )
        for to, sources in changed.items()
        for shreds in (False, True)
        for is_reported in (False, True)
    }
    return patch.dict(repository._MOVE, hot)


def a_retry_forgets_the_gate() -> AbstractContextManager[object]:
    return patch.object(Gate, "recheck", lambda *_, **__: None)


def the_gate_believes_what_it_saw_before_the_transaction() -> AbstractContextManager[object]:
    return patch.object(Gate, "commit", lambda *_, **__: None)


@contextmanager
def a_stop_is_applied_after_it_was_acknowledged() -> Iterator[None]:
    store, opt_out = Intake._store, Dispatch.opt_out

    async def later(self: Intake, stored: Any, event: Any) -> None:
        await asyncio.sleep(5.0)
        await self._db.write(lambda tx: opt_out(self._dispatch, tx, stored, event))

    async def store_first(
        self: Intake, connection: Any, request: Any, agent: Any, each: Any
    ) -> str:
        state = await store(self, connection, request, agent, each)
        stored = self._stored(connection, request, agent, each.event.external_id, "sms")
        asyncio.get_running_loop().create_task(later(self, stored, each.event))
        return state

    with (
        patch.object(Intake, "_store", store_first),
        patch.object(Dispatch, "opt_out", lambda *_: None),
    ):
        yield


def a_job_is_gone_before_its_work_is_done() -> AbstractContextManager[object]:
    honest = Engine._do

    async def do(self: Engine, job: Job) -> None:
        await self._db.write(lambda tx: jobs.finish(tx, self.executor, job.id))
        await honest(self, job)

    return patch.object(Engine, "_do", do)


def a_job_is_enqueued_beside_the_transaction() -> AbstractContextManager[object]:
    honest = Engine.enqueue

    def enqueue(self: Engine, tx: Tx, *what: Any) -> None:
        del tx
        asyncio.get_running_loop().create_task(self._db.write(lambda tx: honest(self, tx, *what)))

    return patch.object(Engine, "enqueue", enqueue)


def the_call_is_made_before_the_attempt_is_stored() -> AbstractContextManager[object]:
    honest = Messages._carry_out

    async def carry_out(self: Messages, plan: Any) -> Any:
        admission, delivery = self._admission, self._delivery
        draft = await self._db.read(lambda tx: admission._admit(tx, plan))
        made = draft.attempt
        if made is None:
            return await honest(self, plan)
        outcome = await delivery._call(made)

        def store(tx: Tx) -> None:
            scope, now = made.workspace_id, admission.clock.now()
            bound = idempotency.bound(scope, plan.key).ask(tx)
            first = idempotency.first_of(tx, scope, plan.key, bound, now)
            evidence = Evidence(source=Source.SEND)
            admission.journal.store(tx, scope, made.message, made.content, evidence)
            idempotency.bind(tx, scope, made.id, plan.key, made.message.id, now, instead_of=first)
            executor = admission.engine.executor
            trail.add_attempt(tx, scope, made.id, made.message, executor=executor, now=now)
            delivery._outcomes.record(tx, made, outcome)

        await self._db.write(store)
        return answer(await self._standing(made.workspace_id, made.message.id), replayed=False)

    return patch.object(Messages, "_carry_out", carry_out)


def a_key_is_free_once_the_outcome_is_unknown() -> AbstractContextManager[object]:
    honest = Outcomes._unknown

    def unknown(self: Outcomes, tx: Tx, attempt: Any, error: Any) -> None:
        honest(self, tx, attempt, error)
        idempotency.free(tx, attempt.workspace_id, attempt.message.id)

    return patch.object(Outcomes, "_unknown", unknown)


def retry_after_is_ignored() -> AbstractContextManager[object]:
    return patch.object(outcomes, "_bounded", lambda _: 0.0)


def taken_is_called_delivered() -> AbstractContextManager[object]:
    honest = deliver._checked

    def checked(told: object) -> Receipt:
        return replace(honest(told), status=DeliveryStatus.DELIVERED)

    return patch.object(deliver, "_checked", checked)


def a_message_is_tried_after_its_time() -> AbstractContextManager[object]:
    def content(self: Beginning, tx: Tx, workspace_id: str, message: Any) -> Any:
        return self.journal.content(tx, workspace_id, message)

    return patch.object(Beginning, "_content_in_time", content)


def a_scheduled_message_goes_out_at_once() -> AbstractContextManager[object]:
    honest = Engine.enqueue

    def enqueue(
        self: Engine, tx: Tx, workspace_id: str, kind: JobKind, subject: str, due_at: datetime
    ) -> None:
        honest(self, tx, workspace_id, kind, subject, min(due_at, self._clock.now()))

    return patch.object(Engine, "enqueue", enqueue)


# --- of other channels ----------------------------------------------------------------------------


def a_mail_that_bounced_closes_nothing() -> AbstractContextManager[object]:
    return patch.object(failing, "close", lambda *_: None)


def the_window_is_never_looked_at() -> AbstractContextManager[object]:
    return patch.object(WhatsApp, "allowed", lambda *_: None)


def a_call_does_not_end_with_its_message() -> AbstractContextManager[object]:
    return patch.object(Ledger, "_move", lambda *_: False)


def whatever_was_paid_is_for_the_next_message() -> AbstractContextManager[object]:
    def bind(tx: Tx, workspace_id: str, _: tuple[str, ...], message_id: str) -> None:
        parts = usage_logs.c.action_type != "message"
        tx.execute(sa.update(usage_logs).where(parts).values(message_id=message_id))

    return patch.object(admission, "bind_parts", bind)


def a_call_that_is_found_is_ours() -> AbstractContextManager[object]:
    return patch.object(reconciliation, "near", lambda *_: Likeness.SAME)


def the_position_of_a_listener_is_noted_before_what_it_heard() -> AbstractContextManager[object]:
    async def listen(self: Listening, connection: Any, position: str | None) -> None:
        provider = await self.connections.opened(connection, MessageProvider)
        async for heard in provider.listen(position):
            await self._note(connection, heard.position)
            for event in heard.events:
                await self.intake.hear(connection, event)

    return patch.object(Listening, "_listen", listen)
