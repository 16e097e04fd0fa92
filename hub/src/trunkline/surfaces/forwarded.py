"""What goes to an agent's callback URL: the message, as the operations show it."""

from typing import Literal

from trunkline.core.messages.models import ReadableMessage
from trunkline.surfaces.shapes import MessageShape, Result, Time, message_shape


class ForwardedShape(Result):
    """The body of a forward."""

    type: Literal["message.received"] = "message.received"
    timestamp: Time
    agent_id: str
    data: MessageShape


def forwarded(readable: ReadableMessage) -> bytes:
    """Return a message as it is posted to a callback URL; the same message, the same bytes."""
    shape = ForwardedShape(
        timestamp=readable.message.created_at,
        agent_id=readable.message.agent_id,
        data=message_shape(readable),
    )
    return shape.model_dump_json(by_alias=True).encode()
