"""A whole hub on a real socket and a real SQLite file, for tests that use it as its clients do."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from trunkline.app import RunningHub, open_hub
from trunkline.loading import Plugins, load_plugins
from trunkline.sdk import Clock
from trunkline.serving import listening
from trunkline.settings import load_settings

DEMO = """
[server]
demo = true
[slots]
telephony = "demo"
[providers.demo]
latency_ms = 0
delivery_delay_ms = 20
"""
ANN, BEN, HANDSET = "+12025550101", "+12025550102", "+12025550150"


@dataclass(frozen=True, kw_only=True)
class Served:
    """A hub that answers on `base_url`."""

    running: RunningHub
    base_url: str
    operator: httpx2.AsyncClient
    data_dir: Path

    async def local(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Run an operator's operation, as a command would."""
        response = await self.operator.post(f"/api/v1/tools/{name}", json=arguments)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def agent(self, agent_id: str, phone: str | None = None) -> "Caller":
        """Create an agent and return a caller with its token."""
        await self.local("agents_create", id=agent_id, values={"phone": phone} if phone else {})
        token = (await self.local("tokens_issue", id=agent_id))["token"]
        return Caller(base_url=self.base_url, token=token)

    async def admin(self) -> "Caller":
        """Return a caller with an admin token."""
        return Caller(base_url=self.base_url, token=(await self.local("tokens_issue"))["token"])

    async def until(self, read: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
        """Return what `read` gives once it is as wanted; fail after five seconds."""
        for _ in range(500):
            value = await read()
            if wanted(value):
                return value
            await asyncio.sleep(0.01)
        raise AssertionError(f"never came: {value}")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody with a token."""

    base_url: str
    token: str

    async def post(
        self, name: str, arguments: Any, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """Call an operation by REST."""
        async with httpx2.AsyncClient(base_url=self.base_url, timeout=30) as client:
            return await client.post(
                f"/api/v1/tools/{name}",
                json=arguments,
                headers={"Authorization": f"Bearer {self.token}", **(headers or {})},
            )

    async def get(self, path: str) -> httpx2.Response:
        """Read a path."""
        async with httpx2.AsyncClient(base_url=self.base_url) as client:
            return await client.get(path, headers={"Authorization": f"Bearer {self.token}"})

    async def call(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """Call an operation that must work."""
        response = await self.post(name, arguments)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def send(self, to: str, body: str, **more: Any) -> dict[str, Any]:
        """Send a text that must be taken."""
        return await self.call("comms_send_message", channel="sms", to=to, body=body, **more)

    async def inbox(self, **query: Any) -> list[dict[str, Any]]:
        """Return the newest messages."""
        messages: list[dict[str, Any]] = (await self.call("comms_get_messages", **query))[
            "messages"
        ]
        return messages


StartHub = Callable[..., contextlib.AbstractAsyncContextManager[Served]]


@pytest.fixture
def start_hub(tmp_path: Path) -> StartHub:
    """Return a function that serves a hub on `tmp_path`, from a settings file."""

    @asynccontextmanager
    async def start(
        *,
        clock: Clock | None = None,
        plugins: Plugins | None = None,
        toml: str = DEMO,
        environ: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Served]:
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        config = tmp_path / "trunkline.toml"
        config.write_text(toml)
        settings = load_settings(
            config=config,
            data_dir=tmp_path,
            environ=environ or {},
            overrides={"server": {"port": port}},
        )
        async with AsyncExitStack() as stack:
            running = await stack.enter_async_context(
                open_hub(settings, plugins or load_plugins(), environ=environ or {}, clock=clock)
            )
            await stack.enter_async_context(listening(running.app, listener, lifespan=True))
            operator = await stack.enter_async_context(
                httpx2.AsyncClient(
                    transport=httpx2.ASGITransport(app=running.local_app), base_url="http://hub"
                )
            )
            yield Served(
                running=running,
                base_url=f"http://127.0.0.1:{port}",
                operator=operator,
                data_dir=tmp_path,
            )

    return start


@pytest.fixture
async def served(start_hub: StartHub) -> AsyncIterator[Served]:
    """A hub on the simulated network."""
    async with start_hub() as hub:
        yield hub


@pytest.fixture
async def ann(served: Served) -> Caller:
    """An agent."""
    return await served.agent("ann", ANN)


@pytest.fixture
async def ben(served: Served) -> Caller:
    """Another agent."""
    return await served.agent("ben", BEN)
