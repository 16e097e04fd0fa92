"""Whatever comes in where a JSON-RPC message should: it is answered, by the book."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.flows.garbage import garbage, owes_an_answer
from tests.flows.houses import House, refused
from tests.flows.hubs import ANN, DEMO, HANDSET
from tests.processes import clean_environment, command

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.sqlite]

PING = '{"jsonrpc":"2.0","id":%s,"method":"ping"}'
DEEP = '{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":%s}}'
MANY = 500


# --- over HTTP ------------------------------------------------------------------------------------


async def post(house: House, content: bytes | dict[str, Any], **headers: str) -> httpx2.Response:
    """Post to /mcp as a client of the older era does."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    given = {
        "Authorization": f"Bearer {house.ann.token}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return await house.hub.client.post("/mcp", content=body, headers=given)


def call(name: str, **arguments: Any) -> dict[str, Any]:
    """Return a call of a tool."""
    params = {"name": name, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


@pytest.mark.parametrize("id_", ["null", "1.0", "1.5", "true", "[]", "{}"])
async def test_case_a8_a_send_with_an_id_that_is_none_is_refused_and_not_lost(
    house: House, id_: str
) -> None:
    before = house.hub.count("messages")
    send = json.dumps(call("comms_send_message", channel="sms", to=HANDSET, body="lost?"))
    for era in ({}, {"MCP_Protocol_Version": "2026-07-28", "Mcp_Method": "tools/call"}):
        answer = await post(house, send.replace('"id": 1', f'"id": {id_}').encode(), **era)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32600)
    assert house.hub.count("messages") == before


@pytest.mark.parametrize("version", ["", "2025-06-18", "2026-07-28"])
async def test_500_bodies_of_garbage_are_all_answered(house: House, version: str) -> None:
    era = {"MCP_Protocol_Version": version} if version else {}
    before = house.hub.count("messages")
    async with asyncio.timeout(60):
        for raw in garbage(MANY if version == "2025-06-18" else MANY // 5):
            answer = await post(house, raw, **era)
            assert answer.status_code in (200, 202, 400, 404, 413), raw[:80]
            if owes_an_answer(raw):
                assert answer.status_code != 202, raw[:80]
                said = answer.json()
                assert "result" in said or "error" in said or said["code"] == "too_large"
    assert house.hub.count("messages") == before


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "HEAD"])
@pytest.mark.parametrize("version", ["", "2025-06-18", "2026-07-28"])
async def test_case_a12_a14_no_stream_is_opened_without_a_session(
    house: House, method: str, version: str
) -> None:
    headers = {"Authorization": f"Bearer {house.ann.token}", "Accept": "text/event-stream"}
    if version:
        headers["MCP-Protocol-Version"] = version
    answer = await house.hub.client.request(method, "/mcp", headers=headers)

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "headers",
    [
        {"Mcp_Method": "tools/list"},
        {"Mcp_Name": "comms_get_messages"},
        {"Mcp_Name": "=?base64?!?="},
        {"Mcp_Method": "tools/call", "Mcp_Name": "comms_get_messages"},
    ],
)
async def test_case_a13_headers_that_contradict_the_body_are_refused_in_the_older_era_too(
    house: House, headers: dict[str, str]
) -> None:
    answer = await post(house, call("comms_get_channel_status"), **headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32020)
    assert answer.json()["id"] == 1


@pytest.mark.parametrize("where", ["meta", "initialize"])
async def test_case_a13_a_version_that_contradicts_the_body_is_refused(
    house: House, where: str
) -> None:
    if where == "meta":
        message = call("comms_get_channel_status")
        meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
        message["params"]["_meta"] = meta
    else:
        params = {"protocolVersion": "2025-11-25", "capabilities": {}}
        params["clientInfo"] = {"name": "t", "version": "1"}
        message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    answer = await post(house, message, MCP_Protocol_Version="2025-06-18")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32020)


async def test_headers_that_agree_with_the_body_are_taken_in_the_older_era_too(
    house: House,
) -> None:
    headers = {"Mcp_Method": "tools/call", "Mcp_Name": "comms_get_channel_status"}
    answer = await post(
        house, call("comms_get_channel_status"), MCP_Protocol_Version="2025-06-18", **headers
    )

    assert answer.json()["result"]["structuredContent"]["agentId"] == "ann"


@pytest.mark.parametrize("size", [6_291_457, 12_000_000])
async def test_case_e3_a_message_is_at_most_as_large_as_a_rest_body(
    house: House, size: int
) -> None:
    assert refused(await post(house, b"x" * size), 413, "too_large")


async def test_case_e3_a_message_of_that_size_is_taken_by_http_too(house: House) -> None:
    large = {"id": 7, "method": "ping", "params": {"_meta": {"x": "y" * 6_291_000}}}
    answer = await post(house, {"jsonrpc": "2.0", **large})

    assert (answer.status_code, answer.json()["id"]) == (200, 7)


@pytest.mark.parametrize("depth", [31, 190, 100_000])
async def test_case_e3_a_message_is_at_most_as_deep_as_a_rest_body(
    house: House, depth: int
) -> None:
    answer = await post(house, (DEEP % ("[" * depth + "]" * depth)).encode())

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32600)


async def test_only_json_is_taken_as_a_message(house: House) -> None:
    answer = await post(house, call("comms_get_channel_status"), Content_Type="text/plain")

    assert refused(answer, 415, "unsupported_media_type")


# --- over stdio -----------------------------------------------------------------------------------


@pytest.mark.slow
async def test_case_a7_500_lines_of_garbage_are_all_answered_over_stdio(tmp_path: Path) -> None:
    data_dir, config = tmp_path / "data", tmp_path / "trunkline.toml"
    config.write_text(DEMO)
    command("agents", "create", "ann", f"phone={ANN}", data_dir=data_dir, config=config)
    token = command("tokens", "issue", "ann", data_dir=data_dir, config=config).strip()
    lines = list(garbage(MANY))
    owed = sum(owes_an_answer(line) for line in lines if line.strip())
    where = ("--data-dir", str(data_dir), "--config", str(config))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "trunkline", "mcp", *where),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**clean_environment(), "TRUNKLINE_TOKEN": token},
        limit=2**20,
    )
    written = b"".join(line + b"\n" for line in lines) + (PING % '"end"').encode()
    async with asyncio.timeout(60):
        out, _ = await process.communicate(written)  # which closes stdin at once
    answers = [json.loads(line) for line in out.splitlines()]

    assert process.returncode == 0
    assert len(answers) == owed + 1
    assert sum(answer["id"] == "end" for answer in answers) == 1
    assert all("result" in answer or "error" in answer for answer in answers)
