"""Hubs that are killed while they tell a text once more: nothing is lost, and nothing doubled."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from tests.chaos.crash import DUPLICATING
from tests.databases import SQLITE, read_rows
from tests.processes import command, free_port, hub_process, read_ledger, vendor_process
from tests.unlimited import UNLIMITED

CONFIG = """
[slots]
telephony = "example"
[providers.example]
base_url = "{vendor}"
api_key = "pb-test-key"
signing_secret = "pb-test-secret"
"""
PERSON, BOSS = "+14155552671", "+14155552672"
STEPS = [
    *(f"{step}:1" for step in DUPLICATING),
    "in the transaction of the outcome:1",
    "after the message is stored:2",
    "before the provider is asked:2",
    "after the provider was asked:2",
]


class Prepared(NamedTuple):
    """A data directory with an agent whose texts are mirrored, to be copied, and its vendor."""

    data_dir: Path
    config: Path
    ledger: Path
    token: str


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    folder = tmp_path_factory.mktemp("mirrored")
    data_dir, config, ledger = folder / "data", folder / "trunkline.toml", folder / "ledger"
    with vendor_process(ledger, flavour="key") as vendor:
        config.write_text(CONFIG.format(vendor=vendor))
        given = ("phone=+14155550123", f"sms_mirror_to={BOSS}")
        command("agents", "create", "ann", *given, data_dir=data_dir, config=config)
        token = command("tokens", "issue", "ann", data_dir=data_dir, config=config).strip()
        yield Prepared(data_dir, config, ledger, token)


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
async def test_a_hub_that_is_killed_tells_a_text_once_more_and_only_once(
    tmp_path: Path, prepared: Prepared, step: str
) -> None:
    data_dir = tmp_path / "data"
    shutil.copytree(prepared.data_dir, data_dir)

    def start(**environ: str) -> Any:
        environ = UNLIMITED | environ
        config = prepared.config
        return hub_process(
            "serve", data_dir=data_dir, port=free_port(), config=config, environ=environ
        )

    def rows(sql: str) -> list[dict[str, Any]]:
        return read_rows(SQLITE, data_dir, sql)

    async with start(CHAOS_STEP=step) as hub, httpx2.AsyncClient(timeout=60) as http:
        sending = asyncio.create_task(
            http.post(
                f"{hub.base_url}/api/v1/tools/comms_send_message",
                json={"channel": "sms", "to": PERSON, "body": step},
                headers={"Authorization": f"Bearer {prepared.token}"},
            )
        )
        async with asyncio.timeout(60):
            while hub.process.poll() is None:  # noqa: ASYNC110 - another process tells nobody
                await asyncio.sleep(0.02)
        await asyncio.gather(sending, return_exceptions=True)
    async with start():
        for _ in range(600):
            found = rows("SELECT state FROM duplicates")
            sent = rows("SELECT id FROM messages WHERE status = 'sent'")
            jobs = rows("SELECT id FROM engine_jobs WHERE kind = 'duplicate'")
            if [each["state"] for each in found] == ["done"] and len(sent) == 2 and not jobs:
                break
            await asyncio.sleep(0.05)

    told = [each["text"] for each in read_ledger(prepared.ledger) if step in each["text"]]
    assert sorted(told) == sorted([step, f"To {PERSON}: {step}"])
    assert rows("SELECT count(*) AS n FROM messages") == [{"n": 2}]
    assert rows("SELECT state FROM duplicates") == [{"state": "done"}]
    assert not jobs
