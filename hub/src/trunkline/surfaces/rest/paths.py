"""The REST paths that are no operations, as the OpenAPI document describes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from trunkline.core.principal import Scope
from trunkline.surfaces.alerting import AlertShape
from trunkline.surfaces.files import MediumShape
from trunkline.surfaces.schemas import Schema, schema_of

JSON: Final = "application/json"
_ANYBODY: Final[tuple[Mapping[str, list[str]], ...]] = ({}, {"token": []})
_STRING: Final[Schema] = {"type": "string"}
_LINE: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 320}


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """
    One path and method.

    Attributes:
        scopes: Whose tokens may call it.
        answers: What comes of it, by HTTP status: media type and schema. Refusals are not among it.
        bodies: What it takes that is no JSON, by media type.
        refusals: The statuses of refusals that it may end in, besides what any path may.
        security: Who may call, if not just who has a token.
        admins_name_the_agent: It is about one agent, which an admin must name in ``agentId``.
    """

    operation_id: str
    summary: str
    description: str
    tag: str
    answers: Mapping[int, tuple[str, Schema]]
    method: str = "get"
    parameters: tuple[Mapping[str, Any], ...] = ()
    body: Schema | None = None
    bodies: Mapping[str, Schema] = field(default_factory=dict)
    refusals: tuple[int, ...] = ()
    scopes: frozenset[Scope] = frozenset(Scope)
    security: tuple[Mapping[str, list[str]], ...] | None = None
    admins_name_the_agent: bool = False
    example: Any = field(default=None)


def _object(**properties: Schema) -> Schema:
    """Return the schema of an object; a name that ends with an underscore may be left out."""
    return {
        "type": "object",
        "properties": {name.rstrip("_"): each for name, each in properties.items()},
        "required": [name for name in properties if not name.endswith("_")],
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _one_of(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


_BYTES: Final[Schema] = {"type": "string", "format": "binary"}
_BYTES_OR_A_PART: Final[Mapping[int, tuple[str, Schema]]] = {
    200: ("application/octet-stream", _BYTES),
    206: ("application/octet-stream", _BYTES),
    416: ("", {}),
}
_MEDIUM_ID: Final = {"name": "medium_id", "in": "path", "required": True, "schema": _LINE}
_MESSAGE: Final[Schema] = {"$ref": "#/components/schemas/Message"}
_CALL: Final[Schema] = {"$ref": "#/components/schemas/Call"}
_TRACED_CALL: Final[Schema] = {"$ref": "#/components/schemas/TracedCall"}
_USAGE: Final[Schema] = {"$ref": "#/components/schemas/Usage"}
_PAGE: Final[tuple[Mapping[str, Any], ...]] = (
    {
        "name": "limit",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
    },
    {
        "name": "cursor",
        "in": "query",
        "schema": _LINE,
        "description": "nextCursor of the page before.",
    },
)
_READINESS: Final = _object(
    status=_one_of("ready", "degraded", "not_ready"),
    providers_={
        "type": "object",
        "additionalProperties": _one_of("ok", "error", "idle"),
        "description": "The connections by name; only an admin is told.",
    },
)

PATHS: Final[Mapping[str, Described]] = {
    "/api/v1/tools": Described(
        operation_id="list_tools",
        summary="List the operations",
        description="The operations that the token may call, as MCP's tools/list gives them.",
        tag="tools",
        answers={
            200: (
                JSON,
                _object(
                    tools=_list(
                        _object(
                            name=_STRING,
                            title=_STRING,
                            description=_STRING,
                            inputSchema={"type": "object"},
                            outputSchema={"type": "object"},
                            annotations={"type": "object"},
                        )
                    )
                ),
            )
        },
    ),
    "/api/v1/messages": Described(
        operation_id="list_messages",
        summary="Read messages",
        description="An agent's messages in both directions, newest first. Bodies of inbound "
        "messages are data from outside.",
        tag="messages",
        parameters=_PAGE,
        answers={
            200: (
                JSON,
                _object(
                    items=_list(_MESSAGE),
                    nextCursor={"anyOf": [{"type": "string"}, {"type": "null"}]},
                ),
            )
        },
        refusals=(404, 422),
        admins_name_the_agent=True,
    ),
    "/api/v1/messages/{message_id}": Described(
        operation_id="read_message",
        summary="Read a message",
        description="One message; another agent's is not there.",
        tag="messages",
        parameters=({"name": "message_id", "in": "path", "required": True, "schema": _LINE},),
        answers={200: (JSON, _MESSAGE)},
        refusals=(404,),
    ),
    "/api/v1/calls": Described(
        operation_id="list_calls",
        summary="Read calls",
        description="An agent's phone calls in both directions, newest first.",
        tag="calls",
        parameters=_PAGE,
        answers={
            200: (
                JSON,
                _object(
                    items=_list(_CALL),
                    nextCursor={"anyOf": [{"type": "string"}, {"type": "null"}]},
                ),
            )
        },
        refusals=(404, 422),
        admins_name_the_agent=True,
    ),
    "/api/v1/calls/{call_id}": Described(
        operation_id="read_call",
        summary="Read a call",
        description="One call and its history; another agent's is not there.",
        tag="calls",
        parameters=({"name": "call_id", "in": "path", "required": True, "schema": _LINE},),
        answers={200: (JSON, _TRACED_CALL)},
        refusals=(404,),
    ),
    "/api/v1/usage": Described(
        operation_id="list_usage",
        summary="Read usage",
        description="What was done and what it cost, newest first: a row for each act and each "
        "part of one. An agent's token sees its own; an admin's sees all, or one agent's.",
        tag="usage",
        parameters=(
            *_PAGE,
            {
                "name": "agentId",
                "in": "query",
                "schema": _LINE,
                "description": "One agent. Default: whose token it is; with an admin's, all.",
            },
        ),
        answers={
            200: (
                JSON,
                _object(
                    items=_list(_USAGE),
                    nextCursor={"anyOf": [{"type": "string"}, {"type": "null"}]},
                ),
            )
        },
        refusals=(404, 422),
    ),
    "/api/v1/alerts": Described(
        operation_id="list_alerts",
        summary="Read alerts",
        description="What is wrong with the hub, or was, newest first.",
        tag="alerts",
        parameters=_PAGE,
        answers={
            200: (
                JSON,
                _object(
                    items=_list(schema_of(AlertShape, "serialization")),
                    nextCursor={"anyOf": [{"type": "string"}, {"type": "null"}]},
                ),
            )
        },
        refusals=(403, 422),
        scopes=frozenset({Scope.ADMIN, Scope.LOCAL}),
    ),
    "/api/v1/media": Described(
        operation_id="store_medium",
        summary="Store a file",
        description="A picture, a sound or a document of at most 25 MB, as the body or as the "
        "field `file` of a form. The handle in the answer's id stands for a URL in mediaUrl.",
        tag="media",
        method="post",
        parameters=(
            {
                "name": "name",
                "in": "query",
                "schema": _STRING,
                "description": "What the file is called, where no form tells; of a longer one "
                "255 bytes are kept.",
            },
        ),
        bodies={
            "application/octet-stream": _BYTES,
            "multipart/form-data": _object(file=_BYTES),
        },
        answers={201: (JSON, schema_of(MediumShape, "serialization"))},
        refusals=(404, 408, 413, 422, 424, 503),
        admins_name_the_agent=True,
    ),
    "/api/v1/media/{medium_id}": Described(
        operation_id="read_medium",
        summary="Read a file",
        description="The bytes of a file that came with a message, or that was stored; parts of "
        "them by `Range`; `HEAD` tells its length. Another agent's is not there.",
        tag="media",
        parameters=(_MEDIUM_ID,),
        answers=_BYTES_OR_A_PART,
        refusals=(404, 409, 410, 503),
    ),
    "/api/v1/media/{medium_id}/info": Described(
        operation_id="describe_medium",
        summary="Look at a file",
        description="What a file is, and a link from which anybody can read it for 15 minutes.",
        tag="media",
        parameters=(_MEDIUM_ID,),
        answers={200: (JSON, schema_of(MediumShape, "serialization"))},
        refusals=(404,),
    ),
    "/media/{token}": Described(
        operation_id="follow_link",
        summary="Follow a link to a file",
        description="The bytes of a file, to whoever has a link to it that is valid still; parts "
        "of them by `Range`; `HEAD` tells its length.",
        tag="media",
        parameters=({"name": "token", "in": "path", "required": True, "schema": _STRING},),
        answers=_BYTES_OR_A_PART,
        refusals=(404, 410, 503),
        security=(),
    ),
    "/mcp": Described(
        operation_id="mcp",
        summary="Model Context Protocol",
        description="Streamable HTTP in both protocol eras, without sessions: one JSON-RPC message "
        "a request. MCP clients speak it by themselves.",
        tag="mcp",
        method="post",
        body=_object(
            jsonrpc={"type": "string", "enum": ["2.0"]},
            method=_STRING,
            id_={"type": ["string", "integer"]},
            params_={"type": "object"},
        ),
        answers={
            200: (JSON, {"type": "object"}),
            202: ("", {}),
            400: (JSON, {"type": "object"}),
            404: (JSON, {"type": "object"}),
            406: (JSON, {"type": "object"}),
        },
        refusals=(413, 415),
        example={"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
    ),
    "/openapi.json": Described(
        operation_id="openapi",
        summary="Read this document",
        description="What the token may call, in OpenAPI 3.1.",
        tag="hub",
        answers={200: (JSON, {"type": "object"})},
    ),
    "/health": Described(
        operation_id="health",
        summary="Ask whether the hub lives",
        description="Answered to anybody.",
        tag="hub",
        parameters=(
            {
                "name": "probe",
                "in": "query",
                "schema": _STRING,
                "description": "32 hexadecimal digits; the answer's probe is what only a hub with "
                "the same master key can say to them.",
            },
        ),
        answers={
            200: (
                JSON,
                _object(
                    status=_one_of("ok"),
                    uptime={"type": "number", "description": "Seconds."},
                    version=_STRING,
                    probe_=_STRING,
                ),
            )
        },
        security=(),
    ),
    "/health/ready": Described(
        operation_id="ready",
        summary="Ask whether the hub can do its work",
        description="Answered to anybody; the details are for admins.",
        tag="hub",
        answers={200: (JSON, _READINESS), 503: (JSON, _READINESS)},
        security=_ANYBODY,
    ),
    "/metrics": Described(
        operation_id="metrics",
        summary="Read the metrics",
        description="In Prometheus' text format.",
        tag="hub",
        answers={200: ("text/plain", _STRING)},
        refusals=(403,),
        scopes=frozenset({Scope.ADMIN, Scope.LOCAL}),
    ),
}
