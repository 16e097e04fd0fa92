"""What Deepgram's refusals mean to the hub."""

import json
import re
from collections.abc import Mapping
from typing import Final

from trunkline.sdk import (
    AuthFailed,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Rejected,
    RetryLater,
)

_CODE: Final = re.compile(r"[A-Za-z][A-Za-z_-]*( [A-Za-z_-]+){0,3}")
"""A code such as ``INVALID_AUTH`` or ``Bad Request``; whatever else stands there may quote."""
_LONGEST_CODE: Final = 48
_TIMED_OUT: Final = 408
_TOO_MANY: Final = 429
_REFUSALS: Final[Mapping[int, tuple[type[ProviderError], str]]] = {
    401: (AuthFailed, "Deepgram refused the API key: make another at console.deepgram.com."),
    402: (OutOfCredit, "The Deepgram project has no credit left: see console.deepgram.com."),
    403: (
        AuthFailed,
        "The API key may not do this: see its role at console.deepgram.com, and the models.",
    ),
    413: (Rejected, "The recording is too large for Deepgram."),
}


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """
    Return what an answer that is no success means.

    Statuses and codes are those of developers.deepgram.com/docs/errors, read in November 2026.
    """
    code = _code(body)
    if status == _TOO_MANY:
        wait = headers.get("retry-after", "")
        wait_s = float(wait) if wait.isascii() and wait.isdecimal() else 1.0
        sentence = "Deepgram recognises as much at once as the plan allows."
        return RetryLater(sentence, retry_after_s=wait_s, provider_code=code)
    if status in _REFUSALS:
        kind, sentence = _REFUSALS[status]
        return kind(sentence, provider_code=code)
    if not 400 <= status < 500 or status == _TIMED_OUT:  # it may have been recognised
        return OutcomeUnknown(f"Deepgram answered {status}.", provider_code=code)
    sentence = f"Deepgram cannot read the sound, or does not know its language ({status})."
    return Rejected(sentence, provider_code=code)


def _code(body: bytes) -> str | None:
    """Return the code in any of the three forms of an error; of plain text there is none."""
    try:
        told = json.loads(body)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    code = told.get("err_code") or told.get("category")
    is_code = isinstance(code, str) and len(code) <= _LONGEST_CODE and _CODE.fullmatch(code)
    return code if is_code else None
