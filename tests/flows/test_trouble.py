"""A provider in trouble is left alone for a while, by every hub, and then tried with one text."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plugins.postgres.tests.server import Server
from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.conftest import TEMPLATE
from tests.flows.hubs import Caller, StartHub, serve
from tests.flows.networks import ALICE, BOB, Network
from tests.flows.pairs import AWAY, PAIR, Scripted, side_by_side
from tests.flows.test_lanes import over
from tests.flows.test_replicas import ENVIRON

__all__ = ["clock"]


async def in_trouble(caller: Caller, network: Scripted) -> None:
    """Let a network fail until it is left alone."""
    network.script[:] = [AWAY] * 5
    for number in range(5):
        await caller.send(BOB, f"trouble {number}")


@pytest.mark.both
async def test_a_provider_in_trouble_is_left_alone_and_tried_again_with_one_text(
    start_hub: StartHub, clock: Ahead
) -> None:
    one, two = Scripted(), Scripted(name="two")
    async with start_hub(plugins=side_by_side(one, two), toml=PAIR, clock=clock) as hub:
        ann, admin = await over(hub, "one", "ann", ALICE), await hub.admin()
        await in_trouble(ann, one)
        await keep_still()
        asked = len(one.asked)
        queued = await ann.send(BOB, "hello")
        ready = (await admin.get("/health/ready")).json()
        metrics = (await admin.get("/metrics")).text
        clock.travel(31)
        await keep_still()
        clock.travel(3)  # the others wait for what comes of the one that is tried
        traced = await hub.until_status(ann, queued["messageId"], "sent")
        cured = (await admin.get("/health/ready")).json()

    assert (asked, queued["status"], queued["retryOwner"]) == (5, "queued", "hub")
    assert queued["reason"].startswith("The provider of 'one' is in trouble")
    wait = datetime.fromisoformat(queued["earliestAt"]) - datetime.now(UTC)
    assert timedelta(seconds=25) < wait <= timedelta(seconds=30)
    assert traced["history"][0]["status"] == "queued"
    assert (ready["status"], ready["providers"]["one"]) == ("degraded", "error")
    assert 'comms_connection_circuit_open{connection="one"} 1.0' in metrics
    assert cured["providers"]["one"] == "ok"


@pytest.mark.both
async def test_while_the_first_is_left_alone_the_second_sends_at_once_and_says_so(
    start_hub: StartHub,
) -> None:
    one, two = Scripted(), Scripted(name="two")
    async with start_hub(plugins=side_by_side(one, two), toml=PAIR) as hub:
        ann = await hub.agent("ann", ALICE)
        await in_trouble(ann, one)
        sent = await ann.send(BOB, "hello")
        (row,) = hub.rows("SELECT connection, attempts FROM messages ORDER BY id DESC LIMIT 1")

    assert (sent["status"], sent["provider"], len(one.asked)) == ("sent", "two", 5)
    assert "not by 'one': The provider of 'one' is in trouble" in sent["reason"]
    assert row == {"connection": "two", "attempts": 1}


async def test_one_that_cannot_be_opened_is_in_trouble_too(start_hub: StartHub) -> None:
    one = Network(openings=[RuntimeError("no")] * 9)
    async with start_hub(plugins=side_by_side(one, names="one"), toml=PAIR) as hub:
        ann = await hub.agent("ann", ALICE)
        for number in range(7):
            answer = await ann.send(BOB, f"text {number}")

    assert answer["reason"].startswith("The provider of 'one' is in trouble")
    assert len(one.openings) == 4


@pytest.mark.slow
@pytest.mark.postgres
async def test_what_one_hub_learns_of_a_provider_the_other_knows_soon_after(
    migrated_server: Server, tmp_path: Path
) -> None:
    networks = [Scripted(script=[AWAY] * 5), Scripted()]
    plugins = [side_by_side(network, names="one") for network in networks]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with migrated_server.database(TEMPLATE) as url:
        given: dict[str, Any] = {"toml": PAIR, "database": url, "environ": ENVIRON}
        async with (
            serve(tmp_path / "one", plugins=plugins[0], **given) as one,
            serve(tmp_path / "two", plugins=plugins[1], **given) as two,
        ):
            ann = await one.agent("ann", ALICE)
            for number in range(5):
                await ann.send(BOB, f"text {number}")

            async def states() -> str:
                ready = await two.caller((await two.local("tokens_issue"))["token"]).get(
                    "/health/ready"
                )
                state: str = ready.json()["providers"]["one"]
                return state

            await two.until(states, lambda state: state == "error")
            answer = await two.caller(ann.token).send(BOB, "hello")

    assert answer["status"] == "queued"
    assert "hello" not in [sms.body for sms in networks[1].asked]


@pytest.mark.slow
@pytest.mark.postgres
async def test_the_hubs_of_a_database_share_a_rate_evenly(
    migrated_server: Server, tmp_path: Path
) -> None:
    given: dict[str, Any] = {
        "toml": f"{PAIR}[providers.one]\nmax_per_second = 2\n",
        "environ": ENVIRON,
        "plugins": side_by_side(Scripted(), names="one"),
    }
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with migrated_server.database(TEMPLATE) as url:
        async with serve(tmp_path / "one", database=url, **given) as one:
            ann = await one.agent("ann", ALICE)
            alone = [(await ann.send(BOB, f"alone {n}"))["status"] for n in range(2)]
            async with serve(tmp_path / "two", database=url, **given):
                await asyncio.sleep(2.5)  # each looks every second who else there is
                shared = [(await ann.send(BOB, f"shared {n}"))["status"] for n in range(2)]

    assert (alone, shared) == (["sent", "sent"], ["sent", "queued"])
