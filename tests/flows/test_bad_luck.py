"""Bad luck: providers that do not open or do not end, and clients that hang up."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from tests.flows.hubs import HERE, Caller, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network, NoConfig, Turnstile
from trunkline.sdk import ProviderContext
from trunkline.testing import FakeClock

KEY = {"Idempotency-Key": "order-17"}


# --- providers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [RuntimeError(), SystemExit(3), asyncio.CancelledError()])
async def test_a_provider_that_does_not_open_has_surely_sent_nothing(
    start_hub: StartHub, error: BaseException
) -> None:
    network, clock = Network(openings=[error]), FakeClock()
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        answer = await ann.send(BOB, "hello")
        asked = len(network.asked)

    assert (answer["status"], answer["retryOwner"], asked) == ("queued", "hub", 0)
    earliest = datetime.fromisoformat(answer["earliestAt"])
    assert 5.0 <= (earliest - clock.now()).total_seconds() <= 5.5


async def test_a_provider_that_did_not_open_is_opened_again_at_the_next_attempt(
    start_hub: StartHub,
) -> None:
    network, clock = Network(openings=[RuntimeError()]), FakeClock()
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        queued = await ann.send(BOB, "hello")
        clock.travel(5.5)
        await hub.until_status(ann, queued["messageId"], "sent")

    assert [sms.body for sms in network.asked] == ["hello"]


async def test_readiness_tells_of_a_provider_that_does_not_open_until_it_does(
    start_hub: StartHub,
) -> None:
    network = Network(openings=[RuntimeError()])
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=FakeClock()) as hub:
        ann, admin = await hub.agent("ann", ALICE), await hub.admin()
        told = [(await admin.get("/health/ready")).json()]
        for body in ("hello", "hello again"):
            await ann.send(BOB, body)
            told.append((await admin.get("/health/ready")).json())

    assert told == [
        {"status": "ready", "providers": {**HERE, "wire": "idle"}},
        {"status": "degraded", "providers": {**HERE, "wire": "error"}},
        {"status": "ready", "providers": {**HERE, "wire": "ok"}},
    ]


class Slow(Network):
    """A network whose connection takes for ever to come about, or to end."""

    opens = closes = True

    @asynccontextmanager
    async def open(self, config: NoConfig, context: ProviderContext) -> AsyncIterator[Network]:
        if not self.opens:
            await asyncio.Future()
        yield self
        if not self.closes:
            await asyncio.Future()


async def test_a_provider_that_takes_too_long_to_open_is_not_waited_for(
    start_hub: StartHub,
) -> None:
    network = Slow()
    network.opens = False
    toml = f"{WIRE}[messages]\nprovider_timeout_s = 0.05\n"
    async with start_hub(plugins=network.plugins(), toml=toml) as hub:
        answer = await (await hub.agent("ann", ALICE)).send(BOB, "hello")
        asked = len(network.asked)

    assert (answer["status"], answer["retryOwner"], asked) == ("queued", "hub", 0)


async def test_a_provider_that_does_not_end_does_not_keep_the_hub_from_ending(
    start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline.core.connections.opening._CLOSE_TIMEOUT_S", 0.05)
    network = Slow()
    network.closes = False
    async with asyncio.timeout(5), start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        sent = await (await hub.agent("ann", ALICE)).send(BOB, "hello")

    assert sent["status"] == "sent"


# --- clients --------------------------------------------------------------------------------------


async def test_a_client_that_hangs_up_does_not_stop_its_send(start_hub: StartHub) -> None:
    turnstile = Turnstile()
    async with start_hub(plugins=turnstile.network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        body = json.dumps({"channel": "sms", "to": BOB, "body": "hello"}).encode()
        head = (
            f"POST /api/v1/tools/comms_send_message HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {ann.token}\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: order-17\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        port = int(hub.base_url.rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode() + body)
        await turnstile.asked.wait()
        writer.transport.abort()
        await asyncio.sleep(0.05)
        turnstile.let.set()
        again = (await ann.try_send(BOB, "hello", KEY)).json()

    assert (again["status"], again["replayed"]) == ("sent", True)
    assert len(turnstile.network.asked) == 1


async def test_an_mcp_client_that_gives_up_does_not_stop_its_send(start_hub: StartHub) -> None:
    turnstile = Turnstile()
    arguments = {"channel": "sms", "to": BOB, "body": "hello", "idempotencyKey": "order-17"}

    async def call(caller: Caller) -> None:
        async with caller.mcp() as client:
            await client.call_tool("comms_send_message", arguments)

    async with start_hub(plugins=turnstile.network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        calling = asyncio.create_task(call(ann))
        await turnstile.asked.wait()
        calling.cancel()
        await asyncio.wait([calling])
        turnstile.let.set()
        again = (await ann.try_send(BOB, "hello", KEY)).json()

    assert (again["status"], again["replayed"]) == ("sent", True)
    assert len(turnstile.network.asked) == 1


async def test_a_hub_that_ends_waits_for_the_sends_under_way(start_hub: StartHub) -> None:
    turnstile = Turnstile()
    async with start_hub(plugins=turnstile.network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        sending = asyncio.create_task(ann.send(BOB, "hello"))
        await turnstile.asked.wait()
        asyncio.get_running_loop().call_later(0.1, turnstile.let.set)
    await asyncio.wait([sending])  # its connection is gone

    assert hub.rows("SELECT status FROM messages") == [{"status": "sent"}]
