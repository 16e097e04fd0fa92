"""What ElevenLabs' refusals mean to the hub, and what to do about each."""

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

import httpx2
from pydantic import ValidationError

from trunkline.sdk import (
    AuthFailed,
    NotSetUp,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Rejected,
    RetryLater,
)
from trunkline_elevenlabs.wire import Refusal

Meaning: TypeAlias = tuple[type[ProviderError], str]

_KEY: Final = (
    "ElevenLabs refused the API key: check api_key, or make a new one at "
    "elevenlabs.io/app/settings/api-keys."
)
_QUOTA: Final = (
    "The ElevenLabs account has used up its credits: wait for the next month, or get more at "
    "elevenlabs.io/app/subscription."
)
_PERMISSIONS: Final = (
    "The ElevenLabs API key may not do this: allow it text to speech, and to read voices and the "
    "user, at elevenlabs.io/app/settings/api-keys."
)
_UNUSUAL: Final = (
    "ElevenLabs stopped the free plan for unusual activity: take a paid plan, or ask its support, "
    "help.elevenlabs.io."
)
_LONG: Final = "ElevenLabs takes no text so long: shorten it, or use a Flash model."
_VOICE: Final = "The ElevenLabs account has no such voice: see its voices for their ids."
_PLAN: Final = "The ElevenLabs plan does not include it: choose another at elevenlabs.io/pricing."
_PAID: Final = (
    "The ElevenLabs plan does not include this voice: choose another (the free plan has none of "
    "the library's), or a paid plan at elevenlabs.io/pricing."
)

REFUSALS: Final[Mapping[str, Meaning]] = {
    "quota_exceeded": (OutOfCredit, _QUOTA),
    "insufficient_credits": (OutOfCredit, _QUOTA),
    "invalid_api_key": (AuthFailed, _KEY),
    "missing_api_key": (AuthFailed, _KEY),
    "needs_authorization": (AuthFailed, _KEY),
    "missing_permissions": (AuthFailed, _PERMISSIONS),
    "only_for_creator+": (NotSetUp, _PLAN),
    "paid_plan_required": (NotSetUp, _PAID),
    "detected_unusual_activity": (NotSetUp, _UNUSUAL),
    "max_character_limit_exceeded": (Rejected, _LONG),
    "text_too_long": (Rejected, _LONG),
    "voice_not_found": (Rejected, _VOICE),
    "invalid_uid": (Rejected, _VOICE),
    "model_not_found": (NotSetUp, "ElevenLabs has no such model: check model_id."),
}
"""
By the code that ElevenLabs gives an error.

From its pages "Error messages" (August 2025) and help article 19572237925521, and from refusals
that people quote in public; a code that is not here goes by its HTTP status.
"""

_BY_STATUS: Final[Mapping[int, Meaning]] = {
    401: (AuthFailed, _KEY),
    402: (OutOfCredit, _QUOTA),
    403: (NotSetUp, "ElevenLabs forbids it: check the plan, and what the API key may do."),
    404: (Rejected, _VOICE),
}
_BUSY: Final = "system_busy"
_BUSY_FOR_S: Final = 5
_AT_ONCE: Final = (
    "The ElevenLabs plan allows no more texts at a time: set max_at_once to what it allows, or "
    "choose a larger plan."
)


def refusal(response: httpx2.Response) -> ProviderError:
    """Return what an answer that was read, and is no sound, means to the hub."""
    code, status = code_of(response), response.status_code
    # It may have broken down, or a proxy given up, after it began to speak: that may be charged.
    if not response.is_client_error or status == 408:
        return OutcomeUnknown(f"ElevenLabs answered {status}.", provider_code=code)
    if code is not None and code in REFUSALS:
        kind, sentence = REFUSALS[code]
        return kind(sentence, provider_code=code)
    if status == 429:
        return _limited(response, code)
    kind, sentence = _BY_STATUS.get(
        status, (Rejected, f"ElevenLabs refused it ({status}, {code or 'without a code'}).")
    )
    return kind(sentence, provider_code=code)


def code_of(response: httpx2.Response) -> str | None:
    """Return the code of a refusal; older ones have it as their `status`, some have both."""
    try:
        trouble = Refusal.model_validate_json(response.content).detail
    except ValidationError:
        return None  # the status alone has to do
    return trouble.status if trouble.status in REFUSALS else trouble.code or trouble.status


def number_of(header: str) -> int | None:
    """Return a number in a header, of seconds or credits; None where there is none to be read."""
    return int(header) if re.fullmatch("[0-9]{1,9}", header) else None


def _limited(response: httpx2.Response, code: str | None) -> RetryLater:
    """Tell ElevenLabs' own trouble from the account's limit of texts at a time."""
    busy = code == _BUSY
    wait_s = number_of(response.headers.get("retry-after", ""))
    if wait_s is None:
        wait_s = _BUSY_FOR_S if busy else 1
    return RetryLater(
        "ElevenLabs is busy." if busy else _AT_ONCE,
        retry_after_s=float(wait_s),
        provider_code=code,
        unavailable=busy,
    )
