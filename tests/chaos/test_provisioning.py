"""Hubs that are killed while they give an agent its channels, and while they take them back."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.chaos.crash import DEPROVISIONING, PROVISIONING
from tests.processes import HubProcess, free_port, hub_process
from trunkline_demo.account import Books

ADMIN = "5c0f3e9a7d41b86290fe17ac53d8e4b6"
TOML = """
[server]
demo = true
[slots]
telephony = "demo"
email = "demo"
whatsapp = "demo"
[providers.demo]
latency_ms = 1
review_ms = 0
[provisioning]
email_domain = "acme.example"
"""
WISH = {
    "agentId": "ada",
    "country": "US",
    "capabilities": {"phone": True, "whatsapp": True, "voiceAi": True},
}
"""Nothing that stays in review, for which a call waits seconds, as it does for mail domains."""
WITH_MAIL = {**WISH, "capabilities": {"email": True, "phone": True, "whatsapp": True}}
OF_MAIL = "after a domain was added"


class Scene:
    """A data directory, and the hubs on it."""

    def __init__(self, folder: Path, toml: str = TOML) -> None:
        self.data_dir = folder / "data"
        self.data_dir.mkdir(mode=0o700)
        self.config = folder / "trunkline.toml"
        self.config.write_text(toml)

    def hub(self, step: str = "") -> Any:
        """Start a hub; with a step, one that dies there."""
        environ = {"ADMIN_TOKEN": ADMIN, **({"CHAOS_STEP": step} if step else {})}
        return hub_process(
            "serve",
            data_dir=self.data_dir,
            port=free_port(),
            config=self.config,
            environ=environ,
        )

    def books(self) -> Books:
        """What the vendor has of the hub's."""
        file = self.data_dir / "connections" / "demo" / "account.json"
        return Books.model_validate_json(file.read_bytes()) if file.exists() else Books()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.data_dir / "trunkline.db", timeout=10)) as db:
            return db.execute(sql).fetchall()

    def steps(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT channel, step FROM provisioning ORDER BY channel")

    async def until(self, holds: Callable[[], bool]) -> None:
        for _ in range(600):
            if holds():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(self.rows("SELECT channel, step, tries, reason FROM provisioning"))


async def ask(hub: HubProcess, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {ADMIN}"}
    async with httpx2.AsyncClient(base_url=hub.base_url, headers=headers, timeout=60) as http:
        response = await http.post(f"/api/v1/tools/{name}", json=arguments)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def killed(scene: Scene, step: str, name: str, arguments: dict[str, Any]) -> None:
    """Ask a hub that dies at a step, and see to it that it got there."""
    async with scene.hub(f"{step}:1") as hub:
        with pytest.raises(httpx2.HTTPError):
            await ask(hub, name, arguments)
        async with asyncio.timeout(60):
            while hub.process.poll() is None:  # noqa: ASYNC110 - another process tells nobody
                await asyncio.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("step", PROVISIONING)
async def test_a_hub_that_is_killed_goes_on_by_itself_and_buys_nothing_twice(
    tmp_path: Path, step: str
) -> None:
    scene = Scene(tmp_path)
    wish = WITH_MAIL if step == OF_MAIL else WISH
    await killed(scene, step, "comms_provision_channels", wish)

    async with scene.hub() as hub:
        begun = bool(scene.steps())
        assert begun or step.startswith(("before an agent", "in the transaction that stores"))
        if begun:  # nobody asks again
            await scene.until(lambda: {each for _, each in scene.steps()} == {"assigned"})
        again = await ask(hub, "comms_provision_channels", wish)

    books = scene.books()
    assert {each for _, each in scene.steps()} == {"assigned"}
    assert books.bought == len(books.numbers) == 1
    assert len(books.senders) == 1
    assert len(books.domains) == (1 if step == OF_MAIL else 0)
    [number] = books.numbers.values()
    [(row_id,)] = scene.rows("SELECT id FROM provisioning WHERE channel = 'phone'")
    assert number.label == f"tl-{row_id.partition('_')[2]}"
    assert again["channels"]["phone"] == {"number": number.number, "status": "active"}
    assert again["securityToken"]
    assert scene.rows("SELECT active_agents FROM agent_pool") == [(1,)]


@pytest.mark.slow
@pytest.mark.parametrize("step", DEPROVISIONING)
async def test_a_hub_that_is_killed_while_it_takes_back_leaks_nothing(
    tmp_path: Path, step: str
) -> None:
    scene = Scene(tmp_path)
    async with scene.hub() as hub:
        await ask(hub, "comms_provision_channels", WISH)
    gone = {"agentId": "ada", "releaseNumber": True}
    await killed(scene, step, "comms_deprovision_channels", gone)

    async with scene.hub():
        await scene.until(lambda: not scene.steps())

    books = scene.books()
    assert (books.bought, books.released) == (1, 1)
    assert not books.numbers
    assert not books.senders
    assert scene.rows("SELECT active_agents FROM agent_pool") == [(0,)]
    assert scene.rows("SELECT count(*) FROM agent_addresses") == [(0,)]
    assert scene.rows("SELECT count(*) FROM agent_tokens WHERE revoked_at IS NULL") == [(0,)]
