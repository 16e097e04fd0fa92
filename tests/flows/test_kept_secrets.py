"""What a provider keeps between its calls: encrypted, its own only, the same on every hub."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.flows.hubs import Served, StartHub
from tests.flows.networks import WIRE, Network, NoConfig
from tests.flows.test_replicas import replicas, url
from trunkline.sdk import ProviderContext, Secrets

__all__ = ["url"]

TOKEN = "a-refreshed-token-of-the-vendor"
TWO = f"""{WIRE}
[connections.spare]
provider = "wire"
"""


@dataclass
class Keeping(Network):
    """A network that shows what it was lent to keep secrets with, by connection."""

    lent: dict[str, Secrets] = field(default_factory=dict)

    @asynccontextmanager
    async def open(self, config: NoConfig, context: ProviderContext) -> AsyncIterator[Network]:
        self.lent[context.connection] = context.secrets
        yield self


async def opened(hub: Served, network: Keeping) -> dict[str, Secrets]:
    connections = hub.running.hub.connections
    for each in connections.all():
        if each.spec.name == "wire":
            await connections.provider(each)
    return dict(network.lent)


@pytest.mark.both(slow=True)
async def test_a_provider_reads_what_it_has_kept_after_a_restart_and_no_other_does(
    start_hub: StartHub,
) -> None:
    network = Keeping()
    async with start_hub(plugins=network.plugins(), toml=TWO) as hub:
        lent = await opened(hub, network)
        assert await lent["wire"].get("token") is None
        await lent["wire"].put("token", "the first")
        await lent["wire"].put("token", TOKEN)
    async with start_hub(plugins=network.plugins(), toml=TWO) as hub:
        lent = await opened(hub, network)
        assert await lent["wire"].get("token") == TOKEN
        assert await lent["spare"].get("token") is None
        await lent["spare"].put("token", "another")
        assert await lent["wire"].get("token") == TOKEN
        rows = hub.rows("SELECT * FROM connection_secrets")

    assert len(rows) == 2
    assert TOKEN not in repr(rows)


@pytest.mark.parametrize(
    ("name", "value"), [("", "x"), ("To ken", "x"), ("a" * 65, "x"), ("token", "x" * 65_537)]
)
async def test_what_cannot_be_kept_is_refused_and_the_value_is_not_repeated(
    start_hub: StartHub, name: str, value: str
) -> None:
    network = Keeping()
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        lent = await opened(hub, network)
        with pytest.raises(ValueError, match="secret") as refused:
            await lent["wire"].put(name, value)
        assert hub.count("connection_secrets") == 0

    assert "xx" not in str(refused.value)


async def test_a_secret_that_was_moved_to_another_row_is_not_read(start_hub: StartHub) -> None:
    network = Keeping()
    async with start_hub(plugins=network.plugins(), toml=TWO) as hub:
        lent = await opened(hub, network)
        await lent["wire"].put("token", TOKEN)
        await lent["spare"].put("token", "another")
        (its,) = hub.rows("SELECT secret FROM connection_secrets WHERE connection = ?", "wire")
        await hub.change(
            "UPDATE connection_secrets SET secret = :secret WHERE connection = 'spare'", **its
        )
        assert await lent["spare"].get("token") is None


@pytest.mark.slow
@pytest.mark.postgres
async def test_another_hub_reads_at_once_what_one_has_put(url: str, tmp_path: Path) -> None:
    network = Keeping()
    async with replicas(url, tmp_path, plugins=network.plugins(), toml=WIRE) as hubs:
        one = (await opened(hubs.one, network))["wire"]
        two = (await opened(hubs.two, network))["wire"]
        await one.put("token", TOKEN)
        assert await two.get("token") == TOKEN
        await two.put("token", "newer")
        assert await one.get("token") == "newer"
