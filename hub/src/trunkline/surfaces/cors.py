"""What web pages of other origins may read of the hub's answers: the Fetch standard's CORS."""

from collections.abc import Sequence
from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from trunkline.surfaces.guard import origin_of
from trunkline.surfaces.mcp.endpoint import SSE_MESSAGES

_METHODS: Final = ("GET", "HEAD", "POST", "DELETE")
"""DELETE and GET are what MCP clients of the older era try; they shall read that they may not."""

_TAKEN: Final = (
    "Accept",
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "Last-Event-ID",
    "Mcp-Method",
    "Mcp-Name",
    "MCP-Protocol-Version",
    "Mcp-Session-Id",
)
_SHOWN: Final = (
    "Allow",
    "MCP-Protocol-Version",
    "Mcp-Session-Id",
    "Retry-After",
    "WWW-Authenticate",
)
_PREFLIGHT_HOLDS_S: Final = 600
_OF_MCP: Final = frozenset({"/mcp", "/sse", SSE_MESSAGES})


class Cors:
    """
    Answers the web pages of allowed origins so that they can read it: MCP's and ``/api``.

    Nobody else gets a word of it, and cookies are never asked for: the token comes in a header.
    """

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        self._app = app
        allowed = {origin for each in origins if (origin := origin_of(each)) is not None}
        self._allowed = {origin.encode() for origin in allowed}
        self._sharing = CORSMiddleware(
            app,
            allow_origins=sorted(allowed),
            allow_methods=_METHODS,
            allow_headers=_TAKEN,
            expose_headers=_SHOWN,
            allow_private_network=True,  # who named the origin knows where the hub is
            max_age=_PREFLIGHT_HOLDS_S,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._sharing if self._shares(scope) else self._app
        await app(scope, receive, send)

    def _shares(self, scope: Scope) -> bool:
        path = scope["path"] if scope["type"] == "http" else ""
        if path not in _OF_MCP and not path.startswith("/api/"):
            return False
        return any(name == b"origin" and value in self._allowed for name, value in scope["headers"])
