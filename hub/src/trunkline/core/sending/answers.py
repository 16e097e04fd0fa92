"""What a send is answered with: the message as it stands, or the refusal that it ended in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from trunkline.core.messages.models import Message, Status
from trunkline.core.problems import (
    Blocked,
    OutOfWindow,
    ProviderAuth,
    ProviderCredit,
    ProviderRejected,
    ProviderSetup,
    RateLimited,
    RecipientOptedOut,
    SpendCap,
)

_OPERATOR: Final = "the operator must act."
_REFUSALS: Final = {
    ProviderRejected: "change it first.",
    RecipientOptedOut: "send them nothing until they write START.",
    ProviderAuth: _OPERATOR,
    ProviderCredit: _OPERATOR,
    ProviderSetup: _OPERATOR,
}
_MOST_NAMED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What a send comes to: the message as it stands, and whether it is an earlier one again.

    `remaining` is how many acts its agent has left in the tightest window, None without any limit;
    `approval_id` is what it waits for, if it has just been held.
    """

    message: Message
    replayed: bool
    remaining: int | None = None
    approval_id: str | None = None


def is_out_of_window(message: Message) -> bool:
    """Tell whether only a template could have been sent, by the hub's rule or the provider's."""
    blocked = message.status is Status.BLOCKED and message.rule == "window"
    return blocked or (message.status is Status.FAILED and message.error_code == OutOfWindow.code)


def answer(
    message: Message,
    *,
    replayed: bool,
    remaining: int | None = None,
    fitting: Sequence[str] = (),
    field: str | None = None,
) -> Answer:
    """
    Return the answer for a message, or raise the refusal that it ended in.

    `fitting` are the hub's templates that could be sent instead, where that matters; `field` is the
    argument that a rule is about.
    """
    reason = message.reason or ""
    never_taken = message.external_id is None
    if never_taken and is_out_of_window(message):
        if fitting:
            reason = f"{reason} There are: {', '.join(fitting[:_MOST_NAMED])}."
        raise OutOfWindow(reason, message.id, message.provider_code)
    if message.status is Status.RATE_LIMITED:
        over = SpendCap if message.error_code == SpendCap.code else RateLimited
        raise over(reason, message.rule or "", message.id, message.retry_after_s)
    if message.status is Status.BLOCKED:
        raise Blocked(message.rule or "", reason, message.id, field)
    if message.status is Status.FAILED and never_taken:
        for refusal, what_to_do in _REFUSALS.items():
            if message.error_code == refusal.code:
                sentence = f"{reason} It was not sent; {what_to_do}"
                raise refusal(sentence, message.id, message.provider_code)
    return Answer(message=message, replayed=replayed, remaining=remaining)
