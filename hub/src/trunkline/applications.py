"""The hub's web applications: which surface answers where, and to whom."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Final
from urllib.parse import urlsplit

import httpx2
from fastapi import FastAPI
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trunkline.core.connections.opening import CannotOpen
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal
from trunkline.core.principal import Scope as PrincipalScope
from trunkline.core.problems import Problem, Stopping
from trunkline.loading import Plugins
from trunkline.sdk import (
    HUB_VIEW,
    KINDS,
    AgentCard,
    NotConfigured,
    Site,
    WebhookReply,
    WebhookRequest,
)
from trunkline.settings import Settings
from trunkline.surfaces.administration import LOCAL_OPERATIONS
from trunkline.surfaces.catalogue import ADMIN_OPERATIONS, AGENT_OPERATIONS
from trunkline.surfaces.cors import Cors
from trunkline.surfaces.files import linked
from trunkline.surfaces.guard import Discreet, Guard, LoopbackOnly
from trunkline.surfaces.http import problem_response
from trunkline.surfaces.mcp.endpoint import SSE_MESSAGES, McpEndpoint
from trunkline.surfaces.operations import Catalogue
from trunkline.surfaces.rest.application import rest_application
from trunkline.surfaces.web.api_docs import PATH as API_DOCS
from trunkline.surfaces.web.api_docs import add_api_docs
from trunkline.surfaces.webhooks.door import Webhooks

_WARM_UP_AFTER_S: Final = 0.3
_DEMO_SITE: Final = "/demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningHub:
    """
    An open hub and its web applications.

    Attributes:
        app: For the network: guarded, and every caller needs a token.
        local_app: For the unix socket in the data directory: who may open it is the operator.
        end_waits: Lets everybody go who waits for something to come in.
    """

    hub: Hub
    app: ASGIApp
    local_app: ASGIApp
    end_waits: Callable[[], None]


class Loopback:
    """Hands a webhook request to the hub's own routes, without a socket."""

    app: ASGIApp | None = None

    async def deliver(self, request: WebhookRequest) -> WebhookReply:
        if self.app is None:
            raise RuntimeError("the hub is not built yet")
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport) as client:
            response = await client.request(
                request.method, request.url, headers=dict(request.headers), content=request.body
            )
        return WebhookReply(
            status=response.status_code,
            content_type=response.headers.get("content-type"),
            body=response.content,
        )


def build_applications(
    settings: Settings, plugins: Plugins, hub: Hub, loopback: Loopback
) -> RunningHub:
    """Return the applications of an open hub, and let `loopback` deliver to them."""
    catalogue = Catalogue((*AGENT_OPERATIONS, *ADMIN_OPERATIONS, *LOCAL_OPERATIONS))
    public_path = urlsplit(settings.public_url).path.rstrip("/")
    mcp = McpEndpoint(hub, catalogue, public_path=public_path)
    beside: list[BaseRoute] = [Route("/mcp", endpoint=mcp)]
    beside.append(Route("/media/{token}", endpoint=linked(hub), methods=["GET"]))
    if settings.server.legacy_sse:
        beside += [Route("/sse", endpoint=_Asgi(mcp.stream)), Route(SSE_MESSAGES, endpoint=mcp)]
    for site in plugins.sites.values():
        if settings.server.demo or not site.demo_only:
            beside += _routes_of(site, hub)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        warming = loop.call_later(_WARM_UP_AFTER_S, _warm_up, mcp)
        if settings.server.demo:
            await _open_simulated(hub)
        try:
            yield
        finally:
            warming.cancel()
            await mcp.close()

    rest = rest_application(
        hub, catalogue, public_url=settings.public_url, beside=beside, lifespan=lifespan
    )
    add_api_docs(rest, demo=settings.server.demo and _is_all_simulated(hub))
    pages = {"/admin": API_DOCS[1:], "/admin/": API_DOCS.removeprefix("/admin/")}
    if settings.server.demo and _DEMO_SITE in plugins.sites:
        pages["/"] = f"{_DEMO_SITE[1:]}/"
    for path, page in pages.items():  # relative: whatever public URL it came by
        rest.router.routes.append(Route(path, endpoint=RedirectResponse(page)))
    webhooks = Webhooks(rest, hub, public_url=settings.public_url)
    app = _Patience(webhooks)
    loopback.app = webhooks  # neither guarded nor an operator's: a webhook proves itself
    origins = settings.server.allowed_origins
    guarded = Guard(
        Cors(Discreet(app), origins=origins),
        public_url=settings.public_url,
        hosts=settings.server.allowed_hosts,
        origins=origins,
        proxies=settings.server.trusted_proxies,
    )

    def end_waits() -> None:
        app.is_over = True
        hub.replies.end()
        mcp.end_streams()

    public = _BelowPublicPath(guarded, public_path) if public_path else guarded
    local = _LocalDoor(Discreet(app))
    return RunningHub(hub=hub, app=public, local_app=local, end_waits=end_waits)


def _routes_of(site: Site, hub: Hub) -> list[BaseRoute]:
    """Return what leads to a plugin's site; its bare prefix leads there too."""
    app: ASGIApp = site.app
    bare: ASGIApp = RedirectResponse(f"{site.prefix}/")  # relative: whatever scheme it came by
    if site.demo_only:
        app, bare = LoopbackOnly(_Viewing(app, hub)), LoopbackOnly(bare)
    return [Route(site.prefix, endpoint=bare), Mount(site.prefix, app=app)]


def _is_all_simulated(hub: Hub) -> bool:
    """Tell whether no connection leads to a real network."""
    reaching = (each for each in hub.connections.all() if KINDS[each.kind].channels)
    return all(each.spec.simulated for each in reaching)


def _warm_up(mcp: McpEndpoint) -> None:
    """Import what takes long, once the start is over, and before somebody has to wait for it."""
    mcp.warm_up()
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, import_module, "trunkline.core.compliance.judging")


async def _open_simulated(hub: Hub) -> None:
    """Open simulated networks at once: their handsets can write first."""
    for connection in hub.connections.all():
        if connection.spec.simulated and not connection.fault:
            try:
                await hub.connections.provider(connection)
            except CannotOpen:
                continue  # logged where it happened; the hub serves without it


class _Asgi:
    """A method as an application, which a route takes for a handler of requests otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class _Viewing:
    """A demo site that may look at the hub: the `HubView` of its scope."""

    def __init__(self, app: ASGIApp, hub: Hub) -> None:
        self._app = app
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, HUB_VIEW: self}, receive, send)

    async def agents(self) -> Sequence[AgentCard]:
        found = await self._hub.agents.list(Principal(scope=PrincipalScope.LOCAL))
        return [
            AgentCard(
                agent_id=agent.id, name=agent.display_name or agent.id, addresses=agent.addresses
            )
            for agent in found
        ]

    async def speak(self, text: str) -> bytes:
        try:
            return await self._hub.speaking.wav(text)
        except Problem as problem:
            raise NotConfigured(problem.detail) from problem


class _Patience:
    """The application for callers whom the server, being stopped, cuts off: they get an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.is_over = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except asyncio.CancelledError:
            if not self.is_over or has_begun or scope["type"] != "http":
                raise
            await problem_response(Stopping())(scope, receive, send)


class _BelowPublicPath:
    """The application for who asks by the public URL's path, which a proxy may leave as it is."""

    def __init__(self, app: ASGIApp, public_path: str) -> None:
        self._app = app
        self._prefix = f"{public_path}/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and scope["path"].startswith(self._prefix):
            cut = len(self._prefix) - 1
            raw = scope["raw_path"]
            raw = raw[cut:] if raw.startswith(self._prefix.encode()) else raw
            scope = {**scope, "path": scope["path"][cut:], "raw_path": raw}
        await self._app(scope, receive, send)


class _LocalDoor:
    """The application for callers who proved by opening the socket that they are the operator."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            operator = Principal(scope=PrincipalScope.LOCAL)
            scope = {**scope, "trunkline.local": operator}
        await self._app(scope, receive, send)
