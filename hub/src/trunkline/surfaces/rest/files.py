"""REST: files as resources."""

import re
from contextlib import suppress

from fastapi import Request, Response

from trunkline.core.agents.suspension import check_active
from trunkline.core.hub import Hub
from trunkline.core.media.models import Medium
from trunkline.core.media.service import MOST_BYTES
from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import AgentMismatch, Invalid, NotFound, Problem, TooLarge
from trunkline.surfaces.files import described, medium_response, medium_shape
from trunkline.surfaces.rest.callers import Caller
from trunkline.surfaces.shapes import REFERENCE
from trunkline.surfaces.uploads import read_upload


class Files:
    """The HTTP handlers of media over one hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def store(self, request: Request, principal: Caller) -> Response:
        """Store the file in the body, as it comes, and answer with its handle."""
        agent_id = await self._agent_of(request, principal)
        workspace_id = principal.workspace_id
        await self._hub.db.peek(lambda tx: check_active(tx, workspace_id, agent_id))
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > 2 * MOST_BYTES:
            raise TooLarge(MOST_BYTES, "The medium")
        upload = await read_upload(request)
        try:
            medium = await self._hub.media.store(
                workspace_id,
                agent_id,
                upload.content,
                content_type=upload.content_type,
                name=upload.name,
            )
        except Problem:  # a client that still writes would not read the answer
            with suppress(Problem, RuntimeError):
                async for _ in upload.content:
                    pass
                async for _ in request.stream():
                    pass
            raise
        return Response(
            medium_shape(medium).model_dump_json(), status_code=201, media_type="application/json"
        )

    async def read(self, request: Request, principal: Caller) -> Response:
        """Return the bytes of a medium."""
        found = await self._medium(request, principal)
        return await medium_response(self._hub, principal.workspace_id, found, request)

    async def describe(self, request: Request, principal: Caller) -> Response:
        """Return what a medium is, and a link to it."""
        shape = await described(self._hub, principal, await self._medium(request, principal))
        return Response(shape.model_dump_json(), media_type="application/json")

    async def _medium(self, request: Request, principal: Principal) -> Medium:
        medium_id = request.path_params["medium_id"]
        if not re.fullmatch(REFERENCE, medium_id):
            raise NotFound("medium")
        agent_id = principal.agent_id if principal.scope is Scope.AGENT else None
        return await self._hub.media.get(principal.workspace_id, agent_id, medium_id)

    async def _agent_of(self, request: Request, principal: Principal) -> str:
        """Return whose a file will be: who asks, or whom an admin names."""
        named = request.query_params.get("agentId")
        if principal.scope is Scope.AGENT:
            if named not in (None, principal.agent_id):
                raise AgentMismatch("agentId")
            return principal.agent_id or ""
        if named is None:
            raise Invalid("agentId", "is required with an admin token.")
        return (await self._hub.agents.show(principal, named)).id
