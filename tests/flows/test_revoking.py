"""Whatever is held open for a token ends with it, whichever hub revokes it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.subscriptions import SubscriptionLost
from mcp.shared.exceptions import MCPError

from plugins.postgres.tests.server import Server
from tests.flows.conftest import TEMPLATE
from tests.flows.fronts import ENVIRON
from tests.flows.houses import refused
from tests.flows.hubs import ANN, HANDSET, Caller, Served, serve
from tests.flows.networks import Vendor
from tests.flows.results import text_of
from tests.flows.test_replies import until_waiting, waits
from tests.flows.test_unread import URI, hears
from trunkline.surfaces.mcp import stdio, unread
from trunkline.surfaces.mcp.server import build_server

WAYS = ["rest", "auto", "legacy", "stdio"]


class Link:
    """The way of a client's own process to the hub, without the process."""

    def __init__(self, hub: Served) -> None:
        self._client = hub.client

    async def request(
        self,
        method: str,
        path: str,
        token: str,
        json: Mapping[str, Any] | None = None,
        *,
        may_start: bool = True,
    ) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return await self._client.request(method, path, json=json, headers=headers)


async def waited(hub: Served, caller: Caller, way: str, **arguments: Any) -> str:
    """Wait for a reply as long as one may, and return what the client is told."""
    given = {"timeoutSeconds": 50, **arguments}
    if way == "rest":
        response = await caller.post("comms_wait_for_reply", given)
        assert refused(response, 401, "unauthenticated")
        return response.text
    if way == "stdio":
        tools = stdio.RelayedTools(Link(hub), caller.token)
        with pytest.raises(stdio.Relayed) as refusal:
            await tools.post("comms_wait_for_reply", given)
        return f"{refusal.value.code}: {refusal.value.detail}"
    async with caller.mcp(way) as client:
        return text_of(await client.call_tool("comms_wait_for_reply", given))


@pytest.mark.both
@pytest.mark.parametrize("way", WAYS)
async def test_case_e1_a_wait_ends_at_once_when_its_token_is_revoked(
    served: Served, ann: Caller, way: str
) -> None:
    waiting = asyncio.create_task(waited(served, ann, way))
    await until_waiting(served)
    await served.local("tokens_revoke", target="ann")
    revoked = time.monotonic()
    await Vendor(served).text(HANDSET, ANN, "not for you")
    told = await waiting

    assert time.monotonic() - revoked < 2
    assert "unauthenticated" in told
    assert "not for you" not in told
    assert waits(served) == 0


async def test_case_e1_a_rotated_token_waits_no_longer_and_the_new_one_does(
    served: Served, ann: Caller
) -> None:
    old = asyncio.create_task(waited(served, ann, "rest"))
    await until_waiting(served)
    new = served.caller((await served.local("tokens_rotate", id="ann"))["token"])
    await old
    waiting = asyncio.create_task(new.call("comms_wait_for_reply", timeoutSeconds=10))
    await until_waiting(served)
    await Vendor(served).text(HANDSET, ANN, "for you")

    assert (await waiting)["body"] == "for you"


async def test_case_e1_an_admin_waits_for_an_agent_only_with_a_token_that_is_good(
    served: Served, ann: Caller
) -> None:
    token = await served.local("tokens_issue")
    admin = served.caller(token["token"])
    waiting = asyncio.create_task(waited(served, admin, "rest", agentId="ann"))
    await until_waiting(served)
    await served.local("tokens_revoke", target=token["kid"])
    await asyncio.wait_for(waiting, 2)


async def test_case_e1_who_waits_with_another_token_of_the_agent_waits_on(
    served: Served, ann: Caller
) -> None:
    other = served.caller((await served.local("tokens_issue", id="ann"))["token"])
    waiting = asyncio.create_task(other.call("comms_wait_for_reply", timeoutSeconds=10))
    await until_waiting(served)
    await served.local("tokens_revoke", target=ann.token.split("_")[2])
    await Vendor(served).text(HANDSET, ANN, "still there?")

    assert (await waiting)["body"] == "still there?"


# --- streams --------------------------------------------------------------------------------------


@pytest.mark.both
async def test_case_e1_a_stream_ends_when_its_token_is_revoked_and_tells_of_nothing_after(
    served: Served, ann: Caller
) -> None:
    async with ann.mcp() as client, client.listen(resource_subscriptions=[URI]) as listening:
        await Vendor(served).text(HANDSET, ANN, "hello", "t1")
        assert await hears(listening) == URI
        await served.local("tokens_revoke", target="ann")
        await Vendor(served).text(HANDSET, ANN, "hello", "t2")
        with pytest.raises(SubscriptionLost):
            await asyncio.wait_for(anext(listening), 2)


async def test_case_e1_a_stream_of_another_token_goes_on(served: Served, ann: Caller) -> None:
    other = served.caller((await served.local("tokens_issue", id="ann"))["token"])
    async with other.mcp() as client, client.listen(resource_subscriptions=[URI]) as listening:
        await served.local("tokens_revoke", target=ann.token.split("_")[2])
        await Vendor(served).text(HANDSET, ANN, "hello", "t1")
        assert await hears(listening) == URI


async def test_case_e1_a_client_on_a_pipe_hears_nothing_more(served: Served, ann: Caller) -> None:
    tools = stdio.RelayedTools(Link(served), ann.token)
    told = 0

    async def tell() -> None:
        nonlocal told
        told += 1

    following = await stdio.RelayedUnread(tools)._follow(tell)
    await until_waiting(served)
    await served.local("tokens_revoke", target="ann")
    await Vendor(served).text(HANDSET, ANN, "not for you")
    await asyncio.wait_for(following, 2)

    assert told == 0


# --- several hubs ---------------------------------------------------------------------------------


@pytest.fixture
def url(migrated_server: Server) -> Iterator[str]:
    """A migrated, empty database on the server."""
    with migrated_server.database(TEMPLATE) as url:
        yield url


@asynccontextmanager
async def two_hubs(url: str, folder: Path) -> AsyncIterator[tuple[Served, Served]]:
    """Serve two hubs on one database."""
    for name in ("one", "two"):
        (folder / name).mkdir()
    async with (
        serve(folder / "one", environ=ENVIRON, database=url) as one,
        serve(folder / "two", environ=ENVIRON, database=url) as two,
    ):
        yield one, two


@pytest.mark.postgres
async def test_case_e1_a_revocation_at_one_hub_ends_what_another_holds(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with two_hubs(url, tmp_path) as (one, two):
        ann = await one.agent("ann", ANN)
        at_two = two.caller(ann.token)
        waiting = asyncio.create_task(waited(two, at_two, "rest"))
        await until_waiting(two)
        async with at_two.mcp() as client, client.listen(resource_subscriptions=[URI]) as stream:
            await one.local("tokens_revoke", target="ann")
            revoked = time.monotonic()
            await Vendor(one).text(HANDSET, ANN, "not for you")
            with pytest.raises(SubscriptionLost):
                await asyncio.wait_for(anext(stream), 2)
            await waiting
            assert time.monotonic() - revoked < 2


async def test_case_e1_a_stream_ends_also_where_nobody_heard_of_the_revocation(
    served: Served, ann: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unread, "RECHECK_S", 0.05)
    async with ann.mcp() as client, client.listen(resource_subscriptions=[URI]) as listening:
        await served.change("UPDATE agent_tokens SET revoked_at = created_at")
        served.running.hub.tokens._known.clear()
        with pytest.raises(SubscriptionLost):
            await asyncio.wait_for(anext(listening), 2)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_case_a1_a_list_that_is_refused_says_what_to_do(
    served: Served, ann: Caller, mode: str
) -> None:
    tools = stdio.RelayedTools(Link(served), ann.token)
    await served.local("tokens_revoke", target="ann")
    async with Client(build_server(tools, stdio.RelayedUnread(tools)), mode=mode) as client:
        with pytest.raises(MCPError) as refusal:
            await client.list_tools()

    assert refusal.value.error.message.startswith("unauthenticated: Send a valid token")
