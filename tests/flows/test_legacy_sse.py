"""The old HTTP+SSE transport: only with `server.legacy_sse`, by the same tokens and limits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from mcp.client import Client
from mcp.client.sse import sse_client

from tests.flows.houses import refused
from tests.flows.hubs import ANN, DEMO, HANDSET, Caller, Served, StartHub
from tests.flows.networks import Vendor
from tests.flows.results import bare, facts_of, problem_of, text_of
from trunkline.surfaces.catalogue import AGENT_OPERATIONS

pytestmark = pytest.mark.sqlite

OLD = DEMO.replace("[server]\n", "[server]\nlegacy_sse = true\n")


@pytest.fixture
async def served(start_hub: StartHub) -> AsyncIterator[Served]:
    async with start_hub(toml=OLD) as hub:
        yield hub


@asynccontextmanager
async def connected(caller: Caller) -> AsyncIterator[Client]:
    """Connect the official client as one that knows nothing newer does."""
    headers = {"Authorization": f"Bearer {caller.token}"}
    async with Client(sse_client(f"{caller.base_url}/sse", headers), mode="legacy") as client:
        yield client


@asynccontextmanager
async def stream(caller: Caller) -> AsyncIterator[tuple[AsyncIterator[str], str]]:
    """Open a stream; yield its lines, and the path to post to."""
    headers = {"Authorization": f"Bearer {caller.token}"}
    async with (
        httpx2.AsyncClient(base_url=caller.base_url, headers=headers, timeout=10) as http,
        http.stream("GET", "/sse") as response,
    ):
        assert response.status_code == 200
        lines = response.aiter_lines()
        path = ""
        while not path.startswith("data: "):
            path = await anext(lines)
        yield lines, path.removeprefix("data: ")


async def test_an_old_client_lists_calls_and_reads_a_refusal(served: Served, ann: Caller) -> None:
    await Vendor(served).text(HANDSET, ANN, "hello")
    async with connected(ann) as client:
        tools = (await client.list_tools()).tools
        sent = await client.call_tool(
            "comms_send_message", {"channel": "sms", "to": HANDSET, "body": "by an old client"}
        )
        read = await client.call_tool("comms_get_messages", {"unread": True})
        none = await client.call_tool("comms_get_status", {"id": f"msg_{'0' * 32}"})

    assert len(tools) == len([each for each in AGENT_OPERATIONS if not each.unlisted])
    assert facts_of(sent)["status"] == "sent"
    assert [bare(each["body"]) for each in facts_of(read)["messages"]] == ["hello"]
    assert (text_of(none)[:10], problem_of(none)["status"]) == ("not_found:", 404)


async def test_it_is_not_there_unless_it_is_switched_on(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        ann = await hub.agent("ann", ANN)
        assert refused(await ann.get("/sse"), 404, "not_found")


async def test_a_stream_is_its_own_tokens(served: Served, ann: Caller, ben: Caller) -> None:
    async with stream(ann) as (_, path), httpx2.AsyncClient(base_url=served.base_url) as http:
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        foreign = await http.post(path, json=ping, headers={"Authorization": f"Bearer {ben.token}"})
        nobody = await http.post(path, json=ping)
        stream_of_nobody = await http.get("/sse")

    assert foreign.status_code == 404
    assert refused(nobody, 401, "unauthenticated")
    assert refused(stream_of_nobody, 401, "unauthenticated")


@pytest.mark.parametrize("body", [b"garbage", b"[]", b'{"jsonrpc":"2.0","id":5.0,"method":"ping"}'])
async def test_what_is_no_message_is_answered_as_such(ann: Caller, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {ann.token}", "Content-Type": "application/json"}
    async with stream(ann) as (_, path), httpx2.AsyncClient(base_url=ann.base_url) as http:
        answer = await http.post(path, content=body, headers=headers)
        large = await http.post(path, content=b"x" * 6_291_457, headers=headers)

    assert (answer.status_code, "error" in answer.json()) == (400, True)
    assert refused(large, 413, "too_large")


@pytest.mark.parametrize(("path", "takes"), [("/sse", "GET"), ("/sse/messages", "POST")])
async def test_another_method_is_named_what_the_path_takes(
    ann: Caller, path: str, takes: str
) -> None:
    headers = {"Authorization": f"Bearer {ann.token}"}
    async with httpx2.AsyncClient(base_url=ann.base_url) as http:
        answer = await http.delete(path, headers=headers)

    assert (answer.status_code, answer.headers["allow"]) == (405, takes)


async def test_a_stream_ends_with_its_token(served: Served, ann: Caller) -> None:
    async with stream(ann) as (lines, _):
        await served.local("tokens_revoke", target="ann")
        async with asyncio.timeout(2):
            assert [line async for line in lines if line] == []


async def test_a_stream_ends_with_the_hub(served: Served, ann: Caller) -> None:
    async with stream(ann) as (lines, _):
        served.running.end_waits()
        async with asyncio.timeout(2):
            assert [line async for line in lines if line] == []
