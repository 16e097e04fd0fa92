"""
Every refusal a caller can meet, one class per documented code.

The constructor takes facts and writes the sentence, which says what to do. It never repeats a
rejected value, a number, an address or a body. `status` is the HTTP status that goes with the code.
"""

from collections.abc import Iterable

from trunkline.core.problems.approvals import Changed as Changed
from trunkline.core.problems.approvals import Decided as Decided
from trunkline.core.problems.base import Problem as Problem
from trunkline.core.problems.callers import AgentMismatch as AgentMismatch
from trunkline.core.problems.callers import Forbidden as Forbidden
from trunkline.core.problems.callers import TooManyAttempts as TooManyAttempts
from trunkline.core.problems.callers import Unauthenticated as Unauthenticated
from trunkline.core.problems.limits import RateLimited as RateLimited
from trunkline.core.problems.limits import SpendCap as SpendCap
from trunkline.core.problems.media import ExpiredLink as ExpiredLink
from trunkline.core.problems.media import FetchFailed as FetchFailed
from trunkline.core.problems.media import Gone as Gone
from trunkline.core.problems.media import NotThereYet as NotThereYet
from trunkline.core.problems.media import StorageTrouble as StorageTrouble
from trunkline.core.problems.readiness import NotReady as NotReady


class Invalid(Problem):
    """An argument is missing, unknown, of the wrong type or out of range: correct it."""

    code = "invalid"
    status = 422
    title = "Invalid input"

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence}", field=field)


class Unreadable(Problem):
    """The body as a whole is not what is expected: no JSON object, too deep, or cut off."""

    code = "invalid"
    status = 422
    title = "Invalid input"


class Unsupported(Problem):
    """The field or channel is known but this hub cannot serve it: leave it out or use another."""

    code = "unsupported"
    status = 422
    title = "Not supported"

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence}", field=field)


class NotFound(Problem):
    """No such thing, or not yours."""

    code = "not_found"
    status = 404
    title = "Not found"

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no such {what}.", what=what)


class MethodNotAllowed(Problem):
    """The path exists, but not with this method; the header `Allow` names those it takes."""

    code = "method_not_allowed"
    status = 405
    title = "Method not allowed"

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = ", ".join(sorted(allowed))
        super().__init__(f"This path does not take this HTTP method, but {self.allowed}.")


class UnsupportedMediaType(Problem):
    """The body is not JSON."""

    code = "unsupported_media_type"
    status = 415
    title = "Unsupported media type"

    def __init__(self) -> None:
        super().__init__(
            "Send a JSON object, not compressed, with 'Content-Type: application/json'."
        )


class TooLarge(Problem):
    """The request body is over the limit."""

    code = "too_large"
    status = 413
    title = "Too large"

    def __init__(self, limit_bytes: int, what: str = "The request body") -> None:
        super().__init__(f"{what} is over {limit_bytes} bytes. Send less.")


class HeadTooLarge(Problem):
    """The request line and the headers are over the limit."""

    code = "too_large"
    status = 431
    title = "Headers too large"

    def __init__(self) -> None:
        super().__init__("The headers are over 65536 bytes, or more than 100. Send less.")


class TooSlow(Problem):
    """The request did not arrive in time."""

    code = "too_slow"
    status = 408
    title = "Too slow"

    def __init__(self) -> None:
        super().__init__("The request did not arrive in time: 10 s for its head, 30 for its body.")


class Malformed(Problem):
    """This is not an HTTP request as RFC 9112 has it."""

    code = "malformed"
    status = 400
    title = "Malformed"

    def __init__(self) -> None:
        super().__init__("This is not a request in HTTP/1.1.")


class UnknownCoding(Problem):
    """The body is coded for its transfer in another way than `chunked` (RFC 9112 §6.1)."""

    code = "unsupported"
    status = 501
    title = "Not supported"

    def __init__(self) -> None:
        super().__init__("Of transfer codings only chunked is taken, once and by itself.")


class PoolExhausted(Problem):
    """Every agent slot is taken."""

    code = "pool_exhausted"
    status = 409
    title = "No agent slot left"

    def __init__(self, size: int) -> None:
        super().__init__(f"All {size} agent slots are taken. Run `trunkline pool grow N`.")


class InUse(Problem):
    """Something still needs what would be removed or changed: see to that first."""

    code = "in_use"
    status = 409
    title = "Still in use"


class CallbackUnproven(Problem):
    """The callback URL did not prove that it wants events: nothing was subscribed to."""

    code = "callback_unproven"
    status = 422
    title = "Callback URL not proven"

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(f"delivery.url: {sentence}", reason=reason)


class LimitReached(Problem):
    """The token has as many of these as it may have: end some, or wait."""

    code = "limit_reached"
    status = 429
    title = "Limit reached"

    def __init__(self, limit: str, most: int, sentence: str, retry_after_s: float | None) -> None:
        wait = {} if retry_after_s is None else {"retryAfterS": retry_after_s}
        super().__init__(sentence, limit=limit, max=most, **wait)


class IdempotencyConflict(Problem):
    """The key was used for other content: use a new key for a new message or batch."""

    code = "idempotency_conflict"
    status = 409
    title = "Idempotency key reused"

    def __init__(self, what: str, earlier_id: str) -> None:
        super().__init__(
            f"This idempotency key was used for a {what} with other content. "
            f"Use a new key for a new {what}.",
            **{f"{what}Id": earlier_id},
        )


class TooLate(Problem):
    """An attempt has begun, or the message is over: look at its status."""

    code = "too_late"
    status = 409
    title = "Too late"

    def __init__(
        self, standing: str, message_id: str, rule: str = "only a queued message can be canceled"
    ) -> None:
        super().__init__(
            f"It is {standing}; {rule}.",
            messageStatus=standing,
            messageId=message_id,
        )


class Missing(Problem):
    """A provider must be installed or set first; the sentence names it."""

    code = "not_configured"
    status = 424
    title = "Not configured"


class NotSpoken(Problem):
    """No provider would speak the text now, and nothing was sent: try again, or ask an operator."""

    code = "not_spoken"
    status = 503
    title = "Text could not be spoken"

    def __init__(self, sentence: str, retry_after_s: float | None = None) -> None:
        wait = {} if retry_after_s is None else {"retryAfterS": retry_after_s}
        super().__init__(f"The text could not be spoken, and nothing was sent. {sentence}", **wait)


class Overloaded(Problem):
    """The hub cannot take more at the moment; nothing was stored."""

    code = "overloaded"
    status = 503
    title = "Overloaded"

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(
            "The hub cannot take more at the moment; nothing was stored. Try again later.",
            retryAfterS=retry_after_s,
        )


class Unavailable(Problem):
    """The hub's database refused the work: an operator must look."""

    code = "unavailable"
    status = 503
    title = "Database unavailable"

    def __init__(self) -> None:
        super().__init__(
            "The hub's database does not take writes or reads at the moment. Try again later; "
            "the operator finds the cause in the hub's log.",
            retryAfterS=5.0,
        )


class Stopping(Problem):
    """The hub is being stopped and waits no longer; what was asked of it may still be done."""

    code = "unavailable"
    status = 503
    title = "Hub is stopping"

    def __init__(self) -> None:
        super().__init__(
            "The hub is being stopped. If this was a send, it may have gone out: repeat it only "
            "with the same idempotencyKey, or look with comms_get_messages first.",
            retryAfterS=5.0,
        )


class Internal(Problem):
    """A defect of the hub: report it with the time."""

    code = "internal"
    status = 500
    title = "Internal error"

    def __init__(self) -> None:
        super().__init__("The hub failed on its own account; the operator finds it in the log.")


class Blocked(Problem):
    """A rule forbids this send; `rule` names it. Do not send it again."""

    code = "blocked"
    status = 403
    title = "Blocked by a rule"

    def __init__(self, rule: str, sentence: str, message_id: str, field: str | None = None) -> None:
        about = {} if field is None else {"field": field}
        super().__init__(sentence, rule=rule, messageId=message_id, **about)


class OutOfWindow(Problem):
    """Free text may be sent only for a while after a person wrote: send a template."""

    code = "out_of_window"
    status = 422
    title = "Only a template can be sent"

    def __init__(self, sentence: str, message_id: str, provider_code: str | None = None) -> None:
        super().__init__(sentence, rule="window", **_of_provider(message_id, provider_code))


class ProviderRejected(Problem):
    """The provider will never take this message as it stands: change it."""

    code = "provider_rejected"
    status = 422
    title = "Refused by the provider"

    def __init__(self, sentence: str, message_id: str, provider_code: str | None = None) -> None:
        super().__init__(sentence, **_of_provider(message_id, provider_code))


class RecipientOptedOut(Problem):
    """The recipient told the provider to stop: send them nothing until they write START."""

    code = "opted_out"
    status = 403
    title = "Recipient opted out with the provider"

    def __init__(self, sentence: str, message_id: str, provider_code: str | None = None) -> None:
        super().__init__(sentence, **_of_provider(message_id, provider_code))


class ProviderSetup(Problem):
    """The account or the sender is not set up for this: an operator must act at the provider."""

    code = "provider_setup"
    status = 424
    title = "Provider account not set up for this"

    def __init__(self, sentence: str, message_id: str, provider_code: str | None = None) -> None:
        super().__init__(sentence, **_of_provider(message_id, provider_code))


class ProviderCredit(Problem):
    """The hub's account with the provider has no money left: an operator must pay."""

    code = "provider_credit"
    status = 424
    title = "Provider account out of credit"

    def __init__(self, sentence: str, message_id: str, provider_code: str | None = None) -> None:
        super().__init__(sentence, **_of_provider(message_id, provider_code))


class ProviderAuth(Problem):
    """The provider refused the hub's credentials: an operator must repair them."""

    code = "provider_auth"
    status = 424
    title = "Provider credentials refused"

    def __init__(self, sentence: str, message_id: str, provider_code: str | None = None) -> None:
        super().__init__(sentence, **_of_provider(message_id, provider_code))


def _of_provider(message_id: str, provider_code: str | None) -> dict[str, str]:
    """Return the facts of a provider's refusal: its own code is what its documentation goes by."""
    return {"messageId": message_id} | ({"providerCode": provider_code} if provider_code else {})
