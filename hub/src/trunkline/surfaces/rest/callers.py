"""Who calls a path."""

from typing import Annotated

from fastapi import Depends, Request

from trunkline.core.principal import Principal
from trunkline.surfaces.http import authenticate


async def _caller(request: Request) -> Principal:
    principal = await authenticate(request.app.state.hub, request)
    request.app.state.rest.permit(principal, request.scope["route"].path)
    return principal


Caller = Annotated[Principal, Depends(_caller)]
"""Who calls; nobody comes in without a valid token that is good for the path."""
