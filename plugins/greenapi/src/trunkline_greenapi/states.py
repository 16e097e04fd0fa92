"""The states of an instance, and what to do about each."""

from collections.abc import Mapping
from typing import Final

from trunkline_greenapi.errors import NOT_LINKED

AUTHORIZED: Final = "authorized"
STATES: Final[Mapping[str, str]] = {
    "notAuthorized": f"{NOT_LINKED} Until then it keeps messages for a day and then drops them.",
    "blocked": "WhatsApp banned the linked number: link a phone with another number.",
    "yellowCard": (
        "WhatsApp suspended sending from the linked number, as it takes it for spam: wait, then "
        "reboot the instance in GREEN-API's console, and send less. Meanwhile messages are kept "
        "for a day."
    ),
}
"""The states in which nothing goes out until an operator acts."""
PASSING: Final[Mapping[str, str]] = {
    "sleepMode": "The linked phone is off: switch it on and wait five minutes.",
    "starting": "The instance is starting: it may take five minutes.",
}
