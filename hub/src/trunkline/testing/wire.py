"""A stand-in for a vendor's HTTP API: one answer for every request, and no socket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Protocol, TypeAlias

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


class AnyWire(Protocol):
    """
    A vendor at the other end of a wire, whatever is spoken there.

    Attributes:
        requests: What it was asked to carry out, in its order: HTTP requests, or mails.
    """

    requests: list[Any]


@dataclass(slots=True)
class Wire:
    """
    Gives `answer` to every request, and keeps each request that was tried.

    Of several answers each request gets the next, and whoever asks on gets the last again.

    Attributes:
        files: What lies at URLs that are nobody's API: whoever fetches one makes no request.
    """

    answer: Answer | Sequence[Answer]
    requests: list[httpx2.Request] = field(default_factory=list)
    files: Mapping[str, bytes] = field(default_factory=dict)

    def client(self) -> httpx2.AsyncClient:
        """Return a client whose every request comes here."""
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET" and str(request.url) in self.files:
            return httpx2.Response(200, content=self.files[str(request.url)])
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
