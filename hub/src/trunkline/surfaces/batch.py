"""Batches as operations: sending one, looking at it, canceling what is left of it."""

from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from trunkline.core.hub import Hub
from trunkline.core.messages.models import SendMessage, Status
from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import Invalid, Problem
from trunkline.core.sending.answers import Answer
from trunkline.core.sending.batches import MOST, BatchState
from trunkline.surfaces.authority import check_channel
from trunkline.surfaces.http import as_problem
from trunkline.surfaces.operations import Annotations, Operation, Progress, checked, silent
from trunkline.surfaces.schemas import schema_of
from trunkline.surfaces.sending import SEND_MESSAGE, as_command, count_cost
from trunkline.surfaces.shapes import (
    Arguments,
    BatchMessageShape,
    CancelResult,
    GetStatusResult,
    IdempotencyKey,
    OutgoingMessage,
    Result,
    money,
    optional,
)

_STANDING = {
    "blocked": "blocked",
    "rate_limited": "rate_limited",
    "spend_cap": "rate_limited",
    "provider_rejected": "failed",
    "provider_auth": "failed",
    "provider_credit": "failed",
    "provider_setup": "failed",
    "opted_out": "failed",
    "out_of_window": "blocked",
}
"""The codes of refusals that have a message, and what became of it."""


_ITEM = Annotated[
    dict[str, Any],
    WithJsonSchema(schema_of(OutgoingMessage, "validation", described=False)),
]
"""One message of a batch, which is not read before its turn: it may be refused alone."""


class SendBatchArguments(Arguments):
    """Arguments of comms_send_batch."""

    messages: Annotated[list[_ITEM], Field(min_length=1, max_length=MOST)] = Field(
        description="1 to 500; each takes the arguments of comms_send_message."
    )
    idempotency_key: IdempotencyKey | None = Field(
        default=None,
        description="Give one: repeating the call sends what is missing and nothing twice.",
    )


class ErrorShape(Result):
    """Why a message was refused."""

    code: str
    detail: str


class BatchResultShape(Result):
    """What came of one message."""

    index: int
    message_id: str | None = optional()
    status: str
    error: ErrorShape | None = optional()
    replayed: bool | None = optional()


class SendBatchResult(Result):
    """Result of comms_send_batch."""

    batch_id: str
    refused: int
    results: list[Annotated[BatchResultShape, WithJsonSchema({"type": "object"})]]
    simulated: bool | None = optional(told=False)


async def _send_batch(
    hub: Hub,
    principal: Principal,
    agent_id: str,
    arguments: SendBatchArguments,
    progress: Progress = silent,
) -> SendBatchResult:
    items = [as_item(principal, each) for each in arguments.messages]
    accepted = await hub.batches.send(
        principal,
        agent_id,
        items,
        arguments.idempotency_key,
        lambda done: progress(done, len(items)),
    )
    results = [_result(hub, index, each) for index, each in enumerate(accepted.results)]
    return SendBatchResult(
        batch_id=accepted.batch_id,
        refused=sum(result.error is not None for result in results),
        results=results,
        simulated=any(
            isinstance(each, Answer) and each.message.simulated for each in accepted.results
        )
        or None,
    )


def as_item(principal: Principal, given: dict[str, Any]) -> SendMessage | Problem:
    """Return what one message asks for, or why it cannot be read."""
    try:
        arguments = checked(SEND_MESSAGE, given)
        if arguments.agent_id is not None or arguments.security_token is not None:
            raise Invalid("agentId", "name the agent beside messages, not in one of them.")
        check_channel(principal, arguments.channel)
        return as_command(arguments)
    except Problem as problem:
        return problem


def _result(hub: Hub, index: int, came: Answer | Exception) -> BatchResultShape:
    if isinstance(came, Answer):
        count_cost(hub, came)
        return BatchResultShape(
            index=index,
            message_id=came.message.id,
            status=came.message.status.value,
            replayed=came.replayed or None,
        )
    problem = as_problem(came, hub)
    status = _STANDING.get(problem.code)
    # Any other refusal may name a message too, but another one than this.
    message_id = problem.facts.get("messageId") if status else None
    return BatchResultShape(
        index=index,
        message_id=None if message_id is None else str(message_id),
        status=status or "refused",
        error=ErrorShape(code=problem.code, detail=problem.detail),
    )


async def batch_status(
    hub: Hub, principal: Principal, agent_id: str, batch_id: str
) -> GetStatusResult:
    """Return how far a batch got."""
    state = await hub.batches.look(principal, agent_id, batch_id)
    return GetStatusResult(
        id=state.id,
        kind="batch",
        status=_standing(state),
        history=[],
        cost=money(state.cost_micros),
        currency=state.currency,
        cost_final=state.cost_final,
        size=state.size,
        counts={status.value: count for status, count in state.counts.items()},
        messages=[
            BatchMessageShape(message_id=message_id, status=status.value)
            for message_id, status in state.messages
        ],
    )


async def cancel_batch(
    hub: Hub, principal: Principal, agent_id: str, batch_id: str
) -> CancelResult:
    """Cancel what is queued of a batch, and tell how much that was."""
    state = await hub.batches.cancel(principal, agent_id, batch_id)
    canceled = state.counts.get(Status.CANCELED, 0)
    return CancelResult(
        id=state.id,
        status=_standing(state),
        canceled=canceled,
        too_late=sum(state.counts.values()) - canceled,
    )


def _standing(state: BatchState) -> str:
    if state.counts.keys() == {Status.CANCELED}:
        return "canceled"
    return "sending" if state.is_open else "done"


SEND_BATCH = Operation(
    name="comms_send_batch",
    title="Send many messages",
    description="Send many messages in one call; one that is refused does not keep the others. "
    "'queued': the hub sends it by itself.",
    scope=Scope.AGENT,
    annotations=Annotations(read_only=False, idempotent=True, open_world=True),
    arguments=SendBatchArguments,
    result=SendBatchResult,
    run=_send_batch,
    run_told=_send_batch,
)
