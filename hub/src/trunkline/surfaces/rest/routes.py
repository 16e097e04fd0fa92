"""REST: the tools, the messages, the OpenAPI document, health and metrics."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from trunkline import __version__
from trunkline.core.calls.ledger import CHANNEL as CALLS
from trunkline.core.connections.registry import ConnectionState
from trunkline.core.hub import Hub
from trunkline.core.principal import WHOLE, Principal, Role, Scope
from trunkline.core.problems import AgentMismatch, Forbidden, Invalid, NotFound, Problem
from trunkline.surfaces.authority import check_channel
from trunkline.surfaces.call_shapes import call_shape, traced_call_shape
from trunkline.surfaces.http import authenticate, read_object, while_connected
from trunkline.surfaces.message_shapes import message_shape
from trunkline.surfaces.operations import AnyOperation, Catalogue
from trunkline.surfaces.rest.callers import Caller
from trunkline.surfaces.rest.files import Files
from trunkline.surfaces.rest.openapi import openapi_document
from trunkline.surfaces.shapes import REFERENCE
from trunkline.surfaces.usage_shapes import row_shape

Handler = Callable[..., Awaitable[Response]]

NO_SUCH_TOOL: Final = "/api/v1/tools/{name}"
"""Where those end who call an operation that is not there."""
NEEDS: Final[Mapping[str, str | None]] = {
    NO_SUCH_TOOL: None,
    "/api/v1/tools": None,
    "/api/v1/messages": "comms_get_messages",
    "/api/v1/messages/{message_id}": "comms_get_messages",
    "/api/v1/calls": "comms_get_status",
    "/api/v1/calls/{call_id}": "comms_get_status",
    "/api/v1/usage": "comms_get_usage_dashboard",
    "/api/v1/alerts": "alerts_list",
    "/api/v1/media": "comms_send_message",
    "/api/v1/media/{medium_id}": "comms_get_media",
    "/api/v1/media/{medium_id}/info": "comms_get_media",
    "/openapi.json": None,
    "/metrics": None,
}
"""
The operation that a token must be good for to use a path beside the operations; None: any token is.

A path with a caller that is not here lets nobody in (`Rest.permit`).
"""
_PROBE: Final = re.compile("[0-9a-f]{32}")
_LONGEST_PAGE: Final = 200
_PAGE_PARAMETERS: Final = frozenset({"limit", "cursor", "agentId"})


class Rest:
    """The HTTP handlers over one hub."""

    def __init__(self, hub: Hub, catalogue: Catalogue, *, public_url: str) -> None:
        self._hub = hub
        self._catalogue = catalogue
        self._public_url = public_url
        self._started = hub.clock.monotonic()
        self._documents: dict[tuple[Scope, Role], bytes | memoryview] = {}
        self._needs = {
            **NEEDS,
            **dict.fromkeys(f"/api/v1/tools/{each.name}" for each in catalogue.all()),
        }

    def paths(self) -> Iterator[tuple[str, Handler, str]]:
        """Give each path with its handler and method, the catalogue's operations first."""
        for operation in self._catalogue.all():
            yield f"/api/v1/tools/{operation.name}", self._call(operation), "POST"
        yield NO_SUCH_TOOL, self.no_such_tool, "POST"
        yield "/api/v1/tools", self.tools, "GET"
        yield "/api/v1/messages", self.messages, "GET"
        yield "/api/v1/messages/{message_id}", self.message, "GET"
        yield "/api/v1/calls", self.calls, "GET"
        yield "/api/v1/calls/{call_id}", self.call, "GET"
        yield "/api/v1/usage", self.usage, "GET"
        yield "/api/v1/alerts", self.alerts, "GET"
        files = Files(self._hub)
        yield "/api/v1/media", files.store, "POST"
        yield "/api/v1/media/{medium_id}", files.read, "GET"
        yield "/api/v1/media/{medium_id}/info", files.describe, "GET"
        yield "/openapi.json", self.openapi, "GET"
        yield "/health", self.health, "GET"
        yield "/health/ready", self.ready, "GET"
        yield "/metrics", self.metrics, "GET"

    def permit(self, principal: Principal, path: str) -> None:
        """
        Let a caller use the path of a route.

        Raises:
            Forbidden: The token is not good for it.
        """
        if path not in self._needs:
            raise Forbidden("Nobody has said who may use this path: it is the hub's fault.")
        needed = self._needs[path]
        if needed is not None:
            self._catalogue.require(principal, needed)

    def document(self, principal: Principal) -> dict[str, Any]:
        """Return the OpenAPI document of what a principal may call."""
        operations = self._catalogue.visible_to(principal)
        return openapi_document(operations, principal.scope, self._public_url)

    def _call(self, operation: AnyOperation) -> Handler:
        """Return the handler that calls one operation."""

        async def call(request: Request, principal: Caller) -> Response:
            self._catalogue.find(principal, operation.name)  # before its body is read
            arguments = await read_object(request)
            key = request.headers.get("idempotency-key")
            if key is not None and "idempotency_key" in operation.arguments.model_fields:
                if arguments.get("idempotencyKey") not in (None, key):
                    raise Invalid(
                        "idempotencyKey",
                        "differs from the Idempotency-Key header. Give one of them.",
                    )
                arguments["idempotencyKey"] = key
            called = self._catalogue.call(self._hub, principal, operation.name, arguments)
            result = await (while_connected(request, called) if operation.waits else called)
            return Response(result.model_dump_json(), media_type="application/json")

        return call

    async def health(self, request: Request) -> Response:
        """Tell that the process lives; to a `probe` of 32 digits, also which hub it is of."""
        uptime_s = round(self._hub.clock.monotonic() - self._started, 1)
        body = {"status": "ok", "uptime": uptime_s, "version": __version__}
        question = request.query_params.get("probe", "")
        if _PROBE.fullmatch(question):
            body["probe"] = self._hub.doctor.proof(question)
        return JSONResponse(body)

    async def ready(self, request: Request) -> Response:
        """Tell whether the hub can do its work: 503 when its database cannot be read."""
        states = self._hub.routes.states()
        try:
            await self._hub.db.read(lambda tx: tx.connection.exec_driver_sql("SELECT 1").scalar())
            faulty = ConnectionState.ERROR in states.values()
            status = "degraded" if faulty else "ready"
        except Exception as error:  # noqa: BLE001 - whatever it is, the hub is not ready
            self._hub.log.error("health.not_ready", error_type=type(error).__name__)
            status = "not_ready"
        body: dict[str, object] = {"status": status}
        if await self._asks_admin(request):
            body["providers"] = {name: state.value for name, state in states.items()}
        return JSONResponse(body, status_code=503 if status == "not_ready" else 200)

    async def metrics(self, principal: Caller) -> Response:
        """Return the metrics in Prometheus' text format."""
        if principal.scope is Scope.AGENT:
            raise Forbidden("Metrics are for an admin token.")
        return Response(self._hub.metrics.render(), media_type="text/plain; version=0.0.4")

    async def openapi(self, principal: Caller) -> Response:
        """Return the OpenAPI document of what the token may do."""
        kind = principal.scope, principal.role
        if principal.grant != WHOLE:
            return JSONResponse(self.document(principal))
        if kind not in self._documents:
            self._documents[kind] = JSONResponse(self.document(principal)).body
        return Response(self._documents[kind], media_type="application/json")

    async def tools(self, principal: Caller) -> Response:
        """List the operations that the token may call."""
        listed = self._catalogue.listed_to(principal)
        shown = [each.tool_object(principal.scope) for each in listed]
        return JSONResponse({"tools": shown})

    async def no_such_tool(self, principal: Caller) -> Response:
        """Say that there is no such operation."""
        raise NotFound("operation")

    async def messages(self, request: Request, principal: Caller) -> Response:
        """Return a page of the agent's messages."""
        given = _page_asked_for(request)
        arguments: dict[str, object] = dict(given)
        if "limit" in given:
            arguments["limit"] = _whole_number("limit", given["limit"])
        result = await self._catalogue.call(self._hub, principal, "comms_get_messages", arguments)
        page = result.model_dump(mode="json")
        return JSONResponse({"items": page["messages"], "nextCursor": page["nextCursor"]})

    async def message(self, request: Request, principal: Caller) -> Response:
        """Return one message."""
        # Of a declared parameter FastAPI makes a model, for which it loads all of pydantic.v1.
        message_id = request.path_params["message_id"]
        if not re.fullmatch(REFERENCE, message_id):
            raise NotFound("message")
        agent_id = principal.agent_id if principal.scope is Scope.AGENT else None
        readable = await self._hub.inbox.one(principal, agent_id, message_id)
        return Response(message_shape(readable).model_dump_json(), media_type="application/json")

    async def calls(self, request: Request, principal: Caller) -> Response:
        """Return a page of the agent's calls."""
        given = _page_asked_for(request)
        limit, cursor = _limit_and_cursor(given)
        if principal.scope is not Scope.AGENT and "agentId" not in given:
            raise Invalid("agentId", "is required with an admin token.")
        agent_id = await self._whose(principal, given)
        check_channel(principal, CALLS)
        page = await self._hub.calls.page(principal, agent_id, limit, cursor)
        items = [call_shape(each).model_dump(mode="json") for each in page.calls]
        return JSONResponse({"items": items, "nextCursor": page.next_cursor})

    async def call(self, request: Request, principal: Caller) -> Response:
        """Return one call with its history."""
        call_id = request.path_params["call_id"]
        if not re.fullmatch(REFERENCE, call_id):
            raise NotFound("call")
        agent_id = principal.agent_id if principal.scope is Scope.AGENT else None
        traced = await self._hub.calls.trace(principal, agent_id, call_id)
        shape = traced_call_shape(traced)
        return Response(shape.model_dump_json(), media_type="application/json")

    async def usage(self, request: Request, principal: Caller) -> Response:
        """Return a page of what the agent did and what it cost, or of what all did."""
        given = _page_asked_for(request)
        limit, cursor = _limit_and_cursor(given)
        agent_id = await self._whose(principal, given)
        page = await self._hub.usage.page(principal, agent_id, limit, cursor)
        items = [row_shape(each).model_dump(mode="json") for each in page.rows]
        return JSONResponse({"items": items, "nextCursor": page.next_cursor})

    async def alerts(self, request: Request, principal: Caller) -> Response:
        """Return a page of what is wrong, or was."""
        if principal.scope is Scope.AGENT:
            raise Forbidden("Alerts are for an admin token.")
        given = _page_asked_for(request)
        limit, cursor = _limit_and_cursor(given)
        if "agentId" in given:
            raise Invalid("agentId", "leave it out: alerts are the hub's.")
        arguments = {"limit": limit, "before": cursor}
        result = await self._catalogue.call(self._hub, principal, "alerts_list", arguments)
        items = result.model_dump(mode="json")["alerts"]
        last = items[-1]["id"] if len(items) == limit else None
        return JSONResponse({"items": items, "nextCursor": last})

    async def _whose(self, principal: Principal, given: Mapping[str, str]) -> str | None:
        """Return the agent that is asked about; None is all of them, which only an admin may."""
        if principal.scope is Scope.AGENT:
            if given.get("agentId", principal.agent_id) != principal.agent_id:
                raise AgentMismatch("agentId")
            return principal.agent_id
        if "agentId" not in given:
            return None
        return (await self._hub.agents.show(principal, given["agentId"])).id

    async def _asks_admin(self, request: Request) -> bool:
        """Tell whether an admin asks, on a path where anybody may, and most have no token."""
        if "authorization" not in request.headers and "trunkline.local" not in request.scope:
            return False
        try:
            principal = await authenticate(self._hub, request)
        except Problem:
            return False
        return principal.scope is not Scope.AGENT


def _page_asked_for(request: Request) -> dict[str, str]:
    given = dict(request.query_params)
    if len(given) < len(request.query_params.multi_items()):
        raise Invalid("query", "give each parameter once.")
    if given.keys() - _PAGE_PARAMETERS:
        raise Invalid("query", f"known parameters are {', '.join(sorted(_PAGE_PARAMETERS))}.")
    return given


def _limit_and_cursor(given: Mapping[str, str]) -> tuple[int, str | None]:
    limit = _whole_number("limit", given.get("limit", "50"))
    if not 1 <= limit <= _LONGEST_PAGE:
        raise Invalid("limit", f"give 1 to {_LONGEST_PAGE}.")
    cursor = given.get("cursor")
    if cursor is not None and not re.fullmatch(REFERENCE, cursor):
        raise Invalid("cursor", "use the nextCursor of an earlier answer.")
    return limit, cursor


def _whole_number(field: str, text: str) -> int:
    if not re.fullmatch("-?[0-9]{1,9}", text):  # int takes more: 1_0 and other scripts' digits
        raise Invalid(field, "give a whole number.")
    return int(text)
