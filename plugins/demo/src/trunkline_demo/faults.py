"""What may be made to go wrong with a send, on every channel."""

from enum import StrEnum
from typing import Final

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

    UNREPORTED = "unreported"
    """A call that is taken, and nothing is told of it."""

    BUSY = "busy"
    """A call that meets a busy line."""

    NO_ANSWER = "no_answer"
    """A call to a phone that is out of reach: it rings in vain."""

    MACHINE = "machine"
    """A call that an answering machine takes."""

    FAX = "fax"
    """A call that a fax takes."""

    CARRIER_FAILURE = "carrier_failure"
    """A call that is taken, and then cannot be connected."""

    FAILED_AFTER_BUYING = "failed_after_buying"
    """A number that is bought, and the answer is an error."""

    NUMBER_TAKEN = "number_taken"
    """A number that somebody else buys first."""


OF_CALLS: Final = frozenset(
    {
        Fault.UNREPORTED,
        Fault.BUSY,
        Fault.NO_ANSWER,
        Fault.MACHINE,
        Fault.FAX,
        Fault.CARRIER_FAILURE,
    }
)
"""What waits for a call, whatever else is sent before it."""
OF_PURCHASES: Final = frozenset({Fault.FAILED_AFTER_BUYING, Fault.NUMBER_TAKEN})
"""What waits for a purchase."""


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
        case _:
            return None
