"""The webhook paths: raw bytes in, the provider's own kind of answer out."""

from collections.abc import Awaitable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from trunkline.core.agents.models import AGENT_ID
from trunkline.core.alerts.models import AlertKind
from trunkline.core.channels import CHANNELS
from trunkline.core.hub import Hub
from trunkline.core.inbound.intake import Refused, Taken
from trunkline.core.problems import MethodNotAllowed, NotFound
from trunkline.sdk import CallbackKind, WebhookRequest
from trunkline.surfaces.http import as_problem, problem_response, read_body

_KINDS: Final = frozenset({*(kind.value for kind in CallbackKind), *CHANNELS})
_METHODS: Final = frozenset({"GET", "POST"})
_FORM: Final = "application/x-www-form-urlencoded"
MOST_FORM_BYTES: Final = 65_536
"""A form is decoded to check its signature, so this is what a stranger may make the hub decode."""
MOST_BYTES: Final = 262_144
"""Of anything else, which is hashed as it is."""


class Webhooks:
    """
    Answers callbacks, and hands every other request to `app`.

    It stands before the router because providers send by the thousand, and routing one costs as
    much as checking its signature.
    """

    def __init__(self, app: ASGIApp, hub: Hub, *, public_url: str) -> None:
        self._app = app
        self._hub = hub
        self._public_url = public_url.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/webhooks/"):
            await self._app(scope, receive, send)
            return
        try:
            answer = await self._answer(Request(scope, receive))
        except Exception as error:  # noqa: BLE001 - every error has a documented answer
            answer = problem_response(as_problem(error, self._hub))
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        match request.scope["path"].split("/")[2:]:
            case ["connections", str(name)] if name:
                return await self._on_connection(request, name)
            # The last may be a secret that stands in for a signature: the adapter knows it.
            case ["connections", str(name), str(kind), *secret] if name and len(secret) < 2:
                _check_kind(kind)
                return await self._on_connection(request, name)
            case [str(agent_id), str(kind)] if AGENT_ID.fullmatch(agent_id):
                _check_kind(kind)
                return await self._on_agent(request, agent_id)
        raise NotFound("path")

    async def _on_agent(self, request: Request, agent_id: str) -> Response:
        taken = await self._read(request)
        return await self._taken(agent_id, self._hub.intake.for_agent(agent_id, taken))

    async def _on_connection(self, request: Request, name: str) -> Response:
        taken = await self._read(request)
        return await self._taken("", self._hub.intake.for_connection(name, taken))

    async def _taken(self, agent_id: str, work: Awaitable[Taken]) -> Response:
        metrics = self._hub.metrics
        try:
            taken = await work
        except Refused as refused:
            metrics.webhook(agent=agent_id, provider="", status=Refused.status)
            metrics.security_event("webhook_refused")
            if refused.connection is not None:
                self._hub.alarms.note(AlertKind.SIGNATURES, refused.connection)
            self._hub.log.warning(
                "webhook.refused",
                agentId=agent_id,
                connection=refused.connection,
                reason=refused.why,
            )
            raise
        except NotFound as missing:
            # What a stranger put into the path is not logged: it may be anything.
            self._hub.log.warning("webhook.refused", reason=missing.detail)
            raise
        reply = taken.reply
        metrics.webhook(agent=agent_id, provider=taken.provider, status=reply.status)
        return Response(reply.body, status_code=reply.status, media_type=reply.content_type)

    async def _read(self, request: Request) -> WebhookRequest:
        """Return the request as the provider made it: under the public URL, whatever Host says."""
        if request.method not in _METHODS:
            raise MethodNotAllowed(_METHODS)
        query = request.scope["query_string"].decode("latin-1")
        path = request.scope["raw_path"].decode("latin-1").partition("?")[0]
        return WebhookRequest(
            method=request.method,
            url=f"{self._public_url}{path}" + (f"?{query}" if query else ""),
            headers={
                name.decode("latin-1"): value.decode("latin-1")
                for name, value in reversed(request.scope["headers"])  # the first one counts
            },
            body=await read_body(request, _most_of(request)),
            received_at=self._hub.clock.now(),
        )


def _most_of(request: Request) -> int:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return MOST_FORM_BYTES if media_type == _FORM else MOST_BYTES


def _check_kind(kind: str) -> None:
    if kind not in _KINDS:
        raise NotFound("kind of callback")
