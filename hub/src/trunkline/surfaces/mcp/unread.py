"""The resource that shows an agent what waits for it, and tells listening clients of more."""

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, Final

from mcp import types
from mcp.server import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourceUpdated
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from trunkline.core.agents.tokens import check_living
from trunkline.core.hub import Hub
from trunkline.core.inbox.pages import Query
from trunkline.core.principal import Principal
from trunkline.core.problems import Problem, Unauthenticated
from trunkline.core.trouble import tell_trouble
from trunkline.surfaces.authority import may_call
from trunkline.surfaces.catalogue import GET_MESSAGES
from trunkline.surfaces.http import as_problem, authenticate
from trunkline.surfaces.mcp.caller import caller
from trunkline.surfaces.shapes import Result

RECHECK_S: Final = 30.0
"""How often it is looked whether a token is still good, though a revocation is told of."""
_NO_SUCH_RESOURCE: Final = -32002
"""MCP's code until 2025-11-25; in the newer era it is that of wrong parameters."""
_MOST_LISTENERS: Final = 10_000
_LISTEN_AGAIN_S: Final = 1.0


class UnreadShape(Result):
    """What waits for an agent; no text of anybody, which only the operations show, fenced off."""

    unread: int
    unread_is_minimum: bool
    message_ids: list[str]


class Unread(ABC):
    """
    One resource for each agent, which only the agent's own token sees.

    An update is a cue: it is told at most once, to whoever listens, and nothing is said again. So
    that none is missed for long, clients that listen are told to look whenever an update may have
    been missed.
    """

    async def list(
        self, context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """Return the caller's resource; an admin, who is no agent, has none."""
        check_cursor(params)
        with refusals():
            agent_id = await self.owner(context)
        resources = [] if agent_id is None else [_resource(agent_id)]
        return types.ListResourcesResult(resources=resources)

    async def read(
        self, context: ServerRequestContext[Any], params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        """Return how many messages wait for the caller, and which are the newest."""
        agent_id = await self.own_agent(context, [params.uri])
        with refusals():
            shape = await self.look(context, agent_id)
        text = shape.model_dump_json(by_alias=True)
        content = types.TextResourceContents(
            uri=params.uri, mime_type="application/json", text=text
        )
        return types.ReadResourceResult(contents=[content])

    async def own_agent(self, context: ServerRequestContext[Any], uris: Sequence[str]) -> str:
        """Return the caller's agent; an error if a URI is not that of its own resource."""
        with refusals():
            agent_id = await self.owner(context)
        if agent_id is None or any(uri != uri_of(agent_id) for uri in uris):
            is_newer = context.protocol_version in MODERN_PROTOCOL_VERSIONS
            code = types.INVALID_PARAMS if is_newer else _NO_SUCH_RESOURCE
            raise MCPError(code, "There is no such resource.")
        return agent_id

    @abstractmethod
    async def owner(self, context: ServerRequestContext[Any]) -> str | None:
        """Return the agent that the caller's token is of; None for an admin."""

    @abstractmethod
    async def look(self, context: ServerRequestContext[Any], agent_id: str) -> UnreadShape:
        """Return what waits for the caller, whose agent is given."""

    @abstractmethod
    async def listen(
        self, context: ServerRequestContext[Any], params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Tell a client of each message that comes in, until it leaves or may no longer hear."""


class HubUnread(Unread):
    """The resources of this process's hub, whose news it hears of itself."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._bus = InMemorySubscriptionBus()
        self._handler = ListenHandler(self._bus, max_subscriptions=_MOST_LISTENERS)
        self._listening: Counter[str] = Counter()
        self._held: dict[asyncio.Future[Any], Principal] = {}
        self._ends: dict[asyncio.Future[Any], asyncio.TimerHandle] = {}

    async def owner(self, context: ServerRequestContext[Any]) -> str | None:
        """Return whose token came with the request, if it may read messages."""
        principal = caller(context)
        return principal.agent_id if may_call(principal, GET_MESSAGES) else None

    async def look(self, context: ServerRequestContext[Any], agent_id: str) -> UnreadShape:
        """Read it from the database."""
        try:
            page = await self._hub.inbox.page(caller(context), agent_id, Query(unread=True))
        except Exception as error:
            raise as_problem(error, self._hub) from error
        return UnreadShape(
            unread=page.total,
            unread_is_minimum=page.total_is_minimum,
            message_ids=[each.message.id for each in page.messages],
        )

    async def listen(
        self, context: ServerRequestContext[Any], params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Pass on what `run` hears of, as long as the token is good."""
        wanted = params.notifications.resource_subscriptions or []
        agent_id = await self.own_agent(context, wanted) if wanted else ""
        answering = asyncio.ensure_future(self._handler(context, params))
        self._listening[agent_id] += 1
        try:
            with self.held(answering, caller(context)):
                while not answering.done():
                    await self._check(context)
                    await asyncio.wait({answering}, timeout=RECHECK_S)
            if answering.cancelled():
                await self._check(context)
                raise MCPError(types.INVALID_REQUEST, "Listen again.")
            return answering.result()
        finally:
            answering.cancel()
            self._listening[agent_id] -= 1

    @contextmanager
    def held(self, stream: asyncio.Future[Any], principal: Principal) -> Iterator[None]:
        """Cancel, within the block, what is held open for a token as soon as that has ended."""
        self._held[stream] = principal
        self._end_at(stream, principal.expires_at)
        try:
            yield
        finally:
            del self._held[stream]
            self._end_at(stream, None)

    async def run(self) -> None:
        """Pass on what the hub, or another one on its database, stores; until cancelled."""
        while True:
            try:
                async with self._hub.db.listen("inbound") as notes:
                    await self._drop_ended()
                    for agent_id in +self._listening:
                        await self._tell(agent_id)
                    async for note in notes:
                        if any(each.kid == note.id for each in self._held.values()):
                            await self._drop_ended(note.id)
                        await self._tell(note.id)
            except Exception as error:  # noqa: BLE001 - those who listen are told to look, then
                tell_trouble(self._hub.log, "unread.cannot_listen", error)
                await asyncio.sleep(_LISTEN_AGAIN_S)

    def end(self) -> None:
        """Let every client that listens go."""
        self._handler.close()

    async def _tell(self, agent_id: str) -> None:
        await self._bus.publish(ResourceUpdated(uri=uri_of(agent_id)))

    async def _drop_ended(self, kid: str | None = None) -> None:
        """Let those go whose token has ended, before they hear of anything that came after."""
        now = self._hub.clock.now()
        for stream, principal in list(self._held.items()):
            if kid is not None and principal.kid != kid:
                continue
            look = partial(check_living, principal=principal, now=now)
            try:
                self._end_at(stream, await self._hub.db.read(look))
            except Unauthenticated:
                stream.cancel()

    def _end_at(self, stream: asyncio.Future[Any], at: datetime | None) -> None:
        """Let a stream end then, or not by itself."""
        if (known := self._ends.pop(stream, None)) is not None:
            known.cancel()
        if at is not None and stream in self._held:
            after_s = (at - self._hub.clock.now()).total_seconds()
            loop = asyncio.get_running_loop()
            self._ends[stream] = loop.call_later(max(0.0, after_s), stream.cancel)

    async def _check(self, context: ServerRequestContext[Any]) -> None:
        assert context.request is not None
        with refusals():
            await authenticate(self._hub, context.request)


def check_cursor(params: types.PaginatedRequestParams | None) -> None:
    """Refuse to go on from where no list of this hub ends: each is whole."""
    if params is not None and params.cursor:
        raise MCPError(types.INVALID_PARAMS, "There is no such page: the first is the whole list.")


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


@contextmanager
def refusals() -> Iterator[None]:
    """Turn the Problem that something ends in into MCP's error."""
    try:
        yield
    except Problem as problem:
        code = types.INVALID_REQUEST if problem.status < 500 else types.INTERNAL_ERROR
        raise MCPError(code, f"{problem.code}: {problem.detail}") from problem
