"""MCP, REST and OpenAPI render one catalogue: a running hub says the same in all three."""

import json
import socket
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from openapi_spec_validator import validate

from trunkline.app import open_hub
from trunkline.loading import load_plugins
from trunkline.serving import listening
from trunkline.settings import load_settings
from trunkline.surfaces.catalogue import AGENT_OPERATIONS

LISTED = [each.name for each in AGENT_OPERATIONS if not each.unlisted]
MOST_TOOLS = 15
MOST_BYTES = 16_000
NO_SUCH_MESSAGE = {"id": f"msg_{0:032x}"}

Tool = dict[str, Any]
Tools = dict[str, Tool]


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """What a hub says to one token: each list of tools by name, the document, two answers."""

    rest: Tools
    mcp: Tools
    document: dict[str, Any]
    results: tuple[object, object]
    refusals: tuple[object, object]


@pytest.fixture
async def rendered(tmp_path: Path) -> Rendered:
    """Return what a hub on a real socket says to an agent."""
    listener = socket.create_server(("127.0.0.1", 0))
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = load_settings(config=None, data_dir=tmp_path, environ={})
    async with (
        open_hub(settings, load_plugins(), environ={}) as running,
        listening(running.app, listener, lifespan=True),
    ):
        transport = httpx2.ASGITransport(app=running.local_app)
        async with httpx2.AsyncClient(transport=transport, base_url=base_url) as operator:
            await operator.post("/api/v1/tools/agents_create", json={"id": "ann", "values": {}})
            issued = await operator.post("/api/v1/tools/tokens_issue", json={"id": "ann"})
        headers = {"Authorization": f"Bearer {issued.json()['token']}"}
        async with (
            httpx2.AsyncClient(base_url=base_url, headers=headers) as http,
            Client(streamable_http_client(f"{base_url}/mcp", http_client=http)) as client,
        ):
            return await ask_both(http, client)


async def ask_both(http: httpx2.AsyncClient, client: Client) -> Rendered:
    """Ask for everything that both surfaces say."""
    listed = (await http.get("/api/v1/tools")).json()["tools"]
    tools = (await client.list_tools()).tools
    use = await client.call_tool("comms_get_channel_status", {})
    refused = await client.call_tool("comms_get_status", NO_SUCH_MESSAGE)
    over_http = [
        (await http.post(f"/api/v1/tools/{name}", json=arguments)).json()
        for name, arguments in (
            ("comms_get_channel_status", {}),
            ("comms_get_status", NO_SUCH_MESSAGE),
        )
    ]
    return Rendered(
        rest={tool["name"]: tool for tool in listed},
        mcp={tool.name: tool.model_dump(by_alias=True, exclude_none=True) for tool in tools},
        document=(await http.get("/openapi.json")).json(),
        results=(over_http[0], use.structured_content),
        refusals=(over_http[1], (refused.meta or {}).get("trunkline/problem")),
    )


def disagreements(rest: Tools, mcp: Tools) -> Iterator[str]:
    """Complain of each tool that only one side has, and of each part that differs."""
    yield from (f"only one side has {name}" for name in sorted(rest.keys() ^ mcp.keys()))
    for name in sorted(rest.keys() & mcp.keys()):
        for part in sorted(rest[name].keys() | mcp[name].keys()):
            if rest[name].get(part) != mcp[name].get(part):
                yield f"{part} of {name} differs"


def as_documented(document: Mapping[str, Any]) -> Tools:
    """Return the schemas of an OpenAPI document's operations, as a tool has them."""
    schemas = document["components"]["schemas"]
    return {
        path.rpartition("/")[2]: {
            "inputSchema": whole(content_of(item["post"]["requestBody"]), schemas),
            "outputSchema": whole(content_of(item["post"]["responses"]["200"]), schemas),
        }
        for path, item in document["paths"].items()
        if path.startswith("/api/v1/tools/")
    }


def as_listed(tools: Tools) -> Tools:
    """Return the schemas of tools, without references."""
    return {
        name: {
            part: whole(
                {key: value for key, value in tool[part].items() if key != "$defs"},
                tool[part].get("$defs", {}),
            )
            for part in ("inputSchema", "outputSchema")
        }
        for name, tool in tools.items()
    }


def content_of(described: Mapping[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = described["content"]["application/json"]["schema"]
    return schema


def whole(value: Any, schemas: Mapping[str, Any]) -> Any:
    """Return a schema with what it refers to in place of the references."""
    if isinstance(value, dict):
        if "$ref" in value:
            return whole(schemas[value["$ref"].rpartition("/")[2]], schemas)
        return {key: whole(each, schemas) for key, each in value.items()}
    return [whole(each, schemas) for each in value] if isinstance(value, list) else value


async def test_a_hub_says_the_same_over_mcp_and_rest(rendered: Rendered) -> None:
    assert list(rendered.rest) == list(rendered.mcp) == LISTED
    assert not list(disagreements(rendered.rest, rendered.mcp))
    documented = as_documented(rendered.document)
    unlisted = {each.name: documented.pop(each.name) for each in AGENT_OPERATIONS if each.unlisted}
    assert len(unlisted) < len(documented)
    assert not list(disagreements(as_listed(rendered.rest), documented))
    assert rendered.results[0] == rendered.results[1]
    assert rendered.refusals[0] == rendered.refusals[1]
    validate(rendered.document)


async def test_what_a_model_must_read_is_short(rendered: Rendered) -> None:
    tools = list(rendered.mcp.values())

    assert len(tools) <= MOST_TOOLS
    written = json.dumps({"tools": tools}, separators=(",", ":"))  # as the hub writes it
    assert len(written.encode()) <= MOST_BYTES


SEND: Tool = {
    "name": "send",
    "inputSchema": {
        "properties": {"to": {"$ref": "#/$defs/Who"}},
        "$defs": {"Who": {"maximum": 9}},
    },
    "outputSchema": {"type": "object"},
}


@pytest.mark.parametrize(
    ("part", "value", "complaint"),
    [
        ("inputSchema", {"type": "object"}, "inputSchema of send differs"),
        ("outputSchema", {}, "outputSchema of send differs"),
        ("annotations", {"readOnlyHint": True}, "annotations of send differs"),
    ],
)
def test_a_tool_that_differs_is_noticed(part: str, value: Any, complaint: str) -> None:
    planted = {"send": {**SEND, part: value}}

    assert list(disagreements({"send": SEND}, planted)) == [complaint]


def test_a_tool_that_one_side_lacks_is_noticed() -> None:
    assert list(disagreements({"send": SEND}, {})) == ["only one side has send"]


def test_a_document_that_differs_within_a_reference_is_noticed() -> None:
    body = {"properties": {"to": {"$ref": "#/components/schemas/Who"}}}
    post = {
        "requestBody": {"content": {"application/json": {"schema": body}}},
        "responses": {"200": {"content": {"application/json": {"schema": {"type": "object"}}}}},
    }
    document: dict[str, Any] = {
        "paths": {"/api/v1/tools/send": {"post": post}},
        "components": {"schemas": {"Who": {"maximum": 9}}},
    }
    planted = deepcopy(document)
    planted["components"]["schemas"]["Who"]["maximum"] = 8

    listed = as_listed({"send": SEND})
    assert not list(disagreements(listed, as_documented(document)))
    assert list(disagreements(listed, as_documented(planted))) == ["inputSchema of send differs"]
