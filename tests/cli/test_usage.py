"""`trunkline usage show` and `trunkline usage export`, as an operator runs them."""

import csv
import io
import json
from pathlib import Path

import httpx2
import pytest

from tests.cli.commands import Shell
from tests.processes import free_port, hub_process

HANDSET = "+12025550150"


@pytest.mark.slow
async def test_usage_is_shown_and_exported(shell: Shell, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    where = ("--data-dir", str(data_dir))
    async with hub_process("demo", data_dir=data_dir, port=free_port()) as hub:
        token = json.loads((data_dir / "demo.json").read_text())["agents"][0]["token"]
        async with httpx2.AsyncClient(base_url=hub.base_url, timeout=30) as client:
            sent = await client.post(
                "/api/v1/tools/comms_send_message",
                json={"channel": "sms", "to": HANDSET, "body": "hello"},
                headers={"Authorization": f"Bearer {token}"},
            )
        assert sent.status_code == 200, sent.text
        shown = shell.run("usage", "show", "--period", "today", *where)
        of_one = json.loads(shell.run("usage", "show", "--agent", "ava", "--json", *where).stdout)
        exported = shell.run("usage", "export", *where)
        nonsense = shell.run("usage", "show", "--period", "yesterday", *where)
        no_day = shell.run("usage", "export", "--since", "11/01", *where)

    assert "agentId" in shown.stdout
    assert "difference" in shown.stdout
    assert [each["actions"] for each in of_one["agents"]] == [1]
    assert of_one["connections"] == []
    (row,) = csv.DictReader(io.StringIO(exported.stdout))
    assert row["messageId"] == sent.json()["messageId"]
    assert HANDSET not in exported.stdout
    assert (nonsense.returncode, no_day.returncode) == (2, 2)
    assert "give a day such as 2026-11-01" in no_day.stderr
