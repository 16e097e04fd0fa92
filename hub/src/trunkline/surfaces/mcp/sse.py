"""MCP over HTTP+SSE, the transport of 2024: a stream per client, and a path for what it says."""

import asyncio
from typing import Any, Final

from mcp.server import Server
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.sse import SseServerTransport
from starlette.types import Message as Event
from starlette.types import Receive, Scope, Send

from trunkline.core.principal import Principal
from trunkline.core.problems import Overloaded
from trunkline.surfaces.http import MAX_BODY_BYTES
from trunkline.surfaces.mcp.caller import PRINCIPAL
from trunkline.surfaces.mcp.unread import HubUnread

_MOST_STREAMS: Final = 1_000
_TRY_AGAIN_S: Final = 10.0


class SseStreams:
    """
    The SDK's HTTP+SSE transport, of whose streams each belongs to the token that opened it.

    A stream is a session, and lives in this process only. It ends with its token.
    """

    def __init__(self, server: Server[Any], unread: HubUnread, path: str) -> None:
        self._server = server
        self._unread = unread
        self._transport = SseServerTransport(path, max_request_body_size=MAX_BODY_BYTES)
        self._open: set[asyncio.Future[None]] = set()

    def check_room(self) -> None:
        """Raise Overloaded if there are as many streams as the hub will hold."""
        if len(self._open) >= _MOST_STREAMS:
            raise Overloaded(_TRY_AGAIN_S)

    async def stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open a stream and answer on it, until its client leaves or may no longer hear."""
        gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        is_open = False

        async def heard() -> Event:
            """Return what comes from the client; when it has to go, that it went."""
            event = asyncio.ensure_future(receive())
            await asyncio.wait((event, gone), return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                event.cancel()
                return {"type": "http.disconnect"}
            return event.result()

        async def watched(event: Event) -> None:
            nonlocal is_open
            is_open = event["type"] == "http.response.start" or event.get("more_body", False)
            await send(event)

        self._open.add(gone)
        try:
            with self._unread.held(gone, scope[PRINCIPAL]):
                await self._serve(_owned(scope), heard, watched)
        finally:
            self._open.discard(gone)
        if is_open:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def take(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a message, which is answered on the stream that it names."""
        await self._transport.handle_post_message(_owned(scope), receive, send)

    def end(self) -> None:
        """Let every client go."""
        for gone in self._open:
            gone.cancel()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._transport.connect_sse(scope, receive, send) as (incoming, outgoing):
            options = self._server.create_initialization_options()
            await self._server.run(incoming, outgoing, options)


def _owned(scope: Scope) -> Scope:
    """Return a request's scope with its caller as the SDK knows callers, who owns a stream."""
    principal: Principal = scope[PRINCIPAL]
    client_id = f"{principal.scope}:{principal.kid}"
    user = AuthenticatedUser(AccessToken(token="", client_id=client_id, scopes=[]))
    return {**scope, "user": user}
