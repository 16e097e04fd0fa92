"""A demo hub and the system's Chromium; where there is no Chromium the tests skip and say so."""

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from playwright.sync_api import Browser, sync_playwright

from tests.processes import TRUNKLINE, clean_environment, free_port

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--use-fake-device-for-media-stream",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class DemoHub:
    """A demo in a process of its own, and a client of it."""

    base_url: str
    facts: dict[str, Any]
    client: httpx2.Client

    def ask(self, agent_id: str, operation: str, **arguments: object) -> dict[str, Any]:
        """Let an agent call an operation, which must succeed."""
        [token] = [each["token"] for each in self.facts["agents"] if each["agent_id"] == agent_id]
        response = self.client.post(
            f"/api/v1/tools/{operation}",
            json=arguments,
            headers={"Authorization": f"Bearer {token}"},
        )
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def ask_by_mcp(self, agent_id: str, operation: str, **arguments: object) -> dict[str, Any]:
        """Do the same by the official MCP client."""
        [token] = [each["token"] for each in self.facts["agents"] if each["agent_id"] == agent_id]

        async def ask() -> dict[str, Any]:
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx2.AsyncClient(headers=headers, timeout=30, verify=False) as http:
                transport = streamable_http_client(f"{self.base_url}/mcp", http_client=http)
                async with Client(transport) as client:
                    result = await client.call_tool(operation, arguments)
            assert not result.is_error, result
            answer: dict[str, Any] = result.structured_content or {}
            return answer

        with ThreadPoolExecutor() as elsewhere:  # the browser has this thread's loop
            return elsewhere.submit(asyncio.run, ask()).result()

    def send(self, agent_id: str, to: str, body: str, **more: str) -> None:
        """Let an agent write to a phone; the text must be taken."""
        answer = self.ask(agent_id, "comms_send_message", channel="sms", to=to, body=body, **more)
        assert answer["status"] == "sent", answer

    def call(
        self, agent_id: str, to: str, text: str, *, record: bool = False, by_mcp: bool = False
    ) -> str:
        """Let an agent call a phone with a voice message, and return the message's id."""
        spoken = {"deliveryChannel": "phone_call", "recordResponse": record}
        ask = self.ask_by_mcp if by_mcp else self.ask
        answer = ask(agent_id, "comms_send_voice_message", to=to, text=text, **spoken)
        assert answer["deliveryStatus"] == "sent", answer
        message_id: str = answer["messageId"]
        return message_id

    def came_in(self, agent_id: str, sender: str) -> list[dict[str, Any]]:
        """Return the voice messages that a phone left for an agent, newest first."""
        found = self.ask(agent_id, "comms_get_messages", channel="voice")["messages"]
        return [each for each in found if each["direction"] == "inbound" and each["from"] == sender]

    def write(self, phone: str, to: str, body: str) -> None:
        """Write on a phone, past the page."""
        path = f"/demo/handsets/{phone}/reply"
        response = self.client.post(path, json={"to": to, "body": body})
        assert response.status_code == 200, response.text

    def written(self, phone: str) -> list[str]:
        """Return what was written on a phone, oldest first."""
        items = self.client.get(f"/demo/handsets/{phone}/messages").json()["items"]
        return [item["body"] for item in reversed(items) if item["direction"] == "outbound"]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoHub]:
    data_dir = tmp_path_factory.mktemp("demo") / "data"
    port = free_port()
    argv = [*TRUNKLINE, "demo", "--port", str(port), "--data-dir", str(data_dir)]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, env=clean_environment()) as process:
        try:
            facts = json.loads(_once_there(data_dir / "demo.json"))
            base_url = facts["base_url"]
            with httpx2.Client(base_url=base_url, timeout=30) as client:
                _until_ready(client)
                yield DemoHub(base_url=base_url, facts=facts, client=client)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _once_there(path: Path) -> str:
    for _ in range(600):
        if path.exists():
            return path.read_text()
        time.sleep(0.05)
    raise AssertionError("the demo never started")


def _until_ready(client: httpx2.Client) -> None:
    for _ in range(600):
        try:
            if client.get("/health/ready").status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("the demo was never ready")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()


_PHONES = count(2025550150)


@pytest.fixture
def phone() -> str:
    """A phone that no other test of this process has."""
    return f"+1{next(_PHONES)}"
