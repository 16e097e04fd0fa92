"""
How long a hub takes to be ready, against the time of importing a web framework.

``python bench/startup.py [ROUNDS]`` prints both medians, their ratio, and the time of the first MCP
call after the start. The two are measured in turn, so that a machine whose speed drifts does not
favour one.
"""

import http.client
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

GATE: Final = 2.5
FIRST_CALL_GATE_S: Final = 2.0
CONFIG: Final = '[slots]\ntelephony = "demo"\n'
LIST_TOOLS: Final = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/list",
    "params": {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    },
}


def seconds_of_floor() -> float:
    """Return how long a new interpreter takes to import FastAPI and uvicorn."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import fastapi, uvicorn"], check=True)
    return time.perf_counter() - started


def trunkline(*args: str) -> list[str]:
    """Return the command line of a command."""
    return [sys.executable, "-m", "trunkline", *args]


def is_ready(port: int) -> bool:
    """Tell whether the hub says that it is ready."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def first_call_s(port: int, token: str) -> float:
    """Return how long the first MCP call takes."""
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/list",
    }
    connection.request("POST", "/mcp", json.dumps(LIST_TOOLS), headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200 or b"comms_send_message" not in body:
        raise SystemExit(f"the first MCP call failed: {answer.status} {body[:300]!r}")
    return time.perf_counter() - started


def seconds_of_hub(where: list[str], token: str) -> tuple[float, float]:
    """Return how long `serve` takes to be ready, and the first MCP call after it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    started = time.perf_counter()
    process = subprocess.Popen(
        trunkline("serve", "--port", str(port), *where), stderr=subprocess.DEVNULL
    )
    try:
        while not is_ready(port):
            if process.poll() is not None:
                raise SystemExit("the hub did not start")
            time.sleep(0.005)
        return time.perf_counter() - started, first_call_s(port, token)
    finally:
        process.terminate()
        process.wait()


def main(rounds: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as home:
        config = Path(home) / "trunkline.toml"
        config.write_text(CONFIG)
        where = ["--config", str(config), "--data-dir", str(Path(home) / "data")]
        issue = trunkline("tokens", "issue", "--admin", *where)
        token = subprocess.run(issue, check=True, capture_output=True, text=True).stdout.strip()
        seconds_of_floor()
        seconds_of_hub(where, token)
        measured = [(seconds_of_floor(), *seconds_of_hub(where, token)) for _ in range(rounds)]
    floors, hubs, calls = zip(*measured, strict=True)
    ratio = statistics.median(hub / floor for floor, hub, _ in measured)
    print(f"import fastapi, uvicorn   {statistics.median(floors):.3f} s")
    print(f"serve until ready         {statistics.median(hubs):.3f} s")
    print(f"ratio                     {ratio:.2f}   (gate {GATE})")
    call = statistics.median(calls)
    print(f"first MCP call            {call:.3f} s   (gate {FIRST_CALL_GATE_S})")
    raise SystemExit(ratio > GATE or call > FIRST_CALL_GATE_S)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
