"""kill -9 of the hub under load: nothing lost, nothing doubled, nothing falsely claimed."""

import asyncio
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from plugins.postgres.tests.server import Server
from tests.databases import SQLITE, read_rows
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
[database]
url = "{database}"
[messages]
provider_timeout_s = 5
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
        await asyncio.gather(*(self.send(base_url, key) for key in sorted(self.unanswered)))

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


@pytest.fixture
def database(database_kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database."""
    if database_kind == "sqlite":
        yield SQLITE
        return
    server: Server = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url


@pytest.mark.slow
async def test_a_hub_killed_under_load_loses_nothing_and_doubles_nothing(
    tmp_path: Path, database: str
) -> None:
    ledger, data_dir, port = tmp_path / "ledger", tmp_path / "data", free_port()
    config = tmp_path / "trunkline.toml"
    random_, in_flight = random.Random(20261121), 0
    on_server = database != SQLITE  # where a repeated send waits for what no hub is doing any more
    kills = max(KILLS // 4, 1) if on_server else KILLS
    with vendor_process(ledger) as vendor:
        config.write_text(CONFIG.format(vendor=vendor, database=database))
        command("db", "upgrade", data_dir=data_dir, config=config)
        command("agents", "create", "ann", "phone=+14155550123", data_dir=data_dir, config=config)
        token = command("tokens", "issue", "ann", data_dir=data_dir, config=config).strip()
        async with httpx2.AsyncClient(timeout=30) as http:
            client = Client(token, http)
            for _ in range(kills):
                async with hub_process("serve", data_dir=data_dir, port=port, config=config) as hub:
                    await client.send_again(hub.base_url)
                    in_flight += await load_and_kill(client, hub, random_)
            async with hub_process("serve", data_dir=data_dir, port=port, config=config) as hub:
                await client.send_again(hub.base_url)
                assert hub.stop() == 0

    accepted = Counter(line["text"] for line in read_ledger(ledger))
    statuses = dict(_statuses(ledger, database, data_dir))
    sent = [key for key, status in client.answered.items() if status == "sent"]
    unknown = [key for key, status in client.answered.items() if status == "unknown"]
    sending = [key for key, status in client.answered.items() if status == "sending"]
    facts = {
        "kills": kills,
        "sends": client.made,
        "answered sent": len(sent),
        "answered unknown": len(unknown),
        "answered sending": len(sending),
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
    left = {"sending", "unknown"} if on_server else {"unknown"}  # too young to be called unknown
    assert sum(status in left for status in statuses.values()) <= in_flight
    assert set(statuses.values()) <= {"sent", *left}


def _statuses(ledger: Path, database: str, data_dir: Path) -> list[tuple[str, str]]:
    """Return (text, status) of each send: the ledger knows the text of each message's id."""
    texts = {line["reference"]: line["text"] for line in read_ledger(ledger)}
    rows = read_rows(database, data_dir, "SELECT id, status FROM messages")
    return [(texts.get(row["id"], row["id"]), row["status"]) for row in rows]
