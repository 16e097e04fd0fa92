"""What Twilio's codes about a number mean that is bought or set."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from trunkline.sdk import Failure, FailureKind

_ADDRESS: Final = (
    "The country wants the address of who uses the number: choose one that needs none, or add the "
    "address and buy the number in Twilio's console."
)
_SENTENCES: Final[Mapping[FailureKind, Mapping[str, str]]] = {
    FailureKind.REFUSED: {
        "21421": "Twilio has no such number: search for another one.",
        "21422": "The number is not for sale any more: search for another one.",
        "21613": _ADDRESS,
        "21631": _ADDRESS,
    },
    FailureKind.NOT_SET_UP: {
        "10002": (
            "A Twilio trial account has one number and only some kinds: upgrade the account."
        ),
        "21712": (
            "The number is in another Messaging Service: take it out there, in Twilio's console."
        ),
        "21714": (
            "The Messaging Service has as many numbers as it may: take some out in Twilio's "
            "console, or ask Twilio for more."
        ),
        "21715": "The number can neither text nor send media: choose another one.",
    },
}
NUMBER_FAILURES: Final[Mapping[str, Failure]] = MappingProxyType(
    {
        code: Failure(kind=kind, sentence=sentence)
        for kind, sentences in _SENTENCES.items()
        for code, sentence in sentences.items()
    }
)
"""
Twilio's codes of numbers; some mean another thing of a text.

From Twilio's error dictionary (twilio.com/docs/api/errors), read in November 2026.
"""
