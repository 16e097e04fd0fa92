"""What a mail server's answer means to the hub. Its text may hold an address: it stays here."""

import re
from enum import Enum, auto
from typing import Final

from trunkline.sdk import AuthFailed, NotSetUp, OutcomeUnknown, ProviderError, Rejected, RetryLater

_ENHANCED: Final = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?!\S)")
_BUSY_RETRY_S: Final = 60.0
_GREYLISTED_RETRY_S: Final = 300.0
"""What greylisting makes a sender wait that it has not seen yet, by the default of Postgrey."""

_QUOTA_RETRY_S: Final = 3_600.0
_QUOTA: Final = "5.4.5"
"""What Google says to an account that sent its mails of the day, though that passes."""

_NO_LOG_IN: Final = {530, 534, 535, 538}
_TOO_LARGE: Final = 552


class Stage(Enum):
    """How far the conversation of a send got: only after `CONTENT` may a mail have been taken."""

    GREETING = auto()
    LOG_IN = auto()
    SENDER = auto()
    RECIPIENT = auto()
    DATA = auto()
    CONTENT = auto()


def code_of(code: int, text: str) -> str:
    """Return the enhanced code of an answer (RFC 2034), or its three digits if it has none."""
    found = _ENHANCED.match(text)
    return found[1] if found and found[1][0] == str(code)[:1] else str(code)


def refusal(code: int, text: str, stage: Stage) -> ProviderError:
    """Return what an answer that is no yes means at a stage of a send."""
    if not 400 <= code <= 599:
        if stage is Stage.CONTENT:
            return OutcomeUnknown("The mail server's answer to a mail cannot be read.")
        return RetryLater("The mail server did not speak SMTP.", unavailable=True)
    told = code_of(code, text)
    return _later(code, told, stage) if code < 500 else _for_good(code, told, stage)


def _for_good(code: int, told: str, stage: Stage) -> ProviderError:
    if told == _QUOTA:
        said = "The account has sent as much as it may for now."
        return RetryLater(said, retry_after_s=_QUOTA_RETRY_S, provider_code=told)
    if code in _NO_LOG_IN or stage is Stage.LOG_IN:
        return AuthFailed("The mail server refused the log-in.", provider_code=told)
    if stage is Stage.GREETING:
        said = "The mail server takes no mail from this hub at all."
        return NotSetUp(said, provider_code=told)
    if stage is Stage.SENDER and code != _TOO_LARGE:
        said = "The mail server does not take this sender: let the account send for its address."
        return NotSetUp(said, provider_code=told)
    return Rejected(f"The mail server refused ({told}).", provider_code=told)


def _later(code: int, told: str, stage: Stage) -> RetryLater:
    if code == 421:
        return RetryLater(
            "The mail server is closing.",
            retry_after_s=_BUSY_RETRY_S,
            provider_code=told,
            unavailable=True,
        )
    greylisted = stage is Stage.RECIPIENT and code in {450, 451}
    return RetryLater(
        f"The mail server cannot take it now ({told}).",
        retry_after_s=_GREYLISTED_RETRY_S if greylisted else _BUSY_RETRY_S,
        provider_code=told,
        unavailable=stage is Stage.GREETING,
    )
