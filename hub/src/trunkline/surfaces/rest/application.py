"""REST as a FastAPI application, with the hub's other routes beside it."""

from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.routing import BaseRoute, Match, Route

from trunkline import __version__
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import Internal, MethodNotAllowed, NotFound
from trunkline.surfaces.http import as_problem, problem_response
from trunkline.surfaces.operations import Catalogue
from trunkline.surfaces.rest.routes import NO_SUCH_TOOL, Rest

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}
"""FastAPI's own would name paths and what was wrong with a request to whoever listens."""


def rest_application(
    hub: Hub,
    catalogue: Catalogue,
    *,
    public_url: str,
    beside: Sequence[BaseRoute],
    lifespan: Lifespan,
) -> FastAPI:
    """
    Return the application of the REST paths.

    A path is looked for in order: first come the few routes `beside` REST, MCP's among them, then
    the catalogue's operations, then all other paths.
    """
    rest = Rest(hub, catalogue, public_url=public_url)
    application = _Application(
        title="Trunkline",
        version=__version__,
        openapi_url=None,  # ours says what the token may do
        redirect_slashes=False,
        lifespan=lifespan,
        telemetry=_NO_TELEMETRY,
        exception_handlers={404: _no_such_path, 405: _no_such_method, Exception: _failed},
    )
    application.state.hub, application.state.rest = hub, rest
    application.router.route_class = _Path
    application.router.routes.extend(beside)
    for path, handler, method in rest.paths():
        methods = ["GET", "HEAD"] if method == "GET" else [method]
        application.add_api_route(
            path,
            handler,
            methods=methods,
            response_model=None,
            include_in_schema=path != NO_SUCH_TOOL,
        )
    return application


class _Application(FastAPI):
    """FastAPI with our description of the paths: the catalogue's, and MCP's too."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document of what an admin may call."""
        document: dict[str, Any] = self.state.rest.document(Principal(scope=Scope.ADMIN))
        return document


class _Path(APIRoute):
    """A path whose every error has a documented answer."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:  # noqa: BLE001 - every error has a documented answer
                return problem_response(as_problem(error, request.app.state.hub))

        return answer


async def _no_such_path(request: Request, error: Exception) -> Response:
    return problem_response(NotFound("path"))


async def _no_such_method(request: Request, error: Exception) -> Response:
    allowed = {
        method
        for route in request.app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is Match.PARTIAL
        for method in route.methods or ()
    }
    return problem_response(MethodNotAllowed(allowed))


async def _failed(request: Request, error: Exception) -> Response:
    return problem_response(Internal())  # the server logs it
