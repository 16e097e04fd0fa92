"""What may be made to go wrong with a send, on every channel."""

from enum import StrEnum

from trunkline.sdk import AuthFailed, OutcomeUnknown, ProviderError, Rejected, RetryLater


class Fault(StrEnum):
    """What may be made to go wrong with a send."""

    RATE_LIMITED = "rate_limited"
    """Not taken: too fast."""

    BAD_RECIPIENT = "bad_recipient"
    """Not taken: no such number."""

    BAD_CREDENTIALS = "bad_credentials"
    """Not taken: the account is not known."""

    SERVER_ERROR = "server_error"
    """Not taken, but the caller cannot know."""

    DROPPED_BEFORE = "dropped_before"
    """Not taken: no connection came about."""

    DROPPED_AFTER = "dropped_after"
    """Taken, and the answer was lost."""


def refusal(fault: Fault | None) -> ProviderError | None:
    """Return the error of a send that is not taken, or None of one that is."""
    match fault:
        case Fault.RATE_LIMITED:
            return RetryLater("The simulated network is busy.", provider_code=fault)
        case Fault.BAD_RECIPIENT:
            return Rejected(
                "The simulated network does not know this address.", provider_code=fault
            )
        case Fault.BAD_CREDENTIALS:
            return AuthFailed("The simulated network does not know you.", provider_code=fault)
        case Fault.SERVER_ERROR:
            return OutcomeUnknown("The simulated network failed.", provider_code=fault)
        case Fault.DROPPED_BEFORE:
            return RetryLater("The simulated network could not be reached.", unavailable=True)
        case Fault.DROPPED_AFTER | None:
            return None
