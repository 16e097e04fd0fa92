"""Media over HTTP: how their bytes are given out, and in what shape they are told of."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from trunkline.core.hub import Hub
from trunkline.core.media.models import Medium, MediumState
from trunkline.core.media.service import check_readable
from trunkline.core.media.types import file_name_of
from trunkline.core.principal import DEFAULT_WORKSPACE, Principal
from trunkline.surfaces.http import as_problem, problem_response
from trunkline.surfaces.message_shapes import AttachmentShape
from trunkline.surfaces.shapes import Time, optional

_RANGE: Final = re.compile(r"(?i:bytes)=([0-9]{0,15})-([0-9]{0,15})")
_SHOWN: Final = re.compile(r"(?:image/(?!svg)|audio/|video/)[a-z0-9.+-]+")
"""What a browser may show where it is linked to; everything else it saves."""
LINKED_S: Final = 900.0
"""How long a link that is asked for can be followed."""
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "Accept-Ranges": "bytes",
}


class MediumShape(AttachmentShape):
    """A medium, and a link that anybody can read it from for a while."""

    sha256: str | None = optional()
    url: str | None = optional()
    expires_at: Time


def medium_shape(medium: Medium, url: str | None = None) -> MediumShape:
    """Return a medium as it goes over the wire."""
    return MediumShape(
        id=medium.id,
        name=medium.name,
        type=medium.content_type,
        bytes=medium.length,
        state=medium.state.value,
        duration_ms=medium.duration_ms,
        reason=medium.reason,
        sha256=medium.sha256,
        url=url,
        expires_at=medium.expires_at,
    )


async def described(hub: Hub, principal: Principal, medium: Medium) -> MediumShape:
    """Return a medium with a link to it, where there is anything to read."""
    is_there = medium.state is MediumState.STORED
    url = hub.media.url(principal.workspace_id, medium, LINKED_S) if is_there else None
    return medium_shape(medium, url)


def linked(hub: Hub) -> Callable[[Request], Awaitable[Response]]:
    """Return the handler of links, which anybody may follow: each proves itself."""

    async def follow(request: Request) -> Response:
        try:
            medium = await hub.media.linked(DEFAULT_WORKSPACE, request.path_params["token"])
            return await medium_response(hub, DEFAULT_WORKSPACE, medium, request)
        except Exception as error:  # noqa: BLE001 - every error has a documented answer
            return problem_response(as_problem(error, hub))

    return follow


async def medium_response(
    hub: Hub, workspace_id: str, medium: Medium, request: Request
) -> Response:
    """
    Return the bytes of a medium, or the part of them that is asked for (RFC 9110 §14).

    Nothing in them can act on the hub's behalf in a browser: they are nobody's page.
    """
    check_readable(medium)
    length = medium.length or 0
    part = _part(_asked(request), length)
    headers = {**_HEADERS, "Content-Disposition": _disposition(medium)}
    if part is not None and part[0] >= part[1]:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{length}"})
    start, end = part or (0, length)
    headers["Content-Length"] = str(end - start)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{length}"
    status, media_type = (200 if part is None else 206), _type(medium)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    pieces = hub.media.open(workspace_id, medium, start, end)
    first = await anext(pieces, b"")  # where it cannot be read, that is the answer
    body = _all(first, pieces)
    return StreamingResponse(body, status_code=status, headers=headers, media_type=media_type)


async def _all(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    try:
        yield first
        async for piece in rest:
            yield piece
    finally:
        await rest.aclose()


def _asked(request: Request) -> str | None:
    """Return the Range that counts: no version of a medium has a name that If-Range could know."""
    counts = request.method == "GET" and "if-range" not in request.headers
    return request.headers.get("range") if counts else None


def _part(asked: str | None, length: int) -> tuple[int, int] | None:
    """Return the one part that a Range asks for; None for all: what is not understood is."""
    read = _RANGE.fullmatch(asked.strip()) if asked else None
    if read is None or not any(read.groups()):
        return None
    first, last = read.groups()
    if not first:
        return max(0, length - int(last)), length
    if last and int(last) < int(first):
        return None
    return int(first), min(length, int(last) + 1) if last else length


def _type(medium: Medium) -> str:
    told = medium.content_type or "application/octet-stream"
    return f"{told}; charset=utf-8" if told.startswith("text/") else told


def _disposition(medium: Medium) -> str:
    """Return whether it is shown or saved, and under which name (RFC 6266, RFC 8187)."""
    how = "inline" if _SHOWN.fullmatch(medium.content_type or "") else "attachment"
    name = file_name_of(medium.name, medium.content_type)  # or its link would become its name
    return f"{how}; filename*=UTF-8''{quote(name, safe='')}"
