"""The operation that speaks: on the phone, or as a voice message."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from trunkline.core.hub import Hub
from trunkline.core.messages.content import Content
from trunkline.core.messages.models import SendMessage
from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import Unsupported
from trunkline.core.speech.models import whole_cost
from trunkline.core.speech.terms import MOST_CHARACTERS
from trunkline.surfaces.operations import Annotations, Operation
from trunkline.surfaces.sending import count_cost, retry_owner, why
from trunkline.surfaces.shapes import (
    Arguments,
    IdempotencyKey,
    Line,
    Purpose,
    Result,
    Text,
    money,
    optional,
)

_CHANNELS = {"phone_call": "voice", "whatsapp_audio": "whatsapp"}


class SendVoiceMessageArguments(Arguments):
    """Arguments of comms_send_voice_message."""

    text: Annotated[Text, StringConstraints(min_length=1)] = Field(
        description=f"At most {MOST_CHARACTERS:,} characters."
    )
    delivery_channel: Literal["phone_call", "whatsapp_audio"]
    to: Line | None = None
    to_agent_id: Line | None = None
    voice: Line | None = Field(default=None, description="The provider's id of one.")
    record_response: bool | None = Field(
        default=None, description="Of a call: the answer comes back as a message."
    )
    message_class: Purpose | None = None
    idempotency_key: IdempotencyKey | None = None


class SendVoiceMessageResult(Result):
    """Result of comms_send_voice_message."""

    message_id: str
    audio_url: str | None = Field(description="For an hour.")
    duration_seconds: float | None
    delivery_status: str
    cost: float | None = Field(description="Of speech and delivery.")
    currency: str | None
    replayed: bool
    reason: str | None = optional()
    retry_owner: Literal["hub", "caller", "none"]
    simulated: bool | None = optional(told=False)


def as_spoken(arguments: SendVoiceMessageArguments) -> SendMessage:
    """Return what the arguments ask for."""
    record = bool(arguments.record_response)
    if record and arguments.delivery_channel != "phone_call":
        raise Unsupported("recordResponse", "only a call is recorded; on WhatsApp people answer.")
    return SendMessage(
        channel=_CHANNELS[arguments.delivery_channel],
        content=Content(body=arguments.text, voice=arguments.voice or "", record=record),
        to=arguments.to,
        to_agent_id=arguments.to_agent_id,
        idempotency_key=arguments.idempotency_key,
        message_class=arguments.message_class,
    )


async def _send_voice_message(
    hub: Hub, principal: Principal, agent_id: str, arguments: SendVoiceMessageArguments
) -> SendVoiceMessageResult:
    answer = await hub.messages.send(principal, agent_id, as_spoken(arguments))
    count_cost(hub, answer)
    message = answer.message
    sound = await hub.sounds.of(principal, message)
    cost_micros, currency = whole_cost(message, sound.costs if sound else ())
    return SendVoiceMessageResult(
        message_id=message.id,
        audio_url=sound.url if sound else None,
        duration_seconds=round(sound.duration_ms / 1000, 2) if sound else None,
        delivery_status=message.status.value,
        cost=money(cost_micros),
        currency=currency,
        replayed=answer.replayed,
        reason=why(answer),
        retry_owner=retry_owner(message),
        simulated=message.simulated or None,
    )


SEND_VOICE_MESSAGE = Operation(
    name="comms_send_voice_message",
    title="Send a voice message",
    description="Speak a text to a person or another agent, in a phone call or as WhatsApp audio. "
    "'sent': it is under way. Never repeat one that is unknown.",
    scope=Scope.AGENT,
    annotations=Annotations(read_only=False, idempotent=True, open_world=True),
    arguments=SendVoiceMessageArguments,
    result=SendVoiceMessageResult,
    run=_send_voice_message,
    channels=lambda arguments: (_CHANNELS[arguments.delivery_channel],),
)
