"""A hub that is opened for a command alone does nothing by itself."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.flows.hubs import serve
from tests.flows.networks import ALICE, BOB, WIRE, Network
from trunkline.app import open_hub
from trunkline.settings import load_settings


async def test_a_command_without_a_running_hub_sends_nothing_that_is_due(tmp_path: Path) -> None:
    network = Network()
    plugins = network.plugins()
    async with serve(tmp_path, plugins=plugins, toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        soon = datetime.now(UTC) + timedelta(seconds=0.5)
        await ann.send(BOB, "hello", sendAt=soon.isoformat())

    settings = load_settings(
        config=tmp_path / "trunkline.toml", data_dir=tmp_path, environ={}, overrides={}
    )
    async with open_hub(settings, plugins, environ={}, works=False):
        await asyncio.sleep(1.0)
    asked_by_the_command = len(network.asked)
    async with serve(tmp_path, plugins=plugins, toml=WIRE) as hub:

        async def asked() -> int:
            return len(network.asked)

        await hub.until(asked, lambda count: count == 1)

    assert asked_by_the_command == 0
