"""
Hubs that are killed while they keep WhatsApp senders ready, each at another step.

They follow one another on one data directory: each goes on where the last one died, which is how it
comes to its own step.
"""

import asyncio
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
import pytest

from tests.chaos.crash import POOL
from tests.chaos.test_provisioning import TOML, Scene, ask
from tests.processes import EndedAtStart, HubProcess, clean_environment, run

SENDERS = '[pool]\nwhatsapp_size = {}\nwhatsapp_display_name = "Acme"\n'
SELLS_NONE = "max_number_price_per_month = 0\n"
WISH = {"agentId": "ada", "country": "US", "capabilities": {"whatsapp": True}}
Act = Callable[[HubProcess], Awaitable[None]]


class Pool:
    """What stands of the pool, at the hub and at the vendor."""

    def __init__(self, folder: Path) -> None:
        self.scene = Scene(folder, TOML + SENDERS.format(2))
        self.killed_at: list[str] = []

    def states(self) -> Counter[str]:
        return Counter(each for (each,) in self.scene.rows("SELECT status FROM whatsapp_pool"))

    async def until(self, **states: int) -> None:
        for _ in range(400):
            if self.states() == states:
                return
            await asyncio.sleep(0.02)
        raise AssertionError((states, self.scene.rows("SELECT * FROM provisioning")))

    async def killed(self, step: str, act: Act | None = None, **states: int) -> None:
        """Let a hub die at a step: by itself, or of what it is asked once it stands so."""
        code: int | None = None
        try:
            async with self.scene.hub(f"{step}:1") as hub:
                if act is not None:
                    await self.until(**states)
                    await act(hub)
                async with asyncio.timeout(30):
                    while (code := hub.process.poll()) is None:  # noqa: ASYNC110 - another process tells nobody
                        await asyncio.sleep(0.01)
            died = code == -signal.SIGKILL
        except EndedAtStart as error:  # some die before they are ready
            died = str(error).endswith(f" {-signal.SIGKILL}")
        assert died, step
        self.killed_at.append(step)
        books = self.scene.books()
        places = max(len(self.scene.rows("SELECT id FROM whatsapp_pool")), 2)
        assert len(books.numbers) <= places, step
        assert books.bought <= 3, step
        labels = [each.label for each in books.numbers.values()]
        assert len(labels) == len(set(labels)), step


@pytest.mark.slow
async def test_hubs_that_are_killed_buy_no_more_senders_than_were_asked_for_and_lose_none(
    tmp_path: Path,
) -> None:
    pool = Pool(tmp_path)
    scene = pool.scene

    async def provision(hub: HubProcess) -> None:
        with pytest.raises(httpx2.HTTPError):
            await ask(hub, "comms_provision_channels", WISH)

    async def deprovision(hub: HubProcess) -> None:
        with pytest.raises(httpx2.HTTPError):
            await ask(hub, "comms_deprovision_channels", {"agentId": "ada"})

    async def give_back(_: HubProcess) -> None:
        [(number,)] = scene.rows("SELECT phone_number FROM whatsapp_pool WHERE slot = 1")
        where = ["--data-dir", str(scene.data_dir), "--config", str(scene.config)]
        argv = ["pool", "give-back", number, *where]
        await asyncio.to_thread(run, argv, clean_environment())

    for step in list(POOL)[:7]:
        await pool.killed(step)
    await pool.killed("in the transaction that hands a sender over", provision, active=2)
    assert pool.states() == {"active": 2}
    await pool.killed("before the sender is named anew", provision, active=2)
    async with scene.hub() as hub:
        await pool.until(active=2, assigned=1)
        given = await ask(hub, "comms_provision_channels", WISH)
        assert given["channels"]["whatsapp"]["status"] == "active"
    scene.config.write_text(TOML + SELLS_NONE + SENDERS.format(3))
    full = {"active": 2, "assigned": 1, "failed": 1}
    await pool.killed("in the transaction that takes a sender back", deprovision, **full)
    assert pool.states() == full
    async with scene.hub() as hub:
        await ask(hub, "comms_deprovision_channels", {"agentId": "ada"})
        await pool.until(active=3)
    await pool.killed("in the transaction that gives a sender up", give_back, active=3)
    await pool.killed("before the number of a sender is given back", give_back, active=3)
    await pool.killed("in the transaction that ends a sender")
    async with scene.hub():
        await pool.until(active=2, failed=1)

    books = scene.books()
    assert pool.killed_at == list(POOL)
    assert (books.bought, books.released) == (3, 1)
    assert len(books.numbers) == len(books.senders) == 2
    assert {each.display_name for each in books.senders.values()} == {"Acme"}
