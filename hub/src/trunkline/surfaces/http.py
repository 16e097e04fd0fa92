"""What every HTTP surface shares: tokens, bodies, and problems as answers."""

import asyncio
import json
import re
from collections.abc import Coroutine, Mapping
from typing import Any, Final, TypeVar, cast
from urllib.parse import unquote_to_bytes

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from trunkline.core.alerts.models import AlertKind
from trunkline.core.hub import Hub
from trunkline.core.principal import Address, Principal
from trunkline.core.problems import (
    Forbidden,
    Internal,
    MethodNotAllowed,
    Overloaded,
    Problem,
    TooLarge,
    TooManyAttempts,
    Unauthenticated,
    Unavailable,
    Unreadable,
    UnsupportedMediaType,
)
from trunkline.sdk import DatabaseFailed
from trunkline.sdk import Overloaded as DatabaseOverloaded

_ELSEWHERE: Final = (
    "This token may not be used from your address. Use it where it is for, or ask an operator for "
    "another."
)
ADDRESS: Final = "trunkline.address"
"""Where a request's scope says from which address it comes, if it came over a network."""

MAX_BODY_BYTES: Final = 6_291_456
"""500 texts of 1,600 characters, the most of one batch, take up to 5 MB when JSON escapes them."""
MAX_JSON_DEPTH: Final = 32
_CONTAINERS: Final = (dict, list)
_TOO_DEEP: Final = f"The request is nested deeper than {MAX_JSON_DEPTH} levels."
_TOKEN: Final = re.compile(rb"tl_(?:agent|admin)_[0-9a-f]", re.IGNORECASE)
_NAMED_TOKEN: Final = re.compile(
    rb"(?:^|&)(?:(?:access|security)?[_-]?token|api[_-]?key|authorization)(?:[=&]|$)",
    re.IGNORECASE,
)

T = TypeVar("T")


def problem_object(problem: Problem) -> dict[str, Any]:
    """Return a refusal as the object of RFC 9457."""
    return {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        **problem.facts,
    }


def problem_response(problem: Problem) -> Response:
    """Return a refusal as an HTTP answer."""
    headers = {}
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, round(problem.retry_after_s)))
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(problem, MethodNotAllowed):
        headers["Allow"] = problem.allowed
    return JSONResponse(
        problem_object(problem),
        status_code=problem.status,
        headers=headers,
        media_type="application/problem+json",
    )


async def refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request with a refusal, also one to become a WebSocket."""
    extensions = scope.get("extensions") or {}
    if scope["type"] == "websocket" and "websocket.http.response" not in extensions:
        await send({"type": "websocket.close", "code": 1008})  # the server's answer is a bare 403
        return
    await problem_response(problem)(scope, receive, send)


def as_problem(error: Exception, hub: Hub) -> Problem:
    """Return what a client is told of an error; one that nobody foresaw is logged."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, DatabaseOverloaded):
        return Overloaded(error.retry_after_s)
    if isinstance(error, DatabaseFailed):
        hub.log.error("database.failed", exc_info=error)
        return Unavailable()
    if isinstance(error, ClientDisconnect):
        return Unreadable("The connection closed before the request was complete.")
    hub.log.error("request.failed", error_type=type(error).__name__, exc_info=error)
    hub.alarms.note(AlertKind.INTERNAL, type(error).__name__)
    return Internal()


def token_in_url(scope: Scope) -> Unauthenticated | None:
    """Return the refusal of a request whose path or query shows a token, encoded or not."""
    for part in (scope.get("raw_path") or b"", scope["query_string"]):
        if b"%" in part and _TOKEN.search(unquote_to_bytes(unquote_to_bytes(part))):
            return _token_in_url()
        if _TOKEN.search(part):
            return _token_in_url()
    return None


def _token_in_url() -> Unauthenticated:
    return Unauthenticated(
        "A token in the URL is refused, whatever the Authorization header holds: URLs are "
        "logged. Rotate it with `trunkline tokens rotate AGENT`, and send the new one as "
        "'Authorization: Bearer <token>'."
    )


def bearer_of(headers: Mapping[str, str], query: bytes) -> str | None:
    """
    Return the bearer token of a request.

    A token in the query string ends up in logs and histories: the request is refused.
    """
    if _NAMED_TOKEN.search(query) or _NAMED_TOKEN.search(unquote_to_bytes(query)):
        raise _token_in_url()
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


async def authenticate(hub: Hub, request: Request) -> Principal:
    """Return who calls; Unauthenticated if nobody proves to."""
    local: Principal | None = request.scope.get("trunkline.local")
    bearer = bearer_of(request.headers, request.scope["query_string"])
    if bearer is None and local is not None:
        return local
    try:
        address: Address | None = request.scope.get(ADDRESS)
        principal = await hub.tokens.authenticate(bearer, address)
        if not principal.grant.covers(address):
            raise Forbidden(_ELSEWHERE)  # noqa: TRY301 - it is counted as the others are
    except (Unauthenticated, TooManyAttempts, Forbidden) as problem:
        hub.metrics.security_event(problem.code)
        if isinstance(problem, TooManyAttempts):
            hub.alarms.note(AlertKind.TOKEN_GUESSES)
        raise
    return principal


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """
    Return what `work` comes to; it is cancelled if the client goes away. Read the body before.

    Raises:
        ClientDisconnect: It went away.
    """
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def read_body(request: Request, most: int = MAX_BODY_BYTES) -> bytes:
    """
    Return the request's body; TooLarge if it passes the limit.

    A client that still writes would not read the answer, so that of a body which is too large up to
    as much again is passed over before.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > 2 * most:
        raise TooLarge(most)
    body = bytearray()
    read = 0
    async for chunk in request.stream():
        read += len(chunk)
        if read <= most:
            body += chunk
        elif read > 2 * most:
            break
    if read > most:
        raise TooLarge(most)
    return bytes(body)


async def read_json(request: Request) -> bytes:
    """Return a body that says it is JSON, unread."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if media_type != "application/json" or coding != "identity":
        raise UnsupportedMediaType
    return await read_body(request)


async def read_object(request: Request) -> dict[str, Any]:
    """Return the JSON object in the request's body."""
    body = await read_json(request)
    try:
        value = read_value(body)
    except RecursionError:
        raise Unreadable(_TOO_DEEP) from None
    except GivenTwice:
        raise Unreadable("The request holds an object that names a field twice.") from None
    except ValueError:
        raise Unreadable("The request is not JSON in UTF-8.") from None
    if not isinstance(value, dict):
        raise Unreadable("The request is JSON, but not an object: begin with { and end with }.")
    if is_deeper(value, MAX_JSON_DEPTH):
        raise Unreadable(_TOO_DEEP)
    return value


class GivenTwice(ValueError):
    """An object names a member twice: what something before the hub saw may be the other one."""


def read_value(text: bytes) -> object:
    """
    Return the value of JSON in UTF-8.

    Raises:
        GivenTwice: An object names a member twice.
        ValueError: It is not JSON in UTF-8.
        RecursionError: It is nested far too deep.
    """
    return json.loads(text.decode(), parse_constant=_refuse_constant, object_pairs_hook=_object_of)


def _object_of(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) < len(members):
        raise GivenTwice
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def is_deeper(value: object, levels: int) -> bool:
    """Tell whether objects and lists are nested more than `levels` deep, looking no further."""
    layer = [value] if type(value) in _CONTAINERS else []
    for _ in range(levels):  # by layers, since a call for each of a million lists takes seconds
        layer = [
            inner
            for outer in layer
            for inner in (
                outer.values() if isinstance(outer, dict) else cast("list[object]", outer)
            )
            if type(inner) in _CONTAINERS
        ]
    return bool(layer)
