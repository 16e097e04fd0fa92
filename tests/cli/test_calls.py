"""`trunkline calls list` and `trunkline calls show`, as an operator runs them."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.cli.commands import Shell
from tests.processes import free_port, hub_process

AVA, HANDSET = "+12025550101", "+12025550150"


@pytest.mark.slow
async def test_a_call_is_listed_and_shown_with_its_history(shell: Shell, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    where = ("--data-dir", str(data_dir))
    async with hub_process("demo", data_dir=data_dir, port=free_port()) as hub:
        async with httpx2.AsyncClient(base_url=hub.base_url, timeout=30) as client:
            path = f"/demo/handsets/{HANDSET}/calls"
            dialled = await client.post(path, json={"to": AVA})
        assert dialled.status_code == 200, dialled.text
        listed = shell.run("calls", "list", "--limit", "1", *where)
        found: list[dict[str, Any]] = json.loads(
            shell.run("calls", "list", "--json", *where).stdout
        )
        shown = shell.run("calls", "show", found[0]["id"], *where)
        unknown = shell.run("calls", "show", "call_" + "0" * 32, *where)
        none = shell.run("calls", "list", "--limit", "0", *where)

    head, line = listed.stdout.splitlines()
    assert head.split()[:3] == ["id", "startedAt", "agentId"]
    assert line.split()[0] == found[0]["id"]
    assert {"ava", "inbound", HANDSET, AVA} <= set(line.split())
    assert f"from: {HANDSET}" in shown.stdout
    assert "ringing" in shown.stdout
    assert (unknown.returncode, none.returncode) == (1, 2)
    assert "no such call" in unknown.stderr
