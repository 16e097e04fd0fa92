"""A STOP that is stored before an attempt begins is never followed by one."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.networks import ALICE, WIRE, Network, WireWebhooks

pytestmark = pytest.mark.both(slow=True)

TRIES, ROUNDS = 50, 5


async def _queue_and_stop(
    hub: Served, ann: Caller, recipient: str, chance: random.Random, later_s: float
) -> tuple[str, datetime]:
    """Queue a text, stop it at about the time it is due, and return its id and when that stood."""
    now = datetime.now(UTC)
    due_at = now + timedelta(seconds=chance.uniform(0.3, 0.6))
    queued = await ann.send(recipient, "hello", sendAt=due_at.isoformat())
    assert queued["status"] == "queued"
    await asyncio.sleep(
        max(0.0, later_s + chance.uniform(0.2, 0.7) - (datetime.now(UTC) - now).total_seconds())
    )
    await _stop(hub.client, recipient)
    return queued["messageId"], datetime.now(UTC)


async def _stop(client: httpx2.AsyncClient, sender: str) -> None:
    told = {"id": f"stop-{sender}", "from": sender, "to": ALICE, "body": "STOP"}
    response = await client.post("/webhooks/ann/sms", json=told, headers={"x-wire": "yes"})
    assert response.is_success, response.text


@pytest.mark.slow
async def test_a_stop_between_queueing_and_dispatch_is_never_followed_by_a_send(
    start_hub: StartHub,
) -> None:
    network, chance = Network(), random.Random(1)
    async with start_hub(plugins=network.plugins(WireWebhooks()), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        gate = asyncio.Semaphore(16)

        async def one(number: int) -> tuple[str, datetime]:
            async with gate:
                recipient = f"+1415555{number:04}"
                return await _queue_and_stop(hub, ann, recipient, chance, later_s)

        async def open_ones() -> int:
            return len(hub.rows("SELECT id FROM messages WHERE status IN ('queued', 'sending')"))

        stopped: dict[str, datetime] = {}
        later_s = 0.0
        for start in range(0, TRIES * ROUNDS, TRIES):
            sent_before = len(network.asked)
            stopped |= dict(await asyncio.gather(*map(one, range(start, start + TRIES))))
            await hub.until(open_ones, lambda count: count == 0)
            sent = len(network.asked) - sent_before
            if not TRIES / 10 < sent < TRIES * 9 / 10:  # a busy machine: make it a race again
                later_s += 0.1 if sent < TRIES / 2 else -0.1
        begun = {
            row["message_id"]: row["created_at"]
            for row in hub.rows("SELECT message_id, created_at FROM message_attempts")
        }
        statuses = hub.rows(
            "SELECT status, count(*) AS n FROM messages WHERE direction = 'outbound' "
            "GROUP BY status"
        )

    outcome = {row["status"]: row["n"] for row in statuses}
    assert set(outcome) == {"sent", "blocked"}
    assert min(outcome.values()) > TRIES / 10, "the race was not one"
    assert len(network.asked) == outcome["sent"] == len(begun)
    late = [id_ for id_, at in begun.items() if _time(at) > stopped[id_]]
    assert late == []


def _time(value: str | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
