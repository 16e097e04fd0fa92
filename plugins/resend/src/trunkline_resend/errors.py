"""What Resend's refusals mean to the hub, and what to do about each."""

from collections.abc import Mapping
from typing import Final, TypeAlias

import httpx2
from pydantic import Field, ValidationError

from trunkline.sdk import (
    AuthFailed,
    NotSetUp,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Rejected,
    RetryLater,
)
from trunkline_resend.wire import Read

Meaning: TypeAlias = tuple[type[ProviderError], str]

RESTRICTED: Final = "restricted_api_key"
NOT_FOUND: Final = "not_found"
_KEY: Final = "Resend refused the API key: check api_key, or make a new one at resend.com/api-keys."
_QUOTA: Final = (
    "The Resend account has sent all that its plan allows for now: wait for the next day or month, "
    "or choose a larger plan at resend.com/settings/billing."
)
_DOMAIN: Final = (
    "Resend does not send from this address yet: verify its domain at resend.com/domains. "
    "Until then it reaches the account's own address only."
)
_FIELD: Final = "Resend finds a part of the mail wrong: check addresses, subject and headers."
_INVALID_KEY: Final = "API key is invalid"
"""Resend's whole message about a key that it does not know, by several names and statuses."""

REFUSALS: Final[Mapping[str, Meaning]] = {
    "daily_quota_exceeded": (OutOfCredit, _QUOTA),
    "monthly_quota_exceeded": (OutOfCredit, _QUOTA),
    "missing_api_key": (AuthFailed, _KEY),
    "invalid_api_key": (AuthFailed, _KEY),
    RESTRICTED: (
        AuthFailed,
        "The API key may only send: make one with full access at resend.com/api-keys.",
    ),
    "invalid_from_address": (
        NotSetUp,
        "Resend cannot send from the agent's address: give it one of a verified domain.",
    ),
    "invalid_access": (AuthFailed, "The API key may not do this: give it full access."),
    "security_error": (
        NotSetUp,
        "Resend stopped it for its safety: ask Resend's support, resend.com/contact.",
    ),
    "validation_error": (Rejected, _FIELD),
    "missing_required_field": (Rejected, _FIELD),
    "invalid_parameter": (Rejected, _FIELD),
    "invalid_attachment": (
        Rejected,
        "Resend cannot attach a file: give each a public URL and a name, 40 MB in all.",
    ),
}
"""
By the name that Resend gives an error.

From resend.com/docs/api-reference/errors and its Rust package, read in November 2026.
"""

_BY_STATUS: Final[Mapping[int, Meaning]] = {
    401: (AuthFailed, _KEY),
    403: (AuthFailed, "Resend forbids it: check what the API key may do at resend.com/api-keys."),
}
_UNVERIFIED: Final = (403, "validation_error")
_TIMED_OUT: Final = 408
_CONFLICT: Final = 409
_TOO_MANY: Final = 429


class _Refusal(Read):
    """What is read of a refusal: its message may quote an address, and is told to nobody."""

    name: str | None = Field(None, pattern=r"^[a-z_]{1,64}$")
    message: str = ""


def refusal(response: httpx2.Response) -> ProviderError:
    """Return what an answer that is no success means to the hub."""
    read, status = _read(response), response.status_code
    # It may have broken down after it took the mail, or a proxy may not have waited for its answer.
    if not response.is_client_error or status == _TIMED_OUT:
        return OutcomeUnknown(f"Resend answered {status}.", provider_code=read.name)
    # A mail with this key was taken before, or is being taken now: it is not surely unsent.
    if status == _CONFLICT:
        return OutcomeUnknown("Resend has a mail with this key.", provider_code=read.name)
    kind, sentence = _meaning(read, status)
    if kind is RetryLater:
        wait = response.headers.get("retry-after", "")
        wait_s = float(wait) if wait.isascii() and wait.isdecimal() else 1.0
        return RetryLater(sentence, retry_after_s=wait_s, provider_code=read.name)
    return kind(sentence, provider_code=read.name)


def name_of(response: httpx2.Response) -> str | None:
    """Return the name that Resend gives a refusal; None of one that is not Resend's."""
    return _read(response).name


def _read(response: httpx2.Response) -> _Refusal:
    try:
        return _Refusal.model_validate_json(response.content)
    except ValidationError:
        return _Refusal()  # the status alone has to do


def _meaning(read: _Refusal, status: int) -> Meaning:
    if read.message == _INVALID_KEY:
        return AuthFailed, _KEY
    if (status, read.name) == _UNVERIFIED:
        return NotSetUp, _DOMAIN
    if read.name and read.name in REFUSALS:
        return REFUSALS[read.name]
    if status == _TOO_MANY:
        return RetryLater, "Resend limits our rate: it takes the same mail later."
    other: Meaning = (Rejected, f"Resend refused it ({status}, {read.name or 'without a name'}).")
    return _BY_STATUS.get(status, other)
