"""What goes to a subscriber: who wrote, how and under which id; the text comes by a tool call."""

import re
from typing import Final

from pydantic import Field

from trunkline.core.channels import rules_of
from trunkline.core.messages.models import Message
from trunkline.core.subscriptions.models import EventName, Occurrence
from trunkline.surfaces.shapes import Result, Time, optional

_BARE: Final = re.compile(r"\+?\d{1,15}|[\w.+-]{1,64}@[\w.-]{1,190}", re.ASCII)
"""Numbers, short codes and plain mail addresses. A name may instruct whoever reads it."""


class ReceivedShape(Result):
    """The data of `message.received`."""

    agent_id: str = Field(description="Who was written to.")
    channel: str
    from_: str | None = Field(
        serialization_alias="from",
        description="Who wrote; null for a name, which comms_get_messages shows.",
    )
    message_id: str = Field(description="Of the newest, for comms_get_messages.")
    count: int = Field(description="How many this person has written in a row.")
    simulated: bool | None = optional(told=False)


class StatusShape(Result):
    """The data of `message.status`."""

    agent_id: str = Field(description="Who had sent it.")
    channel: str
    to: str
    message_id: str = Field(description="For comms_get_status, which says why.")
    status: str
    simulated: bool | None = optional(told=False)


class CredentialShape(Result):
    """The data of `provider.credential.expired` and of `provider.credential.recovered`."""

    connection: str = Field(description="Whose credentials they are.")


class SuspendedShape(Result):
    """The data of `agent.suspended`."""

    agent_id: str = Field(description="Whose; agents resume lets it act again.")
    rule: str = Field(description="What it did too much of.")


class ApprovalEventShape(Result):
    """The data of `approval.needed` and of `approval.decided`."""

    approval_id: str = Field(description="For approvals_show.")
    agent_id: str = Field(description="Whose act it is about.")
    status: str


class OccurrenceShape(Result):
    """The body of an event."""

    event_id: str
    name: EventName
    timestamp: Time
    data: ReceivedShape | StatusShape | CredentialShape | SuspendedShape | ApprovalEventShape
    cursor: None = None


def occurrence_body(occurrence: Occurrence, message: Message | None) -> bytes:
    """Return an event as it is posted, the same at each try."""
    data: ReceivedShape | StatusShape | CredentialShape | SuspendedShape | ApprovalEventShape
    if occurrence.event is EventName.AGENT_SUSPENDED:
        data = SuspendedShape(agent_id=occurrence.agent_id, rule=str(occurrence.status))
    elif occurrence.event in (EventName.APPROVAL_NEEDED, EventName.APPROVAL_DECIDED):
        data = ApprovalEventShape(
            approval_id=str(occurrence.subject),
            agent_id=occurrence.agent_id,
            status=str(occurrence.status),
        )
    elif message is None:
        data = CredentialShape(connection=str(occurrence.subject))
    elif occurrence.event is EventName.MESSAGE_RECEIVED:
        sender = message.from_address
        is_bare = (
            _BARE.fullmatch(sender)
            or rules_of(message.channel).read_address(sender, None) == sender  # such as a user id
        )
        data = ReceivedShape(
            agent_id=occurrence.agent_id,
            channel=message.channel,
            from_=sender if is_bare else None,
            message_id=message.id,
            count=occurrence.size,
            simulated=message.simulated or None,
        )
    else:
        data = StatusShape(
            agent_id=occurrence.agent_id,
            channel=message.channel,
            to=message.to_address,
            message_id=message.id,
            status=str(occurrence.status),
            simulated=message.simulated or None,
        )
    shape = OccurrenceShape(
        event_id=occurrence.id,
        name=occurrence.event,
        timestamp=occurrence.occurred_at,
        data=data,
    )
    return shape.model_dump_json(by_alias=True).encode()
