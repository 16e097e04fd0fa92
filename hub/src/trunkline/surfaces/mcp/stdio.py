"""MCP over stdio: a client's own process, which relays every call to the hub."""

from collections.abc import Mapping
from typing import Any, Protocol

import httpx2
from mcp.server import ServerRequestContext
from mcp.server.runner import serve_loop
from mcp.server.stdio import stdio_server

from trunkline.core.problems import Problem
from trunkline.surfaces.mcp.server import build_server


class HubUnreachable(Problem):
    """The hub went away during the call; whether it was done is not known."""

    code = "unavailable"
    status = 503
    title = "Hub unreachable"

    def __init__(self) -> None:
        super().__init__(
            "The hub went away during this call. If it was a send, it may have gone out: repeat it "
            "only with the same idempotencyKey, or look with comms_get_messages first."
        )


class Relayed(Problem):
    """A refusal of the hub on the other side, as it was."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        own = ("type", "title", "status", "code", "detail")
        super().__init__(
            str(problem.get("detail", "The hub gave no reason.")),
            **{name: value for name, value in problem.items() if name not in own},
        )
        self.code = str(problem.get("code", "internal"))
        self.status = int(problem.get("status", 500))
        self.title = str(problem.get("title", ""))


class HubLink(Protocol):
    """A way to the hub, whoever runs it."""

    async def request(
        self, method: str, path: str, token: str, json: Mapping[str, Any] | None = None
    ) -> httpx2.Response:
        """Make one HTTP request to the hub."""


class RelayedTools:
    """The tools of the hub on the other side, with this process's token."""

    def __init__(self, link: HubLink, token: str) -> None:
        self._link = link
        self._token = token

    async def list(self, context: ServerRequestContext[Any]) -> list[Mapping[str, object]]:
        """Return what the token may call."""
        response = await self._request("GET", "/api/v1/tools")
        tools: list[Mapping[str, object]] = response.json()["tools"]
        return tools

    async def call(
        self, context: ServerRequestContext[Any], name: str, arguments: Mapping[str, Any]
    ) -> str:
        """Call one tool."""
        path = f"/api/v1/tools/{name}" if name.isidentifier() else "/api/v1/tools/-"
        response = await self._request("POST", path, arguments)
        return response.text

    async def _request(
        self, method: str, path: str, arguments: Mapping[str, Any] | None = None
    ) -> httpx2.Response:
        try:
            response = await self._link.request(method, path, self._token, arguments)
        except httpx2.TransportError as error:
            raise HubUnreachable from error
        if response.is_success:
            return response
        raise Relayed(response.json())


async def serve_stdio(link: HubLink, token: str, *, legacy_only: bool) -> None:
    """
    Serve one client on stdin and stdout until it closes stdin.

    `legacy_only` refuses the stateless era: some clients probe for it and then fall back to a
    handshake that a connection in that era cannot accept.
    """
    server = build_server(RelayedTools(link, token))
    async with stdio_server() as (incoming, outgoing):
        if legacy_only:
            async with server.lifespan(server) as state:
                await serve_loop(server, incoming, outgoing, lifespan_state=state)
        else:
            await server.run(incoming, outgoing, server.create_initialization_options())
