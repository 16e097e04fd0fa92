"""The challenge: a URL proves that it wants a subscription's events before it gets any."""

import asyncio
import hmac
import json
from base64 import urlsafe_b64encode
from collections import deque
from dataclasses import dataclass, field
from typing import Final

import httpx2

from trunkline.core.problems import CallbackUnproven, LimitReached
from trunkline.core.subscriptions.secrets import signed_for
from trunkline.egress import EgressDenied
from trunkline.sdk import Clock, IdSource

ANSWER_S: Final = 5.0
"""What a URL has for its answer to a challenge; the host waits for ours meanwhile."""
MOST_IN_A_MINUTE: Final = 30
"""Challenges of one token: nobody shall have the hub knock at somebody else's door on and on."""
_MOST_TOKENS: Final = 10_000
_LONGEST_ANSWER: Final = 8_192
_MINUTE_S: Final = 60.0


@dataclass(slots=True)
class Challenges:
    """Puts challenges; each is used once, and known to nobody but its own request."""

    http: httpx2.AsyncClient
    clock: Clock
    ids: IdSource
    _put: dict[str, deque[float]] = field(default_factory=dict)

    async def put(self, kid: str, url: str, subscription_id: str, secret: bytes) -> None:
        """
        Ask a URL to repeat a nonce, and return if it does.

        Raises:
            CallbackUnproven: It did not, in any way.
            LimitReached: The token has had too many challenges in the last minute.
        """
        self._count(kid)
        nonce = urlsafe_b64encode(self.ids.secret(32)).rstrip(b"=").decode()
        body = json.dumps({"type": "verification", "challenge": nonce}).encode()
        id_ = f"msg_verification_{self.ids.secret(16).hex()}"
        headers = signed_for(subscription_id, (secret,), id_, self.clock.now(), body)
        headers |= {"content-type": "application/json", "user-agent": "Trunkline"}
        try:
            async with (
                asyncio.timeout(ANSWER_S),
                self.http.stream("POST", url, content=body, headers=headers) as answer,
            ):
                status, said = answer.status_code, await _beginning(answer)
        except (TimeoutError, httpx2.TimeoutException):
            raise CallbackUnproven(
                "timeout", f"the challenge was not answered within {ANSWER_S:.0f} seconds."
            ) from None
        except (EgressDenied, httpx2.InvalidURL):
            raise CallbackUnproven(
                "connection_refused", "it must lead by https to a public address."
            ) from None
        except httpx2.RequestError as error:
            raise CallbackUnproven("connection_refused", f"no answer came. {error}") from None
        if not 200 <= status < 300:
            raise CallbackUnproven(
                f"http_{5 if status >= 500 else 4}xx",
                "the challenge was not answered with 2xx; redirects are not followed.",
            )
        if not hmac.compare_digest(_repeated(said).encode(), nonce.encode()):
            raise CallbackUnproven(
                "challenge_failed",
                'the answer must be {"challenge": "…"} with the value that was posted.',
            )

    def _count(self, kid: str) -> None:
        if len(self._put) > _MOST_TOKENS:
            self._put.clear()
        now = self.clock.monotonic()
        times = self._put.setdefault(kid, deque())
        while times and times[0] <= now - _MINUTE_S:
            times.popleft()
        if len(times) >= MOST_IN_A_MINUTE:
            raise LimitReached(
                "challenges",
                MOST_IN_A_MINUTE,
                f"A token may have {MOST_IN_A_MINUTE} callback URLs challenged in a minute. Wait.",
                round(times[0] + _MINUTE_S - now, 1),
            )
        times.append(now)


async def _beginning(answer: httpx2.Response) -> bytes:
    """Return the body of an answer as far as it can be of interest."""
    said = b""
    async for chunk in answer.aiter_bytes():
        said += chunk
        if len(said) > _LONGEST_ANSWER:
            return b""
    return said


def _repeated(said: bytes) -> str:
    """Return the challenge in an answer, or nothing."""
    try:
        answer = json.loads(said)
    except (ValueError, RecursionError):
        return ""
    challenge = answer.get("challenge") if isinstance(answer, dict) else None
    return challenge if isinstance(challenge, str) else ""
