"""REST: the tools, the messages, the OpenAPI document, health and metrics."""

import re
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from trunkline import __version__
from trunkline.core.connections.registry import ConnectionState
from trunkline.core.hub import Hub
from trunkline.core.principal import Scope
from trunkline.core.problems import Forbidden, Invalid, Problem
from trunkline.surfaces.http import (
    as_problem,
    authenticate,
    problem_response,
    read_object,
    while_connected,
)
from trunkline.surfaces.operations import Catalogue
from trunkline.surfaces.rest.openapi import openapi_document
from trunkline.surfaces.shapes import message_shape

Handler = Callable[[Request], Awaitable[Response]]

_PROBE: Final = re.compile("[0-9a-f]{32}")
_PAGE_PARAMETERS: Final = frozenset({"limit", "cursor", "agentId"})


class Rest:
    """The HTTP handlers over one hub."""

    def __init__(self, hub: Hub, catalogue: Catalogue, *, public_url: str) -> None:
        self._hub = hub
        self._catalogue = catalogue
        self._public_url = public_url
        self._started = hub.clock.monotonic()

    def routes(self) -> list[Route]:
        """Return the routes to serve."""
        return [
            Route("/health", self._safe(self.health), methods=["GET"]),
            Route("/health/ready", self._safe(self.ready), methods=["GET"]),
            Route("/metrics", self._safe(self.metrics), methods=["GET"]),
            Route("/openapi.json", self._safe(self.openapi), methods=["GET"]),
            Route("/api/v1/tools", self._safe(self.tools), methods=["GET"]),
            Route("/api/v1/tools/{name}", self._safe(self.call), methods=["POST"]),
            Route("/api/v1/messages", self._safe(self.messages), methods=["GET"]),
            Route("/api/v1/messages/{id}", self._safe(self.message), methods=["GET"]),
        ]

    def _safe(self, handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except Exception as error:  # noqa: BLE001 - every error has a documented answer
                return problem_response(as_problem(error, self._hub))

        return answer

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

    async def metrics(self, request: Request) -> Response:
        """Return the metrics in Prometheus' text format."""
        principal = await authenticate(self._hub, request)
        if principal.scope is Scope.AGENT:
            raise Forbidden("Metrics are for an admin token.")
        return Response(self._hub.metrics.render(), media_type="text/plain; version=0.0.4")

    async def openapi(self, request: Request) -> Response:
        """Return the OpenAPI document of what the token may do."""
        principal = await authenticate(self._hub, request)
        return JSONResponse(
            openapi_document(self._catalogue.visible_to(principal), self._public_url)
        )

    async def tools(self, request: Request) -> Response:
        """List the operations that the token may call."""
        principal = await authenticate(self._hub, request)
        shown = [each.tool_object() for each in self._catalogue.visible_to(principal)]
        return JSONResponse({"tools": shown})

    async def call(self, request: Request) -> Response:
        """Call one operation."""
        principal = await authenticate(self._hub, request)
        name = request.path_params["name"]
        operation = self._catalogue.find(principal, name)
        arguments = await read_object(request)
        key = request.headers.get("idempotency-key")
        if key is not None and "idempotency_key" in operation.arguments.model_fields:
            if arguments.get("idempotencyKey") not in (None, key):
                raise Invalid("idempotencyKey", "differs from the Idempotency-Key header.")
            arguments["idempotencyKey"] = key
        call = self._catalogue.call(self._hub, principal, name, arguments)
        result = await (while_connected(request, call) if operation.waits else call)
        return Response(result.model_dump_json(), media_type="application/json")

    async def messages(self, request: Request) -> Response:
        """Return a page of the agent's messages."""
        principal = await authenticate(self._hub, request)
        given = dict(request.query_params)
        if given.keys() - _PAGE_PARAMETERS:
            raise Invalid("query", f"known parameters are {', '.join(sorted(_PAGE_PARAMETERS))}.")
        arguments: dict[str, object] = dict(given)
        if "limit" in given:
            arguments["limit"] = _whole_number("limit", given["limit"])
        result = await self._catalogue.call(self._hub, principal, "comms_get_messages", arguments)
        page = result.model_dump(mode="json")
        return JSONResponse({"items": page["messages"], "nextCursor": page["nextCursor"]})

    async def message(self, request: Request) -> Response:
        """Return one message."""
        principal = await authenticate(self._hub, request)
        agent_id = principal.agent_id if principal.scope is Scope.AGENT else None
        readable = await self._hub.inbox.one(principal, agent_id, request.path_params["id"])
        return Response(message_shape(readable).model_dump_json(), media_type="application/json")

    async def _asks_admin(self, request: Request) -> bool:
        """Tell whether an admin asks, on a path where anybody may, and most have no token."""
        if "authorization" not in request.headers and "trunkline.local" not in request.scope:
            return False
        try:
            principal = await authenticate(self._hub, request)
        except Problem:
            return False
        return principal.scope is not Scope.AGENT


def _whole_number(field: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Invalid(field, "give a whole number.") from None
