"""What Twilio's refusals mean to the hub, and what to do about each."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeAlias

import httpx2
from pydantic import BaseModel, Field, ValidationError

from trunkline.sdk import (
    AuthFailed,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Rejected,
    RetryLater,
)

Meaning: TypeAlias = tuple[type[ProviderError], str]

_CREDENTIALS: Final = (
    "Twilio refused the credentials: check account_sid and auth_token in Twilio's console."
)
_INACTIVE: Final = (
    "The Twilio account is not active: add funds if its balance is used up, "
    "else ask Twilio why it was suspended."
)
_COUNTRY: Final = (
    "The Twilio account may not text this country: allow it under Messaging, Geo permissions, "
    "in Twilio's console."
)
_SENDER: Final = (
    "The Twilio account cannot text from this sender: give the agent a number that the account "
    "owns and that can send texts."
)
_UNREGISTERED: Final = (
    "US carriers take texts from registered senders only: register the number for A2P 10DLC in "
    "Twilio's console."
)
_NO_TEXTS: Final = "The recipient's number cannot receive texts: use another number, or call."
_EMPTY: Final = "The text is empty: give it a body or media."
_RATE: Final = "Twilio limits our rate: it takes the same text later."

CATALOGUE: Final[Mapping[int, Meaning]] = {
    # the account
    10001: (OutOfCredit, _INACTIVE),
    10002: (Rejected, "A Twilio trial account cannot do this: upgrade the account."),
    20003: (AuthFailed, _CREDENTIALS),
    20005: (OutOfCredit, _INACTIVE),
    20404: (AuthFailed, "Twilio knows no such account: check account_sid and base_url."),
    20429: (RetryLater, _RATE),
    21408: (Rejected, _COUNTRY),
    21608: (Rejected, "The Twilio account may text verified numbers only: upgrade the account."),
    90010: (OutOfCredit, _INACTIVE),
    # the recipient
    21211: (Rejected, "The recipient's number is not valid: check it."),
    21610: (Rejected, "The recipient opted out: do not text them until they have texted START."),
    21612: (Rejected, "Twilio has no way from this sender to this recipient: use another sender."),
    21614: (Rejected, _NO_TEXTS),
    21635: (Rejected, _NO_TEXTS),
    # the sender
    21212: (Rejected, _SENDER),
    21601: (Rejected, _SENDER),
    21606: (Rejected, _SENDER),
    21611: (RetryLater, "The sender's queue at Twilio is full: wait, then try again."),
    21621: (Rejected, "The sender cannot send media: use another sender, or send no media."),
    21659: (Rejected, _SENDER),
    21660: (Rejected, _SENDER),
    21661: (Rejected, _SENDER),
    30034: (Rejected, _UNREGISTERED),
    # the content
    21602: (Rejected, _EMPTY),
    21617: (Rejected, "The text is longer than Twilio's 1,600 characters: shorten or split it."),
    21619: (Rejected, _EMPTY),
    21620: (Rejected, "Twilio cannot use a media URL: make it absolute and public."),
    21623: (Rejected, "The text has more media than Twilio's ten: send fewer."),
    63016: (Rejected, "The recipient has not written for 24 hours: use an approved template."),
}
"""
The codes a send may be refused with, by what they are about.

From Twilio's error dictionary (twilio.com/docs/api/errors), read in November 2026.
"""

_BY_STATUS: Final[Mapping[int, Meaning]] = {
    401: (AuthFailed, _CREDENTIALS),
    403: (AuthFailed, "Twilio forbids it: check the permissions of the account in its console."),
    429: (RetryLater, _RATE),  # "not processed, safe to retry": its dictionary on 20429
}


_TIMED_OUT: Final = 408


class _Refusal(BaseModel):
    """What is read of a refusal: its message may quote the number or the text."""

    code: int | None = Field(None, ge=10_000, le=99_999)


def refusal(response: httpx2.Response, now: datetime) -> ProviderError:
    """Return what an answer that is no success means to the hub."""
    try:
        code = _Refusal.model_validate_json(response.content).code
    except ValidationError:
        code = None  # the status alone has to do
    shown = None if code is None else str(code)
    status = response.status_code
    # It may have broken down after it took the text, or a proxy may not have waited for its answer.
    if not response.is_client_error or status == _TIMED_OUT:
        return OutcomeUnknown(f"Twilio answered {status}.", provider_code=shown)
    other: Meaning = (Rejected, f"Twilio refused it ({status}, code {shown or 'unknown'}).")
    kind, sentence = CATALOGUE.get(code or 0) or _BY_STATUS.get(status) or other
    if kind is RetryLater:
        wait_s = _wait_s(response.headers.get("retry-after", ""), now)
        return RetryLater(sentence, retry_after_s=wait_s, provider_code=shown)
    return kind(sentence, provider_code=shown)


def _wait_s(header: str, now: datetime) -> float:
    """Return a Retry-After in seconds, which may be an HTTP date (RFC 9110 §10.2.3)."""
    if header.isascii() and header.isdecimal():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return 1.0
    return max((moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds(), 0.0)
