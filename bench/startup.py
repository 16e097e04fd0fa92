"""
How long a hub takes to be ready, against the time of importing the web framework it is built with.

The yardstick is as it was when the hub did without FastAPI: all that a hub does at a start is
measured, FastAPI's import within it, so that the ratio has grown by that.
"""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.adapters import write_adapters
from bench.figures import Figure, ratio, value
from bench.gates import FIRST_CALL, PLUGINS, start
from bench.processes import Server, python, run_command, wait_until_ready
from bench.run import Run
from bench.traffic import PROTOCOL
from tests.processes import free_port

_OTHERS: Final = ("demo", "example", "postgres", "twilio")
_LIST_TOOLS: Final = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/list",
    "params": {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": PROTOCOL,
            "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    },
}


def measure(run: Run) -> Iterator[Figure]:
    """Start interpreters and hubs in turn."""
    floors: dict[int, list[float]] = {most: [] for most in PLUGINS}
    hubs: dict[int, list[float]] = {most: [] for most in PLUGINS}
    calls: list[float] = []
    starts = {most: Start(run.directory("start"), most) for most in PLUGINS}
    for each in starts.values():
        each.ready_and_first_call_s()  # migrates, and compiles the modules
    _floor_s()
    for _ in run.each_round():
        for most, each in starts.items():
            floors[most].append(_floor_s())
            ready_s, call_s = each.ready_and_first_call_s()
            hubs[most].append(ready_s)
            calls.append(call_s * 1000)
    every = [floor * 1000 for some in floors.values() for floor in some]
    yield value("import fastapi, uvicorn", every, "ms")
    for most in PLUGINS:
        at = f"Start with {most} plugin{'s' * (most > 1)} until ready"
        yield value(at, [each * 1000 for each in hubs[most]], "ms")
        yield ratio(start(most), hubs[most], floors[most])
    yield value(FIRST_CALL, calls, "ms")


class Start:
    """A data directory and so many installed plugins, SQLite among them, to start a hub with."""

    def __init__(self, home: Path, plugins: int) -> None:
        self._log = home / "hub.log"
        config, installed = home / "trunkline.toml", home / "plugins"
        config.write_text(f"[plugins]\ndisabled = {json.dumps(_OTHERS)}\n")
        write_adapters(installed, plugins - 1)
        self._environ = {"PYTHONPATH": str(installed)}
        self._where = ["--config", str(config), "--data-dir", str(home / "data")]
        self._token = run_command("tokens", "issue", "--admin", *self._where).strip()
        listed = run_command("plugins", "list", "--json", *self._where, environ=self._environ)
        loaded = [each for each in json.loads(listed)["plugins"] if each["state"] == "loaded"]
        if len(loaded) != plugins:
            raise RuntimeError(f"{len(loaded)} of {plugins} plugins loaded: {listed}")

    def ready_and_first_call_s(self) -> tuple[float, float]:
        """Return how long the hub takes to be ready, and its first MCP call after that."""
        port = free_port()
        started = time.perf_counter()
        serve = ["-m", "trunkline", "serve", "--port", str(port), *self._where]
        with python(*serve, log=self._log, environ=self._environ) as process:
            server = Server(process=process, port=port, token=self._token)
            wait_until_ready(server, "/health/ready", self._log, pause_s=0.005)
            ready_s = time.perf_counter() - started
            return ready_s, _first_call_s(server)


def _floor_s() -> float:
    started = time.perf_counter()
    environ = {**os.environ, "PYTHONPATH": ""}
    subprocess.run([sys.executable, "-c", "import fastapi, uvicorn"], check=True, env=environ)
    return time.perf_counter() - started


def _first_call_s(server: Server) -> float:
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {
        "Authorization": f"Bearer {server.token}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": PROTOCOL,
        "Mcp-Method": "tools/list",
    }
    connection.request("POST", "/mcp", json.dumps(_LIST_TOOLS), headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200 or b"comms_send_message" not in body:
        raise RuntimeError(f"the first MCP call failed: {answer.status} {body[:300]!r}")
    return time.perf_counter() - started
