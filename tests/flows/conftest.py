"""Hubs that are served for one test, and the agents in them."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.flows.houses import House
from tests.flows.hubs import ANN, BEN, Caller, Served, StartHub, serve
from trunkline.db.migrate import bring_up_to_date
from trunkline.loading import load_plugins
from trunkline.sdk import DatabaseContext
from trunkline.testing import FakeClock, RecordingLog


class _Hurried:
    """asyncio for uvicorn, which looks ten times a second whether it shall end: most of a test."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(min(delay_s, 0.005))


@pytest.fixture(scope="module", autouse=True)
def _no_patience() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("uvicorn.server.asyncio", _Hurried())
        yield


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the hub's tables and nothing in them: migrating takes a while."""
    data_dir = tmp_path_factory.mktemp("migrated")

    async def migrate() -> None:
        context = DatabaseContext(data_dir=data_dir, clock=FakeClock(), log=RecordingLog())
        async with load_plugins().databases["sqlite"].open("sqlite:///trunkline.db", context) as db:
            await bring_up_to_date(db, embedded=True, allowed=True)

    asyncio.run(migrate())
    return data_dir / "trunkline.db"


@pytest.fixture
def start_hub(tmp_path: Path, migrated: Path) -> StartHub:
    """Return a function that serves a hub on `tmp_path`, from a settings file."""
    shutil.copyfile(migrated, tmp_path / "trunkline.db")
    return partial(serve, tmp_path)


@pytest.fixture
async def served(start_hub: StartHub) -> AsyncIterator[Served]:
    """A hub on the simulated network."""
    async with start_hub() as hub:
        yield hub


@pytest.fixture
async def ann(served: Served) -> Caller:
    """An agent."""
    return await served.agent("ann", ANN)


@pytest.fixture
async def ben(served: Served) -> Caller:
    """Another agent."""
    return await served.agent("ben", BEN)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A hub for all tests of a module, which must run in the module's loop."""
    async with serve(tmp_path_factory.mktemp("house")) as hub:
        ann, ben = await hub.agent("ann", ANN), await hub.agent("ben", BEN)
        yield House(hub=hub, ann=ann, ben=ben, admin=await hub.admin())
