"""The resource that shows an agent what waits for it, and tells listening clients of more."""

import asyncio
from collections import Counter
from typing import Any, Final

from mcp import types
from mcp.server import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourceUpdated
from mcp.shared.exceptions import MCPError

from trunkline.core.hub import Hub
from trunkline.core.messages.inbox import Query
from trunkline.core.principal import Principal
from trunkline.core.problems import Problem
from trunkline.sdk import DatabaseFailed, Overloaded
from trunkline.surfaces.http import as_problem, authenticate
from trunkline.surfaces.shapes import Result

PRINCIPAL: Final = "trunkline.principal"
"""Where a request's scope says who calls."""
RECHECK_S: Final = 30.0
"""How long a client may listen on with a token that was revoked."""
_MOST_LISTENERS: Final = 10_000
_LISTEN_AGAIN_S: Final = 1.0


class UnreadShape(Result):
    """What waits for an agent; no text of anybody, which only the operations show, fenced off."""

    unread: int
    unread_is_minimum: bool
    message_ids: list[str]


def caller(context: ServerRequestContext[Any]) -> Principal:
    """Return who makes the request that `context` is of."""
    assert context.request is not None  # over HTTP there always is one
    principal: Principal = context.request.scope[PRINCIPAL]
    return principal


class Unread:
    """
    One resource for each agent, which only the agent's own token sees.

    An update is a cue: it is told at most once, to whoever listens, and nothing is said again. So
    that none is missed for long, clients that listen are told to look whenever the hub may have
    missed something itself.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._bus = InMemorySubscriptionBus()
        self._handler = ListenHandler(self._bus, max_subscriptions=_MOST_LISTENERS)
        self._listening: Counter[str] = Counter()

    async def list(
        self, context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """Return the caller's resource; an admin, who is no agent, has none."""
        agent_id = caller(context).agent_id
        resources = [] if agent_id is None else [_resource(agent_id)]
        return types.ListResourcesResult(resources=resources)

    async def read(
        self, context: ServerRequestContext[Any], params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        """Return how many messages wait for the caller, and which are the newest."""
        principal = caller(context)
        agent_id = _own_agent(principal, [params.uri])
        try:
            page = await self._hub.inbox.page(principal, agent_id, Query(unread=True))
        except Exception as error:
            problem = as_problem(error, self._hub)
            raise MCPError(types.INTERNAL_ERROR, f"{problem.code}: {problem.detail}") from error
        shape = UnreadShape(
            unread=page.total,
            unread_is_minimum=page.total_is_minimum,
            message_ids=[each.message.id for each in page.messages],
        )
        text = shape.model_dump_json(by_alias=True)
        content = types.TextResourceContents(
            uri=params.uri, mime_type="application/json", text=text
        )
        return types.ReadResourceResult(contents=[content])

    async def listen(
        self, context: ServerRequestContext[Any], params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Tell a client of each message that comes in, until it leaves or may no longer hear."""
        wanted = params.notifications.resource_subscriptions or []
        agent_id = _own_agent(caller(context), wanted) if wanted else ""
        answering = asyncio.ensure_future(self._handler(context, params))
        self._listening[agent_id] += 1
        try:
            while not answering.done():
                await asyncio.wait({answering}, timeout=RECHECK_S)
                await self._check(context)
            return answering.result()
        finally:
            answering.cancel()
            self._listening[agent_id] -= 1

    async def run(self) -> None:
        """Pass on what the hub, or another one on its database, stores; until cancelled."""
        while True:
            try:
                async with self._hub.db.listen("inbound") as notes:
                    for agent_id in +self._listening:
                        await self._tell(agent_id)
                    async for note in notes:
                        await self._tell(note.id)
            except (DatabaseFailed, Overloaded):
                await asyncio.sleep(_LISTEN_AGAIN_S)

    def end(self) -> None:
        """Let every client that listens go."""
        self._handler.close()

    async def _tell(self, agent_id: str) -> None:
        await self._bus.publish(ResourceUpdated(uri=uri_of(agent_id)))

    async def _check(self, context: ServerRequestContext[Any]) -> None:
        assert context.request is not None
        try:
            await authenticate(self._hub, context.request)
        except Problem as problem:
            raise MCPError(types.INVALID_REQUEST, f"{problem.code}: {problem.detail}") from problem


def uri_of(agent_id: str) -> str:
    """Return the URI of an agent's resource."""
    return f"trunkline://agents/{agent_id}/unread"


def _resource(agent_id: str) -> types.Resource:
    return types.Resource(
        uri=uri_of(agent_id),
        name="unread",
        title="Unread messages",
        description="How many messages wait, and their ids. Listen to it to hear of new ones.",
        mime_type="application/json",
    )


def _own_agent(principal: Principal, uris: list[str]) -> str:
    """Return the caller's agent; an error if a URI is not that of the caller's own resource."""
    agent_id = principal.agent_id
    if agent_id is None or any(uri != uri_of(agent_id) for uri in uris):
        raise MCPError(types.INVALID_PARAMS, "There is no such resource.")
    return agent_id
