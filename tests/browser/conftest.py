"""A demo hub and the system's Chromium; where there is no Chromium the tests skip and say so."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.processes import TRUNKLINE, clean_environment, free_port

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class DemoHub:
    """A demo in a process of its own, and a client of it."""

    base_url: str
    facts: dict[str, Any]
    client: httpx2.Client

    def send(self, agent_id: str, to: str, body: str, **more: str) -> None:
        """Let an agent write to a phone; the text must be taken."""
        [token] = [each["token"] for each in self.facts["agents"] if each["agent_id"] == agent_id]
        response = self.client.post(
            "/api/v1/tools/comms_send_message",
            json={"channel": "sms", "to": to, "body": body, **more},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert response.json().get("status") == "sent", response.text

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
