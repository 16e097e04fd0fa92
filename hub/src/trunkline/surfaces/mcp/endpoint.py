"""MCP over Streamable HTTP, in both protocol eras, at one path."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message as Event
from starlette.types import Receive, Scope, Send

from trunkline.core.hub import Hub
from trunkline.core.problems import MethodNotAllowed
from trunkline.surfaces.http import (
    MAX_BODY_BYTES,
    as_problem,
    authenticate,
    problem_response,
    read_json,
)
from trunkline.surfaces.mcp.caller import PRINCIPAL, caller
from trunkline.surfaces.mcp.envelopes import Message, NoMessage, read_message
from trunkline.surfaces.operations import Catalogue

if TYPE_CHECKING:
    from mcp.server import ServerRequestContext
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from trunkline.surfaces.mcp.sse import SseStreams
    from trunkline.surfaces.mcp.unread import HubUnread

SSE_MESSAGES: Final = "/sse/messages"
"""Where clients of the old transport post, as its stream tells them."""
_LISTEN = "subscriptions/listen"
_SSE = "text/event-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Managers:
    """The SDK's session managers: one answers in JSON, the other may say something before."""

    plain: "StreamableHTTPSessionManager"
    streaming: "StreamableHTTPSessionManager"
    unread: "HubUnread"
    sse: "SseStreams"
    checked_headers: Callable[[Scope, Message], Scope]


class McpEndpoint:
    """
    The ASGI application at ``/mcp``.

    The SDK takes about a second to import: `warm_up` does it off the boot path, and the first
    request waits for it. One task enters the SDK's session managers and leaves them again.
    """

    def __init__(self, hub: Hub, catalogue: Catalogue, *, public_path: str) -> None:
        self._hub = hub
        self._tools = _CatalogueTools(hub, catalogue)
        self._public_path = public_path
        self._waits = frozenset(each.name for each in catalogue.all() if each.waits)
        self._long = frozenset(each.name for each in catalogue.all() if each.is_long)
        self._ready: asyncio.Future[_Managers] | None = None
        self._stop = asyncio.Event()
        self._owner: asyncio.Task[None] | None = None

    def warm_up(self) -> None:
        """Start importing and opening, if that has not begun."""
        if self._owner is None:
            self._ready = asyncio.get_running_loop().create_future()
            self._owner = asyncio.create_task(self._run(self._ready))

    def end_streams(self) -> None:
        """Let every client that listens go."""
        if self._ready is not None and self._ready.done() and not self._ready.exception():
            self._ready.result().unread.end()
            self._ready.result().sse.end()

    async def close(self) -> None:
        """End what is under way."""
        self._stop.set()
        if self._owner is not None:
            await self._owner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            scope[PRINCIPAL] = await authenticate(self._hub, request)
            body = await _posted(request)
            managers = await self._managers()
            message = read_message(body)
            scope = managers.checked_headers(scope, message)
        except Exception as error:  # noqa: BLE001 - every error has a documented answer
            await self._refusal(error)(scope, receive, send)
            return
        again = _after(body, receive)
        if scope["path"] == SSE_MESSAGES:
            await managers.sse.take(scope, again, send)
        elif self._is_long(message) and _SSE in request.headers.get("accept", ""):
            await managers.streaming.handle_request(scope, again, send)
        elif _called(message) in self._waits:
            answer = partial(managers.plain.handle_request, scope, again)
            await _unless_left(answer, receive, send)
        else:
            await managers.plain.handle_request(scope, again, send)

    async def stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at /sse: open a stream of the old HTTP+SSE transport."""
        request = Request(scope, receive)
        try:
            scope[PRINCIPAL] = await authenticate(self._hub, request)
            if request.method != "GET":
                raise MethodNotAllowed(["GET"])  # noqa: TRY301 - as its neighbours do
            managers = await self._managers()
            managers.sse.check_room()
        except Exception as error:  # noqa: BLE001 - every error has a documented answer
            await self._refusal(error)(scope, receive, send)
            return
        await managers.sse.stream({**scope, "root_path": self._public_path}, receive, send)

    async def _managers(self) -> _Managers:
        self.warm_up()
        assert self._ready is not None  # warm_up made it
        return await asyncio.shield(self._ready)

    def _refusal(self, error: Exception) -> Response:
        if isinstance(error, NoMessage):
            return JSONResponse(error.answer(), status_code=HTTPStatus.BAD_REQUEST)
        return problem_response(as_problem(error, self._hub))

    def _is_long(self, message: Message) -> bool:
        """Tell whether a message calls a tool that takes long, or listens."""
        return message.get("method") == _LISTEN or _called(message) in self._long

    async def _run(self, ready: "asyncio.Future[_Managers]") -> None:
        try:
            build = await asyncio.to_thread(_import_sdk)
            managers = build(self._tools, self._hub)
            telling = asyncio.create_task(managers.unread.run())
            try:
                async with managers.plain.run(), managers.streaming.run():
                    ready.set_result(managers)
                    await self._stop.wait()
            finally:
                telling.cancel()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise


async def _posted(request: Request) -> bytes:
    """Return the body of a POST; without sessions there is no stream to GET."""
    if request.method != "POST":
        raise MethodNotAllowed(["POST"])
    return await read_json(request)


def _after(body: bytes, receive: Receive) -> Receive:
    """Return what receives a body that was received already, and then the others."""
    waiting: list[Event] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Event:
        return waiting.pop() if waiting else await receive()

    return again


def _called(message: Message) -> str:
    """Return the tool that a message calls."""
    return str((message.get("params") or {}).get("name"))


async def _unless_left(
    answer: Callable[[Send], Awaitable[None]], receive: Receive, send: Send
) -> None:
    """Answer a request whose body was read; not if its client leaves before the answer begins."""
    has_begun = False

    async def watched(event: Event) -> None:
        nonlocal has_begun
        has_begun = True
        await send(event)

    async def left() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    answering = asyncio.ensure_future(answer(watched))
    leaving = asyncio.ensure_future(left())
    try:
        await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        if has_begun or answering.done():
            await answering
    finally:
        answering.cancel()
        leaving.cancel()


class _CatalogueTools:
    """The catalogue of this process, for whoever the request's token stands for."""

    def __init__(self, hub: Hub, catalogue: Catalogue) -> None:
        self._hub = hub
        self._catalogue = catalogue

    async def list(self, context: "ServerRequestContext[Any]") -> list[Mapping[str, object]]:
        principal = caller(context)
        return [each.tool_object(principal.scope) for each in self._catalogue.listed_to(principal)]

    async def call(
        self, context: "ServerRequestContext[Any]", name: str, arguments: Mapping[str, Any]
    ) -> str:
        try:
            result = await self._catalogue.call(
                self._hub, caller(context), name, arguments, context.session.report_progress
            )
        except Exception as error:
            raise as_problem(error, self._hub) from error
        return result.model_dump_json()


def _import_sdk() -> "Callable[[_CatalogueTools, Hub], _Managers]":
    """Import the SDK and return a function from tools to session managers."""
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from trunkline.surfaces.mcp.events import offer_events
    from trunkline.surfaces.mcp.headers import checked_headers
    from trunkline.surfaces.mcp.server import build_server
    from trunkline.surfaces.mcp.sse import SseStreams
    from trunkline.surfaces.mcp.unread import HubUnread

    def build(tools: _CatalogueTools, hub: Hub) -> _Managers:
        unread = HubUnread(hub)
        server = build_server(tools, unread)
        server.middleware.clear()  # OpenTelemetry's: a cost per call that nobody reads
        offer_events(server, hub)
        # The hub guards host and origin for all its paths; the SDK's own guard stays off.
        # No sessions: any hub on the database answers any request, and a restart loses none.
        # Streams only for tools that take long: one is a third of what another call costs.
        manager = partial(
            StreamableHTTPSessionManager,
            server,
            stateless=True,
            max_request_body_size=MAX_BODY_BYTES,
        )
        return _Managers(
            plain=manager(json_response=True),
            streaming=manager(),
            unread=unread,
            sse=SseStreams(server, unread, SSE_MESSAGES),
            checked_headers=checked_headers,
        )

    return build
