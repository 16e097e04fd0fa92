"""The operator's operations on one message: looking at it, and deciding about it."""

from typing import Annotated, Any

from pydantic import Field

from trunkline.core.hub import Hub
from trunkline.core.messages.models import Message, Status
from trunkline.core.principal import Principal
from trunkline.core.problems import Invalid
from trunkline.surfaces.operations import Annotations, AnyOperation, of_operator
from trunkline.surfaces.shapes import Arguments, Reference, Result, Time, optional


class MessageArguments(Arguments):
    """One message."""

    id: Reference


class MessagesArguments(Arguments):
    """Which messages to list."""

    flagged: bool = False
    status: Annotated[Status, Field(strict=False)] | None = None
    limit: int = Field(default=50, ge=1, le=1000)


class ResolveArguments(Arguments):
    """A message that waits for a person, and what that person found out: one of the two."""

    id: Reference
    sent: bool | None = None
    opted_out: bool | None = None


class MessageStateShape(Result):
    """How a message stands: neither what it says nor whom it goes to."""

    id: str
    agent_id: str
    channel: str
    direction: str
    status: str
    flag: str | None = optional("Why a person should look at it.")
    reason: str | None = optional("Why the status is what it is.")
    error_code: str | None = optional("The code of the refusal it ended in.")
    provider_code: str | None = optional("The provider's own code of a failure.")
    provider: str
    connection: str
    body_state: str
    created_at: Time
    due_at: Time | None = optional("When the next attempt begins.")
    deadline_at: Time | None = optional("When it is given up.")
    batch_id: str | None = optional("The batch it is part of.")


class ListedShape(Result):
    """A message in a list: neither what it says nor whom it goes to."""

    id: str
    at: Time
    agent_id: str
    channel: str
    direction: str
    status: str
    flag: str | None = optional("Why a person should look at it.")
    connection: str
    reason: str | None = optional("Why the status is what it is.")


class ListedMessagesShape(Result):
    """Messages, newest first."""

    messages: list[ListedShape]


class AttemptShape(Result):
    """One attempt."""

    number: int
    state: str
    connection: str
    begun_at: Time
    finished_at: Time | None = optional("When it was over.")
    external_id: str | None = optional("The provider's id of the message.")
    provider_code: str | None = optional("The provider's code of an error.")


class EntryShape(Result):
    """One entry of the history."""

    status: str
    at: Time
    source: str
    event_id: str | None = optional("The stored callback it was learnt from.")
    moved: bool


class InspectedShape(MessageStateShape):
    """A message with all that was tried and learnt, oldest first."""

    attempts: list[AttemptShape]
    history: list[EntryShape]


def _state(message: Message) -> dict[str, Any]:
    """Return the values of a `MessageStateShape`."""
    return {
        "id": message.id,
        "agent_id": message.agent_id,
        "channel": message.channel,
        "direction": message.direction.value,
        "status": message.status.value,
        "flag": message.flag,
        "reason": message.reason,
        "error_code": message.error_code,
        "provider_code": message.provider_code,
        "provider": message.provider,
        "connection": message.connection,
        "body_state": message.body_state.value,
        "created_at": message.created_at,
        "due_at": message.due_at,
        "deadline_at": message.deadline_at,
        "batch_id": message.batch_id,
    }


async def _messages_list(
    hub: Hub, by: Principal, _: str, given: MessagesArguments
) -> ListedMessagesShape:
    found = await hub.decisions.newest(by, given.status, given.limit, flagged=given.flagged)
    return ListedMessagesShape(
        messages=[
            ListedShape(
                id=message.id,
                at=message.created_at,
                agent_id=message.agent_id,
                channel=message.channel,
                direction=message.direction.value,
                status=message.status.value,
                flag=message.flag,
                connection=message.connection,
                reason=message.reason,
            )
            for message in found
        ]
    )


async def _messages_show(
    hub: Hub, by: Principal, _: str, given: MessageArguments
) -> InspectedShape:
    inspected = await hub.decisions.inspect(by, given.id)
    return InspectedShape(
        **_state(inspected.message),
        attempts=[
            AttemptShape(
                number=attempt.number,
                state=attempt.state,
                begun_at=attempt.begun_at,
                finished_at=attempt.finished_at,
                external_id=attempt.external_id,
                connection=attempt.connection,
                provider_code=attempt.provider_code,
            )
            for attempt in inspected.attempts
        ],
        history=[
            EntryShape(
                status=entry.status,
                at=entry.at,
                source=entry.source.value,
                event_id=entry.event_id,
                moved=entry.moved,
            )
            for entry in inspected.history
        ],
    )


async def _messages_resolve(
    hub: Hub, by: Principal, _: str, given: ResolveArguments
) -> MessageStateShape:
    if given.sent is not None and given.opted_out is None:
        message = await hub.decisions.resolve(by, given.id, sent=given.sent)
    elif given.opted_out is not None and given.sent is None:
        opted_out = given.opted_out
        message = await hub.decisions.resolve_opt_out(by, given.id, opted_out=opted_out)
    else:
        raise Invalid("sent", "give exactly one of sent and optedOut.")
    return MessageStateShape(**_state(message))


async def _messages_retry(
    hub: Hub, by: Principal, _: str, given: MessageArguments
) -> MessageStateShape:
    return MessageStateShape(**_state(await hub.decisions.retry(by, given.id)))


DECISIONS: tuple[AnyOperation, ...] = (
    of_operator(
        "messages_list",
        "List messages",
        MessagesArguments,
        _messages_list,
        ListedMessagesShape,
        Annotations(read_only=True, idempotent=True),
    ),
    of_operator(
        "messages_show",
        "Show a message",
        MessageArguments,
        _messages_show,
        InspectedShape,
        Annotations(read_only=True, idempotent=True),
    ),
    of_operator(
        "messages_resolve",
        "Decide what became of a message",
        ResolveArguments,
        _messages_resolve,
        MessageStateShape,
        Annotations(read_only=False),
    ),
    of_operator(
        "messages_retry",
        "Try a message now",
        MessageArguments,
        _messages_retry,
        MessageStateShape,
        Annotations(read_only=False, idempotent=True),
    ),
)
