"""A stand-in for a vendor's HTTP API: one answer for every request, and no socket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

import httpx2


@dataclass(frozen=True, slots=True, kw_only=True)
class Canned:
    """
    An answer as the vendor gives it; copy it from its documentation or a recording.

    Attributes:
        json: The body as a JSON value; None when `content` is the body.
    """

    status: int
    json: object = None
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Drop(Enum):
    """A connection that breaks instead of answering."""

    BEFORE = "before"
    """No connection comes about: nothing was sent."""

    AFTER = "after"
    """The request was written and no answer comes: it may have been carried out."""


DROP_BEFORE: Final = Drop.BEFORE
DROP_AFTER: Final = Drop.AFTER

Answer: TypeAlias = Canned | Drop
_MOST_REQUESTS: Final = 200


@dataclass(slots=True)
class Wire:
    """
    Gives `answer` to every request, and keeps each request that was tried.

    Of several answers each request gets the next, and whoever asks on gets the last again.
    """

    answer: Answer | Sequence[Answer]
    requests: list[httpx2.Request] = field(default_factory=list)

    def client(self) -> httpx2.AsyncClient:
        """Return a client whose every request comes here."""
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        assert len(self.requests) < _MOST_REQUESTS, "it asks and asks"
        answers = [self.answer] if isinstance(self.answer, Canned | Drop) else self.answer
        match answers[min(len(self.requests), len(answers)) - 1]:
            case Drop.BEFORE:
                raise httpx2.ConnectError("connection refused", request=request)
            case Drop.AFTER:
                raise httpx2.ReadTimeout("no answer", request=request)
            case Canned(json=None) as canned:
                return httpx2.Response(
                    canned.status, content=canned.content, headers=canned.headers
                )
            case Canned() as canned:
                return httpx2.Response(canned.status, json=canned.json, headers=canned.headers)
