"""Hubs that are served for one test, on each database, and the agents in them."""

import asyncio
import inspect
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from functools import cache, cached_property, partial
from importlib import metadata
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from fastapi.dependencies.utils import _get_signature

from plugins.postgres.tests.server import Server, apart, query
from tests.databases import SQLITE
from tests.flows.houses import House
from tests.flows.hubs import ANN, BEN, Caller, Served, StartHub, serve
from trunkline.core.engine import engine
from trunkline.db.migrate import bring_up_to_date
from trunkline.loading import load_plugins
from trunkline.logs import configure_logging
from trunkline.sdk import ENTRY_POINT_GROUP, DatabaseContext
from trunkline.testing import FakeClock, RecordingLog

TEMPLATE = f"migrated_{os.getpid()}"  # each worker has its own on the server that all share


class _Hurried:
    """asyncio for uvicorn, which looks ten times a second whether it shall end: most of a test."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(min(delay_s, 0.005))


class _ReadOnce(metadata.PathDistribution):
    @cached_property
    def metadata(self) -> Any:
        return super().metadata


class _Installed:
    """importlib.metadata for the loader: what is installed stays so for as long as tests run."""

    def __getattr__(self, name: str) -> Any:
        return getattr(metadata, name)

    @cache  # noqa: B019 - there is one of these
    def distributions(self) -> list[metadata.Distribution]:
        return [
            _ReadOnce(dist._path)  # type: ignore[attr-defined]
            for dist in metadata.distributions()
            if any(entry.group == ENTRY_POINT_GROUP for entry in dist.entry_points)
        ]


_INSTALLED = _Installed()
_real_create_engine = sa.create_engine
_DIALECTS: dict[str, sa.Dialect] = {}
_COMPILED: dict[str, Any] = {}


def _create_engine(*given: Any, **more: Any) -> sa.Engine:
    """Create an engine that knows the statements which those of other hubs have compiled."""
    engine = _real_create_engine(*given, **more)
    name = f"{engine.dialect.name}+{engine.dialect.driver}"
    engine.dialect = _DIALECTS.setdefault(name, engine.dialect)
    engine._compiled_cache = _COMPILED.setdefault(name, engine._compiled_cache)
    return engine


_SIGNATURES: dict[CodeType, inspect.Signature] = {}


def _signature_of(call: Any) -> inspect.Signature:
    """Return a handler's signature: those of one operation are closures of the same code."""
    code = getattr(call, "__code__", None)
    if code is None:
        return _get_signature(call)
    if code not in _SIGNATURES:
        _SIGNATURES[code] = _get_signature(call)
    return _SIGNATURES[code]


@pytest.fixture(scope="module", autouse=True)
def _usual_log() -> None:
    """Log as a hub does by itself, whatever a test in this process has set before."""
    configure_logging()


@pytest.fixture(scope="module", autouse=True)
def _quick_starts() -> Iterator[None]:
    """Find out once what every hub's start finds out anew, although it is the same for all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("uvicorn.server.asyncio", _Hurried())
        patch.setattr("trunkline.loading.plugins.metadata", _INSTALLED)
        patch.setattr("sqlalchemy.create_engine", _create_engine)
        patch.setattr("fastapi.dependencies.utils._get_signature", _signature_of)
        yield


def _migrate(url: str, data_dir: Path) -> None:
    async def migrate() -> None:
        context = DatabaseContext(data_dir=data_dir, clock=FakeClock(), log=RecordingLog())
        spec = load_plugins().databases[url.partition(":")[0]]
        async with spec.open(url, context) as db:
            await bring_up_to_date(db, embedded=spec.embedded, allowed=True)

    apart(migrate())


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the hub's tables and nothing in them: migrating takes a while."""
    data_dir = tmp_path_factory.mktemp("migrated")
    _migrate(SQLITE, data_dir)
    return data_dir / "trunkline.db"


@pytest.fixture(scope="session")
def migrated_server(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The server, with a database of the same kind to copy."""
    query(postgres.url(), f"CREATE DATABASE {TEMPLATE}")
    _migrate(postgres.url(TEMPLATE), tmp_path_factory.mktemp("migrated"))
    return postgres


def _database(kind: str, data_dir: Path, request: pytest.FixtureRequest) -> Any:
    """Return a block in which a migrated database of a kind is there; it yields the URL."""
    if kind == "postgres":
        server: Server = request.getfixturevalue("migrated_server")
        return server.database(TEMPLATE)
    shutil.copyfile(request.getfixturevalue("migrated_file"), data_dir / "trunkline.db")
    return nullcontext(SQLITE)


@pytest.fixture
def database(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The migrated, empty database of a test."""
    with _database(database_kind, tmp_path, request) as url:
        yield url


@pytest.fixture
def start_hub(tmp_path: Path, database: str) -> StartHub:
    """Return a function that serves a hub on `tmp_path`, from a settings file."""
    return partial(serve, tmp_path, database=database)


@pytest.fixture
def attentive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let hubs notice at once that a test has travelled in time."""
    monkeypatch.setattr(engine, "POLL_S", 0.01)


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
async def house(
    database_kind: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[House]:
    """A hub for all tests of a module, which must run in the module's loop."""
    data_dir = tmp_path_factory.mktemp("house")
    with _database(database_kind, data_dir, request) as database:
        async with serve(data_dir, database=database) as hub:
            ann, ben = await hub.agent("ann", ANN), await hub.agent("ben", BEN)
            yield House(hub=hub, ann=ann, ben=ben, admin=await hub.admin())
