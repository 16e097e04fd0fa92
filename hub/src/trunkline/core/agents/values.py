"""What an agent's own values may be."""

import re
from typing import Final

import phonenumbers

from trunkline.core.problems import Invalid
from trunkline.sdk import MessageClass

MAX_SETTLE_MS: Final = 60_000
MAX_GREETING: Final = 320
"""Longest greeting, in characters: less than half a minute."""


def settle_ms(value: str | None) -> int:
    """Return for how long subscribers wait for more; 0 if it is not set."""
    if not value:
        return 0
    if re.fullmatch("[0-9]{1,5}", value) and int(value) <= MAX_SETTLE_MS:
        return int(value)
    raise Invalid("settle_ms", f"give 0 to {MAX_SETTLE_MS} milliseconds.")


def class_of(name: str | None) -> MessageClass | None:
    """Return what an agent's messages are for, if it says."""
    return None if name is None else MessageClass(name)


def checked(name: str, value: str) -> str:
    """Return a value as it is stored; `Invalid` says what is wrong with it."""
    if name == "country":
        if value.upper() not in phonenumbers.SUPPORTED_REGIONS:
            raise Invalid(name, "give a two-letter country code such as US.")
        return value.upper()
    if name == "message_class" and value not in {*MessageClass}:
        raise Invalid(name, f"give one of {', '.join(MessageClass)}.")
    if name == "greeting" and len(value) > MAX_GREETING:
        raise Invalid(name, f"give at most {MAX_GREETING} characters.")
    if len(value) > 2000:
        raise Invalid(name, "give at most 2000 characters.")
    return value
