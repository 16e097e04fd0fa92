"""kill -9 in the middle of a batch: the same call again completes it, and doubles nothing."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from plugins.postgres.tests.server import Server
from tests.databases import SQLITE, read_rows
from tests.processes import command, free_port, hub_process, read_ledger, vendor_process

SIZE = 200
CONFIG = """
[database]
url = "{database}"
[slots]
telephony = "example"
[providers.example]
base_url = "{vendor}"
api_key = "pb-test-key"
signing_secret = "pb-test-secret"
"""
BATCH = {
    "messages": [
        {"channel": "sms", "to": "+14155552671", "body": f"text {number}"} for number in range(SIZE)
    ],
    "idempotencyKey": "monday",
}


@pytest.fixture
def database(database_kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database."""
    if database_kind == "sqlite":
        yield SQLITE
        return
    server: Server = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url


async def send(http: httpx2.AsyncClient, base_url: str, token: str) -> dict[str, Any]:
    """Send the batch."""
    response = await http.post(
        f"{base_url}/api/v1/tools/comms_send_batch",
        json=BATCH,
        headers={"Authorization": f"Bearer {token}"},
    )
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.mark.slow
async def test_a_batch_whose_hub_is_killed_is_completed_by_the_same_call(
    tmp_path: Path, database: str
) -> None:
    ledger, data_dir, port = tmp_path / "ledger", tmp_path / "data", free_port()
    config = tmp_path / "trunkline.toml"

    def rows(sql: str) -> list[dict[str, Any]]:
        return read_rows(database, data_dir, sql)

    with vendor_process(ledger, flavour="key") as vendor:
        config.write_text(CONFIG.format(vendor=vendor, database=database))
        command("db", "upgrade", data_dir=data_dir, config=config)
        command("agents", "create", "ann", "phone=+14155550123", data_dir=data_dir, config=config)
        token = command("tokens", "issue", "ann", data_dir=data_dir, config=config).strip()
        async with httpx2.AsyncClient(timeout=60) as http:
            async with hub_process("serve", data_dir=data_dir, port=port, config=config) as hub:
                sending = asyncio.create_task(send(http, hub.base_url, token))
                for _ in range(3000):
                    if len(rows("SELECT id FROM messages")) >= SIZE // 8:
                        break
                    await asyncio.sleep(0.01)
                hub.kill()
                with pytest.raises(httpx2.TransportError):
                    await sending
            (before,) = rows("SELECT count(*) AS n FROM messages")
            async with hub_process("serve", data_dir=data_dir, port=port, config=config) as hub:
                answer = await send(http, hub.base_url, token)
                for _ in range(600):
                    left = "SELECT id FROM messages WHERE status IN ('queued', 'sending')"
                    if not rows(left):
                        break
                    await asyncio.sleep(0.1)
                shown = command(
                    "messages", "show", answer["results"][0]["messageId"],
                    data_dir=data_dir, config=config,
                )  # fmt: skip
                assert hub.stop() == 0

    statuses = Counter(row["status"] for row in rows("SELECT status FROM messages"))
    accepted = Counter(line["text"] for line in read_ledger(ledger))
    assert 0 < before["n"] < SIZE, "it was not killed in between"
    assert sum("replayed" in result for result in answer["results"]) == before["n"]
    assert len(rows("SELECT id FROM message_batches")) == 1
    assert (answer["refused"], statuses.total()) == (0, SIZE)
    assert set(statuses) <= {"sent", "unknown"}
    assert [text for text, times in accepted.items() if times > 1] == []
    assert statuses["sent"] <= len(accepted) <= SIZE
    assert "status: " in shown
    assert "number  state" in shown
    assert "+1415555" not in shown
