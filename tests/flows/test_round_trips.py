"""How often a hub asks its database server for one send: each time costs as much as the work."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plugins.postgres.tests.server import Server
from plugins.postgres.tests.wire import Wire
from tests.flows.conftest import TEMPLATE
from tests.flows.hubs import Caller, serve
from tests.flows.networks import ALICE, WIRE, Network

FOR_A_TEXT = 7
"""Token; draft; BEGIN with the lock, facts, rows, COMMIT; outcome."""
SOME = 30
"""Sends until each connection has prepared its statements; some fall together with other work."""

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


@pytest.fixture
async def wire(migrated_server: Server) -> AsyncIterator[Wire]:
    async with Wire(migrated_server).laid() as wire:
        yield wire


@pytest.mark.parametrize("limits", [{}, {"maxActionsPerDay": "1000", "maxSpendPerDay": "1"}])
async def test_a_text_takes_no_more_round_trips_than_it_did(
    migrated_server: Server, wire: Wire, tmp_path: Path, limits: dict[str, str]
) -> None:
    async def trips(ann: Caller, number: int) -> int:
        before = wire.answers
        assert (await ann.send("+14155550123", f"hello {number}"))["status"] == "sent"
        return wire.answers - before

    with migrated_server.database(TEMPLATE) as url:
        plugins = Network().plugins()
        async with serve(tmp_path, plugins=plugins, toml=WIRE, database=wire.url(url)) as hub:
            ann = await hub.agent("ann", ALICE)
            await hub.local("agents_limits", id="ann", values=limits)
            counted = [await trips(ann, number) for number in range(SOME)]

    assert min(counted) == FOR_A_TEXT, counted
