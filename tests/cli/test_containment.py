"""A plugin that does what none may: the hub goes on, and ends when it is told."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.cli.test_broken_plugins import install
from tests.processes import clean_environment, free_port, hub_process
from trunkline.serving import socket_path

NASTY = """
import asyncio, os, sys
from contextlib import asynccontextmanager
from pydantic import BaseModel
from trunkline.sdk import Capability, ProviderSpec, Receipt, TelephonyProvider, hookimpl

class Nothing(BaseModel):
    pass

def misbehave(where):
    print(f"print in {where}")
    sys.__stdout__.write(f"write in {where}\\n")
    os.write(1, f"descriptor in {where}\\n".encode())
    try:
        asyncio.get_running_loop().stop()
    except RuntimeError:
        pass

misbehave("import")

class Nasty(TelephonyProvider):
    async def send(self, sms):
        misbehave("send")
        if sms.body == "hang":
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    pass
        if sms.body in ("KeyboardInterrupt", "SystemExit"):
            raise {"KeyboardInterrupt": KeyboardInterrupt, "SystemExit": SystemExit}[sms.body]
        return Receipt(provider_id=sms.idempotency_key)

@asynccontextmanager
async def opening(config, context):
    misbehave("open")
    yield Nasty()

@hookimpl
def trunkline_register_telephony():
    misbehave("registration")
    return [
        ProviderSpec(
            name="nasty", config=Nothing, open=opening,
            capabilities=frozenset({Capability.SMS_SEND}),
        )
    ]
"""
TOML = """
[slots]
telephony = "nasty"
[messages]
provider_timeout_s = 0.5
"""
ALICE, BOB = "+14155552671", "+442071838750"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of a hub on the nasty plugin, which every command finds."""
    site = tmp_path / "site"
    site.mkdir()
    install(site, "nasty", NASTY)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]))
    config = tmp_path / "trunkline.toml"
    config.write_text(TOML)
    return config


@asynccontextmanager
async def operating(data_dir: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """Give the operator's client of the hub that runs on a directory."""
    transport = httpx2.AsyncHTTPTransport(uds=str(socket_path(data_dir)))
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://hub/api/v1/tools", timeout=30
    ) as client:
        yield client


async def token_of(operator: httpx2.AsyncClient) -> str:
    """Create an agent and return its token."""
    agent = {"id": "ann", "values": {"phone": ALICE}}
    assert (await operator.post("/agents_create", json=agent)).is_success
    token: str = (await operator.post("/tokens_issue", json={"id": "ann"})).json()["token"]
    return token


async def test_case_d12_a_hub_survives_all_that_a_plugin_does_and_ends_in_time(
    config: Path, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    async with hub_process("serve", data_dir=data_dir, port=free_port(), config=config) as hub:
        async with operating(data_dir) as operator:
            token = await token_of(operator)

        async def send(body: str) -> str:
            text = {"channel": "sms", "to": BOB, "body": body}
            async with httpx2.AsyncClient(timeout=30) as client:
                answer = await client.post(
                    f"{hub.base_url}/api/v1/tools/comms_send_message",
                    json=text,
                    headers={"Authorization": f"Bearer {token}"},
                )
            return str(answer.json()["status"])

        ends = [await send(body) for body in ("hang", "KeyboardInterrupt", "SystemExit", "at last")]
        began = time.monotonic()
        exit_code = await asyncio.to_thread(hub.stop)
        took_s = time.monotonic() - began

    assert ends == ["unknown", "unknown", "unknown", "sent"]
    assert exit_code == 0
    assert took_s < 10
    assert "hub.left_behind" in (tmp_path / "data.log").read_text()


@pytest.mark.slow
async def test_case_d12_over_stdio_nothing_but_the_protocol_is_on_standard_output(
    config: Path, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    async with hub_process("serve", data_dir=data_dir, port=free_port(), config=config) as hub:
        async with operating(data_dir) as operator:
            token = await token_of(operator)
        await asyncio.to_thread(hub.stop)
    where = ["--data-dir", str(data_dir), "--config", str(config)]
    client = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "trunkline", "mcp", *where),
        env=clean_environment({"TRUNKLINE_TOKEN": token}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}}
    hello["clientInfo"] = {"name": "test", "version": "1"}
    text = {"channel": "sms", "to": BOB, "body": "hello"}
    calls: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {
            "id": 2,
            "method": "tools/call",
            "params": {"name": "comms_send_message", "arguments": text},
        },
    ]
    assert client.stdin
    assert client.stdout
    assert client.stderr
    answers = []
    for call in calls:
        client.stdin.write(json.dumps({"jsonrpc": "2.0", **call}).encode() + b"\n")
        if "id" in call:
            async with asyncio.timeout(60):
                answers.append(json.loads(await client.stdout.readline()))
    client.stdin.close()
    rest, said = await asyncio.gather(client.stdout.read(), client.stderr.read())

    assert [answer["id"] for answer in answers] == [1, 2]
    assert "sent" in json.dumps(answers[1])
    assert rest == b""
    assert await client.wait() == 0
    for where_in in ("import", "registration", "open", "send"):
        for how in ("print", "write", "descriptor"):
            assert f"{how} in {where_in}".encode() in said
