"""What goes to an agent's callback URL: a message, as the operations show it."""

from datetime import datetime
from typing import Literal

from trunkline.core.messages.models import Direction, ReadableMessage
from trunkline.surfaces.message_shapes import MessageShape, message_shape
from trunkline.surfaces.shapes import Result, Time


class ForwardedShape(Result):
    """The body of a forward."""

    type: Literal["message.received", "message.failed", "message.sent"]
    timestamp: Time
    agent_id: str
    data: MessageShape


def forwarded(readable: ReadableMessage, announced_at: datetime) -> bytes:
    """Return a message that came in, or that had failed when it was announced, as it is posted."""
    inbound = readable.message.direction is Direction.INBOUND
    shape = ForwardedShape(
        type="message.received" if inbound else "message.failed",
        timestamp=readable.message.created_at if inbound else announced_at,
        agent_id=readable.message.agent_id,
        data=message_shape(readable),
    )
    return shape.model_dump_json(by_alias=True).encode()


def mirrored(readable: ReadableMessage, at: datetime) -> bytes:
    """Return a text that came in, or that a provider took just now, as its duplicate is posted."""
    inbound = readable.message.direction is Direction.INBOUND
    shape = ForwardedShape(
        type="message.received" if inbound else "message.sent",
        timestamp=readable.message.created_at if inbound else at,
        agent_id=readable.message.agent_id,
        data=message_shape(readable),
    )
    return shape.model_dump_json(by_alias=True).encode()
