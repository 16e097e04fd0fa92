"""MCP over stdio: a client's own process, which relays every call to the hub."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from http import HTTPStatus
from typing import Any, BinaryIO, Final, Protocol

import anyio
import httpx2
from mcp import types
from mcp.server import Server, ServerRequestContext
from mcp.server.runner import serve_loop
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourceUpdated
from mcp.shared.message import SessionMessage

from trunkline.core.inbox.wait import BEFORE_ALL
from trunkline.core.problems import Problem
from trunkline.surfaces.mcp.events import refuse_events
from trunkline.surfaces.mcp.pipe import client_pipe
from trunkline.surfaces.mcp.server import build_server
from trunkline.surfaces.mcp.unread import RECHECK_S, Unread, UnreadShape, refusals, uri_of

_AGAIN_AFTER_S: Final = 1.0


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
        self,
        method: str,
        path: str,
        token: str,
        json: Mapping[str, Any] | None = None,
        *,
        may_start: bool = True,
    ) -> httpx2.Response:
        """Make one HTTP request to the hub; without `may_start`, to one that runs already."""


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
        return await self.post(name, arguments)

    async def post(self, name: str, arguments: Mapping[str, Any], *, may_start: bool = True) -> str:
        """Call one tool, if need be of a hub that runs already."""
        path = f"/api/v1/tools/{name}" if name.isidentifier() else "/api/v1/tools/-"
        response = await self._request("POST", path, arguments, may_start=may_start)
        return response.text

    async def _request(
        self,
        method: str,
        path: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        may_start: bool = True,
    ) -> httpx2.Response:
        try:
            response = await self._link.request(
                method, path, self._token, arguments, may_start=may_start
            )
        except httpx2.TransportError as error:
            raise HubUnreachable from error
        if response.is_success:
            return response
        raise Relayed(response.json())


class RelayedUnread(Unread):
    """
    The resource of the token's agent, known to the hub on the other side.

    The pipe to the client lasts, so clients of both eras can be told. As long as one wants to be,
    this process waits at the hub for what comes in.
    """

    def __init__(self, tools: RelayedTools) -> None:
        self._tools = tools
        self._subscribed: dict[str, asyncio.Task[None]] = {}

    async def owner(self, context: ServerRequestContext[Any]) -> str | None:
        """Ask the hub whose token this process has."""
        try:
            status = json.loads(await self._tools.post("comms_get_channel_status", {}))
        except Relayed as refusal:
            if refusal.code == "invalid":  # an admin would have to name an agent
                return None
            raise
        return str(status["agentId"])

    async def look(self, context: ServerRequestContext[Any], agent_id: str) -> UnreadShape:
        """Ask the hub."""
        page = json.loads(await self._tools.post("comms_get_messages", {"unread": True}))
        return UnreadShape(
            unread=page["totalCount"],
            unread_is_minimum="totalCountIsMinimum" in page,
            message_ids=[each["id"] for each in page["messages"]],
        )

    async def listen(
        self, context: ServerRequestContext[Any], params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Tell a client of the newer era."""
        bus = InMemorySubscriptionBus()
        answer = ListenHandler(bus)
        wanted = params.notifications.resource_subscriptions
        if not wanted:
            return await answer(context, params)
        update = ResourceUpdated(uri=uri_of(await self.own_agent(context, wanted)))
        following = await self._follow(partial(bus.publish, update))
        following.add_done_callback(lambda _: answer.close())
        try:
            return await answer(context, params)
        finally:
            following.cancel()

    async def subscribe(
        self, context: ServerRequestContext[Any], params: types.SubscribeRequestParams
    ) -> types.EmptyResult:
        """Tell a client of the older era from now on."""
        await self.own_agent(context, [params.uri])
        following = await self._follow(partial(context.session.send_resource_updated, params.uri))
        self._forget(params.uri)
        self._subscribed[params.uri] = following
        return types.EmptyResult()

    async def unsubscribe(
        self, context: ServerRequestContext[Any], params: types.UnsubscribeRequestParams
    ) -> types.EmptyResult:
        """Tell it no longer."""
        self._forget(params.uri)
        return types.EmptyResult()

    def close(self) -> None:
        """Tell nobody any longer."""
        for uri in list(self._subscribed):
            self._forget(uri)

    def _forget(self, uri: str) -> None:
        following = self._subscribed.pop(uri, None)
        if following is not None:
            following.cancel()

    async def _follow(self, tell: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Return what tells of each message that comes in from now on."""
        with refusals():
            newest = await self._newest()
        return asyncio.create_task(self._tell(tell, newest))

    async def _tell(self, tell: Callable[[], Awaitable[None]], after: str) -> None:
        """Tell of each message that came `after` one, until the token is no longer good."""
        was_away = False
        while True:
            try:
                if was_away:
                    after = await self._newest(may_start=False)
                    await tell()
                    was_away = False
                arguments = {"cursor": after, "timeoutSeconds": int(RECHECK_S)}
                came = json.loads(
                    await self._tools.post("comms_wait_for_reply", arguments, may_start=False)
                )
                if not came.get("waiting"):
                    after = came["id"]
                    await tell()
                    continue
            except HubUnreachable:
                was_away = True
            except Relayed as refusal:
                if refusal.status < HTTPStatus.INTERNAL_SERVER_ERROR and (
                    refusal.status != HTTPStatus.TOO_MANY_REQUESTS
                ):
                    return  # the token is no longer good, or its agent is gone
            # A hub that is ending lets waits go at once, and one that is gone cannot be asked.
            await asyncio.sleep(_AGAIN_AFTER_S)

    async def _newest(self, *, may_start: bool = True) -> str:
        """Return the newest message there is, whatever its direction."""
        text = await self._tools.post("comms_get_messages", {"limit": 1}, may_start=may_start)
        messages = json.loads(text)["messages"]
        return str(messages[0]["id"]) if messages else BEFORE_ALL


async def serve_stdio(
    link: HubLink,
    token: str,
    stdin: BinaryIO,
    wire: BinaryIO,
    *,
    legacy_only: bool,
    opening: Sequence[bytes] = (),
) -> None:
    """
    Serve one client on `stdin` and `wire`, the real stdout, until it closes stdin.

    `legacy_only` refuses the stateless era. `opening` is what was read before (`client_pipe`).
    """
    tools = RelayedTools(link, token)
    unread = RelayedUnread(tools)
    server = build_server(tools, unread)
    # Only the older era has these, and only a transport with a session can offer them.
    server.add_request_handler(
        "resources/subscribe", types.SubscribeRequestParams, unread.subscribe
    )
    server.add_request_handler(
        "resources/unsubscribe", types.UnsubscribeRequestParams, unread.unsubscribe
    )
    refuse_events(server)
    with closing(unread):
        async with client_pipe(stdin, wire, opening) as (incoming, outgoing):
            if legacy_only:
                async with server.lifespan(server) as state:
                    await serve_loop(server, incoming, outgoing, lifespan_state=state)
            else:
                await _serve_either_era(server, incoming, outgoing)


async def _serve_either_era(server: Server[Any], incoming: Any, outgoing: Any) -> None:
    """
    Serve a client in the era of its first request, which `server/discover` does not decide.

    The SDK would have it decide. But a client that waited too long for the answer goes on with
    a handshake on the same pipe, and what it asked before was stateless.
    """
    options = server.create_initialization_options()
    probes, from_probes = anyio.create_memory_object_stream[SessionMessage | Exception]()
    others, from_others = anyio.create_memory_object_stream[SessionMessage | Exception]()
    async with anyio.create_task_group() as serving, outgoing:
        serving.start_soon(server.run, from_probes, outgoing.clone(), options)
        serving.start_soon(server.run, from_others, outgoing.clone(), options)
        async with probes, others:
            async for each in incoming:
                await (probes if _is_probe(each) else others).send(each)


def _is_probe(came: SessionMessage | Exception) -> bool:
    """Tell whether a client asks which versions there are, in the way of the stateless era."""
    message = getattr(came, "message", None)
    if not isinstance(message, types.JSONRPCRequest) or message.method != "server/discover":
        return False
    meta = (message.params or {}).get("_meta")
    return isinstance(meta, Mapping) and types.PROTOCOL_VERSION_META_KEY in meta
