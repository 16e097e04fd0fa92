"""The resource of what is unread: an agent sees its own, and MCP clients hear of what comes in."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import types
from mcp.client.subscriptions import Subscription
from mcp.shared.exceptions import MCPError

from tests.flows.hubs import ANN, BEN, DEMO, HANDSET, Caller, Served
from tests.flows.networks import Vendor
from tests.processes import command, free_port, hub_process

pytestmark = pytest.mark.both(slow=True)

URI = "trunkline://agents/ann/unread"
ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])


async def read(client: Any, uri: str = URI) -> dict[str, Any]:
    """Return what the resource says."""
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, types.TextResourceContents)
    facts: dict[str, Any] = json.loads(content.text)
    return facts


async def hears(listening: Subscription) -> str:
    """Return the resource that the next update is of."""
    event: Any = await asyncio.wait_for(anext(listening), 5)
    return str(event.uri)


@ERAS
async def test_an_agent_sees_how_much_waits_for_it_and_no_text(
    served: Served, ann: Caller, mode: str
) -> None:
    async with ann.mcp(mode) as client:
        listed = (await client.list_resources()).resources
        nothing = await read(client)
        await Vendor(served).text(HANDSET, ANN, "mum's the word")
        something = await read(client)
    (message,) = await ann.inbox()

    assert [resource.uri for resource in listed] == [URI]
    assert nothing == {"unread": 0, "unreadIsMinimum": False, "messageIds": []}
    assert something == {"unread": 1, "unreadIsMinimum": False, "messageIds": [message["id"]]}


@ERAS
async def test_nobody_else_sees_it(served: Served, ann: Caller, ben: Caller, mode: str) -> None:
    for caller, own in ((ben, ["trunkline://agents/ben/unread"]), (await served.admin(), [])):
        async with caller.mcp(mode) as client:
            assert [each.uri for each in (await client.list_resources()).resources] == own
            with pytest.raises(MCPError, match="no such resource"):
                await client.read_resource(URI)


@pytest.mark.both
async def test_a_client_that_listens_hears_of_what_comes_in(served: Served, ann: Caller) -> None:
    async with ann.mcp() as client, client.listen(resource_subscriptions=[URI]) as listening:
        await Vendor(served).text(HANDSET, ANN, "hello", "t1")
        first, seen = await hears(listening), await read(client)
        await Vendor(served).text(HANDSET, ANN, "hello again", "t2")
        second = await hears(listening)

    assert (first, second, seen["unread"]) == (URI, URI, 1)


async def test_a_client_hears_nothing_of_another_agents_messages(
    served: Served, ann: Caller, ben: Caller
) -> None:
    async with ann.mcp() as client, client.listen(resource_subscriptions=[URI]) as listening:
        await Vendor(served).text(HANDSET, BEN, "hello", "t1")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(listening), 0.3)
    for caller in (ben, await served.admin()):
        async with caller.mcp() as client:
            with pytest.raises(MCPError, match="no such resource"):
                async with client.listen(resource_subscriptions=[URI]):
                    pass


async def test_a_hub_that_ends_lets_those_who_listen_go_at_once(
    served: Served, ann: Caller
) -> None:
    async with ann.mcp() as client, client.listen(resource_subscriptions=[URI]) as listening:
        served.running.end_waits()
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(listening), 2)


@pytest.mark.slow
async def test_a_hub_that_is_told_to_stop_ends_each_stream_in_good_order(tmp_path: Path) -> None:
    data_dir, config = tmp_path / "data", tmp_path / "trunkline.toml"
    config.write_text(DEMO)
    command("agents", "create", "ann", f"phone={ANN}", data_dir=data_dir, config=config)
    token = command("tokens", "issue", "ann", data_dir=data_dir, config=config).strip()
    ended_well = False
    async with (
        hub_process("serve", data_dir=data_dir, port=free_port(), config=config) as hub,
        httpx2.AsyncClient() as http,
    ):
        ann = Caller(client=http, base_url=hub.base_url, token=token)
        with suppress(Exception):  # of a client that says goodbye to a hub that is gone
            async with ann.mcp() as client, client.listen(resource_subscriptions=[URI]) as told:
                stopping = asyncio.create_task(asyncio.to_thread(hub.stop))
                ended_well = [event async for event in told] == []  # a broken one raises
        assert await stopping == 0

    assert ended_well
