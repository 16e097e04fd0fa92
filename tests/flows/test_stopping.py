"""A hub that is asked to end answers everybody first, within the time that supervisors give."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from tests.flows.hubs import Caller
from tests.flows.networks import ALICE, BOB
from tests.processes import HubProcess, command, free_port, hub_process, vendor_process

SETTINGS = """
[slots]
telephony = "example"
[providers.example]
base_url = "{vendor}"
api_key = "pb-test-key"
signing_secret = "pb-test-secret"
"""
pytestmark = pytest.mark.slow


@asynccontextmanager
async def a_hub(folder: Path, slow_s: float) -> AsyncIterator[tuple[HubProcess, Caller]]:
    """Serve a hub whose vendor takes its time for texts that begin with "slow"."""
    config, data_dir = folder / "trunkline.toml", folder / "data"
    with vendor_process(folder / "ledger", slow_s=slow_s) as vendor:
        config.write_text(SETTINGS.format(vendor=vendor))
        command("agents", "create", "ann", f"phone={ALICE}", data_dir=data_dir, config=config)
        told = command("tokens", "issue", "ann", data_dir=data_dir, config=config)
        (token,) = re.findall(r"tl_agent_\w+", told)
        async with (
            hub_process("serve", data_dir=data_dir, port=free_port(), config=config) as hub,
            httpx2.AsyncClient(base_url=hub.base_url, timeout=30) as client,
        ):
            yield hub, Caller(client=client, base_url=hub.base_url, token=token)


async def stopped_while_sending(
    hub: HubProcess, ann: Caller, folder: Path
) -> tuple[httpx2.Response, int, float]:
    """Stop a hub in the midst of a send; return its answer, the exit code and the seconds."""
    sending = asyncio.create_task(ann.try_send(BOB, "slow text"))
    async with asyncio.timeout(10):
        while not (folder / "ledger").exists() or not (folder / "ledger").read_text():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    began_s = time.monotonic()
    code = await asyncio.to_thread(hub.stop)
    return await sending, code, time.monotonic() - began_s


async def test_a_send_under_way_is_answered_with_what_came_of_it(tmp_path: Path) -> None:
    async with a_hub(tmp_path, slow_s=2) as (hub, ann):
        answer, code, _ = await stopped_while_sending(hub, ann, tmp_path)

    assert (answer.status_code, answer.json()["status"], code) == (200, "sent", 0)


async def test_one_that_takes_too_long_is_answered_and_unknown_at_the_next_start(
    tmp_path: Path,
) -> None:
    async with a_hub(tmp_path, slow_s=60) as (hub, ann):
        answer, code, took_s = await stopped_while_sending(hub, ann, tmp_path)
        config, data_dir = tmp_path / "trunkline.toml", tmp_path / "data"
        async with (
            hub_process("serve", data_dir=data_dir, port=free_port(), config=config) as again,
            httpx2.AsyncClient(base_url=again.base_url) as client,
        ):
            told = await replace(ann, client=client, base_url=again.base_url).inbox()

    assert (answer.status_code, answer.json()["code"], code) == (503, "unavailable", 0)
    assert "only with the same idempotencyKey" in answer.json()["detail"]
    assert took_s < 10, "Docker would have killed it"
    assert [message["status"] for message in told] == ["unknown"]
