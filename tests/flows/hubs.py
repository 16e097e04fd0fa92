"""A whole hub on a real socket and a real database, for tests that use it as its clients do."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import sqlalchemy as sa
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.databases import SQLITE, read_rows
from tests.unlimited import UNLIMITED, UNRULED
from trunkline.app import open_hub
from trunkline.applications import RunningHub
from trunkline.loading import Plugins, load_plugins
from trunkline.sdk import Clock
from trunkline.serving import listening
from trunkline.settings import load_settings

SIGNING_KEY = "0123456789abcdef0123456789abcdef"
DEMO = f"""
[server]
demo = true
[slots]
telephony = "demo"
[providers.demo]
latency_ms = 0
delivery_delay_ms = 20
signing_key = "{SIGNING_KEY}"
"""
HERE = dict.fromkeys(("local-voice", "local-storage"), "idle")
"""What needs no setting, and how it does while nobody needs it."""
ANN, BEN, HANDSET = "+12025550101", "+12025550102", "+12025550150"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody with a token."""

    client: httpx2.AsyncClient
    base_url: str
    token: str
    limits: httpx2.Limits = field(default_factory=httpx2.Limits)

    async def post(
        self, name: str, arguments: Any, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """Call an operation by REST."""
        return await self.client.post(
            f"/api/v1/tools/{name}",
            json=arguments,
            headers={"Authorization": f"Bearer {self.token}", **(headers or {})},
        )

    async def get(self, path: str) -> httpx2.Response:
        """Read a path."""
        return await self.client.get(path, headers={"Authorization": f"Bearer {self.token}"})

    async def call(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """Call an operation that must work."""
        response = await self.post(name, arguments)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def try_send(
        self, to: str, body: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> httpx2.Response:
        """Send a text, whatever comes of it."""
        arguments = {"channel": "sms", "to": to, "body": body, **more}
        return await self.post("comms_send_message", arguments, headers)

    async def send(self, to: str, body: str, **more: Any) -> dict[str, Any]:
        """Send a text that must be taken."""
        return await self.call("comms_send_message", channel="sms", to=to, body=body, **more)

    async def quote(self, to: str, body: str, **more: Any) -> dict[str, Any]:
        """Ask what sending a text would come to."""
        arguments = {"channel": "sms", "to": to, "body": body, **more}
        return await self.call("comms_quote", operation="comms_send_message", arguments=arguments)

    @asynccontextmanager
    async def mcp(self, mode: str = "auto") -> AsyncIterator[Client]:
        """Connect the official MCP client; `mode` is ``legacy`` for the era of handshakes."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx2.AsyncClient(
            headers=headers, timeout=30, verify=False, limits=self.limits
        ) as http:
            transport = streamable_http_client(f"{self.base_url}/mcp", http_client=http)
            async with Client(transport, mode=mode) as client:
                yield client

    async def status(self, message_id: str) -> dict[str, Any]:
        """Return how far a message got."""
        return await self.call("comms_get_status", id=message_id)

    async def inbox(self, **query: Any) -> list[dict[str, Any]]:
        """Return the newest messages."""
        messages: list[dict[str, Any]] = (await self.call("comms_get_messages", **query))[
            "messages"
        ]
        return messages


@dataclass(frozen=True, kw_only=True)
class Served:
    """A hub that answers on `base_url`; `client` is a stranger's, `operator` its operator's."""

    running: RunningHub
    base_url: str
    client: httpx2.AsyncClient
    operator: httpx2.AsyncClient
    data_dir: Path
    database: str

    async def local(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Run an operator's operation, as a command would."""
        response = await self.operator.post(f"/api/v1/tools/{name}", json=arguments)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def caller(self, token: str) -> Caller:
        """Return a caller with a token."""
        return Caller(client=self.client, base_url=self.base_url, token=token)

    async def agent(self, agent_id: str, phone: str | None = None) -> Caller:
        """Create an agent and return a caller with its token."""
        await self.local("agents_create", id=agent_id, values={"phone": phone} if phone else {})
        return self.caller((await self.local("tokens_issue", id=agent_id))["token"])

    async def admin(self) -> Caller:
        """Return a caller with an admin token."""
        return self.caller((await self.local("tokens_issue"))["token"])

    async def until(self, read: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
        """Return what `read` gives once it is as wanted; fail after twenty seconds."""
        for _ in range(2000):
            value = await read()
            if wanted(value):
                return value
            await asyncio.sleep(0.01)
        raise AssertionError(f"never came: {value}")

    async def until_status(self, caller: Caller, message_id: str, status: str) -> dict[str, Any]:
        """Return a message's status once it is as wanted."""
        traced: dict[str, Any] = await self.until(
            lambda: caller.status(message_id), lambda traced: traced["status"] == status
        )
        return traced

    def rows(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        """Return what a statement finds in the database; its parameters are question marks."""
        return read_rows(self.database, self.data_dir, sql, *parameters)

    async def change(self, sql: str, **parameters: object) -> None:
        """Change rows behind the hub's back; the parameters are named like ``:this``."""
        statement = sa.text(sql)
        await self.running.hub.db.write(lambda tx: tx.execute(statement, parameters).close())

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        count: int = self.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"]
        return count


StartHub = Callable[..., AbstractAsyncContextManager[Served]]


@asynccontextmanager
async def serve(
    data_dir: Path,
    *,
    clock: Clock | None = None,
    plugins: Plugins | None = None,
    toml: str = DEMO,
    environ: Mapping[str, str] | None = None,
    database: str = SQLITE,
    migrate: bool = False,
    public: bool = True,
    limited: bool = False,
) -> AsyncIterator[Served]:
    """
    Serve a hub on `data_dir` and a database, from a settings file.

    Vendors that a test plays are on this machine too and can call the hub where it is, which it is
    told if it is `public`. Agents may do anything, unless they are `limited` as the settings say.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = data_dir / "trunkline.toml"
    config.write_text(toml)
    base_url = f"http://127.0.0.1:{port}"
    told = {"WEBHOOK_BASE_URL": base_url} if public and "public_url" not in toml else {}
    environ = {**told, **(UNRULED if limited else UNLIMITED), **(environ or {})}
    settings = load_settings(
        config=config,
        data_dir=data_dir,
        environ=environ,
        overrides={"server": {"port": port}, "database": {"url": database}},
    )
    async with AsyncExitStack() as stack:
        stack.enter_context(closing(listener))
        running = await stack.enter_async_context(
            open_hub(
                settings,
                plugins or load_plugins(),
                environ=environ,
                clock=clock,
                migrate=migrate,
            )
        )
        await stack.enter_async_context(listening(running.app, listener, lifespan=True))
        operator = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=running.local_app), base_url="http://hub"
        )
        client = httpx2.AsyncClient(base_url=base_url, timeout=30, verify=False)
        yield Served(
            running=running,
            base_url=base_url,
            client=await stack.enter_async_context(client),
            operator=await stack.enter_async_context(operator),
            data_dir=data_dir,
            database=database,
        )
