"""What Twilio's codes about a call mean: those of a refused call."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

import httpx2

from trunkline.sdk import Failure, FailureKind, ProviderError
from trunkline_twilio.errors import refusal

OVER: Final = "21220"
"""The call is over: nothing can be done with it."""

_NUMBER: Final = "The recipient's number is not valid: check it."
_CALLER: Final = (
    "The Twilio account cannot call from this number: give the agent one that the account owns or "
    "has verified, and that can call."
)
_COUNTRY: Final = (
    "The Twilio account may not call this country: allow it under Voice, Settings, Geo "
    "permissions, in Twilio's console."
)
_CALLBACK: Final = (
    "Twilio cannot call the hub back: set server.public_url to an address that Twilio reaches."
)

_SENTENCES: Final[Mapping[FailureKind, Mapping[str, str]]] = {
    FailureKind.UNREACHABLE: {
        "13224": "Twilio has no way to this number, or it is not valid: check it.",
        "21211": _NUMBER,
        "21214": "The recipient's number cannot be reached: check it.",
        "21217": _NUMBER,
    },
    FailureKind.REFUSED: {
        "21202": "Twilio does not call numbers that cost extra: use another number.",
        "21216": "Twilio does not call this number, as it is taken for fraud: use another one.",
        OVER: "The call is over.",
    },
    FailureKind.NOT_SET_UP: {
        "10005": "Calls are switched off for the Twilio account: ask Twilio why.",
        "21203": _COUNTRY,
        "21205": _CALLBACK,
        "21209": _CALLBACK,
        "21210": _CALLER,
        "21212": _CALLER,
        "21213": _CALLER,
        "21215": _COUNTRY,
        "21219": (
            "The Twilio account may call verified numbers only: verify this one under Phone "
            "Numbers, Verified Caller IDs, in Twilio's console, or upgrade the account."
        ),
    },
    FailureKind.TEMPORARY: {
        "10004": "The Twilio account has as many calls at once as it may: call later.",
    },
}
CALL_FAILURES: Final[Mapping[str, Failure]] = MappingProxyType(
    {
        code: Failure(kind=kind, sentence=sentence)
        for kind, sentences in _SENTENCES.items()
        for code, sentence in sentences.items()
    }
)
"""
Twilio's codes of calls; some mean another thing of a text.

From Twilio's error dictionary (twilio.com/docs/api/errors), read in November 2026.
"""


def call_refusal(response: httpx2.Response, now: datetime) -> ProviderError:
    """Return what it means to the hub that a call was refused."""
    return refusal(response, now, CALL_FAILURES)
