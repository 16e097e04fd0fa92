"""The OpenAPI 3.1 document, rendered from the catalogue."""

import inspect
from collections.abc import Sequence
from typing import Any, Final

from trunkline import __version__
from trunkline.core import problems
from trunkline.core.problems import Problem
from trunkline.surfaces.operations import AnyOperation

_JSON: Final = "application/json"
_PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string", "description": "What to do."},
        "field": {"type": "string", "description": "The argument that is wrong."},
        "rule": {"type": "string", "description": "The rule that blocked it."},
        "retryAfterS": {"type": "number", "description": "Seconds to wait."},
        "messageId": {"type": "string"},
    },
}


def every_problem() -> list[type[Problem]]:
    """Return the documented refusals, in the order of their HTTP status and code."""
    found = [
        each
        for _, each in inspect.getmembers(problems, inspect.isclass)
        if issubclass(each, Problem) and each is not Problem
    ]
    return sorted(found, key=lambda each: (each.status, each.code))


def openapi_document(operations: Sequence[AnyOperation], public_url: str) -> dict[str, Any]:
    """Return the document that describes `operations`, and no others."""
    schemas: dict[str, Any] = {"Problem": _PROBLEM_SCHEMA}
    paths = {
        f"/api/v1/tools/{operation.name}": {"post": _path(operation, schemas)}
        for operation in operations
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Trunkline",
            "version": __version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _path(operation: AnyOperation, schemas: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": operation.name,
        "summary": operation.title,
        "description": operation.description,
        "parameters": [] if operation.annotations.read_only else [_IDEMPOTENCY_KEY],
        "requestBody": {
            "required": True,
            "content": {_JSON: {"schema": _lift(operation.input_schema(), schemas)}},
        },
        "responses": {
            "200": {
                "description": "Done.",
                "content": {_JSON: {"schema": _lift(operation.output_schema(), schemas)}},
            },
            **_refusals(),
        },
    }


_IDEMPOTENCY_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
    "description": "The same as the idempotencyKey argument.",
}


def _refusals() -> dict[str, Any]:
    by_status: dict[str, list[str]] = {}
    for each in every_problem():
        by_status.setdefault(str(each.status), []).append(each.code)
    return {
        status: {
            "description": ", ".join(codes),
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
        for status, codes in by_status.items()
    }


def _lift(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Return `schema` with its own definitions moved into the document's components."""
    schemas.update({name: _relink(each) for name, each in schema.pop("$defs", {}).items()})
    relinked: dict[str, Any] = _relink(schema)
    return relinked


def _relink(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: each.replace("#/$defs/", "#/components/schemas/")
            if key == "$ref"
            else _relink(each)
            for key, each in value.items()
        }
    return [_relink(each) for each in value] if isinstance(value, list) else value
