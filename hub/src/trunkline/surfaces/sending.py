"""The operation that sends a message."""

from typing import Literal

from trunkline.core.hub import Hub
from trunkline.core.messages.content import Content
from trunkline.core.messages.models import Message, SendMessage, Status
from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import Invalid
from trunkline.core.sending.answers import Answer
from trunkline.core.templates.filling import read_language
from trunkline.sdk import Media
from trunkline.surfaces.operations import Annotations, Operation
from trunkline.surfaces.shapes import SendMessageArguments, SendMessageResult, money

_UNKNOWN = "It may have been sent. Do not send it again; look at its status later."
_QUEUED = "The hub sends it by itself, at earliestAt or soon after. Do not send it again."
_HELD = "Do not send it again."
_FAILED = "The provider took it, and it failed there at once. Correct it before you send it again."


async def _send_message(
    hub: Hub, principal: Principal, agent_id: str, arguments: SendMessageArguments
) -> SendMessageResult:
    answer = await hub.messages.send(principal, agent_id, as_command(arguments))
    count_cost(hub, answer)
    return _send_result(answer)


def as_command(arguments: SendMessageArguments) -> SendMessage:
    """Return what the arguments ask for."""
    return SendMessage(
        channel=arguments.channel,
        content=Content(
            body=arguments.body,
            media=tuple(Media(url=url) for url in _media_urls(arguments)),
            subject=arguments.subject or "",
            html=arguments.html,
            cc=tuple(arguments.cc or ()),
            bcc=tuple(arguments.bcc or ()),
            template=arguments.template_id,
            template_values=tuple(
                sorted((each.name, each.value) for each in arguments.template_vars or ())
            ),
            choices=tuple(
                (each.id or str(number), each.label)
                for number, each in enumerate(arguments.choices or (), start=1)
            ),
            language=_language(arguments.template_language),
        ),
        to=arguments.to,
        to_agent_id=arguments.to_agent_id,
        reply_to=arguments.reply_to,
        idempotency_key=arguments.idempotency_key,
        send_at=arguments.send_at,
        valid_for_s=arguments.valid_for_seconds,
        message_class=arguments.message_class,
    )


def _language(given: str | None) -> str | None:
    language = read_language(given) if given is not None else None
    if given is not None and language is None:
        raise Invalid("templateLanguage", "give a language such as en or pt-BR.")
    return language


def count_cost(hub: Hub, answer: Answer) -> None:
    """Add what a message costs to the metrics, once."""
    message = answer.message
    if message.cost_micros and not answer.replayed:
        hub.metrics.cost(
            agent=message.agent_id, channel=message.channel, cost_micros=message.cost_micros
        )


def _media_urls(arguments: SendMessageArguments) -> tuple[str, ...]:
    if arguments.media_url is None:
        return tuple(arguments.media_urls or ())
    if arguments.media_urls:
        raise Invalid("mediaUrls", "give mediaUrl or mediaUrls, not both.")
    return (arguments.media_url,)


def _send_result(answer: Answer) -> SendMessageResult:
    message = answer.message
    return SendMessageResult(
        message_id=message.id,
        channel=message.channel,
        status=message.status.value,
        cost=money(message.cost_micros),
        currency=message.currency,
        cost_final=message.cost_final,
        segments=message.segments,
        provider=message.provider,
        timestamp=message.created_at,
        rate_limit_remaining=answer.remaining,
        replayed=answer.replayed,
        reason=why(answer),
        retry_owner=retry_owner(message),
        earliest_at=message.due_at if message.status is Status.QUEUED else None,
        simulated=message.simulated or None,
        approval_id=answer.approval_id,
    )


_OPEN_ENDED = frozenset({Status.UNKNOWN, Status.SENDING})


def retry_owner(message: Message) -> Literal["hub", "none"]:
    """Return who brings a message further."""
    return "hub" if message.status in _OPEN_ENDED | {Status.QUEUED, Status.HELD} else "none"


def why(answer: Answer) -> str | None:
    """Return what a caller should know of how a send went."""
    if answer.message.status in _OPEN_ENDED:
        return " ".join(filter(None, (answer.message.reason, _UNKNOWN)))
    if answer.message.status is Status.QUEUED:
        return " ".join(filter(None, (answer.message.reason, _QUEUED)))
    if answer.message.status is Status.HELD:
        return " ".join(filter(None, (answer.message.reason, _HELD)))
    if answer.replayed:
        return (
            "This text was sent before; nothing was sent now. "
            "To send it twice, give a new idempotencyKey."
        )
    if answer.message.status is Status.FAILED:
        return answer.message.reason or _FAILED
    return answer.message.reason


SEND_MESSAGE = Operation(
    name="comms_send_message",
    title="Send a message",
    description="Send a text (MMS with media), an e-mail or a WhatsApp message to a person or "
    "another agent. 'sent': the provider has it; comms_get_status tells what became of it.",
    scope=Scope.AGENT,
    annotations=Annotations(read_only=False, idempotent=True, open_world=True),
    arguments=SendMessageArguments,
    result=SendMessageResult,
    run=_send_message,
    not_yet=frozenset(
        {
            "mediaType",
        }
    ),
)
