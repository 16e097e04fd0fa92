"""Errors of the demo site as RFC 9457 problems; what was sent is never echoed."""

from http import HTTPStatus
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

MAX_REQUEST_BYTES: Final = 64 * 1024

M = TypeVar("M", bound=BaseModel)

_ROUTING_CODES: Final = {404: "not_found", 405: "method_not_allowed"}


class Problem(Exception):
    """A request that cannot be served: `detail` is a sentence for the caller."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code


def problem_response(request: Request, error: Exception) -> Response:
    """Render a `Problem`, or Starlette's own word that there is no such page or method."""
    if isinstance(error, HTTPException):
        status, code, detail = error.status_code, _ROUTING_CODES[error.status_code], error.detail
    else:
        assert isinstance(error, Problem)
        status, code, detail = error.status, error.code, str(error)
    headers = {"Allow": _allowed(request)} if status == 405 else None
    problem = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    return JSONResponse(problem, status, headers, media_type="application/problem+json")


def _allowed(request: Request) -> str:
    """Return the methods that a path takes; each may have a route of its own."""
    return ", ".join(
        sorted(
            method
            for route in request.app.routes
            if route.matches(request.scope)[0] is Match.PARTIAL
            for method in route.methods
        )
    )


async def read_input(request: Request, model: type[M]) -> M:
    """Read the JSON body of a request; a `Problem` says what is wrong with it."""
    # A page of another origin cannot send this type without asking first, and is not answered.
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise Problem(415, "unsupported_media_type", "Send the body as application/json.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_REQUEST_BYTES:
            raise Problem(413, "too_large", f"Send at most {MAX_REQUEST_BYTES} bytes.")
    try:
        return model.model_validate_json(bytes(body))
    except ValidationError as error:
        raise Problem(422, "invalid", _sentence(error, model)) from None


def _sentence(error: ValidationError, model: type[BaseModel]) -> str:
    """Name the first thing that is wrong; a name that the model does not know is not repeated."""
    first = error.errors(include_input=False, include_url=False)[0]
    fields = {field.alias or name for name, field in model.model_fields.items()}
    if first["type"] == "extra_forbidden":
        return f"There is an unknown field; known are {', '.join(sorted(fields))}."
    where = str(first["loc"][0]) if first["loc"] else "request"
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"
