"""
MCP's events extension: a host subscribes, and is woken by a post to its own URL.

The wire is that of the design by the working group and of SEP-3415 as far as both agree, which is
what hosts speak (read 2026-11-30): delivery by webhook only, no replay.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, TypeVar

from mcp import types
from mcp.server import Server, ServerRequestContext
from mcp.server.context import CallNext, HandlerResult
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel, ConfigDict, Field

from trunkline.core.hub import Hub
from trunkline.core.messages.models import Status
from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import (
    AgentMismatch,
    CallbackUnproven,
    Forbidden,
    Invalid,
    LimitReached,
    NotFound,
    Problem,
    Unsupported,
)
from trunkline.core.subscriptions.models import EventName, Wanted
from trunkline.surfaces.authority import check_channel, obstacle
from trunkline.surfaces.http import as_problem, problem_object
from trunkline.surfaces.mcp.caller import caller
from trunkline.surfaces.mcp.unread import check_cursor
from trunkline.surfaces.occurrences import (
    ApprovalEventShape,
    CredentialShape,
    ReceivedShape,
    StatusShape,
    SuspendedShape,
)
from trunkline.surfaces.operations import shaped
from trunkline.surfaces.schemas import schema_of
from trunkline.surfaces.shapes import ChannelName, Given, Line, Whole

S = TypeVar("S", bound=BaseModel)

EXTENSION: Final = "io.modelcontextprotocol/events"
METHODS: Final = ("events/list", "events/subscribe", "events/unsubscribe")
_WEBHOOK: Final = "webhook"
_MOST_MS: Final = 10**12
"""Beyond it a time of life is no time any more; a day is the most that is granted."""
_CODES: Final[Mapping[type[Problem], int]] = {
    Invalid: types.INVALID_PARAMS,
    AgentMismatch: types.INVALID_PARAMS,
    NotFound: -32011,
    Forbidden: -32012,
    LimitReached: -32013,
    Unsupported: -32014,
    CallbackUnproven: -32015,
}
"""The extension's codes; its `data` is ours, with `reason`, `limit` and `max` as it wants them."""


class AnyParams(types.RequestParams):
    """Whatever a request holds: it is checked here, so that each fault has its own sentence."""

    model_config = ConfigDict(extra="allow")


class ReceivedArguments(Given):
    """What `message.received` may be narrowed down by."""

    agent_id: Line | None = Field(default=None, description="Not needed.")
    channel: ChannelName | None = Field(default=None, description="Only this one.")


class StatusArguments(ReceivedArguments):
    """What `message.status` may be narrowed down by."""

    status: Annotated[
        Literal["delivered", "read", "failed", "blocked", "unknown"] | None,
        Field(description="Only what came to this."),
    ] = None


class NoArguments(Given):
    """What belongs to no agent is narrowed down by nothing."""


class _Open(Given):
    """Takes fields that it does not know: the extension may add to it."""

    model_config = ConfigDict(extra="ignore")


class _Place(_Open):
    url: str


class _Delivery(_Place):
    mode: str
    secret: str


class _Unsubscribe(_Open):
    delivery: _Place


class _Subscribe(_Open):
    delivery: _Delivery
    ttl_ms: Annotated[int, Whole, Field(gt=0)] | None = None
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One event that there is."""

    name: EventName
    description: str
    arguments: type[ReceivedArguments] | type[NoArguments]
    data: type[BaseModel]

    def is_for(self, principal: Principal) -> bool:
        """Tell whether a principal may hear of it."""
        return self.arguments is not NoArguments or principal.scope is not Scope.AGENT

    def described(self, principal: Principal) -> dict[str, object]:
        """Return the event as `events/list` shows it."""
        schema = schema_of(self.arguments, "validation")
        if self.arguments is NoArguments:
            pass
        elif principal.scope is Scope.AGENT:
            del schema["properties"]["agentId"]
        else:
            schema["properties"]["agentId"] = {"type": "string", "description": "Whose messages."}
            schema["required"] = ["agentId"]
        return {
            "name": self.name.value,
            "description": self.description,
            "delivery": [_WEBHOOK],
            "inputSchema": schema,
            "payloadSchema": schema_of(self.data, "serialization"),
        }


_KINDS: Final = {
    each.name.value: each
    for each in (
        _Kind(
            name=EventName.MESSAGE_RECEIVED,
            description="Somebody wrote to the agent. Read the text with comms_get_messages.",
            arguments=ReceivedArguments,
            data=ReceivedShape,
        ),
        _Kind(
            name=EventName.MESSAGE_STATUS,
            description="A message of the agent's was delivered, read, failed or blocked, or its "
            "outcome is unknown. Look with comms_get_status.",
            arguments=StatusArguments,
            data=StatusShape,
        ),
        _Kind(
            name=EventName.PROVIDER_CREDENTIAL_EXPIRED,
            description="A provider refuses the credentials of a connection: register new ones "
            "with comms_register_provider.",
            arguments=NoArguments,
            data=CredentialShape,
        ),
        _Kind(
            name=EventName.PROVIDER_CREDENTIAL_RECOVERED,
            description="A provider takes the credentials of a connection again.",
            arguments=NoArguments,
            data=CredentialShape,
        ),
        _Kind(
            name=EventName.AGENT_SUSPENDED,
            description="An agent acted as one does that was taken over, and may act no more until "
            "an operator resumes it.",
            arguments=NoArguments,
            data=SuspendedShape,
        ),
        _Kind(
            name=EventName.APPROVAL_NEEDED,
            description="Something waits for a person: look with approvals_show, then decide.",
            arguments=NoArguments,
            data=ApprovalEventShape,
        ),
        _Kind(
            name=EventName.APPROVAL_DECIDED,
            description="Somebody decided about what waited, or its time is over.",
            arguments=NoArguments,
            data=ApprovalEventShape,
        ),
    )
}


class HubEvents:
    """The extension's methods, on this process's hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def list(self, context: ServerRequestContext[Any], params: AnyParams) -> dict[str, Any]:
        """Return what there is to subscribe to."""
        check_cursor(types.PaginatedRequestParams.model_validate(_given(params)))
        principal = caller(context)
        kinds = [each for each in _KINDS.values() if each.is_for(principal)]
        return {"events": [each.described(principal) for each in kinds]}

    async def subscribe(
        self, context: ServerRequestContext[Any], params: AnyParams
    ) -> dict[str, Any]:
        """Make a subscription or renew it."""
        with self._refusals():
            principal, given = _subscriber(context), _given(params)
            kind = _kind(given, principal)
            _check_mode(given)
            asked = _shaped(_Subscribe, given)
            wanted = await self._wanted(principal, kind, given, asked.delivery.url)
            ttl = timedelta(milliseconds=min(asked.ttl_ms, _MOST_MS)) if asked.ttl_ms else None
            made = await self._hub.subscriptions.subscribe(
                principal, wanted, asked.delivery.secret, ttl
            )
        until = made.expires_at.isoformat(timespec="seconds").replace("+00:00", "Z")
        # Nothing is replayed: who names a place to go on from may have missed something.
        truncated = asked.cursor is not None
        return {"id": made.id, "refreshBefore": until, "cursor": None, "truncated": truncated}

    async def unsubscribe(
        self, context: ServerRequestContext[Any], params: AnyParams
    ) -> dict[str, Any]:
        """End a subscription."""
        with self._refusals():
            principal, given = _subscriber(context), _given(params)
            kind = _kind(given, principal)
            asked = _shaped(_Unsubscribe, given)
            wanted = await self._wanted(principal, kind, given, asked.delivery.url)
            await self._hub.subscriptions.unsubscribe(principal, wanted)
        return {}

    async def _wanted(
        self, principal: Principal, kind: _Kind, given: Mapping[str, Any], url: str
    ) -> Wanted:
        narrowed = given.get("arguments")
        arguments = _shaped(kind.arguments, {} if narrowed is None else narrowed)
        if not isinstance(arguments, ReceivedArguments):
            return Wanted(event=kind.name, agent_id="", channel=None, status=None, url=url)
        check_channel(principal, arguments.channel)
        status = arguments.status if isinstance(arguments, StatusArguments) else None
        return Wanted(
            event=kind.name,
            agent_id=await self._agent(principal, arguments.agent_id),
            channel=arguments.channel,
            status=Status(status).value if status else None,
            url=url,
        )

    async def _agent(self, principal: Principal, named: str | None) -> str:
        """Return whose messages a token may hear of; an admin names the agent."""
        if principal.scope is Scope.AGENT:
            if named not in (None, principal.agent_id):
                raise AgentMismatch("arguments.agentId")
            return principal.agent_id or ""
        if named is None:
            raise Invalid("arguments.agentId", "is required with an admin token.")
        return (await self._hub.agents.show(principal, named)).id

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except MCPError:
            raise
        except Exception as error:
            problem = as_problem(error, self._hub)
            raise _refusal(problem) from error


class _Subscribing:
    """Subscribing as something that a token is good for, or not."""

    name = "events_subscribe"
    scope = Scope.AGENT
    only_reads = False


def _subscriber(context: ServerRequestContext[Any]) -> Principal:
    """Return who subscribes; Forbidden if the token is not good for that."""
    principal = caller(context)
    why = obstacle(principal, _Subscribing())
    if why is not None:
        raise Forbidden(why)
    return principal


class _NoEvents:
    """The methods where there is nobody to subscribe."""

    async def refuse(self, context: ServerRequestContext[Any], params: AnyParams) -> dict[str, Any]:
        """Say why."""
        raise MCPError(
            _CODES[Unsupported],
            "unsupported: events are posted to public https addresses, so they are subscribed to "
            "over HTTP, at /mcp. Over a pipe listen to the resource of unread messages instead, or "
            "call comms_wait_for_reply.",
            {"code": Unsupported.code, "feature": "transport", "value": "stdio"},
        )


def offer_events(server: Server[Any], hub: Hub) -> None:
    """Let a server answer the extension's methods, and say so."""
    events = HubEvents(hub)
    for method, handler in zip(
        METHODS, (events.list, events.subscribe, events.unsubscribe), strict=True
    ):
        server.add_request_handler(method, AnyParams, handler)
    server.middleware.append(_say_so)


def refuse_events(server: Server[Any]) -> None:
    """Let a server over a pipe say why it has none."""
    for method in METHODS:
        server.add_request_handler(method, AnyParams, _NoEvents().refuse)


async def _say_so(ctx: ServerRequestContext[Any], call_next: CallNext) -> HandlerResult:
    """
    Add the capability to what a server says of itself.

    The SDK drops capabilities that it does not know (2.3). The working group's design has it at the
    top, where ChatGPT reads it, and SEP-3415 among the extensions.
    """
    result = await call_next(ctx)
    if ctx.method in ("initialize", "server/discover") and isinstance(result, dict):
        capabilities = result.setdefault("capabilities", {})
        capabilities["events"] = {}
        extensions = capabilities.get("extensions") or {}
        capabilities["extensions"] = {**extensions, EXTENSION: {}}
    return result


def _given(params: AnyParams) -> dict[str, Any]:
    return dict(params.model_extra or {})


def _kind(given: Mapping[str, Any], principal: Principal) -> _Kind:
    name = given.get("name")
    if not isinstance(name, str):
        raise Invalid("name", "name an event of events/list.")
    if name not in _KINDS or not _KINDS[name].is_for(principal):
        raise NotFound("event")
    return _KINDS[name]


def _check_mode(given: Mapping[str, Any]) -> None:
    delivery = given.get("delivery")
    mode = delivery.get("mode") if isinstance(delivery, Mapping) else None
    if isinstance(mode, str) and mode != _WEBHOOK:
        raise Unsupported("delivery.mode", "events are delivered by webhook only.")


def _shaped(shape: type[S], given: Mapping[str, Any]) -> S:
    return shaped(shape, given, lambda: schema_of(shape, "validation"))


def _refusal(problem: Problem) -> MCPError:
    """Return a refusal as JSON-RPC has it; `data` is the problem object for programs."""
    code = next((code for kind, code in _CODES.items() if isinstance(problem, kind)), None)
    if code is None:
        code = types.INVALID_REQUEST if problem.status < 500 else types.INTERNAL_ERROR
    data = problem_object(problem)
    if isinstance(problem, NotFound):
        data["kind"] = problem.facts["what"]
    return MCPError(code, f"{problem.code}: {problem.detail}", data)
