"""The operation that waits for a reply."""

from typing import Annotated, Final, Literal

from pydantic import Field, RootModel, WithJsonSchema

from trunkline.core.hub import Hub
from trunkline.core.inbox.wait import Waiting, Wanted
from trunkline.core.principal import Principal, Scope
from trunkline.surfaces.message_shapes import MessageShape, message_shape
from trunkline.surfaces.operations import Annotations, Operation
from trunkline.surfaces.shapes import Arguments, ChannelName, Line, Reference, Result, Whole

LONGEST_S: Final = 50
"""MCP's clients give a call up after a minute."""


class WaitForReplyArguments(Arguments):
    """Arguments of comms_wait_for_reply."""

    from_: Line | None = Field(
        default=None,
        alias="from",
        description="An address, name or agent id; otherwise anybody.",
    )
    channel: ChannelName | None = None
    timeout_seconds: Annotated[int, Field(ge=1, le=LONGEST_S), Whole] = Field(
        default=25, description=f"1 to {LONGEST_S}."
    )
    cursor: Reference | None = Field(
        default=None,
        description="Of a waiting answer, or the id of a reply, for what came after it.",
    )


class WaitingShape(Result):
    """Nobody has written yet."""

    waiting: Literal[True]
    cursor: str


_EITHER: Final = {
    "type": "object",
    "properties": {
        "waiting": {"type": "boolean"},
        "cursor": {"type": "string"},
        "id": {"type": "string", "description": "Of the reply."},
        "body": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
}
"""One object instead of two, and of a message what says that it is one."""


class WaitForReplyResult(
    RootModel[Annotated[MessageShape | WaitingShape, WithJsonSchema(_EITHER)]]
):
    """Result of comms_wait_for_reply."""


async def _wait_for_reply(
    hub: Hub, principal: Principal, agent_id: str, arguments: WaitForReplyArguments
) -> WaitForReplyResult:
    wanted = Wanted(
        contact=arguments.from_,
        channel=arguments.channel,
        after=arguments.cursor,
        timeout_s=arguments.timeout_seconds,
    )
    came = await hub.replies.wait(principal, agent_id, wanted)
    if isinstance(came, Waiting):
        return WaitForReplyResult(WaitingShape(waiting=True, cursor=came.after))
    return WaitForReplyResult(message_shape(came))


WAIT_FOR_REPLY = Operation(
    name="comms_wait_for_reply",
    title="Wait for a reply",
    description="Return the oldest unread message newer than the cursor; without one, newer than "
    "your last message (to `from`, if given). After "
    "timeoutSeconds the answer is {waiting: true, cursor}: call again with that cursor.",
    scope=Scope.AGENT,
    annotations=Annotations(read_only=True, idempotent=True),
    arguments=WaitForReplyArguments,
    result=WaitForReplyResult,
    run=_wait_for_reply,
    waits=True,
)
