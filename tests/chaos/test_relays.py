"""Three stdio clients beside a server on one data directory, one of them killed."""

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.processes import clean_environment, command, free_port, hub_process

SENDS = 200
PROCESSES = 3

# Writes down its process id, then becomes `trunkline mcp`.
WRAPPER = """
import os, pathlib, sys
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
os.execv(sys.executable, [sys.executable, "-m", "trunkline", "mcp", "--data-dir", sys.argv[2]])
"""


def stdio_process(pid_file: Path, data_dir: Path, token: str) -> StdioServerParameters:
    """Return how to start a stdio server that writes down its process id."""
    return StdioServerParameters(
        command=sys.executable,
        args=["-c", WRAPPER, str(pid_file), str(data_dir)],
        env={**clean_environment(), "TRUNKLINE_TOKEN": token},
    )


async def send_share(
    parameters: StdioServerParameters, keys: list[str], handset: str
) -> dict[str, str]:
    """Send a text for each key through one stdio process; return the statuses that came back."""
    statuses: dict[str, str] = {}
    try:
        async with Client(stdio_client(parameters)) as client:
            for key in keys:
                result = await client.call_tool(
                    "comms_send_message",
                    {"channel": "sms", "to": handset, "body": f"text {key}", "idempotencyKey": key},
                )
                assert not result.is_error, result.content
                statuses[key] = result.structured_content["status"]
    except* Exception:  # noqa: BLE001 - the killed one breaks off, wherever it is
        pass
    return statuses


async def kill_when_half_done(pid_file: Path, count: Any) -> None:
    """Kill a process once the network has taken a third of the texts."""
    while (await count())["accepted"] < SENDS // 3:  # noqa: ASYNC110 - the network tells nobody
        await asyncio.sleep(0.02)
    os.kill(int(pid_file.read_text()), signal.SIGKILL)


@pytest.mark.slow
async def test_three_stdio_clients_share_one_hub_and_one_of_them_may_die(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    async with (
        hub_process("demo", data_dir=data_dir, port=free_port()) as hub,
        httpx2.AsyncClient(base_url=hub.base_url) as http,
    ):
        facts = json.loads((data_dir / "demo.json").read_text())

        async def count() -> dict[str, int]:
            counted: dict[str, int] = (await http.get("/demo/counts")).json()
            return counted

        shares = [
            [f"key-{number:03d}" for number in range(SENDS)][index::PROCESSES]
            for index in range(PROCESSES)
        ]
        pid_files = [tmp_path / f"pid-{index}" for index in range(PROCESSES)]
        token, handset = facts["agents"][0]["token"], facts["handset"]["phone"]
        killing = asyncio.create_task(kill_when_half_done(pid_files[0], count))
        done = await asyncio.gather(
            *(
                send_share(stdio_process(pid_file, data_dir, token), share, handset)
                for pid_file, share in zip(pid_files, shares, strict=True)
            )
        )
        await killing
        left = [key for key in shares[0] if key not in done[0]]
        done.append(
            await send_share(stdio_process(tmp_path / "pid-again", data_dir, token), left, handset)
        )
        counts = await count()
        on_handset = (await http.get(f"/demo/handsets/{handset}/messages")).json()["items"]

    with sqlite3.connect(data_dir / "trunkline.db") as db:
        rows = Counter(row[0] for row in db.execute("SELECT status FROM messages"))
    texts = Counter(item["body"] for item in on_handset)
    report = {
        "accepted": counts["accepted"],
        "rows": dict(rows),
        "finished before the kill": len(done[0]),
    }
    print(json.dumps(report))  # noqa: T201 - the report of this run

    assert left, "nothing was left to do for the killed one: the kill came too late"
    assert sum(len(statuses) for statuses in done) == SENDS
    assert {status for statuses in done for status in statuses.values()} <= {"sent", "delivered"}
    assert counts["accepted"] == sum(rows.values()) == SENDS
    assert set(texts.values()) == {1}


@pytest.mark.slow
async def test_a_stdio_client_goes_on_when_its_hub_is_started_again(tmp_path: Path) -> None:
    data_dir, port = tmp_path / "data", free_port()
    async with hub_process("demo", data_dir=data_dir, port=port) as hub:
        facts = json.loads((data_dir / "demo.json").read_text())
        parameters = stdio_process(tmp_path / "pid", data_dir, facts["agents"][0]["token"])
        async with Client(stdio_client(parameters)) as client:
            before = await client.call_tool("comms_get_channel_status", {})
            hub.kill()
            async with hub_process("demo", data_dir=data_dir, port=port) as again:
                after = await client.call_tool("comms_get_channel_status", {})
                assert again.stop() == 0

    assert not before.is_error
    assert not after.is_error
    assert before.structured_content["channels"] == after.structured_content["channels"]


@pytest.mark.slow
async def test_without_a_server_the_first_stdio_client_is_the_hub_of_the_next(
    tmp_path: Path,
) -> None:
    data_dir = tmp_path / "data"
    command("agents", "create", "ann", "phone=+14155550123", data_dir=data_dir)
    token = command("tokens", "issue", "ann", data_dir=data_dir).strip()
    first, second = (stdio_process(tmp_path / name, data_dir, token) for name in ("one", "two"))

    async with (
        Client(stdio_client(first)) as one,
        Client(stdio_client(second), mode="legacy") as two,
    ):
        answers = [await each.call_tool("comms_get_channel_status", {}) for each in (one, two)]
        listed = command("agents", "list", data_dir=data_dir)

    assert [answer.structured_content["agentId"] for answer in answers] == ["ann", "ann"]
    assert "+14155550123" in listed
