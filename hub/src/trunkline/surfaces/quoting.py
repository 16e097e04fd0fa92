"""The operation that says beforehand what a send would come to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import Field, WithJsonSchema

from trunkline.core.hub import Hub
from trunkline.core.limits.models import Wish
from trunkline.core.messages.models import SendMessage
from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import AgentMismatch, Forbidden, Problem
from trunkline.core.sending.quoting import Decision, Quote, refused
from trunkline.core.speech.models import Cost
from trunkline.surfaces.authority import check_channel, obstacle
from trunkline.surfaces.batch import SEND_BATCH, as_item
from trunkline.surfaces.operations import Annotations, Operation, checked
from trunkline.surfaces.sending import SEND_MESSAGE, as_command
from trunkline.surfaces.shapes import Arguments, Result, Time, money, optional
from trunkline.surfaces.voice import SEND_VOICE_MESSAGE, as_spoken

A = TypeVar("A", bound=Arguments)

_QUOTED: Final = "quote"
"""In place of a batch's id: what is quoted is part of none."""


_NAMED: Final = ("channel", "to", "body", "subject", "text", "deliveryChannel")
_Quoted = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "properties": {name: {"type": "string"} for name in _NAMED},
            "description": "All that it takes.",
        }
    ),
]
"""Arguments of another operation: the usual ones have names, as OpenAI takes no object without."""


class QuoteArguments(Arguments):
    """Arguments of comms_quote."""

    operation: Literal["comms_send_message", "comms_send_voice_message", "comms_send_batch"]
    arguments: _Quoted


class QuoteResult(Result):
    """Result of comms_quote; what no list of tools tells shows when it comes."""

    decision: str = Field(description="allow, defer, block, rate_limited, spend_cap or hold.")
    reason: str | None = optional()
    code: str | None = optional()
    rule: str | None = optional()
    field: str | None = optional(told=False)
    segments: int | None = optional()
    encoding: str | None = optional(told=False)
    provider: str | None = optional()
    provider_reason: str | None = optional(told=False)
    cost: float | None = optional()
    currency: str | None = optional()
    earliest_at: Time | None = optional()
    rate_limit_remaining: int | None = optional()
    spend_remaining: float | None = optional(told=False)
    approval_needed: bool
    parts: list[dict[str, Any]] | None = optional(told=False)
    message_id: str | None = optional(told=False)
    simulated: bool | None = optional(told=False)
    counts: dict[str, int] | None = optional(told=False)
    messages: list[dict[str, Any]] | None = optional(told=False)


async def _quote(
    hub: Hub, principal: Principal, agent_id: str, arguments: QuoteArguments
) -> QuoteResult:
    try:
        if arguments.operation == SEND_BATCH.name:
            batch = _allowed(SEND_BATCH, principal, agent_id, arguments.arguments)
            items = [as_item(principal, each) for each in batch.messages]
            return _of_batch(await _of_items(hub, principal, agent_id, items))
        if arguments.operation == SEND_MESSAGE.name:
            command = as_command(_allowed(SEND_MESSAGE, principal, agent_id, arguments.arguments))
        else:
            command = as_spoken(
                _allowed(SEND_VOICE_MESSAGE, principal, agent_id, arguments.arguments)
            )
    except Problem as problem:
        return _result(refused(problem))
    return _result(await hub.quotes.of(principal, agent_id, command))


def _allowed(
    operation: Operation[A, Any], principal: Principal, agent_id: str, given: dict[str, Any]
) -> A:
    """Return the arguments of an operation that the caller may call with them."""
    why = obstacle(principal, operation)
    if why is not None:
        raise Forbidden(why)
    arguments = checked(operation, given)
    for each in operation.channels(arguments):
        check_channel(principal, each)
    if arguments.agent_id not in (None, agent_id):
        raise AgentMismatch("agentId")
    return arguments


async def _of_items(
    hub: Hub, principal: Principal, agent_id: str, items: Sequence[SendMessage | Problem]
) -> list[Quote]:
    """Return the quote of each message of a batch, after those before it that would go."""
    quotes: list[Quote] = []
    before: list[Wish] = []
    for item in items:
        if isinstance(item, Problem):
            quotes.append(refused(item))
            continue
        command = replace(item, batch_id=_QUOTED)
        quote = await hub.quotes.of(principal, agent_id, command, before)
        quotes.append(quote)
        if quote.wish is not None and quote.takes_room:
            before.append(quote.wish)
    return quotes


def _of_batch(quotes: Sequence[Quote]) -> QuoteResult:
    """Return the quote of a batch."""
    counts = Counter(each.decision.value for each in quotes)
    going = [each for each in quotes if each.takes_room]
    currency = next((each.currency for each in going if each.currency), None)
    costs = [
        micros
        for each in going
        for micros, of in ((each.cost_micros, each.currency), *_priced(each.parts))
        if micros is not None and of == currency
    ]
    first = next(iter(going), quotes[0])
    return QuoteResult(
        decision=first.decision,
        reason=first.reason,
        code=first.code,
        cost=money(sum(costs)) if costs else None,
        currency=currency,
        approval_needed=any(each.decision is Decision.HOLD for each in quotes),
        rate_limit_remaining=quotes[-1].remaining,
        spend_remaining=money(quotes[-1].spend_remaining_micros),
        simulated=any(each.simulated for each in quotes) or None,
        counts=dict(counts),
        messages=[
            {"index": index, **_result(each).model_dump(mode="json", by_alias=True)}
            for index, each in enumerate(quotes)
        ],
    )


def _priced(parts: Sequence[Cost]) -> list[tuple[int | None, str | None]]:
    return [(each.cost_micros, each.currency) for each in parts]


def _result(quote: Quote) -> QuoteResult:
    carried = Cost(
        part="delivery",
        connection=quote.connection.name if quote.connection else "",
        provider=quote.connection.spec.name if quote.connection else "",
        units=quote.segments,
        cost_micros=quote.cost_micros,
        currency=quote.currency,
    )
    parts = [carried, *quote.parts] if quote.connection is not None else []
    currency = next((each.currency for each in parts if each.currency), None)
    known = [micros for micros, of in _priced(parts) if micros is not None and of == currency]
    return QuoteResult(
        decision=quote.decision,
        reason=quote.reason,
        code=quote.code,
        rule=quote.rule,
        field=quote.field,
        segments=quote.segments,
        encoding=quote.encoding,
        provider=quote.connection.spec.name if quote.connection else None,
        provider_reason=quote.why_connection,
        cost=money(sum(known)) if known else None,
        currency=currency,
        parts=[_part(each) for each in parts] or None,
        earliest_at=quote.earliest_at,
        rate_limit_remaining=quote.remaining,
        spend_remaining=money(quote.spend_remaining_micros),
        approval_needed=quote.decision is Decision.HOLD,
        message_id=quote.repeats,
        simulated=quote.simulated or None,
    )


def _part(cost: Cost) -> dict[str, object]:
    return {
        "part": cost.part,
        "connection": cost.connection,
        "units": cost.units,
        "cost": money(cost.cost_micros),
        "currency": cost.currency,
    }


QUOTE = Operation(
    name="comms_quote",
    title="Ask what would happen",
    description="Tell what a send would come to, and cost, without sending.",
    scope=Scope.AGENT,
    annotations=Annotations(read_only=True, idempotent=True),
    arguments=QuoteArguments,
    result=QuoteResult,
    run=_quote,
)
