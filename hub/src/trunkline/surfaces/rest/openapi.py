"""The OpenAPI 3.1 document of what a token may call, rendered from the catalogue."""

import inspect
from collections.abc import Sequence
from typing import Any, Final

from trunkline import __version__
from trunkline.core import problems
from trunkline.core.principal import Scope
from trunkline.core.problems import Problem
from trunkline.surfaces.call_shapes import CallShape, TracedCallShape
from trunkline.surfaces.http import problem_object
from trunkline.surfaces.message_shapes import MessageShape
from trunkline.surfaces.operations import AnyOperation
from trunkline.surfaces.rest import examples
from trunkline.surfaces.rest.paths import JSON, PATHS, Described
from trunkline.surfaces.schemas import Schema, schema_of
from trunkline.surfaces.usage_shapes import UsageRowShape

_PROBLEM: Final = "application/problem+json"
_ANYWHERE: Final = (401, 403, 500, 503)
_OF_READING: Final = (*_ANYWHERE, 404, 413, 415, 422)
_OF_ACTING: Final = (*_OF_READING, 409, 424)
_TAGS: Final = {
    "tools": "What agents do: the same operations as MCP's tools.",
    "messages": "Messages as resources.",
    "calls": "Phone calls as resources.",
    "usage": "What was done and what it cost, as resources.",
    "media": "Files that come or go with messages.",
    "mcp": "The Model Context Protocol.",
    "hub": "The hub itself.",
    "operator": "What the command line does, on the socket in the data directory only.",
}
_RETRY_AFTER: Final[dict[str, Any]] = {
    "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}
}
_HEADERS: Final[dict[int, dict[str, Any]]] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "example": "Bearer"}},
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}
_IDEMPOTENCY_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "The same as the idempotencyKey argument.",
}
_AGENT_ID: Final[dict[str, Any]] = {
    "name": "agentId",
    "in": "query",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 320},
    "description": "The agent whose they are.",
    "example": "ann",
}


def every_problem() -> list[type[Problem]]:
    """Return the documented refusals, in the order of their HTTP status and code."""
    found = [
        each
        for _, each in inspect.getmembers(problems, inspect.isclass)
        if issubclass(each, Problem) and each is not Problem
    ]
    return sorted(found, key=lambda each: (each.status, each.code))


def openapi_document(
    operations: Sequence[AnyOperation], scope: Scope, public_url: str
) -> dict[str, Any]:
    """Return the document for tokens of a scope, which may call `operations`."""
    paths = {
        f"/api/v1/tools/{operation.name}": {"post": _operation(operation, scope)}
        for operation in operations
    }
    paths |= {
        path: {described.method: _described(described, scope)}
        for path, described in PATHS.items()
        if scope in described.scopes
    }
    used = {tag for item in paths.values() for each in item.values() for tag in each["tags"]}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Trunkline",
            "version": __version__,
            "description": "A phone number, e-mail, WhatsApp and a voice for AI agents. "
            "The document holds what its token may call.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url}],
        "tags": [
            {"name": name, "description": text} for name, text in _TAGS.items() if name in used
        ],
        "security": [{"token": []}] if scope is not Scope.LOCAL else [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": {
                "Problem": _problem_schema(),
                "Message": schema_of(MessageShape, "serialization"),
                "Call": schema_of(CallShape, "serialization"),
                "TracedCall": schema_of(TracedCallShape, "serialization"),
                "Usage": schema_of(UsageRowShape, "serialization"),
            },
            "responses": _refusals(),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "tl_agent_… or tl_admin_…",
                    "description": "An agent's token acts as its agent. With an admin token every "
                    "operation names the agentId.",
                }
            },
        },
    }


def _operation(operation: AnyOperation, scope: Scope) -> dict[str, Any]:
    takes, gives = operation.input_schema(scope), operation.output_schema()
    example = dict(examples.ARGUMENTS.get(operation.name, {}))
    if "agentId" in takes.get("required", ()):
        example = {"agentId": "ann", **example}
    has_key = "idempotency_key" in operation.arguments.model_fields
    return {
        "operationId": operation.name,
        "summary": operation.title,
        "description": operation.description,
        "tags": ["tools" if operation.scope is Scope.AGENT else "operator"],
        "parameters": [_IDEMPOTENCY_KEY] if has_key else [],
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": takes, "example": example}},
        },
        "responses": {
            "200": {
                "description": "Done.",
                "content": {
                    JSON: {"schema": gives, "example": examples.result(operation.name, gives)}
                },
            },
            **_refused(_OF_READING if operation.annotations.read_only else _OF_ACTING),
        },
    }


def _described(path: Described, scope: Scope) -> dict[str, Any]:
    names_agent = path.admins_name_the_agent and scope is not Scope.AGENT
    asked = () if path.security is not None else _ANYWHERE
    described: dict[str, Any] = {
        "operationId": path.operation_id,
        "summary": path.summary,
        "description": path.description,
        "tags": [path.tag],
        "parameters": [*path.parameters, *([_AGENT_ID] if names_agent else [])],
        "responses": {
            **{str(status): _answer(status, *answer) for status, answer in path.answers.items()},
            **_refused((*path.refusals, *asked)),
        },
    }
    if path.security is not None:
        described["security"] = list(path.security)
    if path.body is not None:
        content = {JSON: {"schema": path.body, "example": path.example}}
        described["requestBody"] = {"required": True, "content": content}
    if path.bodies:
        content = {each: {"schema": schema} for each, schema in path.bodies.items()}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _answer(status: int, media_type: str, schema: Schema) -> dict[str, Any]:
    if status == 416:
        return {"description": "The range begins after the end; Content-Range tells the length."}
    if not media_type:
        return {"description": "Taken; there is no answer to it."}
    return {"description": "Answered.", "content": {media_type: {"schema": schema}}}


def _refused(statuses: Sequence[int]) -> dict[str, Any]:
    return {
        str(status): {"$ref": f"#/components/responses/{_name_of(status)}"}
        for status in sorted(statuses)
    }


def _refusals() -> dict[str, Any]:
    """Return the answers of refusals, each status with its codes and an example of each."""
    by_status: dict[int, list[type[Problem]]] = {}
    for each in every_problem():
        by_status.setdefault(each.status, []).append(each)
    return {
        _name_of(status): {
            "description": ", ".join(dict.fromkeys(each.code for each in kinds)),
            **({"headers": _HEADERS[status]} if status in _HEADERS else {}),
            "content": {
                _PROBLEM: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {
                        each.__name__: {"summary": each.title, "value": problem_object(example)}
                        for each in kinds
                        if (example := examples.refusal(each)) is not None
                    },
                }
            },
        }
        for status, kinds in by_status.items()
    }


def _name_of(status: int) -> str:
    return f"Refused{status}"


def _problem_schema() -> Schema:
    codes = ", ".join(dict.fromkeys(each.code for each in every_problem()))
    text: Schema = {"type": "string"}
    return {
        "type": "object",
        "description": "A refusal, as RFC 9457 has it.",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": text,
            "title": text,
            "status": {"type": "integer"},
            "code": {**text, "description": f"One of {codes}; a later release may add to them."},
            "detail": {**text, "description": "What to do."},
            "field": {**text, "description": "The argument that is wrong."},
            "what": {**text, "description": "What is not there."},
            "rule": {**text, "description": "The rule that blocked it."},
            "retryAfterS": {"type": "number", "description": "Seconds to wait."},
            "messageId": {**text, "description": "The message that it is about."},
            "messageStatus": {**text, "description": "How far that one is."},
            "batchId": {**text, "description": "The batch that it is about."},
        },
    }
