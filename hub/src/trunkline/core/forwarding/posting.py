"""One signed post to somebody's URL, and what its answer means for the next try."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx2

from trunkline.egress import EgressDenied
from trunkline.sdk import IdSource

FIRST_BACKOFF_S: Final = 5.0
LONGEST_WAIT_S: Final = 3600.0
"""A wait between two tries, also where the receiver wishes for more."""
_GONE: Final = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTaken:
    """
    Why a post was not taken.

    Attributes:
        status: What the URL answered, or None if it gave no answer.
        is_hopeless: No further try is of use.
        wish_s: How long the receiver wishes to be left alone.
    """

    reason: str
    status: int | None = None
    is_hopeless: bool = False
    wish_s: float = 0.0


async def post(
    http: httpx2.AsyncClient, url: str, body: bytes, headers: dict[str, str], now: datetime
) -> NotTaken | None:
    """Post a body, of whose answer only the head is of interest; return None if it was taken."""
    headers = {**headers, "content-type": "application/json", "user-agent": "Trunkline"}
    try:
        async with http.stream("POST", url, content=body, headers=headers) as answer:
            return _judged(answer, now)
    except EgressDenied as blocked:
        reason = f"The URL leads to where no request may go: {blocked.reason}."
        return NotTaken(reason=reason, is_hopeless=True)
    except httpx2.InvalidURL:
        return NotTaken(reason="The callback URL is none.", is_hopeless=True)
    except httpx2.RequestError as error:
        return NotTaken(reason=str(error))


def wait_s(ids: IdSource, tries: int, wish_s: float) -> float:
    """Return exponential backoff with full jitter, or the receiver's wish if it is longer."""
    backoff_s = min(LONGEST_WAIT_S, FIRST_BACKOFF_S * 2.0 ** min(tries, 20))
    jitter = int.from_bytes(ids.secret(4)) / 0x1_0000_0000
    return max(jitter * backoff_s, wish_s)


def wished_s(header: str, now: datetime) -> float:
    """Return a Retry-After in seconds and within reason; it may be a date (RFC 9110 §10.2.3)."""
    try:
        wish_s = float(header)
    except ValueError:
        try:
            at = parsedate_to_datetime(header)
            wish_s = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
        except (ValueError, OverflowError):
            return 0.0
    return min(wish_s, LONGEST_WAIT_S) if wish_s > 0 else 0.0  # NaN is not above zero


def _judged(answer: httpx2.Response, now: datetime) -> NotTaken | None:
    if answer.is_success:
        return None
    reason = f"The callback URL answered {answer.status_code}."
    if answer.is_redirect:
        reason = f"{reason} Redirects are not followed."
    return NotTaken(
        reason=reason,
        status=answer.status_code,
        is_hopeless=answer.status_code == _GONE,
        wish_s=wished_s(answer.headers.get("retry-after", ""), now),
    )
