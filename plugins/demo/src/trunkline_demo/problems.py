"""Errors of the demo site as RFC 9457 problems; what was sent is never echoed."""

from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

MAX_REQUEST_BYTES: Final = 64 * 1024

M = TypeVar("M", bound=BaseModel)

_TITLES: Final = {
    "invalid": "Invalid input",
    "unsupported": "Not supported",
    "not_found": "Not found",
    "method_not_allowed": "Method not allowed",
    "unsupported_media_type": "Unsupported media type",
    "too_large": "Too large",
    "provider_unavailable": "Provider unavailable",
    "not_configured": "Not configured",
}
"""The hub's own words for each code."""

_SENTENCES: Final = {
    "missing": "is required.",
    "string_type": "give a text.",
    "int_type": "give a whole number.",
    "bool_type": "give true or false.",
    "list_type": "give a list.",
    "dict_type": "give an object.",
    "model_type": "give an object.",
    "string_too_short": "give at least {min_length} characters.",
    "string_too_long": "give at most {max_length} characters.",
    "greater_than_equal": "give at least {ge}.",
    "less_than_equal": "give at most {le}.",
    "too_long": "give at most {max_length}.",
    "enum": "give {expected}.",
    "literal_error": "give {expected}.",
    "string_pattern_mismatch": "is not of the form this field takes.",
    "json_invalid": "send a JSON object.",
}
"""What to do about each kind of error that pydantic finds, as the hub says it."""


class Problem(Exception):
    """A request that cannot be served: `detail` is a sentence for the caller."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code


def problem_response(request: Request, error: Exception) -> Response:
    """Render a `Problem`, or Starlette's own word that there is no such page or method."""
    headers = None
    if isinstance(error, Problem):
        status, code, detail = error.status, error.code, str(error)
    elif isinstance(error, HTTPException) and error.status_code == 405:
        allowed = _allowed(request)
        status, code, headers = 405, "method_not_allowed", {"Allow": allowed}
        detail = f"This path does not take this HTTP method, but {allowed}."
    else:
        status, code, detail = 404, "not_found", "There is no such path."
    problem = {
        "type": "about:blank",
        "title": _TITLES[code],
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


async def read_body(request: Request, most_bytes: int) -> bytes:
    """Read the body of a request; a `Problem` says that it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise Problem(413, "too_large", f"Send at most {most_bytes} bytes.")
    return bytes(body)


async def read_input(request: Request, model: type[M]) -> M:
    """Read the JSON body of a request; a `Problem` says what is wrong with it."""
    # A page of another origin cannot send this type without asking first, and is not answered.
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise Problem(415, "unsupported_media_type", "Send the body as application/json.")
    body = await read_body(request, MAX_REQUEST_BYTES)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise Problem(422, "invalid", _sentence(error, model)) from None


def _sentence(error: ValidationError, model: type[BaseModel]) -> str:
    """Name the first thing that is wrong; a name that the model does not know is not repeated."""
    first = error.errors(include_input=False, include_url=False)[0]
    fields = {field.alias or name for name, field in model.model_fields.items()}
    if first["type"] == "extra_forbidden":
        return f"There is an unknown field; known are {', '.join(sorted(fields))}."
    where = str(first["loc"][0]) if first["loc"] else "request"
    said = _SENTENCES.get(first["type"])
    if said is None:
        return f"{where}: {first['msg'].removeprefix('Value error, ')}"
    return f"{where}: {said.format_map(first.get('ctx', {}))}"
