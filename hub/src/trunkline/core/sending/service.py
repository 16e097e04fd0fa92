"""Sending a message: key, gate, row, attempt, answer."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import replace
from typing import Any, Final

from trunkline.core.channels import Block
from trunkline.core.connections.routes import Later, Route, Routes
from trunkline.core.delivery.deliver import Delivery
from trunkline.core.engine import repository as jobs
from trunkline.core.engine.repository import JobKind
from trunkline.core.messages import idempotency, repository
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import (
    Direction,
    Evidence,
    Message,
    SendMessage,
    Source,
    Status,
)
from trunkline.core.principal import Principal
from trunkline.core.problems import (
    NotFound,
    TooLate,
)
from trunkline.core.sending.admission import Admission, Plan
from trunkline.core.sending.answers import Answer, answer, is_out_of_window
from trunkline.core.sending.preparing import Preparing
from trunkline.core.sending.saying import Saying
from trunkline.core.templates import repository as templates
from trunkline.sdk import (
    Database,
    DatabaseFailed,
    Note,
    Overloaded,
    Tx,
)

_ONLY_OUTBOUND: Final = "only outbound messages that are queued or held can be canceled"
_TWIN_GRACE_S: Final = 5.0


class Messages:
    """The verbs of sending."""

    def __init__(
        self,
        db: Database,
        preparing: Preparing,
        routes: Routes,
        admission: Admission,
        delivery: Delivery,
        journal: Journal,
        saying: Saying,
        *,
        timeout_s: float,
    ) -> None:
        self._db = db
        self._preparing = preparing
        self._routes = routes
        self._admission = admission
        self._delivery = delivery
        self._journal = journal
        self._saying = saying
        self._timeout_s = timeout_s
        self._running: set[asyncio.Task[Answer]] = set()

    async def send(self, principal: Principal, agent_id: str, command: SendMessage) -> Answer:
        """
        Send a message and return what came of it; `sent` means that the provider has it.

        Raises:
            Problem: One of the documented refusals. Whatever was not raised may have gone out.
        """
        draft = await self._preparing.draft(principal, agent_id, command)
        command = draft.command
        if draft.repeats is not None:
            return await self._replay(principal, command, draft.repeats)
        reviewed = await self._preparing.reviewed(principal, draft)
        reviewed, cost_ids = await self._saying.said(principal, reviewed)
        route: Route | Later | None = None
        if command.send_at is None and command.batch_id is None:
            route = await self._routes.first(reviewed.candidates)
        plan = Plan(
            principal=principal,
            command=command,
            key=draft.key,
            reviewed=reviewed,
            route=route,
            answered=draft.answered,
            cost_ids=cost_ids,
        )
        return await self._shielded(self._carry_out(plan))

    async def cancel(self, principal: Principal, agent_id: str, message_id: str) -> Message:
        """
        Cancel a queued or held message; one that is canceled already stays so.

        Raises:
            NotFound: The agent has no such message.
            TooLate: An attempt at it has begun, or it is over.
        """

        def fn(tx: Tx) -> Message:
            workspace_id = principal.workspace_id
            message = repository.find_message(tx, workspace_id, message_id)
            if message is None or message.agent_id != agent_id:
                raise NotFound("message")
            if not principal.may_use(message.channel):
                raise NotFound("message")
            if message.direction is not Direction.OUTBOUND:
                raise TooLate(message.status.value, message_id, _ONLY_OUTBOUND)
            if message.status is not Status.CANCELED:
                evidence = Evidence(source=Source.AGENT)
                if not self._journal.move(tx, workspace_id, message, Status.CANCELED, evidence):
                    raise TooLate(message.status.value, message_id)
                repository.set_values(tx, workspace_id, message_id, due_at=None)
                self._journal.release(tx, workspace_id, message_id)
                self._admission.approvals.cancel(tx, workspace_id, message_id)
                idempotency.free(tx, workspace_id, message_id)
                jobs.cancel(tx, workspace_id, JobKind.ATTEMPT, message_id)
            canceled = repository.find_message(tx, workspace_id, message_id)
            assert canceled is not None
            return canceled

        return await self._db.write(fn)

    async def drain(self, timeout_s: float) -> int:
        """Wait for the sends under way and return how many did not end in time."""
        if not self._running:
            return 0
        _, unfinished = await asyncio.wait(self._running, timeout=timeout_s)
        return len(unfinished)

    async def _shielded(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Run `work` to its end, also when the caller goes away half-way."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _carry_out(self, plan: Plan) -> Answer:
        try:
            admitted = await self._admission.admit(plan)
            if isinstance(plan.route, Route) and admitted.attempt is not None:
                message = await self._delivery.attempt(admitted.attempt, plan.route)
                return await self._answer(plan.principal, message, remaining=admitted.remaining)
        finally:
            if isinstance(plan.route, Route):
                plan.route.leave()
        if admitted.replayed:
            return await self._replay(plan.principal, plan.command, admitted.message.id)
        return await self._answer(
            plan.principal,
            admitted.message,
            remaining=admitted.remaining,
            approval_id=admitted.approval_id,
            field=admitted.block.field if isinstance(admitted.block, Block) else None,
        )

    async def _replay(self, principal: Principal, command: SendMessage, message_id: str) -> Answer:
        """Answer for a message sent before; one under way is waited for, unless in a batch."""
        message = await self._standing(principal.workspace_id, message_id)
        if message.status is Status.SENDING and command.batch_id is None:
            message = await self._settled(principal.workspace_id, message_id)
        remaining = await self._preparing.gate.remaining(principal.workspace_id, message.agent_id)
        return await self._answer(principal, message, replayed=True, remaining=remaining)

    async def _answer(
        self,
        principal: Principal,
        message: Message,
        *,
        replayed: bool = False,
        remaining: int | None = None,
        field: str | None = None,
        approval_id: str | None = None,
    ) -> Answer:
        """Answer with a message as it stands, or raise what it was refused for."""
        fitting: Sequence[str] = ()
        if is_out_of_window(message):
            workspace_id, connection = principal.workspace_id, message.connection
            fitting = await self._db.peek(
                lambda tx: templates.of_connection(tx, workspace_id, connection)
            )
        told = answer(message, replayed=replayed, remaining=remaining, fitting=fitting, field=field)
        return replace(told, approval_id=approval_id)

    async def _settled(self, workspace_id: str, message_id: str) -> Message:
        try:
            async with asyncio.timeout(self._timeout_s + _TWIN_GRACE_S):
                while True:
                    async with self._db.listen("messages") as notes:
                        message = await self._standing(workspace_id, message_id)
                        if message.status is not Status.SENDING:
                            return message
                        await until_noted(notes, message_id)
        except TimeoutError:
            return await self._standing(workspace_id, message_id)  # sending

    async def _standing(self, workspace_id: str, message_id: str) -> Message:
        def find(tx: Tx) -> Message:
            message = repository.find_message(tx, workspace_id, message_id)
            assert message is not None  # messages are not deleted while a key names them
            return message

        return await self._db.read(find)


async def until_noted(notes: AsyncIterator[Note], *row_ids: str | None) -> None:
    """Wait until one of the rows has changed, or may have without our hearing of it."""
    try:
        async for note in notes:
            if note.id in row_ids:
                return
    except (DatabaseFailed, Overloaded):
        return
