"""The webhook routes: raw bytes in, the provider's own kind of answer out."""

from collections.abc import Awaitable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trunkline.core.hub import Hub
from trunkline.core.inbound.intake import Refused, Taken
from trunkline.core.problems import NotFound
from trunkline.sdk import CallbackKind, WebhookRequest
from trunkline.surfaces.http import as_problem, problem_response, read_body

_KINDS: Final = frozenset(kind.value for kind in CallbackKind)


class Webhooks:
    """The HTTP handlers of callbacks over one hub."""

    def __init__(self, hub: Hub, *, public_url: str) -> None:
        self._hub = hub
        self._public_url = public_url.rstrip("/")

    def routes(self) -> list[Route]:
        """Return the routes to serve; a connection's come first, as `connections` is no agent."""
        methods = ["GET", "POST"]
        return [
            Route("/webhooks/connections/{id}", self.on_connection, methods=methods),
            Route("/webhooks/connections/{id}/{kind}", self.on_connection, methods=methods),
            Route("/webhooks/{id}/{kind}", self.on_agent, methods=methods),
        ]

    async def on_agent(self, request: Request) -> Response:
        """Take a callback for one agent."""
        try:
            _check_kind(request)
            taken = await self._request(request)
            agent_id = request.path_params["id"]
            return await self._answer(agent_id, self._hub.intake.for_agent(agent_id, taken))
        except Exception as error:  # noqa: BLE001 - every error has a documented answer
            return problem_response(as_problem(error, self._hub))

    async def on_connection(self, request: Request) -> Response:
        """Take a callback for a whole connection."""
        try:
            _check_kind(request)
            taken = await self._request(request)
            name = request.path_params["id"]
            return await self._answer("", self._hub.intake.for_connection(name, taken))
        except Exception as error:  # noqa: BLE001 - every error has a documented answer
            return problem_response(as_problem(error, self._hub))

    async def _answer(self, agent_id: str, work: Awaitable[Taken]) -> Response:
        metrics = self._hub.metrics
        try:
            taken = await work
        except Refused:
            metrics.webhook(agent=agent_id, provider="", status=Refused.status)
            metrics.security_event("webhook_refused")
            self._hub.log.warning("webhook.refused", agentId=agent_id)
            raise
        reply = taken.reply
        metrics.webhook(agent=agent_id, provider=taken.provider, status=reply.status)
        return Response(reply.body, status_code=reply.status, media_type=reply.content_type)

    async def _request(self, request: Request) -> WebhookRequest:
        """Return the request as the provider made it: under the public URL, whatever Host says."""
        query = request.scope["query_string"].decode("latin-1")
        path = request.scope["raw_path"].decode("latin-1").partition("?")[0]
        return WebhookRequest(
            method=request.method,
            url=f"{self._public_url}{path}" + (f"?{query}" if query else ""),
            headers=dict(request.headers),
            body=await read_body(request),
            received_at=self._hub.clock.now(),
        )


def _check_kind(request: Request) -> None:
    if request.path_params.get("kind", "sms") not in _KINDS:
        raise NotFound("kind of callback")
