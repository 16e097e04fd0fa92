"""Databases that are full, locked or behind: a send is stored whole, or not at all and not sent."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.disks import fill, small_disk
from tests.flows.hubs import ANN, HANDSET, Caller, Served, StartHub, serve
from tests.flows.networks import ALICE, BOB, WIRE, Network, Turnstile, Vendor

pytestmark = pytest.mark.sqlite

KEY = {"Idempotency-Key": "order-17"}
TABLES = ("messages", "message_attempts", "message_history", "idempotency_keys", "body_vault")


def counts(hub: Served) -> list[int]:
    """Return how many rows the tables of a send have."""
    return [hub.count(table) for table in TABLES]


HOLDER = """
import sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@asynccontextmanager
async def locked(data_dir: Path) -> AsyncIterator[None]:
    """Let another process hold the database's lock."""
    pipe = asyncio.subprocess.PIPE
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(data_dir / "trunkline.db"), stdin=pipe, stdout=pipe
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"held\n"
    try:
        yield
    finally:
        await holder.communicate(b"")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for locks only briefly."""
    monkeypatch.setattr("trunkline_sqlite.writer.BUSY_S", 0.1)
    monkeypatch.setattr("trunkline.core.delivery.deliver._RECORD_PAUSE_S", 0.05)


async def test_a_database_that_is_full_takes_a_send_whole_or_not_at_all(
    start_hub: StartHub,
) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        db = hub.running.hub.db

        def fill(tx: Any) -> None:
            (pages,) = tx.connection.exec_driver_sql("PRAGMA page_count").one()
            tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

        await db.write(fill)
        for number in range(60):
            before, asked = counts(hub), len(network.asked)
            response = await ann.try_send(BOB, f"{number} " + "x" * 1500)
            if response.status_code != 200:
                break

        assert (response.status_code, response.json()["code"]) == (503, "unavailable")
        assert "retry-after" in response.headers
        assert (counts(hub), len(network.asked)) == (before, asked)
        assert (await ann.send(BOB, "there is room again"))["status"] == "sent"


@pytest.mark.slow
async def test_a_disk_that_is_full_takes_a_send_whole_or_not_at_all(tmp_path: Path) -> None:
    network = Network()
    with small_disk(tmp_path, 3000):
        async with serve(tmp_path, plugins=network.plugins(), toml=WIRE) as hub:
            ann = await hub.agent("ann", ALICE)
            fill(tmp_path / "filler")
            for number in range(100):
                before, asked = counts(hub), len(network.asked)
                response = await ann.try_send(BOB, f"{number} " + "x" * 1500)
                if response.status_code != 200:
                    break
            after = counts(hub)
            (tmp_path / "filler").unlink()
            again = await ann.send(BOB, "there is room again")

    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert (after, len(network.asked)) == (before, asked + 1)
    assert again["status"] == "sent"


@pytest.mark.usefixtures("impatient")
async def test_a_database_that_somebody_locks_stores_and_sends_nothing(
    start_hub: StartHub,
) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        before = counts(hub)
        async with locked(hub.data_dir):
            response = await ann.try_send(BOB, "hello")
            read = await ann.inbox()

        assert (response.status_code, response.json()["code"]) == (503, "unavailable")
        assert (counts(hub), network.asked, read) == (before, [], [])
        assert (await ann.send(BOB, "hello"))["replayed"] is False


@pytest.mark.usefixtures("impatient")
async def test_a_webhook_is_acknowledged_only_once_it_is_stored(
    served: Served, ann: Caller
) -> None:
    text = {"type": "sms.received", "id": "t1", "from": HANDSET, "to": ANN, "body": "hello"}
    path, body = "/webhooks/ann/sms", json.dumps(text).encode()
    async with locked(served.data_dir):
        refused = await Vendor(served).tell(path, body)
    told_again = await Vendor(served).tell(path, body)

    assert (refused.status_code, told_again.status_code) == (503, 204)
    assert [message["body"] for message in await ann.inbox()] == ["hello"]


async def test_a_hub_with_too_much_to_write_says_so(
    start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline_sqlite.writer.MAX_QUEUE", 2)
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        async with locked(hub.data_dir):
            sends = [asyncio.create_task(ann.try_send(BOB, f"{number}")) for number in range(8)]
            await asyncio.sleep(0.2)
        responses = await asyncio.gather(*sends)

    refused = [response for response in responses if response.status_code != 200]
    assert refused
    assert {(each.status_code, each.json()["code"]) for each in refused} == {(503, "overloaded")}
    assert len(network.asked) == len(responses) - len(refused) == hub.count("messages")


@pytest.mark.usefixtures("impatient")
async def test_what_a_provider_said_is_stored_once_the_database_is_back(
    start_hub: StartHub,
) -> None:
    turnstile = Turnstile()
    async with start_hub(plugins=turnstile.network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        sending = asyncio.create_task(ann.send(BOB, "hello"))
        await turnstile.asked.wait()
        async with locked(hub.data_dir):
            turnstile.let.set()
            await asyncio.sleep(0.3)
        answer = await sending

    assert answer["status"] == "sent"
    assert hub.rows("SELECT status FROM messages") == [{"status": "sent"}]


@pytest.mark.usefixtures("impatient")
async def test_what_could_not_be_stored_is_unknown_after_a_restart_and_not_sent_again(
    start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline.core.delivery.deliver._RECORD_TRIES", 1)
    turnstile = Turnstile()
    plugins = turnstile.network.plugins()
    async with start_hub(plugins=plugins, toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        sending = asyncio.create_task(ann.try_send(BOB, "hello", KEY))
        await turnstile.asked.wait()
        async with locked(hub.data_dir):
            turnstile.let.set()
            answer = (await sending).json()
    async with start_hub(plugins=plugins, toml=WIRE) as hub:
        traced = await hub.caller(ann.token).status(answer["messageId"])
        again = (await hub.caller(ann.token).try_send(BOB, "hello", KEY)).json()

    assert (answer["status"], answer["retryOwner"]) == ("sending", "hub")
    assert (traced["status"], again["status"], again["replayed"]) == ("unknown", "unknown", True)
    assert len(turnstile.network.asked) == 1
