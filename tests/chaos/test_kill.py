"""kill -9 of the hub under load: nothing lost, nothing doubled, nothing falsely claimed."""

import asyncio
import json
import os
import random
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tests.processes import (
    HubProcess,
    command,
    free_port,
    hub_process,
    read_ledger,
    vendor_process,
)

KILLS = int(os.environ.get("TRUNKLINE_CHAOS_KILLS", "20"))
SENDS_PER_S = 20
CONFIG = """
[slots]
telephony = "example"
[providers.example]
base_url = "{vendor}"
api_key = "pb-test-key"
signing_secret = "pb-test-secret"
"""


@dataclass
class Client:
    """Somebody who sends texts with keys, and sends again under the same key after no answer."""

    token: str
    http: httpx2.AsyncClient
    answered: dict[str, str] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    made: int = 0

    async def send(self, base_url: str, key: str) -> None:
        """Send the text that belongs to `key`, and remember what was answered."""
        arguments = {
            "channel": "sms",
            "to": "+14155552671",
            "body": f"text {key}",
            "idempotencyKey": key,
        }
        headers = {"Authorization": f"Bearer {self.token}"}
        self.unanswered.add(key)
        try:
            response = await self.http.post(
                f"{base_url}/api/v1/tools/comms_send_message", json=arguments, headers=headers
            )
        except httpx2.TransportError:
            return  # no answer: the same key is sent again later
        assert response.status_code == 200, response.text
        self.unanswered.discard(key)
        self.answered[key] = response.json()["status"]

    async def send_again(self, base_url: str) -> None:
        """Send everything that was never answered, under the keys it had."""
        for key in sorted(self.unanswered):
            await self.send(base_url, key)

    async def load(self, base_url: str, seconds: float) -> None:
        """Send at a steady pace, without waiting for answers."""
        sends: list[asyncio.Task[None]] = []
        for _ in range(round(seconds * SENDS_PER_S)):
            self.made += 1
            sends.append(asyncio.create_task(self.send(base_url, f"key-{self.made:05d}")))
            await asyncio.sleep(1 / SENDS_PER_S)
        await asyncio.gather(*sends)


async def load_and_kill(client: Client, hub: HubProcess, random_: random.Random) -> int:
    """Put load on a hub, kill it in the middle, and return how many sends were under way."""
    load = asyncio.create_task(client.load(hub.base_url, 1.0))
    await asyncio.sleep(random_.uniform(0.2, 0.9))
    hub.kill()
    under_way = len(client.unanswered)
    await load
    return under_way


@pytest.mark.slow
async def test_a_hub_killed_under_load_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    ledger, data_dir, port = tmp_path / "ledger", tmp_path / "data", free_port()
    config = tmp_path / "trunkline.toml"
    random_, in_flight = random.Random(20261121), 0
    with vendor_process(ledger) as vendor:
        config.write_text(CONFIG.format(vendor=vendor))
        command("agents", "create", "ann", "phone=+14155550123", data_dir=data_dir, config=config)
        token = command("tokens", "issue", "ann", data_dir=data_dir, config=config).strip()
        async with httpx2.AsyncClient(timeout=10) as http:
            client = Client(token, http)
            for _ in range(KILLS):
                async with hub_process("serve", data_dir=data_dir, port=port, config=config) as hub:
                    await client.send_again(hub.base_url)
                    in_flight += await load_and_kill(client, hub, random_)
            async with hub_process("serve", data_dir=data_dir, port=port, config=config) as hub:
                await client.send_again(hub.base_url)
                assert hub.stop() == 0

    accepted = Counter(line["text"] for line in read_ledger(ledger))
    statuses = dict(_statuses(data_dir))
    sent = [key for key, status in client.answered.items() if status == "sent"]
    unknown = [key for key, status in client.answered.items() if status == "unknown"]
    facts = {
        "kills": KILLS,
        "sends": client.made,
        "answered sent": len(sent),
        "answered unknown": len(unknown),
        "accepted by the vendor": sum(accepted.values()),
        "rows": dict(Counter(statuses.values())),
        "in flight at the kills": in_flight,
    }
    print(json.dumps(facts))  # noqa: T201 - the report of this run

    assert not client.unanswered
    assert sent
    assert [text for text, times in accepted.items() if times > 1] == []
    assert [key for key in sent if accepted[f"text {key}"] != 1] == []
    assert [key for key in sent if statuses[f"text {key}"] != "sent"] == []
    assert sum(status == "unknown" for status in statuses.values()) <= in_flight
    assert set(statuses.values()) <= {"sent", "unknown"}


def _statuses(data_dir: Path) -> list[tuple[str, str]]:
    """Return (text, status) of each send: the ledger knows the text of each message's id."""
    ledger = {line["reference"]: line["text"] for line in read_ledger(data_dir.parent / "ledger")}
    with sqlite3.connect(data_dir / "trunkline.db") as db:
        rows = db.execute("SELECT id, status FROM messages").fetchall()
    return [(ledger.get(message_id, message_id), status) for message_id, status in rows]
