"""The resource of what is unread, over the pipe of a client's own process, in both eras."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import types
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError

from tests.flows.hubs import ANN, BEN, DEMO, HANDSET
from tests.flows.test_unread import ERAS, URI, read
from tests.processes import HubProcess, clean_environment, command, free_port, hub_process
from trunkline.serving import socket_path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:resources/(un)?subscribe is removed"),  # of the older era
]

Heard = Callable[[], Awaitable[str]]
"""Returns the resource that the next update is of."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A data directory with agents ann and ben, whose hub may be started, killed, and started."""

    data_dir: Path
    config: Path
    port: int
    token: str

    def hub(self) -> AbstractAsyncContextManager[HubProcess]:
        """Start the hub."""
        return hub_process("serve", data_dir=self.data_dir, port=self.port, config=self.config)

    @asynccontextmanager
    async def client(self, mode: str) -> AsyncIterator[tuple[Client, Heard]]:
        """Connect the official client to a `trunkline mcp`; not yet does it hear of anything."""
        told: asyncio.Queue[str] = asyncio.Queue()

        async def note(message: object) -> None:
            if isinstance(message, types.ResourceUpdatedNotification):
                told.put_nowait(message.params.uri)

        where = ["--data-dir", str(self.data_dir), "--config", str(self.config)]
        process = StdioServerParameters(
            command=sys.executable,
            args=["-m", "trunkline", "mcp", *where],
            env={**clean_environment(), "TRUNKLINE_TOKEN": self.token},
        )
        async with Client(stdio_client(process), mode=mode, message_handler=note) as client:
            yield client, told.get

    @asynccontextmanager
    async def listener(self, mode: str) -> AsyncIterator[tuple[Client, Heard]]:
        """Connect one that hears of its agent's messages, as its era does."""
        async with self.client(mode) as (client, heard):
            if mode == "legacy":
                await client.subscribe_resource(URI)
                yield client, heard
                return
            async with client.listen(resource_subscriptions=[URI]) as stream:

                async def next_update() -> str:
                    event: Any = await anext(stream)
                    return str(event.uri)

                yield client, next_update


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with both agents in it, to copy, and ann's token: four commands, once."""
    folder = tmp_path_factory.mktemp("settled")
    data_dir, config = folder / "data", folder / "trunkline.toml"
    config.write_text(DEMO)
    for agent, phone in (("ann", ANN), ("ben", BEN)):
        command("agents", "create", agent, f"phone={phone}", data_dir=data_dir, config=config)
    token = command("tokens", "issue", "ann", data_dir=data_dir, config=config).strip()
    return folder, token


@pytest.fixture
def place(settled: tuple[Path, str], tmp_path: Path) -> Place:
    folder, token = settled
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return Place(
        data_dir=tmp_path / "data",
        config=tmp_path / "trunkline.toml",
        port=free_port(),
        token=token,
    )


async def text(place: Place, to: str, body: str) -> None:
    """Let somebody text an agent of the hub that runs, whichever process it is."""
    transport = httpx2.AsyncHTTPTransport(uds=str(socket_path(place.data_dir)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://hub") as http:
        path = f"/demo/handsets/{HANDSET}/reply"
        response = await http.post(path, json={"to": to, "body": body})
        assert response.json()["status"] == "accepted", response.text


async def begin(client: Client, mode: str, uri: str) -> None:
    """Begin to listen to a resource, as the era does."""
    if mode == "legacy":
        await client.subscribe_resource(uri)
        return
    async with client.listen(resource_subscriptions=[uri]):
        pass


async def soon(heard: Heard, within_s: float = 5) -> str:
    """Return what is heard of next."""
    return await asyncio.wait_for(heard(), within_s)


@ERAS
async def test_an_agent_sees_its_own_resource_and_no_other(place: Place, mode: str) -> None:
    other = "trunkline://agents/ben/unread"
    async with place.hub(), place.client(mode) as (client, _):
        listed = (await client.list_resources()).resources
        await text(place, ANN, "hello")
        seen = await read(client)
        with pytest.raises(MCPError, match="no such resource"):
            await read(client, other)
        with pytest.raises(MCPError, match="no such resource"):
            await begin(client, mode, other)
        offered = client.server_capabilities.resources

    assert [resource.uri for resource in listed] == [URI]
    assert (seen["unread"], seen["unreadIsMinimum"], len(seen["messageIds"])) == (1, False, 1)
    assert offered is not None
    assert offered.subscribe


async def test_an_admin_has_no_resource(place: Place) -> None:
    admin = command(
        "tokens", "issue", "--admin", data_dir=place.data_dir, config=place.config
    ).strip()
    whole = Place(data_dir=place.data_dir, config=place.config, port=place.port, token=admin)
    async with whole.client("legacy") as (client, _):
        assert (await client.list_resources()).resources == []
        with pytest.raises(MCPError, match="no such resource"):
            await client.subscribe_resource(URI)


@ERAS
async def test_a_client_is_told_of_what_comes_in_and_nothing_is_marked_read(
    place: Place, mode: str
) -> None:
    async with place.hub():
        await text(place, ANN, "before")
        async with place.listener(mode) as (client, heard):
            await text(place, BEN, "for somebody else")
            with pytest.raises(TimeoutError):
                await soon(heard, within_s=1)
            for body in ("one", "two"):
                await text(place, ANN, body)
                assert await soon(heard) == URI
            seen = await read(client)

    assert seen["unread"] == 3


@pytest.mark.parametrize("mode", ["2026-07-28", "legacy"])  # no probe, which may time out
async def test_a_client_whose_process_is_the_hub_is_told_as_well(place: Place, mode: str) -> None:
    async with place.listener(mode) as (client, heard):
        opening = {"channel": "sms", "to": HANDSET, "body": "hello"}
        await client.call_tool("comms_send_message", opening)
        await text(place, ANN, "hello yourself")
        assert await soon(heard) == URI


async def test_a_client_that_unsubscribes_is_told_no_more(place: Place) -> None:
    async with place.hub(), place.listener("legacy") as (client, heard):
        await text(place, ANN, "hello")
        assert await soon(heard) == URI
        await client.unsubscribe_resource(URI)
        await text(place, ANN, "hello again")
        with pytest.raises(TimeoutError):
            await soon(heard, within_s=1)


@ERAS
async def test_a_client_is_told_when_its_hub_is_killed_and_comes_back(
    place: Place, mode: str
) -> None:
    async with place.hub() as hub, place.listener(mode) as (client, heard):
        hub.kill()
        await asyncio.sleep(7)  # longer than a call waits before it starts a hub of its own
        async with place.hub() as again:
            back = await soon(heard)
            await text(place, ANN, "hello")
            came = await soon(heard)
            seen = await read(client)
            assert again.stop() == 0

    assert (back, came, seen["unread"]) == (URI, URI, 1)


async def test_a_stream_ends_once_its_token_is_no_longer_good(place: Place) -> None:
    async with place.hub() as hub, place.listener("auto") as (_, heard):
        hub.kill()
        command("tokens", "revoke", "ann", data_dir=place.data_dir, config=place.config)
        async with place.hub():
            with pytest.raises(StopAsyncIteration):
                await soon(heard)
