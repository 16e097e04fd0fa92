"""`trunkline events-demo`: an MCP host subscribes and is woken, from the first word to the last."""

import asyncio
import hmac
import json
import os
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click
import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from trunkline.app import open_hub
from trunkline.cli import files
from trunkline.cli.loop import run
from trunkline.core.forwarding.signing import shown, signed
from trunkline.core.principal import Principal, Scope
from trunkline.demonstration import HANDSET, SLOTS, DemoAgent, prepare
from trunkline.loading import load_plugins
from trunkline.logs import configure_logging
from trunkline.sdk import NotConfigured
from trunkline.serving import listening
from trunkline.settings import load_settings

_VERSION: Final = "2026-07-28"
_TEXTS: Final = ("Hi", "it's me", "are you there?", "about the table", "make it seven o'clock")
_SETTLE_MS: Final = 500
_COMES_WITHIN_S: Final = 20.0


@click.command("events-demo")
@files
def events_demo(config: Path | None, data_dir: Path | None) -> None:
    """
    Show how an MCP host is woken: subscribe, challenge, event, tool call.

    On a hub of its own with the simulated network, which is gone afterwards; one in a directory
    that is named stays.
    """
    configure_logging("error")
    with TemporaryDirectory() as folder:
        if config is None:
            config = Path(folder) / "trunkline.toml"
            config.touch()
        run(_show(config, data_dir or Path(folder)))


@dataclass
class _Host:
    """An MCP host's side: its URL, and what it asks the hub."""

    secret: bytes = field(default_factory=lambda: os.urandom(32))
    url: str = ""
    came: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)

    async def take(self, request: Request) -> Response:
        """Take a post of the hub's: a challenge, or an event."""
        body, headers = await request.body(), request.headers
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        proof = signed((self.secret,), headers["webhook-id"], at, body)["webhook-signature"]
        if not hmac.compare_digest(headers["webhook-signature"], proof):
            return Response(status_code=401)
        came = json.loads(body)
        subscription = headers["x-mcp-subscription-id"]
        if came.get("type") == "verification":
            _say(f"   the hub posts to {subscription}, signed", came)
            return JSONResponse({"challenge": came["challenge"]})
        await self.came.put(came)
        return Response(status_code=204)


@dataclass(frozen=True, kw_only=True)
class _Hub:
    """The hub, as the agent's token opens it."""

    client: httpx2.AsyncClient
    agent: DemoAgent

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Make a request by JSON-RPC and return its result."""
        meta = {
            "io.modelcontextprotocol/protocolVersion": _VERSION,
            "io.modelcontextprotocol/clientInfo": {"name": "events-demo", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        headers = {
            "Authorization": f"Bearer {self.agent.token}",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": _VERSION,
            "Mcp-Method": method,
            **({"Mcp-Name": params["name"]} if method == "tools/call" else {}),
        }
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
        answer = (await self.client.post("/mcp", json=request, headers=headers)).json()
        if "error" in answer:
            raise click.ClickException(answer["error"]["message"])
        result: dict[str, Any] = answer["result"]
        return result


async def _show(config: Path, data_dir: Path) -> None:
    """Open a hub and a host, and let them talk."""
    host = _Host()
    door, hub_door = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    origin = f"http://127.0.0.1:{door.getsockname()[1]}"
    host.url = f"{origin}/wake"
    port = hub_door.getsockname()[1]
    settings = load_settings(
        config=config,
        data_dir=data_dir,
        environ={},
        overrides={
            "server": {"port": port, "demo": True},
            "slots": SLOTS,
            "messages": {"callback_allow": [origin]},
        },
    )
    plugins = load_plugins()
    if "demo" not in plugins.telephony:
        raise NotConfigured('The simulated network is missing: pip install "trunkline[starter]"')
    app = Starlette(routes=[Route("/wake", host.take, methods=["POST"])])
    async with (
        listening(app, door, lifespan=False),
        open_hub(settings, plugins, environ={}) as running,
        listening(running.app, hub_door, lifespan=True),
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        facts = await prepare(running.hub, f"http://127.0.0.1:{port}", data_dir)
        ava = facts.agents[0]
        settle = {"settle_ms": str(_SETTLE_MS)}
        await running.hub.agents.change(Principal(scope=Scope.LOCAL), ava.agent_id, settle)
        await client.get("/health/ready")
        await _talk(_Hub(client=client, agent=ava), host)


async def _talk(hub: _Hub, host: _Host) -> None:
    said = (await hub.ask("server/discover"))["capabilities"]
    _say("1. server/discover: the hub has events", {"events": said["events"]})
    listed = (await hub.ask("events/list"))["events"]
    _say("2. events/list", {each["name"]: each["description"] for each in listed})
    delivery = {"mode": "webhook", "url": host.url, "secret": shown(host.secret)}
    wanted: dict[str, Any] = {"name": "message.received", "arguments": {}, "delivery": delivery}
    _say("3. events/subscribe", {**wanted, "delivery": {**delivery, "secret": "whsec_…"}})
    made = await hub.ask("events/subscribe", **wanted, cursor=None)
    _say("   the host repeated the challenge, and is answered", _bare(made))
    _say(f"4. Somebody writes {len(_TEXTS)} texts in a row", list(_TEXTS))
    for text in _TEXTS:
        reply = {"body": text, "to": hub.agent.phone}
        (await hub.client.post(f"/demo/handsets/{HANDSET}/reply", json=reply)).raise_for_status()
    event = await asyncio.wait_for(host.came.get(), _COMES_WITHIN_S)
    _say("5. The host is woken once: who, how and the id, no text", event)
    arguments = {"name": "comms_get_messages", "arguments": {"unread": True}}
    found = (await hub.ask("tools/call", **arguments))["structuredContent"]["messages"]
    _say(
        "6. It reads by a tool call, framed as data from outside", [each["body"] for each in found]
    )
    await hub.ask("events/unsubscribe", **wanted)
    click.echo("7. events/unsubscribe: the hub posts no more.")


def _bare(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result without what every one of the newer era holds."""
    return {name: each for name, each in result.items() if name not in ("_meta", "resultType")}


def _say(what: str, shows: object) -> None:
    click.echo(f"{what}:\n{json.dumps(shows, indent=2, ensure_ascii=False)}\n")
