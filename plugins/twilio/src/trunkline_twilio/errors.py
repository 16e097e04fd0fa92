"""What Twilio's refusals mean to the hub, and what to do about each."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeAlias

import httpx2
from pydantic import BaseModel, Field, ValidationError

from trunkline.sdk import (
    AuthFailed,
    Failure,
    FailureKind,
    NotSetUp,
    OptedOut,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Rejected,
    RetryLater,
)
from trunkline_twilio.failures import FAILURES

Meaning: TypeAlias = tuple[type[ProviderError], str]

_CREDENTIALS: Final = (
    "Twilio refused the credentials: check account_sid and auth_token, or the API key, in Twilio's "
    "console."
)
_INACTIVE: Final = (
    "The Twilio account is not active: add funds if its balance is used up, "
    "else ask Twilio why it was suspended."
)
_FORBIDDEN: Final = (
    "Twilio knows the credentials but does not let them do this: give the API key its permission, "
    "or the account its access, in Twilio's console."
)
_RATE: Final = "Twilio limits our rate: it takes the same later."

ACCOUNT: Final[Mapping[str, Meaning]] = {
    "10001": (OutOfCredit, _INACTIVE),
    "20003": (AuthFailed, _CREDENTIALS),
    "20005": (OutOfCredit, _INACTIVE),
    "20404": (AuthFailed, "Twilio knows no such account: check account_sid and base_url."),
    "20429": (RetryLater, _RATE),
    "90010": (OutOfCredit, _INACTIVE),
}
"""
The codes that are about the account and not about the message.

From Twilio's error dictionary (twilio.com/docs/api/errors), read in November 2026.
"""

_BY_KIND: Final[Mapping[FailureKind, type[ProviderError]]] = {
    FailureKind.UNREACHABLE: Rejected,
    FailureKind.REFUSED: Rejected,
    FailureKind.OPTED_OUT: OptedOut,
    FailureKind.NOT_SET_UP: NotSetUp,
    FailureKind.OUT_OF_WINDOW: Rejected,
    FailureKind.TEMPORARY: RetryLater,
    FailureKind.UNEXPLAINED: Rejected,
}

_BY_STATUS: Final[Mapping[int, Meaning]] = {
    401: (AuthFailed, _CREDENTIALS),
    403: (AuthFailed, "Twilio forbids it: check the permissions of the account in its console."),
    429: (RetryLater, _RATE),  # "not processed, safe to retry": its dictionary on 20429
}


NOT_FOUND: Final = "20404"
IN_PROGRESS: Final = "20009"
"""Of what is not over yet, which cannot be deleted (unverified)."""
"""Twilio's code for what it does not have; of a send, the account."""
_TIMED_OUT: Final = 408
_FORBIDDEN_STATUS: Final = 403


_CODE_IN_XML: Final = re.compile(rb"<Code>([0-9]{5})</Code>")
"""What answers for a file, which are not asked for as JSON, say in XML."""


class _Refusal(BaseModel):
    """What is read of a refusal: its message may quote the number or the text."""

    code: int | None = Field(None, ge=10_000, le=99_999)


def refusal(
    response: httpx2.Response, now: datetime, own: Mapping[str, Failure] | None = None
) -> ProviderError:
    """Return what an answer that is no success means to the hub; `own` counts for more."""
    shown = _code(response)
    status = response.status_code
    # It may have broken down after it took the text, or a proxy may not have waited for its answer.
    if not response.is_client_error or status == _TIMED_OUT:
        return OutcomeUnknown(f"Twilio answered {status}.", provider_code=shown)
    kind, sentence = _meaning(shown, status, {**FAILURES, **(own or {})})
    if kind is RetryLater:
        wait_s = _wait_s(response.headers.get("retry-after", ""), now)
        return RetryLater(sentence, retry_after_s=wait_s, provider_code=shown)
    return kind(sentence, provider_code=shown)


def _code(response: httpx2.Response) -> str | None:
    """Return the code that Twilio gives; of an answer without one the status alone has to do."""
    try:
        code = _Refusal.model_validate_json(response.content).code
    except ValidationError:
        in_xml = _CODE_IN_XML.search(response.content)
        return in_xml[1].decode() if in_xml else None
    return None if code is None else str(code)


def _meaning(code: str | None, status: int, failures: Mapping[str, Failure]) -> Meaning:
    if code == "20003" and status == _FORBIDDEN_STATUS:  # with a wrong token it is a 401
        return NotSetUp, _FORBIDDEN
    if code and code in ACCOUNT:
        return ACCOUNT[code]
    if code and code in failures:
        return _BY_KIND[failures[code].kind], failures[code].sentence
    other: Meaning = (Rejected, f"Twilio refused it ({status}, code {code or 'unknown'}).")
    return _BY_STATUS.get(status) or other


def _wait_s(header: str, now: datetime) -> float:
    """Return a Retry-After in seconds, which may be an HTTP date (RFC 9110 §10.2.3)."""
    if header.isascii() and header.isdecimal():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return 1.0
    return max((moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds(), 0.0)
